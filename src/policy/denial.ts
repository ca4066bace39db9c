/**
 * AWS's texts for a refused request; people's tools match on them.
 * Source: IAM User Guide, "Troubleshoot access denied error messages".
 *
 * ASSUMPTION: the text for RestrictPublicBuckets is worded after the one for BlockPublicPolicy.
 */

import type { Decision, Layer } from "./decision.ts";
import { nameOf } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";

/** `User: … is not authorized to perform: … because no VPC endpoint policy allows the … action`. For refusals only. */
export function denialText(
  request: Pick<PolicyRequest, "principal" | "action" | "resource">,
  decision: Decision,
): string {
  const { principal, action } = request;
  const subject = `User: ${nameOf(principal)} is not authorized to perform: ${action}${resourceText(request)}`;
  const by = decision.decidedBy;
  if (by === undefined) return subject;
  if (by.layer === "public-access-block") {
    return `${subject} because public policies are restricted by the RestrictPublicBuckets setting in S3 Block Public Access`;
  }
  const { article, name } = namesOf[by.layer];
  if (by.reason === "explicit-deny") return `${subject} with an explicit deny in ${article} ${name}`;
  return `${subject} because no ${name} allows the ${action} action`;
}

/** Why a public policy or list is not taken at all. Source: S3 User Guide, "Blocking public access to your Amazon S3 storage". */
export function blockedText(
  request: Pick<PolicyRequest, "principal" | "action" | "resource">,
  by: "BlockPublicAcls" | "BlockPublicPolicy",
): string {
  const { principal, action } = request;
  const what = by === "BlockPublicAcls" ? "public access control lists (ACLs)" : "public policies";
  const subject = `User: ${nameOf(principal)} is not authorized to perform: ${action}${resourceText(request)}`;
  return `${subject} because ${what} are prevented by the ${by} setting in S3 Block Public Access.`;
}

const namesOf: Readonly<
  Record<Exclude<Layer, "public-access-block">, { readonly article: string; readonly name: string }>
> = {
  "service-control-policy": { article: "a", name: "service control policy" },
  "resource-control-policy": { article: "a", name: "resource control policy" },
  "endpoint-policy": { article: "a", name: "VPC endpoint policy" },
  "permissions-boundary": { article: "a", name: "permissions boundary" },
  "session-policy": { article: "a", name: "session policy" },
  "identity-policy": { article: "an", name: "identity-based policy" },
  "resource-policy": { article: "a", name: "resource-based policy" },
  // A list denies nothing and is never asked for: its lack is the lack of a resource-based policy.
  "access-control-list": { article: "a", name: "resource-based policy" },
};

/** S3 puts the ARN in quotes and names no resource where there is none; other services write it as it is. */
function resourceText({ action, resource }: Pick<PolicyRequest, "action" | "resource">): string {
  if (!action.startsWith("s3:")) return ` on resource: ${resource}`;
  return resource === "*" ? "" : ` on resource: "${resource}"`;
}
