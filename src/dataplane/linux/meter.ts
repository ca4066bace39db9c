/** Reads what the routers have counted since they were made, as plain numbers for another process. */

import { isDeviceOfEndpoint } from "./device.ts";
import { list as listDevices } from "./dump.ts";
import type { Kernel } from "./kernel.ts";
import { readListedRule, RULE } from "./filter-change.ts";
import { TALLY_SETS } from "./metering.ts";
import type { Namespace } from "./namespace.ts";
import { type Attribute, decodeAttributes, findAttribute, type Message, textOf } from "./netlink-message.ts";
import { getChains, getElements, getRules } from "./nftables.ts";
import { RTM } from "./rtnetlink.ts";
import { TABLE } from "./ruleset.ts";

/** Of one router. */
export interface Meter {
  readonly namespace: string;
  readonly tallies: readonly Tally[];
  /** Of network ACLs, those that let through among them. */
  readonly rules: readonly RuleTally[];
  /** Of endpoints. */
  readonly devices: readonly DeviceTally[];
}

/** What the router sent to a device and got from it. */
export interface DeviceTally {
  readonly index: number;
  readonly sent: { readonly packets: number; readonly bytes: number };
  readonly received: { readonly packets: number; readonly bytes: number };
}

export interface Tally {
  readonly set: string;
  /** The element's key in hexadecimal digits; see `metering.ts` for its parts. */
  readonly key: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface RuleTally {
  readonly chain: string;
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Of these routers, or of all. */
export function readMeters(kernel: Kernel, names?: readonly string[]): Meter[] {
  return [...kernel.namespaces].flatMap(([name, namespace]) => {
    const isChosen = namespace.role === "router" && (names === undefined || names.includes(name));
    return isChosen ? [readMeter(name, namespace)] : [];
  });
}

function readMeter(name: string, namespace: Namespace): Meter {
  return {
    namespace: name,
    tallies: TALLY_SETS.flatMap((set) => talliesOf(namespace, set)),
    rules: aclChains(namespace).flatMap((chain) => ruleTalliesOf(namespace, chain)),
    devices: deviceTalliesOf(namespace),
  };
}

/** Source: uapi header linux/if_link.h, struct rtnl_link_stats64. */
function deviceTalliesOf(namespace: Namespace): DeviceTally[] {
  const STATISTICS = 23;
  return listDevices(namespace, RTM.getLink, 16, "links").flatMap(({ fixed, attributes }): DeviceTally[] => {
    const index = fixed.readInt32LE(4);
    const counts = findAttribute(attributes, STATISTICS);
    if (counts === undefined || !isDeviceOfEndpoint(index)) return [];
    const [packetsIn = 0, packetsOut = 0, bytesIn = 0, bytesOut = 0] = [0, 8, 16, 24].map((at) =>
      Number(counts.readBigUInt64LE(at)),
    );
    return [
      { index, sent: { packets: packetsOut, bytes: bytesOut }, received: { packets: packetsIn, bytes: bytesIn } },
    ];
  });
}

function talliesOf(namespace: Namespace, set: string): Tally[] {
  const [ELEMENTS, KEY, EXPRESSION] = [3, 1, 7];
  return list(namespace, getElements(TABLE, set)).flatMap((attributes) =>
    innerOf(attributes, ELEMENTS).flatMap(({ value }): Tally[] => {
      const element = decodeAttributes(value);
      const key = findAttribute(innerOf(element, KEY), 1);
      const counter = findAttribute(element, EXPRESSION);
      return key === undefined || counter === undefined ? [] : [{ set, key: key.toString("hex"), ...countOf(counter) }];
    }),
  );
}

function aclChains(namespace: Namespace): string[] {
  const CHAIN_NAME = 3;
  return list(namespace, getChains())
    .map((attributes) => textOf(findAttribute(attributes, CHAIN_NAME)))
    .filter((chain) => /^acl\d/.test(chain));
}

function ruleTalliesOf(namespace: Namespace, chain: string): RuleTally[] {
  return list(namespace, getRules(TABLE, chain)).flatMap((attributes): RuleTally[] => {
    const rule = readListedRule(attributes);
    const counter = innerOf(attributes, RULE.expressions).find(
      ({ value }) => textOf(findAttribute(decodeAttributes(value), 1)) === "counter",
    );
    return rule === undefined || counter === undefined ? [] : [{ chain, name: rule.name, ...countOf(counter.value) }];
  });
}

/** Of a counter, as its name and its data. Source: uapi header linux/netfilter/nf_tables.h, enum nft_counter_attributes. */
function countOf(expression: Buffer): { readonly packets: number; readonly bytes: number } {
  const [BYTES, PACKETS] = [1, 2];
  const data = innerOf(decodeAttributes(expression), 2);
  const number = (type: number): number => Number(findAttribute(data, type)?.readBigUInt64BE(0) ?? 0);
  return { packets: number(PACKETS), bytes: number(BYTES) };
}

function innerOf(attributes: readonly Attribute[], type: number): Attribute[] {
  return decodeAttributes(findAttribute(attributes, type) ?? Buffer.alloc(0));
}

function list(namespace: Namespace, message: Message): Attribute[][] {
  return namespace.netfilter.dump(message).map(({ body }) => decodeAttributes(body.subarray(4)));
}
