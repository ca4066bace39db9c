/** Puts back what a namespace is made with and no blueprint tells: its devices are up, and its tables are those of its ruleset. */

import { list } from "./dump.ts";
import type { Namespace } from "./namespace.ts";
import { decodeAttributes, findAttribute, type Message, textOf } from "./netlink-message.ts";
import { deleteTable, getChains, getRules, getSets, getTables, newTable, NFT_TYPE, transaction } from "./nftables.ts";
import { RULE } from "./filter-change.ts";
import { RTM, setLinkUp } from "./rtnetlink.ts";
import { rulesetOf, TABLE } from "./ruleset.ts";

/** What was put back, a sentence each. */
export function restore(name: string, namespace: Namespace | undefined): readonly string[] {
  return namespace === undefined ? [] : [...raiseDevices(name, namespace), ...reloadRules(name, namespace)];
}

function raiseDevices(name: string, namespace: Namespace): string[] {
  const UP = 1;
  const down = list(namespace, RTM.getLink, 16, "links").flatMap(({ fixed, attributes }) =>
    (fixed.readUInt32LE(8) & UP) === 0
      ? [{ index: fixed.readInt32LE(4), device: textOf(findAttribute(attributes, 3)) }]
      : [],
  );
  namespace.route.request(down.map(({ index }) => setLinkUp(index)));
  return down.map(({ device }) => `drift: ${device} of ${name} was down; it is up again`);
}

/** The sets, the chains and the number of nameless rules in each, as texts. */
function frameOf(messages: readonly Message[]): readonly string[] {
  const rules = new Map<string, number>();
  const names: string[] = [];
  for (const { type, body } of messages) {
    const attributes = decodeAttributes(body.subarray(4));
    const text = (attribute: number): string => textOf(findAttribute(attributes, attribute));
    if (type === NFT_TYPE.newSet) names.push(`set ${text(2)}`);
    if (type === NFT_TYPE.newChain) names.push(`chain ${text(3)}`);
    if (type === NFT_TYPE.newRule && findAttribute(attributes, RULE.comment) === undefined)
      rules.set(text(RULE.chain), (rules.get(text(RULE.chain)) ?? 0) + 1);
  }
  return [...names, ...[...rules].map(([chain, count]) => `${count} rules in ${chain}`)];
}

function reloadRules(name: string, { netfilter, role }: Namespace): string[] {
  const ruleset = rulesetOf(role);
  if (ruleset.length === 0) return [];
  const tables = netfilter
    .dump(getTables())
    .map(({ body }) => textOf(findAttribute(decodeAttributes(body.subarray(4)), 1)));
  const foreign = tables.filter((table) => table !== TABLE);
  const lists = tables.includes(TABLE) ? [getChains(), getSets(TABLE), getRules(TABLE)] : [];
  const listed = lists.flatMap((message) => netfilter.dump(message));
  const found = new Set(frameOf(listed.map((one) => ({ ...one, what: "" }))));
  const isWhole = frameOf(ruleset).every((part) => found.has(part));
  if (isWhole && foreign.length === 0) return [];
  const reload = isWhole ? [] : [newTable(TABLE), deleteTable(TABLE), ...ruleset];
  // As one: no packet meets a namespace without its rules.
  netfilter.transact(transaction([...foreign.map(deleteTable), ...reload]));
  return [
    ...foreign.map((table) => `drift: table ${table} of ${name} is not ours; it is taken away`),
    ...(isWhole ? [] : [`drift: the rules of ${name} were altered; they are loaded again`]),
  ];
}
