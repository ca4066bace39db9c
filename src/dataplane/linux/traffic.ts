/** From what the kernel counted since its routers were made to what came since the last reading, in the VPC's own terms. */

import { formatIp } from "../../base/ip.ts";
import { isSame } from "../../base/same.ts";
import {
  type DropCount,
  type EndpointCount,
  type FlowCount,
  type FlowDoor,
  lastRuleNumber,
} from "../../network/traffic-count.ts";
import type { TrafficReading } from "../../network/traffic-count.ts";
import type { VpcBlueprint } from "../../plan/blueprint.ts";
import { ipOfBytes } from "./address.ts";
import { LAST_RULE } from "./filter-change.ts";
import { type Device, devicesOf, routerOf } from "./device.ts";
import type { Meter, RuleTally, Tally } from "./meter.ts";
import { DROP_SET, DROP_TAG, FLOW_LIMIT, FLOW_SETS, FLOW_TAG, RESET_SET } from "./metering.ts";

interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** Remembers the last reading of every router, to tell what is new in the next. */
export class TrafficReader {
  readonly #before = new Map<string, ReadonlyMap<string, Count>>();
  /** What was behind each router's devices since it was last read. */
  readonly #devices = new Map<string, Map<number, Device>>();
  #followed: ReadonlyMap<string, VpcBlueprint> = new Map();

  /** To be told of the network as it is now, so that an interface is known which is gone before the next reading. */
  follow(vpcs: readonly VpcBlueprint[]): void {
    for (const vpc of vpcs) {
      if (this.#followed.get(vpc.vpcId) === vpc) continue;
      const devices = this.#devicesOf(vpc);
      for (const [index, device] of devicesOf(vpc)) devices.set(index, device);
    }
    this.#followed = new Map(vpcs.map((vpc) => [vpc.vpcId, vpc]));
  }

  /** The VPCs of which less could be told once the network is that of `next`: routers go, or a device's number has another owner. */
  losing(next: readonly VpcBlueprint[]): readonly VpcBlueprint[] {
    const coming = new Map(next.map((vpc) => [vpc.vpcId, vpc]));
    return [...this.#followed.values()].filter((vpc) => {
      const after = coming.get(vpc.vpcId);
      if (after === vpc) return false;
      const devices = this.#devicesOf(vpc);
      if (after === undefined) return [...devices.values()].some(({ kind }) => kind === "interface");
      return [...devicesOf(after)].some(([index, device]) => !isSameOwner(devices.get(index) ?? device, device));
    });
  }

  /** Reads those of the VPCs whose routers have a meter. */
  read(meters: readonly Meter[], vpcs: readonly VpcBlueprint[]): TrafficReading {
    const byRouter = new Map(meters.map((meter) => [meter.namespace, meter]));
    const reading: Reading = { flows: [], drops: [], endpoints: [], overflown: [] };
    for (const vpc of vpcs) {
      const meter = byRouter.get(routerOf(vpc));
      if (meter !== undefined) this.#readRouter(reading, meter, vpc);
    }
    const routers = new Set(vpcs.map(routerOf));
    for (const router of this.#before.keys()) if (!routers.has(router)) this.#before.delete(router);
    for (const vpcId of this.#devices.keys()) if (!routers.has(routerOf({ vpcId }))) this.#devices.delete(vpcId);
    return reading;
  }

  #readRouter({ flows, drops, endpoints, overflown }: Reading, meter: Meter, vpc: VpcBlueprint): void {
    const now = new Map<string, Count>();
    const earlier = this.#before.get(meter.namespace);
    const fresh = <T extends Count>(place: string, counted: T): T | undefined => {
      now.set(place, { packets: counted.packets, bytes: counted.bytes });
      const before = earlier?.get(place);
      // A counter that fell began anew: its element had run out, or its rule was put back.
      if (before === undefined || before.packets > counted.packets) return counted.packets > 0 ? counted : undefined;
      const packets = counted.packets - before.packets;
      return packets === 0 ? undefined : { ...counted, packets, bytes: counted.bytes - before.bytes };
    };
    const known = devicesOf(vpc);
    // An instance that has gone meanwhile still sent what it sent.
    const router: Router = { vpc, devices: new Map([...this.#devicesOf(vpc), ...known]) };
    this.#devices.set(vpc.vpcId, new Map(known));
    const sizes = new Map<string, number>();
    for (const tally of meter.tallies) {
      sizes.set(tally.set, (sizes.get(tally.set) ?? 0) + 1);
      const one = fresh(`${tally.set} ${tally.key}`, tally);
      if (one === undefined) continue;
      if (one.set === DROP_SET) drops.push(...dropOf(router, one));
      else if (one.set === RESET_SET) endpoints.push(...resetsOf(router, one));
      else flows.push(...flowOf(router, one));
    }
    for (const rule of meter.rules) {
      const one = fresh(`${rule.chain} ${rule.name}`, rule);
      if (one !== undefined) drops.push(...ruleDropOf(router, one));
    }
    for (const { index, sent, received } of meter.devices) {
      const place = endpointAt(router.devices.get(index));
      const bytesIn = fresh(`sent ${index}`, sent)?.bytes ?? 0;
      const bytesOut = fresh(`received ${index}`, received)?.bytes ?? 0;
      if (place !== undefined && bytesIn + bytesOut > 0) endpoints.push({ ...place, bytesIn, bytesOut, resets: 0 });
    }
    if (Object.values(FLOW_SETS).some((set) => (sizes.get(set) ?? 0) >= FLOW_LIMIT)) overflown.push(vpc.vpcId);
    this.#before.set(meter.namespace, now);
  }

  #devicesOf({ vpcId }: VpcBlueprint): Map<number, Device> {
    const devices = this.#devices.get(vpcId) ?? new Map<number, Device>();
    this.#devices.set(vpcId, devices);
    return devices;
  }
}

function isSameOwner(before: Device, after: Device): boolean {
  if (before.kind !== "interface" || after.kind !== "interface") return isSame(before, after);
  return before.networkInterfaceId === after.networkInterfaceId;
}

interface Reading {
  readonly flows: FlowCount[];
  readonly drops: DropCount[];
  readonly endpoints: EndpointCount[];
  readonly overflown: string[];
}

/** One that tells all that they do. */
export function joinedReadings(readings: readonly TrafficReading[]): TrafficReading {
  return {
    flows: readings.flatMap(({ flows }) => flows),
    drops: readings.flatMap(({ drops }) => drops),
    endpoints: readings.flatMap(({ endpoints }) => endpoints),
    overflown: readings.flatMap(({ overflown }) => overflown),
  };
}

interface Router {
  readonly vpc: VpcBlueprint;
  readonly devices: ReadonlyMap<number, Device>;
}

const FLOWS_BY_TAG = new Map<number, Pick<FlowCount, "action" | "direction">>(
  (Object.keys(FLOW_TAG) as (keyof typeof FLOW_TAG)[]).map((name) => [
    FLOW_TAG[name],
    {
      action: name.startsWith("accept") ? "ACCEPT" : "REJECT",
      direction: name.endsWith("_out") ? "egress" : "ingress",
    },
  ]),
);

/** The parts of the key are those of `metering.ts`. */
function flowOf({ vpc, devices }: Router, { key, packets, bytes }: Tally): FlowCount[] {
  const words = Buffer.from(key, "hex");
  const kind = FLOWS_BY_TAG.get(words.readUInt32LE(0));
  const [from, to] = [devices.get(words.readUInt32LE(4)), devices.get(words.readUInt32LE(8))];
  const holder = kind?.direction === "egress" ? from : to;
  if (kind === undefined || holder?.kind !== "interface") return [];
  const half = (words.length - 24) / 2;
  const door = kind.direction === "egress" ? doorOf(to) : undefined;
  return [
    {
      vpcId: vpc.vpcId,
      networkInterfaceId: holder.networkInterfaceId,
      ...kind,
      protocol: words.readUInt8(12),
      sourcePort: words.readUInt16BE(16),
      destinationPort: words.readUInt16BE(18),
      tcpFlags: toldFlags(words.readUInt8(20)),
      sourceIp: formatIp(ipOfBytes(words.subarray(24, 24 + half))),
      destinationIp: formatIp(ipOfBytes(words.subarray(24 + half))),
      packets,
      bytes,
      ...(door && { door }),
    },
  ];
}

/** Source: Amazon VPC User Guide, "Flow log records", tcp-flags: an ACK is told beside a SYN alone. */
function toldFlags(flags: number): number {
  const [FIN_AND_RST, SYN, SYN_ACK] = [0x05, 0x02, 0x12];
  return (flags & FIN_AND_RST) | ((flags & SYN) === 0 ? 0 : flags & SYN_ACK);
}

function doorOf(device: Device | undefined): FlowDoor | undefined {
  switch (device?.kind) {
    case "interface":
    case "internet-gateway":
    case "vpn-gateway":
      return { kind: device.kind };
    case "gateway-endpoint":
      return { kind: device.kind, vpcEndpointId: device.vpcEndpointId };
    case "vpc-peering-connection":
      return { kind: device.kind, vpcPeeringConnectionId: device.vpcPeeringConnectionId };
    case undefined:
      return undefined;
  }
}

const DROPS_BY_TAG = new Map<
  number,
  { readonly kind: Exclude<DropCount["kind"], "network-acl-rule">; readonly isOut: boolean }
>([
  [DROP_TAG.group_out, { kind: "security-group", isOut: true }],
  [DROP_TAG.group_in, { kind: "security-group", isOut: false }],
  [DROP_TAG.acl_out, { kind: "network-acl", isOut: true }],
  [DROP_TAG.acl_in, { kind: "network-acl", isOut: false }],
  [DROP_TAG.source, { kind: "source-check", isOut: true }],
  [DROP_TAG.no_route, { kind: "no-route", isOut: true }],
]);

function dropOf({ vpc, devices }: Router, { key, packets }: Tally): DropCount[] {
  const words = Buffer.from(key, "hex");
  const filter = DROPS_BY_TAG.get(words.readUInt32LE(0));
  const [from, to] = [devices.get(words.readUInt32LE(4)), devices.get(words.readUInt32LE(8))];
  const [holder, other] = filter?.isOut === true ? [from, to] : [to, from];
  if (filter === undefined || holder?.kind !== "interface") return [];
  const { networkInterfaceId } = holder;
  const vpcEndpointId = endpointAt(other)?.vpcEndpointId;
  return [
    {
      kind: filter.kind,
      vpcId: vpc.vpcId,
      networkInterfaceId,
      direction: filter.isOut ? "egress" : "ingress",
      ...(vpcEndpointId !== undefined && { vpcEndpointId }),
      packets,
    },
  ];
}

/** Of those on the way to an endpoint. */
function resetsOf({ devices }: Router, { key, packets }: Tally): EndpointCount[] {
  const place = endpointAt(devices.get(Buffer.from(key, "hex").readUInt32LE(4)));
  return place === undefined ? [] : [{ ...place, bytesIn: 0, bytesOut: 0, resets: packets }];
}

function endpointAt(
  device: Device | undefined,
): Pick<EndpointCount, "vpcEndpointId" | "networkInterfaceId"> | undefined {
  if (device?.kind === "gateway-endpoint") return { vpcEndpointId: device.vpcEndpointId };
  if (device?.kind !== "interface" || device.vpcEndpointId === undefined) return undefined;
  const { networkInterfaceId, vpcEndpointId } = device;
  return { vpcEndpointId, networkInterfaceId };
}

/** Of a rule that denies. */
function ruleDropOf({ vpc }: Router, { chain, name, packets }: RuleTally): DropCount[] {
  const [, key, direction] = /^acl(\d+)_(out|in)$/.exec(chain) ?? [];
  const acl = vpc.networkAcls.find((one) => one.key === Number(key));
  if (acl === undefined) return [];
  const isLast = name.startsWith(LAST_RULE);
  const rules = direction === "out" ? acl.egress : acl.ingress;
  const rule = rules.find(({ ruleNumber }) => `${ruleNumber}` === name);
  if (!isLast && rule?.action !== "deny") return [];
  return [
    {
      kind: "network-acl-rule",
      vpcId: vpc.vpcId,
      networkAclId: acl.networkAclId,
      ruleNumber: rule?.ruleNumber ?? lastRuleNumber,
      direction: direction === "out" ? "egress" : "ingress",
      packets,
    },
  ];
}
