/**
 * What a router counts, in sets that the kernel fills by itself: the packets of every flow at interfaces that are logged, and
 * what was dropped, by the filter that dropped it. Both are read back by `meter.ts`.
 *
 * A flow is counted behind the filters of its interface, so what an instance may send is accepted there whatever its
 * receiver says. Source: Amazon VPC User Guide, "Flow log record examples": each interface has records of its own.
 *
 * ASSUMPTION: a packet that its interface's filters let go and no route leads anywhere, or to an address of the VPC that
 * nobody has, is in the flow log as accepted, without a traffic path.
 */

import { NOWHERE_DEVICE } from "./device.ts";
import {
  drop,
  FAMILY_IPV4,
  FAMILY_IPV6,
  goTo,
  HEADER,
  isEqual,
  isIn,
  isNotEqual,
  jumpTo,
  keepBits,
  loadMeta,
  loadNumber,
  loadPayload,
  META,
  PROTOCOL,
  REGISTER_1,
  REGISTERS,
  tally,
} from "./expression.ts";
import { type Message, u32 } from "./netlink-message.ts";
import { type Chain, HOOK, newChain, newRule, newTallySet, PRIORITY } from "./nftables.ts";

/** By tag, devices, protocol, ports, flags and addresses of either width. */
export const FLOW_SETS = { 32: "flows", 128: "flows_ipv6" } as const;
/** By tag and devices. */
export const DROP_SET = "drops";
/** Resets of TCP, by devices. */
export const RESET_SET = "resets";
export const TALLY_SETS: readonly string[] = [FLOW_SETS[32], FLOW_SETS[128], DROP_SET, RESET_SET];

/** Flows that one router remembers; of any more nothing is known but that they were. */
export const FLOW_LIMIT = 65_535;
/** Longer than between two readings, so that no flow is forgotten before it is read. */
const FLOW_LIFE_MS = 120_000;

/** The first word of a flow's key. */
export const FLOW_TAG = { accept_out: 0, accept_in: 1, reject_out: 2, reject_in: 3 } as const;
type FlowTag = keyof typeof FLOW_TAG;

/** The first word of a drop's key: which filter it was. */
export const DROP_TAG = { group_out: 0, group_in: 1, acl_out: 2, acl_in: 3, source: 4, no_route: 5 } as const;
type Filter = Exclude<keyof typeof DROP_TAG, "source" | "no_route">;

/** The set of devices whose interfaces have a flow log. */
export const LOGGED_SET = "flow_logged";

const TCP_FLAGS = 13;
const TCP_RESET = 4;
/** FIN, SYN, RST and ACK: what a record tells, and what tells a SYN from its answer. */
const TOLD_FLAGS = 0x17;
const ADDRESSES = { 32: { source: 12, destination: 16 }, 128: { source: 8, destination: 24 } } as const;

/** Where a filter sends what it drops: it is counted, and dropped there. */
function refusalChain(filter: Filter): string {
  return `refused_${filter}`;
}

/** Counts and drops. */
export function refuse(filter: Filter): Buffer {
  return goTo(refusalChain(filter));
}

/** Counts a packet whose source its interface does not have; it has no way out yet. */
export function tallySpoofed(): Buffer[] {
  return [
    loadNumber(DROP_TAG.source, REGISTERS[0]),
    loadMeta(META.iif, REGISTERS[1]),
    loadNumber(0, REGISTERS[2]),
    tally(DROP_SET, REGISTERS[0]),
  ];
}

const TALLY_RESETS: readonly Buffer[] = [
  loadMeta(META.l4proto, REGISTER_1),
  isEqual(REGISTER_1, Buffer.from([PROTOCOL.tcp])),
  loadPayload(HEADER.transport, TCP_FLAGS, 1),
  keepBits(Buffer.from([TCP_RESET])),
  isEqual(REGISTER_1, Buffer.from([TCP_RESET])),
  loadMeta(META.iif, REGISTERS[0]),
  loadMeta(META.oif, REGISTERS[1]),
  tally(RESET_SET, REGISTERS[0]),
];

/** Ends what no route leads to anybody. */
const DROP_NOWHERE: readonly Buffer[] = [
  loadMeta(META.oif, REGISTER_1),
  isEqual(REGISTER_1, u32(NOWHERE_DEVICE)),
  loadNumber(DROP_TAG.no_route, REGISTERS[0]),
  loadMeta(META.iif, REGISTERS[1]),
  loadMeta(META.oif, REGISTERS[2]),
  tally(DROP_SET, REGISTERS[0]),
  drop(),
];

/** Base chains that count what the filters of either side let through; each stands behind them. */
export function countingChain(direction: "out" | "in", priority: number): Chain {
  return {
    name: `count_${direction}`,
    type: "filter",
    hook: HOOK.forward,
    priority: PRIORITY.filter + priority,
    rules: [
      [...isLogged(direction), jumpTo(flowChain(`accept_${direction}`))],
      ...(direction === "out" ? [DROP_NOWHERE] : []),
      // Behind the filters of both sides: what an endpoint does not get is not counted as its own.
      ...(direction === "in" ? [TALLY_RESETS] : []),
    ],
  };
}

/** Names of the chains that `meteringOf` makes. */
export const METERING_CHAINS: ReadonlySet<string> = new Set([
  ...(Object.keys(FLOW_TAG) as FlowTag[]).map(flowChain),
  ...(["group_out", "group_in", "acl_out", "acl_in"] as const).map(refusalChain),
]);

/** The sets and the chains beside the base chains, with their rules. */
export function metering(table: string): Message[] {
  const flowKey = (addressBytes: number): number => 24 + 2 * addressBytes;
  return [
    newTallySet(table, { name: FLOW_SETS[32], keyBytes: flowKey(4), limit: FLOW_LIMIT, lifeMs: FLOW_LIFE_MS }),
    newTallySet(table, { name: FLOW_SETS[128], keyBytes: flowKey(16), limit: FLOW_LIMIT, lifeMs: FLOW_LIFE_MS }),
    newTallySet(table, { name: DROP_SET, keyBytes: 12, limit: FLOW_LIMIT }),
    newTallySet(table, { name: RESET_SET, keyBytes: 8, limit: FLOW_LIMIT }),
    ...[...METERING_CHAINS].map((chain) => newChain(table, chain)),
    ...(Object.keys(FLOW_TAG) as FlowTag[]).flatMap((tag) =>
      flowRules(tag).map((expressions) => newRule(table, { chain: flowChain(tag), expressions })),
    ),
    ...(["group_out", "group_in", "acl_out", "acl_in"] as const).flatMap((filter) =>
      refusalRules(filter).map((expressions) => newRule(table, { chain: refusalChain(filter), expressions })),
    ),
  ];
}

function flowChain(tag: FlowTag): string {
  return `flow_${tag}`;
}

function isLogged(direction: "out" | "in"): Buffer[] {
  return [loadMeta(direction === "out" ? META.iif : META.oif, REGISTER_1), isIn(LOGGED_SET, REGISTER_1)];
}

function refusalRules(filter: Filter): Buffer[][] {
  const direction = filter === "group_out" || filter === "acl_out" ? "out" : "in";
  return [
    [
      loadNumber(DROP_TAG[filter], REGISTERS[0]),
      loadMeta(META.iif, REGISTERS[1]),
      loadMeta(META.oif, REGISTERS[2]),
      tally(DROP_SET, REGISTERS[0]),
    ],
    [...isLogged(direction), jumpTo(flowChain(`reject_${direction}`))],
    [drop()],
  ];
}

/** A rule for each width and kind of header; every packet fits one of them. */
function flowRules(tag: FlowTag): Buffer[][] {
  return ([32, 128] as const).flatMap((width) => [
    flowRule(tag, width, "tcp"),
    flowRule(tag, width, "udp"),
    flowRule(tag, width, "other"),
  ]);
}

function flowRule(tag: FlowTag, width: 32 | 128, kind: "tcp" | "udp" | "other"): Buffer[] {
  const family = width === 32 ? FAMILY_IPV4 : FAMILY_IPV6;
  const [first, iif, oif, protocol, ports, flags, source] = REGISTERS;
  const destination = REGISTERS[6 + width / 32] ?? 0;
  const addressBytes = width / 8;
  return [
    loadMeta(META.nfproto, REGISTER_1),
    isEqual(REGISTER_1, Buffer.from([family])),
    loadMeta(META.l4proto, protocol),
    ...(kind === "other"
      ? [isNotEqual(protocol, Buffer.from([PROTOCOL.tcp])), isNotEqual(protocol, Buffer.from([PROTOCOL.udp]))]
      : [isEqual(protocol, Buffer.from([PROTOCOL[kind]]))]),
    loadNumber(FLOW_TAG[tag], first),
    loadMeta(META.iif, iif),
    loadMeta(META.oif, oif),
    kind === "other" ? loadNumber(0, ports) : loadPayload(HEADER.transport, 0, 4, ports),
    ...(kind === "tcp"
      ? [loadPayload(HEADER.transport, TCP_FLAGS, 1, flags), keepBits(Buffer.from([TOLD_FLAGS]), flags)]
      : [loadNumber(0, flags)]),
    loadPayload(HEADER.network, ADDRESSES[width].source, addressBytes, source),
    loadPayload(HEADER.network, ADDRESSES[width].destination, addressBytes, destination),
    tally(FLOW_SETS[width], first),
  ];
}
