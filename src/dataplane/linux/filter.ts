/**
 * Security groups and network ACLs as kernel objects of a VPC's router: a set for the members of every group and for every
 * prefix list, a chain for each direction of a group or ACL, and the elements that lead packets to the chains.
 */

import { formatIp, type Ip, type Width, widthOf, WIDTHS } from "../../base/ip.ts";
import { formatPrefix, parsePrefixMasked, type Prefix } from "../../base/prefix.ts";
import type {
  AclRuleBlueprint,
  GroupRuleBlueprint,
  HostBlueprint,
  NetworkAclBlueprint,
  SecurityGroupBlueprint,
  SubnetBlueprint,
  VpcBlueprint,
} from "../../plan/blueprint.ts";
import { ipBytes, ipOfBytes } from "./address.ts";
import { LAST_RULE } from "./filter-change.ts";
import { plainTraffic, type RuleBody } from "./filter-rule.ts";
import type { ElementObject, KernelObject } from "./kernel-object.ts";
import { groupChains, GROUPS_PER_INTERFACE, interfaceGroup } from "./ruleset.ts";
import { memberSet, prefixSet } from "./set-shape.ts";

type Direction = "out" | "in";
const DIRECTIONS: readonly Direction[] = ["out", "in"];

/** The families that a VPC carries. */
export function widthsOf({ cidrBlocks }: Pick<VpcBlueprint, "cidrBlocks">): readonly Width[] {
  return widthsOfBlocks(cidrBlocks);
}

/** The members of a group; rules of other groups may name it, so it stands by itself. */
export function setOfMembers(namespace: string, key: number, width: Width): KernelObject {
  return { kind: "set", namespace, set: memberSet(key, width) };
}

export function memberOf(namespace: string, key: number, ip: string): KernelObject {
  return { kind: "element", namespace, set: memberSet(key, widthOf(ip)), key: [ip] };
}

/** What rules compare addresses with. */
export interface Named {
  /** Keys of security groups, be they in the VPC or not. */
  readonly groups: ReadonlySet<number>;
  /** Blocks of prefix lists, by the list's id. */
  readonly lists: ReadonlyMap<string, readonly string[]>;
}

/** What the rules of the VPC name; every group of the VPC counts as named. */
export function namedIn({ securityGroups }: VpcBlueprint): Named {
  const groups = new Set<number>();
  const lists = new Map<string, readonly string[]>();
  for (const group of securityGroups) {
    groups.add(group.key);
    const named = namedByGroup(group);
    if (named === NONE_NAMED) continue;
    for (const key of named.groups) groups.add(key);
    for (const [id, cidrBlocks] of named.lists) lists.set(id, cidrBlocks);
  }
  return { groups, lists };
}

const NONE_NAMED: Named = { groups: new Set(), lists: new Map() };

// A memo: of ten thousand rules one changes.
const namedByGroups = new WeakMap<SecurityGroupBlueprint, Named>();

function namedByGroup(group: SecurityGroupBlueprint): Named {
  const known = namedByGroups.get(group);
  if (known !== undefined) return known;
  const groups = new Set<number>();
  const lists = new Map<string, readonly string[]>();
  const collect = ({ peer }: GroupRuleBlueprint): void => {
    if (peer.kind === "group") groups.add(peer.key);
    if (peer.kind === "prefix-list") lists.set(peer.prefixListId, peer.cidrBlocks);
  };
  group.egress.forEach(collect);
  group.ingress.forEach(collect);
  const found = groups.size + lists.size === 0 ? NONE_NAMED : { groups, lists };
  namedByGroups.set(group, found);
  return found;
}

/** A set takes no overlap, so blocks that touch or hold each other become one interval. */
export function objectsOfPrefixList(
  namespace: string,
  prefixListId: string,
  cidrBlocks: readonly string[],
): KernelObject[] {
  const prefixes = cidrBlocks.map(maskedPrefix);
  return widthsOfBlocks(cidrBlocks).flatMap((width): KernelObject[] => {
    const set = prefixSet(prefixListId, width);
    const intervals = intervalsOf(prefixes.filter(({ ip }) => ip.width === width));
    return [
      { kind: "set", namespace, set },
      ...intervals.map((key): ElementObject => ({ kind: "element", namespace, set, key })),
    ];
  });
}

/** An empty list counts as one of IPv4. */
function widthsOfBlocks(cidrBlocks: readonly string[]): readonly Width[] {
  const found = WIDTHS.filter((width) => cidrBlocks.some((cidrBlock) => widthOf(cidrBlock) === width));
  return found.length === 0 ? [32] : found;
}

function intervalsOf(prefixes: readonly Prefix[]): string[][] {
  const bounds = prefixes
    .map(({ ip, bits }) => ({ first: ipBytes(formatIp(ip)), last: lastOf(ip, bits) }))
    .toSorted((a, b) => Buffer.compare(a.first, b.first));
  const merged: { readonly first: Buffer; last: Buffer }[] = [];
  for (const next of bounds) {
    const before = merged.at(-1);
    if (before === undefined || Buffer.compare(next.first, followerOf(before.last)) > 0) merged.push(next);
    else if (Buffer.compare(next.last, before.last) > 0) before.last = next.last;
  }
  return merged.map(({ first, last }) => [formatIp(ipOfBytes(first)), formatIp(ipOfBytes(last))]);
}

function lastOf(ip: Ip, bits: number): Buffer {
  return ipBytes(formatIp(ip)).map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, bits - at * 8)))) as Buffer;
}

/** The address behind; the last of all has none and stays. */
function followerOf(bytes: Buffer): Buffer {
  if (bytes.every((byte) => byte === 0xff)) return bytes;
  const next = Buffer.from(bytes);
  let at = next.length - 1;
  while (next[at] === 0xff) next[at--] = 0;
  next[at] = (next[at] ?? 0) + 1;
  return next;
}

/** The chains of a group, without their rules. */
export function chainsOfGroup(namespace: string, key: number): KernelObject[] {
  return DIRECTIONS.map((direction) => ({ kind: "chain", namespace, chain: groupChain(key, direction) }));
}

/** Groups that interfaces have, each with its place among those of an interface. */
export function placesOfGroups(hosts: readonly Pick<HostBlueprint, "securityGroups">[]): ReadonlySet<number>[] {
  return Array.from(
    { length: GROUPS_PER_INTERFACE },
    (_, place) => new Set(hosts.flatMap(({ securityGroups }) => securityGroups[place] ?? [])),
  );
}

/** Leads from a group at this place to its chains. */
export function leadsToGroup(namespace: string, key: number, place: number): KernelObject[] {
  return DIRECTIONS.map((direction) => {
    const [set, value] = [groupChains(direction, place), groupChain(key, direction)];
    return { kind: "element", namespace, set, key: [`${key}`], value };
  });
}

/** A rule of one direction of a group: for each family that it is about and, by a set, each that the VPC carries. */
export function objectsOfGroupRule(
  { namespace, key, direction }: GroupSide,
  { ruleId, peer, traffic }: GroupRuleBlueprint,
  widths: readonly Width[],
): KernelObject[] {
  const chain = groupChain(key, direction);
  const end = direction === "out" ? "destination" : "source";
  return peersOf(peer, widths).map((one, at): KernelObject => {
    const body: RuleBody = { end, peer: one, traffic, verdict: "accept" };
    return { kind: "filter-rule", namespace, chain, name: at === 0 ? ruleId : `${ruleId} ${at}`, ...plainBody(body) };
  });
}

export interface GroupSide {
  readonly namespace: string;
  readonly key: number;
  readonly direction: Direction;
}

function peersOf(peer: GroupRuleBlueprint["peer"], widths: readonly Width[]): string[] {
  switch (peer.kind) {
    case "cidr":
      return [formatPrefix(maskedPrefix(peer.cidrBlock))];
    case "group":
      return widths.map((width) => `@${memberSet(peer.key, width)}`);
    case "prefix-list":
      return widthsOfBlocks(peer.cidrBlocks).map((width) => `@${prefixSet(peer.prefixListId, width)}`);
  }
}

export function objectsOfAcl(namespace: string, acl: NetworkAclBlueprint): KernelObject[] {
  return DIRECTIONS.flatMap((direction): KernelObject[] => {
    const chain = aclChain(acl.key, direction);
    const end = direction === "out" ? "destination" : "source";
    const rules = direction === "out" ? acl.egress : acl.ingress;
    return [
      { kind: "chain", namespace, chain },
      ...rules.map(({ ruleNumber, ...rule }: AclRuleBlueprint): KernelObject => {
        const verdict = rule.action === "allow" ? "accept" : "drop";
        const peer = formatPrefix(maskedPrefix(rule.cidrBlock));
        const body: RuleBody = { end, peer, traffic: rule.traffic, verdict };
        return { kind: "filter-rule", namespace, chain, name: `${ruleNumber}`, ...plainBody(body) };
      }),
      ...["0.0.0.0/0", "::/0"].map((peer, at): KernelObject => {
        const body: RuleBody = { end: "source", peer, traffic: { kind: "all" }, verdict: "drop" };
        return { kind: "filter-rule", namespace, chain, name: `${LAST_RULE}${at === 0 ? "" : " ipv6"}`, ...body };
      }),
    ];
  });
}

/** Leads what crosses the subnet's border to the chains of its ACL. */
export function bordersOf(namespace: string, { group, networkAcl }: SubnetBlueprint): KernelObject[] {
  return [
    { kind: "element", namespace, set: "same_subnet", key: [`${group}`, `${group}`] },
    ...DIRECTIONS.map((direction): KernelObject => {
      const value = aclChain(networkAcl, direction);
      return { kind: "element", namespace, set: `acl_${direction}`, key: [`${group}`], value };
    }),
  ];
}

/** The groups of the interface behind a device of the router. */
export function groupsOf(namespace: string, index: number, groups: readonly number[]): KernelObject[] {
  if (groups.length > GROUPS_PER_INTERFACE)
    throw new Error(`device ${index} has more than ${GROUPS_PER_INTERFACE} groups`);
  return groups.map((group, at) => ({
    kind: "element",
    namespace,
    set: interfaceGroup(at),
    key: [`${index}`],
    value: `${group}`,
  }));
}

function groupChain(key: number, direction: Direction): string {
  return `sg${key}_${direction}`;
}

function aclChain(key: number, direction: Direction): string {
  return `acl${key}_${direction}`;
}

/** The one spelling of a rule, as it reads back: about everybody, it asks for neither end. */
function plainBody(body: RuleBody): RuleBody {
  const end = body.peer.endsWith("/0") ? "source" : body.end;
  return { ...body, end, traffic: plainTraffic(body.traffic) };
}

function maskedPrefix(cidrBlock: string): Prefix {
  const prefix = parsePrefixMasked(cidrBlock);
  if (prefix === undefined) throw new Error(`no CIDR block: \`${cidrBlock}\``);
  return prefix;
}
