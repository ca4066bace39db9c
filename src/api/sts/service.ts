/** STS as a service of the query protocols. Source: AWS STS API Reference, version 2011-06-15. */

import { stsTable } from "../../wire/generated/sts.ts";
import type { QueryService } from "../handler.ts";
import { authorizationMessageHandlers } from "./authorization-message.ts";
import { sessionHandlers } from "./session.ts";
import { stsTargets } from "./target.ts";

export const stsService: QueryService = {
  name: "sts",
  protocol: "awsQuery",
  xmlNamespace: stsTable.xmlNamespace,
  operations: stsTable.operations,
  unserved: new Set([
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetDelegatedAccessToken",
    "GetWebIdentityToken",
  ]),
  unsigned: new Set(["AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"]),
  handlers: { ...sessionHandlers, ...authorizationMessageHandlers },
  targets: stsTargets,
};
