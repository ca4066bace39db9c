/**
 * The principals of a role's trust policy: found when the policy is saved and remembered by their unique ids, so that a
 * principal that was deleted and made again under the same ARN is another one.
 * Source: IAM User Guide, "AWS JSON policy elements: Principal", sections "IAM role principals" and "IAM user principals".
 */

import { parseArn } from "../base/arn.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail } from "./error.ts";
import { roleArn, userArn } from "./iam-arn.ts";
import { findByName } from "./iam-name.ts";
import type { Role } from "./role.ts";
import type { State } from "./state.ts";
import { find } from "./state.ts";

/** The unique id of each user and role that the policy names, by the text that names it; fails when there is none such. */
export function trustedPrincipalIds(state: State, document: string): Result<Record<string, string>, ApiError> {
  const ids: Record<string, string> = {};
  for (const text of awsPrincipalsOf(document)) {
    const known = principalNamed(state, text);
    if (known === "none") {
      return fail("MalformedPolicyDocument", { message: `Invalid principal in policy: "AWS":"${text}"` });
    }
    if (known !== "whole-account") ids[text] = known.id;
  }
  return ok(ids);
}

/** The trust policy as it is answered: the ARN of a principal that is gone gives way to the unique id that it had. */
export function shownTrustPolicy(state: State, role: Role): string {
  return shownPolicy(state, role.assumeRolePolicyDocument, role.trustedPrincipalIds);
}

/** The same of any policy that remembers its principals' ids. */
export function shownPolicy(state: State, document: string, principalIds: Readonly<Record<string, string>>): string {
  const gone = new Map(
    Object.entries(principalIds).filter(([text, id]) => {
      const now = principalNamed(state, text);
      return typeof now === "string" || now.id !== id;
    }),
  );
  if (gone.size === 0) return document;
  return JSON.stringify(mapAwsPrincipals(JSON.parse(document), (text) => gone.get(text) ?? text));
}

type Named = { readonly id: string } | "whole-account" | "none";

/** Sessions count as whole accounts: they have no id before they exist, and the policy compares their ARN. */
function principalNamed(state: State, text: string): Named {
  if (text === "*" || /^[0-9]{12}$/u.test(text)) return "whole-account";
  if (/^A(IDA|ROA)[A-Z2-7]{17}$/u.test(text)) return find(state, "user", text) ?? find(state, "role", text) ?? "none";
  const arn = parseArn(text);
  if (arn === undefined || !/^[0-9]{12}$/u.test(arn.accountId) || arn.region !== "") return "none";
  const [type = "", ...rest] = arn.resource.split("/");
  if (arn.service === "sts") return type === "assumed-role" || type === "federated-user" ? "whole-account" : "none";
  if (arn.service !== "iam") return "none";
  if (arn.resource === "root") return "whole-account";
  const name = rest.at(-1) ?? "";
  if (type === "user") {
    const user = findByName(state, "user", arn.accountId, name);
    return user !== undefined && userArn(user) === text ? user : "none";
  }
  if (type === "role") {
    const role = findByName(state, "role", arn.accountId, name);
    return role !== undefined && roleArn(role) === text ? role : "none";
  }
  return "none";
}

/** INVARIANT: the document was checked before, so it is JSON. */
function awsPrincipalsOf(document: string): readonly string[] {
  const texts: string[] = [];
  mapAwsPrincipals(JSON.parse(document), (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}

/** The policy with each text of `Principal.AWS` (and `NotPrincipal.AWS`) replaced. */
function mapAwsPrincipals(policy: unknown, change: (text: string) => string): unknown {
  if (!isObject(policy)) return policy;
  return { ...policy, Statement: each(policy["Statement"], (statement) => changedStatement(statement, change)) };
}

function changedStatement(statement: unknown, change: (text: string) => string): unknown {
  if (!isObject(statement)) return statement;
  const changed: Record<string, unknown> = { ...statement };
  for (const element of ["Principal", "NotPrincipal"]) {
    const principal = statement[element];
    if (!isObject(principal) || !("AWS" in principal)) continue;
    const aws = each(principal["AWS"], (text) => (typeof text === "string" ? change(text) : text));
    changed[element] = { ...principal, AWS: aws };
  }
  return changed;
}

function each(value: unknown, change: (one: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map((one: unknown) => change(one)) : change(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
