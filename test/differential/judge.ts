/**
 * Holds what was seen of flows against what the pure functions said of them: where they ended, by which door they left, and
 * which filter and rule dropped them.
 */

import { protocolNumbers } from "../../src/network/packet.ts";
import type { DropCount, FlowCount, TrafficReading } from "../../src/network/traffic-count.ts";
import type { Expectation, Outcome } from "./outcome.ts";
import { doorText, type Drop, recordKey, type Trail } from "./trail.ts";
import type { Trial } from "./trial.ts";

export interface Tried {
  /** An instance, or a host behind a VPN connection. */
  readonly from: string;
  readonly trial: Trial;
  readonly expectation: Expectation;
  readonly found: Outcome;
}

export interface Difference {
  readonly about: "outcome" | "door" | "filter" | "count of a filter";
  /** Who tried, or the filter that counted. */
  readonly of: string;
  readonly trial?: Trial;
  readonly expected: string;
  readonly found: string;
}

export function judgeOutcomes(tried: readonly Tried[]): readonly Difference[] {
  return tried.flatMap(({ expectation, found, from, trial }): Difference[] =>
    expectation.outcome === found ? [] : [{ about: "outcome", of: from, trial, expected: expectation.outcome, found }],
  );
}

/** `reading` holds all that was counted since before the flows were tried. */
export function judgeTrails(tried: readonly Tried[], reading: TrafficReading): readonly Difference[] {
  const records = indexed(reading.flows);
  const differences = tried.flatMap(({ expectation: { trail }, from, trial }) => [
    ...judgeDoor(trail, records).map((one): Difference => ({ about: "door", of: from, trial, ...one })),
    ...judgeFilter(trail, trial, records).map((one): Difference => ({ about: "filter", of: from, trial, ...one })),
  ]);
  return [...differences, ...judgeCounts(tried, records, reading)];
}

type Records = ReadonlyMap<string, readonly FlowCount[]>;

/** By VPC and tuple, also where one of the ports may be any. */
function indexed(flows: readonly FlowCount[]): Records {
  const records = new Map<string, FlowCount[]>();
  for (const flow of flows) {
    for (const ports of [{}, { sourcePort: "*" }, { destinationPort: "*" }] as const) {
      const key = recordKey(flow.vpcId, { ...flow, ...ports });
      const list = records.get(key);
      if (list === undefined) records.set(key, [flow]);
      else list.push(flow);
    }
  }
  return records;
}

type Words = Pick<Difference, "expected" | "found">;

/** A packet without a route, or with one to a target that is gone, is let go by its filters and leaves by no door. */
function judgeDoor(trail: Trail, records: Records): Words[] {
  const { departure } = trail;
  if (departure === undefined) return [];
  const seen = (records.get(departure.key) ?? []).filter(
    (one) => one.networkInterfaceId === departure.networkInterfaceId && one.direction === "egress",
  );
  const passed = seen.filter(({ action }) => action === "ACCEPT");
  const doors = [...new Set(passed.map(({ door }) => (door === undefined ? "nowhere" : doorText(door))))];
  // What its own filters drop may have any route, and what is never sent is told of nowhere.
  if (seen.length > 0 && doors.length === 0) return [];
  const found = doors.join(" and ") || "nowhere";
  const expected = departure.kind === "goes nowhere" ? "nowhere" : (departure.door ?? "");
  const isUnsure = found === "nowhere" && departure.kind === "unsure";
  return found === expected || isUnsure ? [] : [{ expected, found }];
}

function judgeFilter(trail: Trail, { kind }: Trial, records: Records): Words[] {
  const told = [...trail.requests, ...trail.replies].flatMap((key) => records.get(key) ?? []);
  const rejects = told.filter(({ action }) => action === "REJECT");
  const places = new Set(rejects.map(placeText));
  const expected = trail.drop === undefined ? "dropped by none" : placeText(trail.drop);
  // Whoever hears no longer says so by ICMP, and that is told of under the name of the ping.
  if (kind === "ping" && (trail.drop === undefined || places.has(expected))) return [];
  const found = [...places].toSorted().join(" and ") || "dropped by none";
  return found === expected ? [] : [{ expected, found }];
}

function placeText({ direction, networkInterfaceId }: Pick<Drop, "direction" | "networkInterfaceId">): string {
  return `dropped at ${networkInterfaceId} (${direction})`;
}

/**
 * The packets that filters counted, against those of the flows that they are said to drop. Packets of none of the flows may be
 * among them: what is asked again of earlier ones.
 */
function judgeCounts(tried: readonly Tried[], records: Records, { drops, flows }: TrafficReading): Difference[] {
  const dropOf = new Map<FlowCount, Drop>();
  for (const { expectation } of tried) {
    const { drop } = expectation.trail;
    for (const record of drop === undefined ? [] : (records.get(drop.key) ?? [])) {
      if (record.action === "REJECT" && drop !== undefined) dropOf.set(record, drop);
    }
  }
  const expected = new Map<string, number>();
  const others = new Map<string, number>();
  for (const record of flows.filter(({ action }) => action === "REJECT")) {
    const drop = dropOf.get(record);
    // Errors of ICMP are told of together with pings.
    if (drop === undefined || isIcmp(record)) {
      for (const place of [filterPlace(record), vpcPlace(record)]) add(others, place, record.packets);
      continue;
    }
    add(expected, `${drop.filter} of ${filterPlace(record)}`, record.packets);
    if (drop.rule !== undefined) add(expected, ruleText({ ...drop, ...drop.rule }), record.packets);
  }
  const counted = new Map<string, number>();
  const slackOf = new Map<string, string>();
  for (const one of drops) {
    if (one.kind === "source-check" || one.kind === "no-route") continue;
    const isRule = one.kind === "network-acl-rule";
    const name = isRule ? ruleText(one) : `${one.kind} of ${filterPlace(one)}`;
    add(counted, name, one.packets);
    slackOf.set(name, isRule ? vpcPlace(one) : filterPlace(one));
  }
  return [...new Set([...expected.keys(), ...counted.keys()])].flatMap((name): Difference[] => {
    const [least, found] = [expected.get(name) ?? 0, counted.get(name) ?? 0];
    const most = least + (others.get(slackOf.get(name) ?? "") ?? 0);
    if (found >= least && found <= most) return [];
    const range = least === most ? `${least}` : `${least} to ${most}`;
    return [{ about: "count of a filter", of: name, expected: `${range} packets`, found: `${found} packets` }];
  });
}

function isIcmp({ protocol }: FlowCount): boolean {
  return protocol === protocolNumbers.icmp || protocol === protocolNumbers.icmpv6;
}

function filterPlace({ direction, networkInterfaceId }: Pick<FlowCount, "direction" | "networkInterfaceId">): string {
  return `${networkInterfaceId} (${direction})`;
}

function vpcPlace({ direction, vpcId }: Pick<FlowCount, "direction" | "vpcId">): string {
  return `${vpcId} (${direction})`;
}

type Rule = Pick<Extract<DropCount, { kind: "network-acl-rule" }>, "direction" | "networkAclId" | "ruleNumber">;

function ruleText({ direction, networkAclId, ruleNumber }: Rule): string {
  return `rule ${ruleNumber} of ${networkAclId} (${direction})`;
}

function add(sums: Map<string, number>, name: string, packets: number): void {
  sums.set(name, (sums.get(name) ?? 0) + packets);
}
