/** Which of AWS's services an interface endpoint leads to, where it is one that is served here. */

import type { InterfaceVpcEndpoint } from "../model/vpc-endpoint.ts";

/** As signatures name them. */
export type ServedService = "s3" | "ec2" | "sts" | "iam" | "elasticloadbalancing" | "sns" | "ssm";

const served: ReadonlySet<string> = new Set<ServedService>([
  "s3",
  "ec2",
  "sts",
  "iam",
  "elasticloadbalancing",
  "sns",
  "ssm",
]);

/** The service behind `com.amazonaws.us-east-1.s3`; undefined for one that is not served here, and for customers' own. */
export function servedServiceOf({ serviceName }: Pick<InterfaceVpcEndpoint, "serviceName">): ServedService | undefined {
  const name = /^com\.amazonaws\.(?:[a-z0-9-]+\.)?([a-z0-9-]+)$/.exec(serviceName)?.[1] ?? "";
  return isServed(name) ? name : undefined;
}

export function isServed(name: string): name is ServedService {
  return served.has(name);
}
