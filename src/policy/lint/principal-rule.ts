/** Rules about `Principal` and `NotPrincipal`. */

import { hasPlaceholder } from "../parse.ts";
import type { PrincipalElement, Statement } from "../policy.ts";
import { accountNamedBy } from "../principal.ts";
import type { Fix, Issue, Rule } from "./finding.ts";

export const gatewayPrincipal: Rule = {
  id: "UP003",
  name: "principal-on-gateway-endpoint",
  severity: "error",
  why: "On a gateway endpoint only `*` names users and roles: an account stands for its root user alone, and the ARN of a user or a role for nobody. A condition on aws:PrincipalArn or aws:PrincipalAccount says whom you mean.",
  source: "PrivateLink guide, Endpoint policies for gateway endpoints",
  check: ({ policy }) => {
    if (policy.kind !== "gateway-endpoint") return [];
    return policy.statements.flatMap((statement) => {
      const { principal } = statement;
      const named = principal?.entries.filter(({ text }) => text !== "*" && !hasPlaceholder(text)) ?? [];
      if (principal === undefined || named.length === 0) return [];
      const fix = conditionInstead(statement, principal);
      return named.map(({ text, span }): Issue => {
        const message = `\`${text}\` on a gateway endpoint: ${accountNamedBy(text) === undefined ? "names nobody" : "names the root user only"}`;
        return fix === undefined ? { span, message } : { span, message, fix };
      });
    });
  },
};

/** `*` with a condition that means the same; only where no condition stands that it could clash with. */
function conditionInstead({ conditions }: Statement, principal: PrincipalElement): Fix | undefined {
  if (conditions.length > 0 || principal.negated) return undefined;
  const texts = principal.entries.map((entry) => entry.text);
  if (principal.entries.some((entry) => entry.type !== "AWS" || hasPlaceholder(entry.text) || entry.text === "*"))
    return undefined;
  const accounts = texts.map(accountNamedBy).filter((id) => id !== undefined);
  const arns = texts.filter((text) => /^arn:aws[a-z-]*:iam::\d{12}:(user|role)\//.test(text));
  const condition =
    accounts.length === texts.length
      ? { StringEquals: { "aws:PrincipalAccount": accounts } }
      : arns.length === texts.length
        ? { ArnEquals: { "aws:PrincipalArn": arns } }
        : undefined;
  if (condition === undefined) return undefined;
  const replacement = `"*", "Condition": ${JSON.stringify(condition)}`;
  return { title: "name everyone, under a condition on the principal", edits: [{ span: principal.span, replacement }] };
}

export const openToEveryone: Rule = {
  id: "UP019",
  name: "open-to-everyone",
  severity: "warning",
  why: "Everyone is everyone in the world, without credentials too.",
  source: "IAM User Guide, AWS JSON policy elements: Principal",
  check: ({ policy }) => {
    if (policy.kind !== "bucket" && policy.kind !== "trust") return [];
    return policy.statements.flatMap(({ effect, principal, conditions }): Issue[] => {
      const everyone = principal?.entries.find((entry) => entry.type === "AWS" && entry.text === "*");
      if (effect !== "Allow" || principal?.negated !== false || everyone === undefined || conditions.length > 0)
        return [];
      return [{ span: everyone.span, message: "everyone is allowed, under no condition" }];
    });
  },
};

export const notPrincipal: Rule = {
  id: "UP020",
  name: "not-principal",
  severity: "warning",
  why: "With Deny, whoever is to be spared needs his account, his role and his session in the list; with Allow, everyone else in the world is let in. A condition with ArnNotLike on aws:PrincipalArn says what is meant.",
  source: "IAM User Guide, AWS JSON policy elements: NotPrincipal",
  check: ({ policy }) =>
    policy.statements.flatMap(({ principal, effect }): Issue[] =>
      principal?.negated === true ? [{ span: principal.span, message: `\`NotPrincipal\` with ${effect}` }] : [],
    ),
};
