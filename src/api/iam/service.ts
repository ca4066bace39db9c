/** IAM as a service of the query protocols. Source: IAM API Reference, version 2010-05-08. */

import { iamTable } from "../../wire/generated/iam.ts";
import { knownOperations } from "../../wire/generated/known-operations.ts";
import type { Handler, QueryService } from "../handler.ts";
import { accountHandlers } from "./account.ts";
import { authorizationDetailHandlers } from "./authorization-details.ts";
import { credentialReportHandlers } from "./credential-report.ts";
import { groupHandlers } from "./group.ts";
import { identityPolicyHandlers } from "./identity-policy.ts";
import { instanceProfileHandlers } from "./instance-profile.ts";
import { managedPolicyHandlers } from "./managed-policy.ts";
import { passwordHandlers } from "./password.ts";
import { roleHandlers } from "./role.ts";
import { simulationHandlers } from "./simulation.ts";
import { tagHandlers } from "./tag.ts";
import { iamTargets } from "./target.ts";
import { userHandlers } from "./user.ts";

const handlers: Readonly<Record<string, Handler<never, unknown>>> = {
  ...userHandlers,
  ...groupHandlers,
  ...roleHandlers,
  ...identityPolicyHandlers,
  ...managedPolicyHandlers,
  ...instanceProfileHandlers,
  ...tagHandlers,
  ...accountHandlers,
  ...passwordHandlers,
  ...credentialReportHandlers,
  ...authorizationDetailHandlers,
  ...simulationHandlers,
};

export const iamService: QueryService = {
  name: "iam",
  protocol: "awsQuery",
  xmlNamespace: iamTable.xmlNamespace,
  operations: iamTable.operations,
  unserved: new Set([...knownOperations.iam].filter((name) => !Object.hasOwn(handlers, name))),
  handlers,
  targets: iamTargets,
};
