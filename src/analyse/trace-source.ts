/** Where programs run that a question is about: instances and on-premises hosts, by what users call them. */

import { err, ok, type Result } from "../base/result.ts";
import type { Instance } from "../model/instance.ts";
import { findOnPremisesHost, type OnPremisesHost } from "../model/on-premises-host.ts";
import { all, find, type State } from "../model/state.ts";

/** The instance or the on-premises host, or undefined for the machine itself. */
export function sourceOf(state: State, from: string): Result<Instance | OnPremisesHost | undefined, string> {
  if (from === "host") return ok(undefined);
  const hits = namesakesOf(state, from);
  const [hit, another] = hits;
  if (hit === undefined) return err(`no instance \`${from}\``);
  if (another !== undefined) return err(`\`${from}\` names ${hits.map((one) => one.id).join(" and ")}; use the id`);
  return ok(hit);
}

/** By an id or an on-premises host's name one; by a Name tag every running instance that has it. */
export function namesakesOf(state: State, named: string): readonly (Instance | OnPremisesHost)[] {
  const one = find(state, "instance", named) ?? findOnPremisesHost(state, named);
  if (one !== undefined) return [one];
  return [...all(state, "instance")].filter(
    ({ state: now, tags }) => now === "running" && tags.some(({ key, value }) => key === "Name" && value === named),
  );
}
