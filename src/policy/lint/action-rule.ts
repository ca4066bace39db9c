/** Rules about actions and the resources they work on. */

import { hasWildcard, matchGlob } from "../glob.ts";
import { hasPlaceholder } from "../parse.ts";
import type { ActionEntry, Statement } from "../policy.ts";
import type { Issue, Rule, Subject } from "./finding.ts";
import { canMeet, nearest } from "./pattern.ts";
import { isEndpoint } from "./policy-rule.ts";
import type { ActionFact, ServiceFact } from "./service-facts.ts";

/** The service's prefix in lower case; undefined for `*` and for what is still to be filled in. */
function prefixOf({ text }: ActionEntry): string | undefined {
  const colon = text.indexOf(":");
  return colon < 0 || text.startsWith("*") || hasPlaceholder(text) ? undefined : text.slice(0, colon).toLowerCase();
}

/** The action that an entry without wildcards names, or undefined. */
export function actionOf(entry: ActionEntry, { facts }: Subject): ActionFact | undefined {
  const prefix = prefixOf(entry);
  if (prefix === undefined || hasWildcard(entry.text)) return undefined;
  return facts.service(prefix)?.actions.get(entry.text.slice(prefix.length + 1).toLowerCase());
}

export const otherService: Rule = {
  id: "UP004",
  name: "other-service",
  severity: "warning",
  why: "An endpoint carries requests to one service. Statements about another have no effect there.",
  source: "PrivateLink guide, Control access to VPC endpoints using endpoint policies",
  check: (subject) => {
    const { policy, service } = subject;
    if (!isEndpoint(policy.kind)) return [];
    const entries = policy.statements.flatMap((statement) => statement.action.entries);
    const prefixes = new Set(entries.map(prefixOf).filter((prefix) => prefix !== undefined));
    // Where nobody said what the endpoint serves, the service that comes first is taken for it.
    const own = service ?? (prefixes.size > 1 ? [...prefixes][0] : undefined);
    if (own === undefined) return [];
    return entries
      .filter((entry) => (prefixOf(entry) ?? own) !== own)
      .map(({ text, span }) => ({ span, message: `\`${text}\` has no effect on an endpoint of \`${own}\`` }));
  },
};

export const unknownService: Rule = {
  id: "UP005",
  name: "unknown-service",
  severity: "error",
  why: "No service has actions with this prefix, so the entry matches nothing.",
  source: "Service Authorization Reference, Actions, resources, and condition keys for AWS services",
  check: ({ policy, facts }) =>
    policy.statements.flatMap((statement) =>
      statement.action.entries.flatMap((entry): Issue[] => {
        const prefix = prefixOf(entry);
        if (prefix === undefined || facts.service(prefix) !== undefined) return [];
        return [{ span: entry.span, message: `there is no service \`${prefix}\`` }];
      }),
    ),
};

export const unknownAction: Rule = {
  id: "UP006",
  name: "unknown-action",
  severity: "error",
  why: "The service has no such action, so the entry matches nothing: what it was to allow stays shut, and what it was to deny stays open.",
  source: "Service Authorization Reference, Actions, resources, and condition keys for AWS services",
  check: ({ policy, facts }) =>
    policy.statements.flatMap((statement) =>
      statement.action.entries.flatMap((entry) => {
        const service = facts.service(prefixOf(entry) ?? "");
        return service === undefined ? [] : unknownIn(service, entry);
      }),
    ),
};

function unknownIn(service: ServiceFact, entry: ActionEntry): readonly Issue[] {
  const { text, span } = entry;
  const name = text.slice(service.prefix.length + 1);
  if (hasWildcard(name)) {
    for (const known of service.actions.keys()) if (matchGlob(entry.glob, `${service.prefix}:${known}`)) return [];
    return [{ span, message: `no action of \`${service.prefix}\` matches \`${text}\`` }];
  }
  if (service.actions.has(name.toLowerCase())) return [];
  const meant = nearest(
    name,
    [...service.actions.values()].map((action) => action.name),
  );
  const message = `\`${service.prefix}\` has no action \`${name}\``;
  if (meant === undefined) return [{ span, message }];
  const asked = `${message}; did you mean \`${meant.name}\`?`;
  // A slip of one letter can be mended; anything further is only a guess.
  if (meant.far > 1) return [{ span, message: asked }];
  const edits = [{ span, replacement: JSON.stringify(`${service.prefix}:${meant.name}`) }];
  return [{ span, message: asked, fix: { title: `write \`${meant.name}\``, edits } }];
}

export const otherResource: Rule = {
  id: "UP009",
  name: "resource-of-other-action",
  severity: "warning",
  why: "The action works on resources of another form than all those listed, so for it the statement never applies: s3:ListBucket, for instance, works on the bucket and not on its objects.",
  source: "Service Authorization Reference, Resource types defined by each service",
  check: (subject) =>
    subject.policy.statements.flatMap((statement) =>
      statement.action.negated
        ? []
        : statement.action.entries.flatMap((entry): readonly Issue[] => {
            const action = actionOf(entry, subject);
            return action === undefined || canWorkOn(action, statement) ? [] : [unfit(entry, action)];
          }),
    ),
};

function canWorkOn(action: ActionFact, { resource }: Statement): boolean {
  if (resource === undefined || resource.negated) return true;
  return resource.entries.some(({ text }) => {
    if (text === "*" || hasPlaceholder(text) || isOfAws(text)) return true;
    return action.resources.some((form) => canMeet(withoutVariables(text), form));
  });
}

/** What a variable stands for can be anything. */
function withoutVariables(text: string): string {
  return text.replaceAll(/\$\{[^{}]*\}/g, "*");
}

/** What AWS itself owns is not in the reference. */
function isOfAws(text: string): boolean {
  return text.split(":")[4] === "aws";
}

function unfit({ text, span }: ActionEntry, { resources }: ActionFact): Issue {
  const wanted = resources.length === 0 ? "`*` alone" : resources.map((form) => `\`${form}\``).join(" or ");
  return { span, message: `\`${text}\` works on none of the resources listed: it wants ${wanted}` };
}

export const unknownResource: Rule = {
  id: "UP027",
  name: "unknown-resource-type",
  severity: "warning",
  why: "The service has no resources whose ARNs look like this, so the entry matches nothing.",
  source: "Service Authorization Reference, Resource types defined by each service",
  check: ({ policy, facts }) =>
    policy.statements.flatMap((statement) =>
      (statement.resource?.entries ?? []).flatMap(({ text, span }): Issue[] => {
        const prefix = /^arn:[^:]*:([a-z0-9-]+):/.exec(text)?.[1] ?? "";
        const service = facts.service(prefix);
        if (service === undefined || service.resources.length === 0 || hasPlaceholder(text) || isOfAws(text)) return [];
        if (service.resources.some((form) => canMeet(withoutVariables(text), form))) return [];
        return [{ span, message: `\`${prefix}\` has no resources like \`${text}\`` }];
      }),
    ),
};
