/**
 * Whom the `Principal` element names, and how strongly. How somebody is named decides what else must allow him.
 * Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
 */

import type { PrincipalEntry } from "./policy.ts";
import type { PolicyRequest, Principal } from "./request.ts";

/**
 * `direct`: the caller himself or everyone, so nothing else has to allow it in the same account. `role`: the caller's role, so
 * a permissions boundary and session policies still limit it. `account`: his account, which has to pass it on to him.
 * Source: IAM User Guide, "Policy evaluation logic", "Resource-based policies".
 *
 * ASSUMPTION: a resource policy that names `"*"` lets a caller in without his own policies; AWS says so only for
 * `"*"` with a condition on aws:PrincipalArn.
 */
export type Grant = "direct" | "role" | "account";

/** The account of the principal; undefined for those without one. */
export function accountOf(principal: Principal): string | undefined {
  switch (principal.kind) {
    case "root":
    case "user":
    case "assumed-role":
    case "federated-user":
      return principal.accountId;
    case "anonymous":
    case "service":
    case "web-identity":
      return undefined;
  }
}

/** What a denial calls the principal. */
export function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case "root":
      return `arn:aws:iam::${principal.accountId}:root`;
    case "user":
    case "assumed-role":
    case "federated-user":
      return principal.arn;
    case "anonymous":
      return "anonymous";
    case "service":
      return principal.service;
    case "web-identity":
      return principal.provider;
  }
}

/** The account that an entry names: by its id or by the ARN of its root user. */
export function accountNamedBy(text: string): string | undefined {
  if (/^\d{12}$/.test(text)) return text;
  return /^arn:aws[a-z-]*:iam::(\d{12}):root$/.exec(text)?.[1];
}

export interface Naming {
  readonly request: PolicyRequest;
  /** The unique id that an ARN had when the policy was saved. */
  readonly principalIds?: Readonly<Record<string, string>>;
  /** Of a gateway endpoint's policy. */
  readonly gateway: boolean;
}

/** How the entry names the caller, or undefined when it does not. */
export function grantOf(entry: PrincipalEntry, naming: Naming): Grant | undefined {
  const { principal, canonicalUserId } = naming.request;
  switch (entry.type) {
    case "AWS":
      return naming.gateway
        ? gatewayGrantOf(entry.text, principal)
        : awsGrantOf(entry.text, principal, naming.principalIds ?? {});
    case "Service":
      return principal.kind === "service" && principal.service === entry.text ? "direct" : undefined;
    case "Federated":
      if (principal.kind !== "web-identity") return undefined;
      return entry.text === "*" || entry.text === principal.provider ? "direct" : undefined;
    case "CanonicalUser":
      if (canonicalUserId !== entry.text) return undefined;
      return principal.kind === "root" ? "direct" : "account";
  }
}

/**
 * On a gateway endpoint an account stands for its root user alone.
 * Source: PrivateLink guide, "Endpoint policies for gateway endpoints".
 *
 * ASSUMPTION: in the policy of a gateway endpoint the ARN of a user, a role or a session names nobody; AWS says only
 * that `"*"` is required.
 */
function gatewayGrantOf(text: string, principal: Principal): Grant | undefined {
  if (text === "*") return "direct";
  return principal.kind === "root" && accountNamedBy(text) === principal.accountId ? "direct" : undefined;
}

function awsGrantOf(text: string, principal: Principal, ids: Readonly<Record<string, string>>): Grant | undefined {
  if (text === "*") return "direct";
  const accountId = accountOf(principal);
  if (accountId === undefined) return undefined;
  if (accountNamedBy(text) === accountId) return principal.kind === "root" ? "direct" : "account";
  // A principal that was deleted and made again has another unique id: the policy no longer names it.
  const boundId = Object.hasOwn(ids, text) ? ids[text] : undefined;
  switch (principal.kind) {
    case "user":
      if (text === principal.userId) return "direct";
      return text === principal.arn && (boundId ?? principal.userId) === principal.userId ? "direct" : undefined;
    case "assumed-role":
      if (text === principal.arn) return "direct";
      if (text === principal.roleId) return "role";
      return text === principal.roleArn && (boundId ?? principal.roleId) === principal.roleId ? "role" : undefined;
    case "federated-user":
      return text === principal.arn ? "direct" : undefined;
    case "root":
    case "anonymous":
    case "service":
    case "web-identity":
      return undefined;
  }
}

/**
 * Whether `NotPrincipal` in a Deny spares the caller: his account, his user or role and his session must each be
 * listed.
 * ASSUMPTION: a NotPrincipal of a Deny that does not name account, user or role, and session of a caller spares him
 * not.
 */
export function isSpared(entries: readonly PrincipalEntry[], naming: Naming): boolean {
  if (entries.some((entry) => entry.type === "AWS" && entry.text === "*")) return true;
  const { principal } = naming.request;
  const grants = entries.map((entry) => grantOf(entry, naming));
  switch (principal.kind) {
    case "root":
    case "service":
    case "web-identity":
      return grants.includes("direct");
    case "user":
    case "federated-user":
      return grants.includes("direct") && grants.includes("account");
    case "assumed-role":
      return grants.includes("direct") && grants.includes("role") && grants.includes("account");
    case "anonymous":
      return false;
  }
}
