/** Reads what the data plane counted, keeps the sums, and tells those who want the news. One reads at a time. */

import type { State } from "../model/state.ts";
import type { DropCount, EndpointCount, TrafficReading } from "../network/traffic-count.ts";

export interface Traffic {
  /** Resolves when all that was counted until now is known. */
  readonly collect: () => Promise<void>;
  /** Of all drops since the region started. */
  readonly drops: () => readonly DropCount[];
  /** Of all that passed endpoints since then, once for each gateway endpoint and each interface of the others. */
  readonly endpoints: () => readonly EndpointCount[];
  /** Hears every reading, with what is known of the time since the one before. */
  readonly onReading: (hear: (reading: TrafficReading, span: Span) => void) => void;
  /** To be told of every network that the plane carries. */
  readonly follow: (state: State) => void;
}

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
  /** While there are flow logs the states that the network went through, so that every interface can be found in one. */
  readonly states: readonly State[];
}

export function openTraffic(read: () => Promise<TrafficReading>, nowMs: () => number): Traffic {
  const sums = new Map<string, DropCount>();
  const endpoints = new Map<string, EndpointCount>();
  const hearers: ((reading: TrafficReading, span: Span) => void)[] = [];
  let states: readonly State[] = [];
  let startMs = nowMs();
  let running: Promise<void> | undefined;

  async function readOnce(): Promise<void> {
    const reading = await read();
    const span = { startMs, endMs: nowMs(), states };
    startMs = span.endMs;
    states = states.slice(-1);
    for (const drop of reading.drops) {
      const { packets, ...what } = drop;
      const key = JSON.stringify(what);
      sums.set(key, { ...drop, packets: packets + (sums.get(key)?.packets ?? 0) });
    }
    for (const one of reading.endpoints) {
      const key = one.networkInterfaceId ?? one.vpcEndpointId;
      const before = endpoints.get(key);
      endpoints.set(key, {
        ...one,
        bytesIn: one.bytesIn + (before?.bytesIn ?? 0),
        bytesOut: one.bytesOut + (before?.bytesOut ?? 0),
        resets: one.resets + (before?.resets ?? 0),
      });
    }
    for (const hear of hearers) hear(reading, span);
  }

  return {
    collect: () => {
      running ??= readOnce().finally(() => {
        running = undefined;
      });
      return running;
    },
    drops: () => [...sums.values()],
    endpoints: () => [...endpoints.values()],
    onReading: (hear) => void hearers.push(hear),
    follow: (state) => {
      const interfaces = states.at(-1)?.tables["network-interface"];
      if (state.tables["vpc-flow-log"].byId.size === 0) states = [];
      else if (state.tables["network-interface"] !== interfaces) states = [...states, state];
    },
  };
}

/** Before there is a data plane. */
export const nothingCounted: TrafficReading = { flows: [], drops: [], endpoints: [], overflown: [] };
