/** Customer-managed prefix lists of the random networks: new versions in every round, in routes and in rules of groups. */

import { createManagedPrefixList, modifyManagedPrefixList } from "../../src/model/managed-prefix-list.ts";
import { createRoute } from "../../src/model/route.ts";
import { find } from "../../src/model/state.ts";
import { type RegionBuilder, targetOf } from "../region-builder.ts";
import type { Dice } from "./dice.ts";

type Build = RegionBuilder;

const size = 6;

/** One of each family beside a second of IPv4; every VPC may use them. */
export function openLists(build: Build): readonly string[] {
  return (["IPv4", "IPv4", "IPv6"] as const).map((addressFamily, at) => {
    const input = { name: `list ${at}`, addressFamily, maxEntries: size, entries: [], tags: [] };
    return build.run(createManagedPrefixList, input).id;
  });
}

interface Blocks {
  readonly ipv4: () => string;
  readonly ipv6: () => string;
}

/** Other entries than before; where the lists are in use, all that names them follows. */
export function dealLists(build: Build, dice: Dice, listIds: readonly string[], blocks: Blocks): void {
  for (const prefixListId of listIds) {
    const list = find(build.state(), "prefix-list", prefixListId);
    const before = (list?.versions.at(-1) ?? []).map((one) => one.cidrBlock);
    const block = list?.addressFamily === "IPv6" ? blocks.ipv6 : blocks.ipv4;
    const entries = new Set(Array.from({ length: dice.below(size + 1) }, block));
    const addEntries = [...entries].filter((one) => !before.includes(one)).map((cidrBlock) => ({ cidrBlock }));
    const removeCidrBlocks = before.filter((one) => !entries.has(one));
    if (addEntries.length + removeCidrBlocks.length === 0) continue;
    const currentVersion = list?.versions.length ?? 1;
    const input = { prefixListId, currentVersion, addEntries, removeCidrBlocks };
    if (build.attempt(modifyManagedPrefixList, input).ok) build.run(modifyManagedPrefixList, input);
  }
}

/** A route of every block of a list. */
export function dealListRoute(
  build: Build,
  dice: Dice,
  {
    routeTableId,
    listIds,
    targetIds,
  }: { routeTableId: string; listIds: readonly string[]; targetIds: readonly string[] },
): void {
  const destination = { kind: "prefix-list", prefixListId: dice.pick(listIds) } as const;
  const id = dice.pick(targetIds);
  const input = { routeTableId, destination, target: targetOf(id) };
  if (build.attempt(createRoute, input).ok) build.run(createRoute, input);
}
