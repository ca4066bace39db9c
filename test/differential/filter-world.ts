/** Security groups and network ACLs of the random networks. Most let most things pass, so that much is left to be compared. */

import { modifyNetworkInterfaceAttribute } from "../../src/model/interface-attachment.ts";
import {
  createNetworkAcl,
  createNetworkAclEntry,
  defaultNetworkAclOf,
  type EntryInput,
  deleteNetworkAclEntry,
  networkAclOfSubnet,
  replaceNetworkAclAssociation,
} from "../../src/model/network-acl.ts";
import { prefixListOfService } from "../../src/model/prefix-list.ts";
import { createSecurityGroup } from "../../src/model/security-group.ts";
import {
  authorizeSecurityGroup,
  type PeerInput,
  revokeSecurityGroup,
} from "../../src/model/security-group-permission.ts";
import { rulesOfGroup } from "../../src/model/security-group-rule.ts";
import { find } from "../../src/model/state.ts";
import type { RegionBuilder, TestInstance } from "../region-builder.ts";
import type { Dice } from "./dice.ts";
import { s3Ipv6List } from "./ipv6-world.ts";

export interface FilterPlace {
  readonly groupIds: readonly string[];
  readonly aclIds: readonly string[];
  /** Lets everything in and out. */
  readonly openGroupId: string;
}

interface Where {
  readonly cidrBlock: string;
  readonly subnetIds: readonly string[];
  readonly filters: FilterPlace;
  readonly peerGroupIds: readonly string[];
  readonly listIds: readonly string[];
  /** The number of a protocol without ports. */
  readonly protocol: number;
  readonly instances: readonly { readonly made: TestInstance }[];
}

type Build = RegionBuilder;

const s3List = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3");

export function openFilters(build: Build, vpcId: string): FilterPlace {
  const groupIds = ["a", "b", "c"].map(
    (name) => build.run(createSecurityGroup, { name, description: name, vpcId, tags: [] }).id,
  );
  const openGroup = { name: "open", description: "open", vpcId, tags: [] };
  const openGroupId = build.run(createSecurityGroup, openGroup).id;
  for (const peer of [everywhere, everywhereIpv6]) {
    allow(build, { groupId: openGroupId, isEgress: false }, { protocol: "-1", peer });
  }
  return { openGroupId, groupIds, aclIds: [1, 2].map(() => build.run(createNetworkAcl, { vpcId, tags: [] }).id) };
}

/** New rules everywhere, new groups on every instance, new ACLs on every subnet. */
export function dealFilters(build: Build, dice: Dice, where: Where): void {
  const { groupIds, aclIds } = where.filters;
  for (const groupId of groupIds) dealRules(build, dice, { where, groupId });
  for (const { made } of where.instances) {
    const securityGroupIds = [...new Set([dice.pick(groupIds), dice.pick(groupIds)])];
    build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId: made.eni, securityGroupIds });
  }
  for (const networkAclId of aclIds) dealEntries(build, dice, { where, networkAclId });
  for (const subnetId of where.subnetIds) {
    const inForce = networkAclOfSubnet(build.state(), subnetId);
    const associationId = inForce.associations.find((one) => one.subnetId === subnetId)?.id ?? "";
    const networkAclId = dice.pick([defaultNetworkAclOf(build.state(), inForce.vpcId).id, ...aclIds]);
    build.run(replaceNetworkAclAssociation, { associationId, networkAclId });
  }
}

interface GroupSpot {
  readonly where: Where;
  readonly groupId: string;
}

function dealRules(build: Build, dice: Dice, { where, groupId }: GroupSpot): void {
  for (const isEgress of [true, false]) {
    const ruleIds = rulesOfGroup(build.state(), groupId).flatMap((rule) => (rule.isEgress === isEgress ? rule.id : []));
    if (ruleIds.length > 0) build.run(revokeSecurityGroup, { groupId, isEgress, permissions: [], ruleIds });
    for (const peer of everywhereOf(build, where)) {
      if (dice.chance(isEgress ? 60 : 30)) allow(build, { groupId, isEgress }, { protocol: "-1", peer });
    }
    for (let left = dice.below(4); left > 0; left--) {
      allow(build, { groupId, isEgress }, { ...dealTraffic(dice, where), peer: dealPeer(build, dice, where) });
    }
  }
}

const everywhere = { kind: "ipv4", cidrBlock: "0.0.0.0/0" } as const;
const everywhereIpv6 = { kind: "ipv6", cidrBlock: "::/0" } as const;

/** In a VPC with IPv6 of both families. */
function everywhereOf(build: Build, where: Where): readonly (typeof everywhere | typeof everywhereIpv6)[] {
  return ipv6Blocks(build, where).length === 0 ? [everywhere] : [everywhere, everywhereIpv6];
}

/** Of the subnets; none where the VPC has no IPv6. */
function ipv6Blocks(build: Build, { subnetIds }: Where): readonly string[] {
  return subnetIds.flatMap((id) =>
    (find(build.state(), "subnet", id)?.ipv6CidrBlocks ?? []).map((one) => one.cidrBlock),
  );
}

interface Ports {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
}

function allow(
  build: Build,
  side: { readonly groupId: string; readonly isEgress: boolean },
  { peer, ...ports }: Ports & { readonly peer: PeerInput },
): void {
  // Chance may deal the same rule twice, which the model refuses.
  const input = { ...side, permissions: [{ ...ports, peers: [peer] }], tags: [] };
  if (build.attempt(authorizeSecurityGroup, input).ok) build.run(authorizeSecurityGroup, input);
}

function dealTraffic(dice: Dice, where: Where): Ports {
  const ports = (protocol: string, fromPort: number, toPort: number): Ports => ({ protocol, fromPort, toPort });
  return dice.pick([
    { protocol: "-1" },
    ports("tcp", 80, 80),
    ports("tcp", 443, 443),
    ports("tcp", 80, 443),
    ports("tcp", 0, 65_535),
    ports("tcp", 8080, 9000),
    ports("udp", 5000, 5000),
    ports("udp", 0, 65_535),
    ports("icmp", -1, -1),
    ports("icmp", 8, -1),
    ports("icmp", 8, 0),
    // Not what a ping is.
    ports("icmp", 0, -1),
    ports("icmpv6", -1, -1),
    ports("icmpv6", 128, 0),
    { protocol: "50" },
    { protocol: `${where.protocol}` },
    { protocol: `${where.protocol}` },
  ]);
}

function dealPeer(build: Build, dice: Dice, where: Where): PeerInput {
  const ipv6 = ipv6Blocks(build, where);
  if (ipv6.length > 0 && dice.chance(45)) {
    const own = find(build.state(), "network-interface", dice.pick(where.instances).made.eni)?.ipv6Addresses[0];
    return dice.pick<PeerInput>([
      everywhereIpv6,
      { kind: "ipv6", cidrBlock: dice.pick(ipv6) },
      { kind: "ipv6", cidrBlock: own === undefined ? dice.pick(ipv6) : `${own}/128` },
      { kind: "ipv6", cidrBlock: dice.pick(s3Ipv6List?.cidrBlocks ?? []) },
      { kind: "prefix-list", prefixListId: s3Ipv6List?.id ?? "" },
      { kind: "prefix-list", prefixListId: dice.pick(where.listIds) },
      { kind: "security-group", groupId: dice.pick(where.filters.groupIds) },
    ]);
  }
  const { ip } = dice.pick(where.instances).made;
  const blocks = [where.cidrBlock, subnetBlock(build, dice, where), ip.includes(":") ? where.cidrBlock : `${ip}/32`];
  return dice.pick<PeerInput>([
    everywhere,
    { kind: "ipv4", cidrBlock: dice.pick(blocks) },
    { kind: "ipv4", cidrBlock: dice.pick(s3List?.cidrBlocks ?? []) },
    { kind: "ipv4", cidrBlock: dice.pick(["192.168.0.0/16", "192.168.1.0/24", "10.0.0.0/8"]) },
    { kind: "prefix-list", prefixListId: s3List?.id ?? "" },
    { kind: "prefix-list", prefixListId: dice.pick(where.listIds) },
    { kind: "security-group", groupId: dice.pick([...where.filters.groupIds, ...where.peerGroupIds]) },
  ]);
}

function subnetBlock(build: Build, dice: Dice, where: Where): string {
  return find(build.state(), "subnet", dice.pick(where.subnetIds))?.cidrBlock ?? where.cidrBlock;
}

function dealEntries(
  build: Build,
  dice: Dice,
  { where, networkAclId }: { readonly where: Where; readonly networkAclId: string },
): void {
  const entries = find(build.state(), "network-acl", networkAclId)?.entries ?? [];
  for (const { ruleNumber, isEgress } of entries) {
    build.run(deleteNetworkAclEntry, { networkAclId, ruleNumber, isEgress });
  }
  for (const isEgress of [true, false]) {
    // Numbers are in no order, so that the order in which rules were made is not theirs.
    const numbers = new Set(Array.from({ length: dice.below(6) }, () => 1 + dice.below(1000)));
    for (const ruleNumber of numbers) {
      const action = dice.pick(["allow", "deny"]);
      const cidr = dealAclBlock(build, dice, where);
      const common = { networkAclId, ruleNumber, isEgress, action, cidr };
      build.run(createNetworkAclEntry, { ...common, ...dealAclTraffic(dice, where, cidr.kind) });
    }
    for (const [at, cidr] of everywhereOf(build, where).entries()) {
      if (!dice.chance(80)) continue;
      const common = { networkAclId, ruleNumber: 32_000 + at, isEgress, action: "allow" };
      build.run(createNetworkAclEntry, { ...common, protocol: "-1", cidr });
    }
  }
}

function dealAclBlock(
  build: Build,
  dice: Dice,
  where: Where,
): { readonly kind: "ipv4" | "ipv6"; readonly cidrBlock: string } {
  const ipv6 = ipv6Blocks(build, where);
  if (ipv6.length > 0 && dice.chance(40)) {
    const cidrBlock = dice.pick(["::/0", dice.pick(ipv6), dice.pick(s3Ipv6List?.cidrBlocks ?? [])]);
    return { kind: "ipv6", cidrBlock };
  }
  const cidrBlock = dice.pick([
    "0.0.0.0/0",
    "192.168.0.0/16",
    where.cidrBlock,
    subnetBlock(build, dice, where),
    dice.pick(s3List?.cidrBlocks ?? []),
  ]);
  return { kind: "ipv4", cidrBlock };
}

type AclTraffic = Pick<EntryInput, "protocol" | "ports" | "icmp">;

function dealAclTraffic(dice: Dice, where: Where, family: "ipv4" | "ipv6"): AclTraffic {
  const ports = dice.pick([
    { from: 80, to: 80 },
    { from: 80, to: 443 },
    { from: 100, to: 8080 },
    { from: 1024, to: 65_535 },
    { from: 32_768, to: 61_000 },
    { from: 40_000, to: 50_000 },
    { from: 5000, to: 5000 },
  ]);
  const icmp = family === "ipv6" ? "58" : "1";
  const traffic = dice.pick(["6", "6", "6", "17", icmp, `${where.protocol}`, "-1"]);
  if (traffic === "6" || traffic === "17") return { protocol: traffic, ports };
  if (traffic !== icmp) return { protocol: traffic };
  const type = dice.pick(traffic === "1" ? [-1, 0, 8] : [-1, 128, 129]);
  return { protocol: traffic, icmp: { type, code: type === -1 ? -1 : dice.pick([-1, 0]) } };
}
