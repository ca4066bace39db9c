/** The `Principal` element prepared for many requests. It agrees with `principal.ts`, which is the specification. */

import type { PrincipalElement } from "./policy.ts";
import { accountNamedBy, type Grant, grantOf, isSpared } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";
import type { NamedPolicy } from "./verdict.ts";

/** How the statement names the caller, or undefined when it does not. */
export type PrincipalTest = (request: PolicyRequest, named: NamedPolicy) => Grant | undefined;

/** Undefined where the statement names everyone, or has no such element. */
export function compilePrincipal(
  element: PrincipalElement | undefined,
  deny: boolean,
  gateway: boolean,
): PrincipalTest | undefined {
  if (element === undefined) return undefined;
  const { entries, negated } = element;
  if (negated) return compileNegated(element, deny, gateway);
  if (entries.some((entry) => entry.type === "AWS" && entry.text === "*")) return undefined;
  if (gateway || entries.some((entry) => entry.type !== "AWS")) return compileSlow(element, gateway);
  const texts = new Set(entries.map((entry) => entry.text));
  const accounts = new Set(entries.map((entry) => accountNamedBy(entry.text)).filter((id) => id !== undefined));
  return (request, named) => {
    const { principal } = request;
    const ids = named.principalIds;
    switch (principal.kind) {
      case "user":
        if (
          texts.has(principal.userId) ||
          (texts.has(principal.arn) && isBoundTo(ids, principal.arn, principal.userId))
        )
          return "direct";
        return accounts.has(principal.accountId) ? "account" : undefined;
      case "assumed-role": {
        if (texts.has(principal.arn)) return "direct";
        const { roleArn, roleId } = principal;
        if (texts.has(roleId) || (texts.has(roleArn) && isBoundTo(ids, roleArn, roleId))) return "role";
        return accounts.has(principal.accountId) ? "account" : undefined;
      }
      case "federated-user":
        if (texts.has(principal.arn)) return "direct";
        return accounts.has(principal.accountId) ? "account" : undefined;
      case "root":
        return accounts.has(principal.accountId) ? "direct" : undefined;
      case "anonymous":
      case "service":
      case "web-identity":
        return undefined;
    }
  };
}

function isBoundTo(ids: NamedPolicy["principalIds"], arn: string, id: string): boolean {
  return ids === undefined || !Object.hasOwn(ids, arn) || ids[arn] === id;
}

/** Rare forms go entry by entry. */
function compileSlow(element: PrincipalElement, gateway: boolean): PrincipalTest {
  return (request, named) => {
    let best: Grant | undefined;
    for (const entry of element.entries) {
      const grant = grantOf(entry, namingOf(request, named, gateway));
      if (grant === "direct") return grant;
      if (grant === "role" || best === undefined) best = grant ?? best;
    }
    return best;
  };
}

function compileNegated(element: PrincipalElement, deny: boolean, gateway: boolean): PrincipalTest {
  return (request, named) => {
    const naming = namingOf(request, named, gateway);
    const hit = deny
      ? !isSpared(element.entries, naming)
      : !element.entries.some((entry) => grantOf(entry, naming) !== undefined);
    return hit ? "direct" : undefined;
  };
}

function namingOf(request: PolicyRequest, { principalIds }: NamedPolicy, gateway: boolean) {
  return principalIds === undefined ? { request, gateway } : { request, gateway, principalIds };
}
