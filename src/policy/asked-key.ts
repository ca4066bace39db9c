/** Which condition keys policies ask for: those of conditions and those of policy variables. */

import type { Policies } from "./decide.ts";
import type { Policy, Statement, TemplateEntry } from "./policy.ts";

/** The keys in lower case, each once, whether or not the statements that name them were looked at. */
export function askedKeys(policies: Policies): ReadonlySet<string> {
  const { serviceControl = [], resourceControl = [], endpoint, boundary, session = [], identity, resource } = policies;
  const single = [endpoint, boundary, resource].filter((one) => one !== undefined);
  const named = [...serviceControl.flat(), ...resourceControl.flat(), ...single, ...session, ...identity];
  return new Set(named.flatMap(({ policy }) => keysOf(policy)));
}

function keysOf({ statements }: Policy): readonly string[] {
  return statements.flatMap((statement) => [
    ...statement.conditions.map(({ key }) => key.toLowerCase()),
    ...templatesOf(statement).flatMap(({ template }) =>
      template.flatMap((part) => (part.kind === "variable" ? [part.key] : [])),
    ),
  ]);
}

function templatesOf({ resource, conditions }: Statement): readonly TemplateEntry[] {
  return [...(resource?.entries ?? []), ...conditions.flatMap(({ values }) => values)];
}
