/**
 * The nf_tables of each kind of namespace. These rules never change while the namespace lives; what changes are elements
 * of their sets, and in a router the chains of security groups and network ACLs that the elements lead to.
 *
 * A packet through a router passes four base chains, and in nf_tables "accept" ends only its own: so every one of
 * group out, ACL out, ACL in and group in must let it through. Connection tracking stands only in those of groups.
 */

import { WIDTHS, type Width } from "../../base/ip.ts";
import {
  accept,
  ADDRESS_OFFSET,
  count,
  DIRECTION,
  drop,
  HEADER,
  isEqual,
  isIn,
  isNotEqual,
  isNotIn,
  isOfWidth,
  keepBits,
  loadDirection,
  loadMeta,
  loadPayload,
  loadState,
  mapBy,
  META,
  PROTOCOL,
  REGISTER_1,
  REGISTER_1_FIRST,
  REGISTER_1_SECOND,
  STATE,
  storeMeta,
  translate,
  verdictBy,
} from "./expression.ts";
import type { NamespaceRole } from "./kernel-object.ts";
import { countingChain, LOGGED_SET, metering, refuse, tallySpoofed } from "./metering.ts";
import { type Message, u32 } from "./netlink-message.ts";
import { type Chain, HOOK, newBaseChain, newSet, newTable, PRIORITY } from "./nftables.ts";
import { type SetShape, shapeOf, sourceSet } from "./set-shape.ts";

export const TABLE = "underpass";

/** Source: Amazon VPC User Guide, "Amazon VPC quotas": security groups per network interface. */
export const GROUPS_PER_INTERFACE = 5;

const TCP_FLAGS = 13;
const TCP_RST = 4;
/** Devices of a gateway on the side of the VPC's router and of the internet. */
const ROUTER_DEVICE = 2;
const INTERNET_DEVICE = 3;

const ROUTER_SETS: readonly SetShape[] = [
  // Link group of a subnet → mark, which is the number of its route table.
  shapeOf("subnet_table", ["group"], "mark"),
  // The device and a source address that may come in by it.
  ...WIDTHS.map((width) => shapeOf(sourceSet(width), ["device", width === 32 ? "ip" : "ip6"])),
  // Devices by which any source may come in: those of NAT gateways.
  shapeOf("any_source", ["device"]),
  // Traffic from a link group to itself stays in its subnet.
  shapeOf("same_subnet", ["group", "group"]),
  // Link group of a subnet → chain of its network ACL.
  shapeOf("acl_out", ["group"], "chain"),
  shapeOf("acl_in", ["group"], "chain"),
  // For the first, second and so on security group of an interface: the device → the group, the group → chain of its rules.
  ...Array.from({ length: GROUPS_PER_INTERFACE }, (_, number) => [
    shapeOf(interfaceGroup(number), ["device"], "mark"),
    shapeOf(groupChains("out", number), ["mark"], "chain"),
    shapeOf(groupChains("in", number), ["mark"], "chain"),
  ]).flat(),
  // Devices of interfaces that security groups are not for: those of NAT gateways.
  shapeOf("groupless", ["device"]),
  // Devices of interfaces that have a flow log.
  shapeOf(LOGGED_SET, ["device"]),
  // Devices that lead to routers of peers, to the VPN gateway and to NAT gateways.
  shapeOf("foreign", ["device"]),
  // Devices that lead to egress-only internet gateways.
  shapeOf("egress_only", ["device"]),
];

const GATEWAY_SETS: readonly SetShape[] = [
  shapeOf("public_address", ["ip"]),
  shapeOf("source_nat", ["ip"], "ip"),
  shapeOf("destination_nat", ["ip"], "ip"),
];

const NAT_SETS: readonly SetShape[] = [
  // The gateway's only device → its private address, which all that leaves gets.
  shapeOf("translation", ["device"], "ip"),
  shapeOf("own_address", ["ip"]),
];

const isIpv4 = isOfWidth(32);
const loadSource = loadPayload(HEADER.network, ADDRESS_OFFSET[32].source, 4);
const loadDestination = loadPayload(HEADER.network, ADDRESS_OFFSET[32].destination, 4);
/** Links of instances and NAT gateways have a subnet's group; endpoints and gateways have none. */
const isFromSubnet = [loadMeta(META.iifgroup, REGISTER_1), isNotEqual(REGISTER_1, u32(0))];
const isFromInternet = [loadMeta(META.iif, REGISTER_1), isEqual(REGISTER_1, u32(INTERNET_DEVICE))];
const isToInternet = [loadMeta(META.oif, REGISTER_1), isEqual(REGISTER_1, u32(INTERNET_DEVICE))];

const isFromRouter = [loadMeta(META.iif, REGISTER_1), isEqual(REGISTER_1, u32(ROUTER_DEVICE))];
const isToRouter = [loadMeta(META.oif, REGISTER_1), isEqual(REGISTER_1, u32(ROUTER_DEVICE))];

const isTcp = [loadMeta(META.l4proto, REGISTER_1), isEqual(REGISTER_1, Buffer.from([PROTOCOL.tcp]))];
const isReset = [
  ...isTcp,
  loadPayload(HEADER.transport, TCP_FLAGS, 1),
  keepBits(Buffer.from([TCP_RST])),
  isEqual(REGISTER_1, Buffer.from([TCP_RST])),
];

function isInState(bits: number): Buffer[] {
  return [loadState(), keepBits(u32(bits)), isNotEqual(REGISTER_1, u32(0))];
}

/**
 * Link-local addresses are no exception: neighbours are fixed on both ends of a link, so that nobody has to discover or be
 * discovered, and what an instance says of neighbours or routers is dropped here.
 */
const SPOOF_CHAIN: Chain = {
  name: "spoof",
  type: "filter",
  hook: HOOK.prerouting,
  priority: PRIORITY.raw,
  rules: [
    [loadMeta(META.iif, REGISTER_1), isIn("any_source", REGISTER_1), accept()],
    dropNeighborTalk(),
    ...WIDTHS.map(dropForeignSource),
  ],
};

function dropForeignSource(width: Width): Buffer[] {
  return [...isFromSubnet, ...isOfWidth(width), ...isForeignSource(width), count(), ...tallySpoofed(), drop()];
}

/**
 * What a kernel says to its neighbors over IPv6 when a device comes up is nothing that anybody sent, so it is not told as a
 * drop. Source: RFC 4291 section 2.7: multicast of the link's scope.
 */
function dropNeighborTalk(): Buffer[] {
  return [
    ...isFromSubnet,
    ...isOfWidth(128),
    loadPayload(HEADER.network, ADDRESS_OFFSET[128].destination, 2),
    isEqual(REGISTER_1, Buffer.from([0xff, 0x02])),
    ...isForeignSource(128),
    drop(),
  ];
}

function isForeignSource(width: Width): Buffer[] {
  return [
    loadMeta(META.iif, REGISTER_1_FIRST),
    loadPayload(HEADER.network, ADDRESS_OFFSET[width].source, width / 8, REGISTER_1_SECOND),
    isNotIn(sourceSet(width), REGISTER_1),
  ];
}

const CLASSIFY_CHAIN: Chain = {
  name: "classify",
  type: "filter",
  hook: HOOK.prerouting,
  priority: PRIORITY.mangle,
  rules: [[loadMeta(META.iifgroup, REGISTER_1), mapBy("subnet_table", REGISTER_1), storeMeta(META.mark, REGISTER_1)]],
};

/** A packet meets first the filters of the interface that it leaves, then those of the one that it comes to. */
const ORDER = { group_out: -20, acl_out: -10, count_out: -5, acl_in: 0, group_in: 10, count_in: 15 } as const;

/** What crosses the border of a subnet goes by the subnet's ACL, each packet by itself. */
function aclChain(direction: "out" | "in"): Chain {
  return {
    name: `acl_${direction}`,
    type: "filter",
    hook: HOOK.forward,
    priority: PRIORITY.filter + ORDER[`acl_${direction}`],
    rules: [
      [
        loadMeta(META.iifgroup, REGISTER_1_FIRST),
        loadMeta(META.oifgroup, REGISTER_1_SECOND),
        isIn("same_subnet", REGISTER_1),
        accept(),
      ],
      [
        loadMeta(direction === "out" ? META.iifgroup : META.oifgroup, REGISTER_1),
        verdictBy(`acl_${direction}`, REGISTER_1),
      ],
    ],
  };
}

/**
 * The first packet of a connection asks the groups of its interface one after the other; the rest pass as part of it. A
 * reset always passes: after a change of route the new path's end resets a connection that tracking saw otherwise, and the
 * client must hear of it. It carries nothing, and the client checks it against its own connection.
 */
function groupChain(direction: "out" | "in"): Chain {
  const device = direction === "out" ? META.iif : META.oif;
  const group = direction === "out" ? META.iifgroup : META.oifgroup;
  const askGroup = (number: number): Buffer[] => [
    loadMeta(device, REGISTER_1),
    mapBy(interfaceGroup(number), REGISTER_1),
    // The mark has told the route table by now. The `nft` tool can read a map of a map only by way of it.
    storeMeta(META.mark, REGISTER_1),
    loadMeta(META.mark, REGISTER_1),
    verdictBy(groupChains(direction, number), REGISTER_1),
  ];
  return {
    name: `group_${direction}`,
    type: "filter",
    hook: HOOK.forward,
    priority: PRIORITY.filter + ORDER[`group_${direction}`],
    rules: [
      ...(direction === "out" ? [EGRESS_ONLY_RULE, LINK_LOCAL_RULE] : []),
      [...isInState(STATE.established | STATE.related), accept()],
      [...isInState(STATE.invalid), ...isReset, accept()],
      [...isInState(STATE.invalid), count(), refuse(`group_${direction}`)],
      ...Array.from({ length: GROUPS_PER_INTERFACE }, (_, number) => askGroup(number)),
      [
        loadMeta(group, REGISTER_1),
        isNotEqual(REGISTER_1, u32(0)),
        loadMeta(device, REGISTER_1),
        isNotIn("groupless", REGISTER_1),
        count(),
        refuse(`group_${direction}`),
      ],
    ],
  };
}

/**
 * What was opened from outside came in by the internet gateway, and is not answered by an egress-only one. That one cannot
 * know: it saw no packet of the connection before.
 */
const EGRESS_ONLY_RULE: readonly Buffer[] = [
  ...isOfWidth(128),
  loadMeta(META.oif, REGISTER_1),
  isIn("egress_only", REGISTER_1),
  loadDirection(),
  isEqual(REGISTER_1, Buffer.from([DIRECTION.reply])),
  count(),
  drop(),
];

/** An instance of IPv6 alone has a link-local address of IPv4, by which the router's own services alone reach it. */
const LINK_LOCAL_RULE: readonly Buffer[] = [
  ...isIpv4,
  loadPayload(HEADER.network, ADDRESS_OFFSET[32].destination, 2),
  isEqual(REGISTER_1, Buffer.from([169, 254])),
  count(),
  drop(),
];

/** The resolver and the router's own addresses are for the VPC alone. */
const INPUT_CHAIN: Chain = {
  name: "input",
  type: "filter",
  hook: HOOK.input,
  priority: PRIORITY.filter,
  rules: [[loadMeta(META.iif, REGISTER_1), isIn("foreign", REGISTER_1), count(), drop()]],
};

const ROUTER_CHAINS: readonly Chain[] = [
  INPUT_CHAIN,
  SPOOF_CHAIN,
  CLASSIFY_CHAIN,
  groupChain("out"),
  aclChain("out"),
  countingChain("out", ORDER.count_out),
  aclChain("in"),
  groupChain("in"),
  countingChain("in", ORDER.count_in),
];

const GATEWAY_CHAINS: readonly Chain[] = [
  {
    name: "inward",
    type: "nat",
    hook: HOOK.prerouting,
    priority: PRIORITY.destinationNat,
    rules: [
      [
        ...isFromInternet,
        ...isIpv4,
        loadDestination,
        mapBy("destination_nat", REGISTER_1),
        translate("destination", REGISTER_1),
      ],
    ],
  },
  {
    name: "outward",
    type: "nat",
    hook: HOOK.postrouting,
    priority: PRIORITY.sourceNat,
    rules: [[...isToInternet, ...isIpv4, loadSource, mapBy("source_nat", REGISTER_1), translate("source", REGISTER_1)]],
  },
  {
    // Behind the translation: what it left alone has no public address and stays here. Of IPv6 every address is public,
    // and the router let none pass that is not the sender's own.
    name: "guard",
    type: "filter",
    hook: HOOK.postrouting,
    priority: PRIORITY.last,
    rules: [[...isToInternet, ...isIpv4, loadSource, isNotIn("public_address", REGISTER_1), count(), drop()]],
  },
];

/** Source: Amazon VPC User Guide, "Egress-only internet gateways": stateful, and nothing is opened from outside. */
const EGRESS_ONLY_CHAINS: readonly Chain[] = [
  {
    name: "guard",
    type: "filter",
    hook: HOOK.forward,
    priority: PRIORITY.filter,
    rules: [
      [...isToInternet, accept()],
      // What its own VPC sends to itself by it turns round here and would not come from the internet.
      [...isInState(STATE.established | STATE.related), accept()],
      [count(), drop()],
    ],
  },
];

const isNotProtocol = (protocol: number): Buffer[] => [
  loadMeta(META.l4proto, REGISTER_1),
  isNotEqual(REGISTER_1, Buffer.from([protocol])),
];

const NAT_CHAINS: readonly Chain[] = [
  {
    // Answers of connections that it never saw open: they are not translated, and nothing else leaves it.
    name: "unknown",
    type: "filter",
    hook: HOOK.forward,
    priority: PRIORITY.filter,
    rules: [
      // Of IPv6 it takes what the translator is for, and that brings back what is for the VPC.
      [...isOfWidth(128), ...isFromRouter, ...isToRouter, count(), drop()],
      [...isInState(STATE.invalid), ...isReset, accept()],
      [...isInState(STATE.invalid), count(), drop()],
    ],
  },
  {
    name: "guard",
    type: "filter",
    hook: HOOK.prerouting,
    priority: PRIORITY.raw,
    rules: [
      // What it sent out itself comes back when its own subnet's routes lead to it, and would go round and round.
      [...isIpv4, loadSource, isIn("own_address", REGISTER_1), count(), drop()],
      // Source: Amazon VPC User Guide, "NAT gateway basics": TCP, UDP and ICMP.
      ...WIDTHS.map((width) => [
        ...isOfWidth(width),
        ...isNotProtocol(PROTOCOL.tcp),
        ...isNotProtocol(PROTOCOL.udp),
        ...isNotProtocol(width === 32 ? PROTOCOL.icmp : PROTOCOL.icmpv6),
        count(),
        drop(),
      ]),
    ],
  },
  {
    name: "outward",
    type: "nat",
    hook: HOOK.postrouting,
    priority: PRIORITY.sourceNat,
    rules: [
      [...isIpv4, loadMeta(META.oif, REGISTER_1), mapBy("translation", REGISTER_1), translate("source", REGISTER_1)],
    ],
  },
];

/**
 * The map from the `number`th group of some interface to its chain. It holds no others: at every new rule the kernel looks
 * through all chains that each map leads to.
 */
export function groupChains(direction: "out" | "in", number: number): string {
  return `group_${direction}_${number}`;
}

/** The map of the `number`th groups, from 0 on. */
export function interfaceGroup(number: number): string {
  return `interface_group_${number}`;
}

/** The sets and maps of the namespace's own ruleset. */
export function shapesOf(role: NamespaceRole): readonly SetShape[] {
  switch (role) {
    case "router":
      return ROUTER_SETS;
    case "internet-gateway":
      return GATEWAY_SETS;
    case "nat-gateway":
      return NAT_SETS;
    case "egress-only-internet-gateway":
    case "vpn-gateway":
    case "on-premises-router":
    case "translator":
    case "internet":
    case "endpoint":
    case "host":
      return [];
  }
}

function chainsOf(role: NamespaceRole): readonly Chain[] {
  switch (role) {
    case "router":
      return ROUTER_CHAINS;
    case "internet-gateway":
      return GATEWAY_CHAINS;
    case "egress-only-internet-gateway":
      return EGRESS_ONLY_CHAINS;
    case "nat-gateway":
      return NAT_CHAINS;
    case "vpn-gateway":
    case "on-premises-router":
    case "translator":
    case "internet":
    case "endpoint":
    case "host":
      return [];
  }
}

/** Makes the namespace's table, sets, chains and rules; empty where it has none. */
export function rulesetOf(role: NamespaceRole): readonly Message[] {
  const known = rulesets.get(role) ?? freshRuleset(role);
  rulesets.set(role, known);
  return known;
}

const rulesets = new Map<NamespaceRole, readonly Message[]>();

function freshRuleset(role: NamespaceRole): readonly Message[] {
  const chains = chainsOf(role);
  if (chains.length === 0) return [];
  return [
    newTable(TABLE),
    ...shapesOf(role).map((shape, at) => newSet(TABLE, shape, at + 1)),
    ...(role === "router" ? metering(TABLE) : []),
    ...chains.flatMap((chain) => newBaseChain(TABLE, chain)),
  ];
}
