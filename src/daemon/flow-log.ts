/**
 * Keeps the flow logs of the region: gathers the flows of each interval and writes their records where they are to go.
 *
 * An interval is a minute at most, whatever a log asks for. Source: Amazon VPC User Guide, "Flow log records", aggregation
 * interval: for instances on Nitro.
 */

import { randomBytes } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { deliveryKey, mayDeliver } from "../analyse/flow-log-delivery.ts";
import { type RecordedFlow, recordHeader, recordsOf } from "../analyse/flow-record.ts";
import { bucketOf, type FlowLog } from "../model/flow-log.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { all, find, type State } from "../model/state.ts";
import type { FlowCount, TrafficReading } from "../network/traffic-count.ts";
import { interfacesOf } from "../plan/logged-interface.ts";
import type { ObjectStore } from "../services/s3/store/object-store.ts";
import type { Span, Traffic } from "./traffic.ts";

export interface FlowLogOptions {
  readonly traffic: Traffic;
  readonly state: () => State;
  readonly store: ObjectStore;
  readonly nowMs: () => number;
  /** Of every log, instead of a minute. */
  readonly intervalMs?: number;
  /** Where every log is written as a file too. */
  readonly folder?: string;
  readonly log: (line: string) => void;
}

const longestIntervalMs = 60_000;
/** Often enough that the kernel forgets nothing, and that the times in records are true to some seconds. */
const longestReadingMs = 10_000;

/** What one log has of its running interval. */
interface Interval {
  readonly log: FlowLog;
  readonly startMs: number;
  /** By interface. */
  readonly pages: Map<string, Page>;
}

interface Page {
  readonly holder: NetworkInterface;
  /** In which it was found. */
  readonly state: State;
  readonly flows: Map<string, RecordedFlow>;
  skipped: boolean;
}

/** Reads while any flow log is there. The disposal ends the running intervals and writes them. */
export function openFlowLogs(options: FlowLogOptions): AsyncDisposable {
  const { traffic, state, nowMs, log } = options;
  const intervalMs = options.intervalMs ?? longestIntervalMs;
  const intervals = new Map<string, Interval>();
  const deliver = deliverer(options);
  let running: Promise<void> = Promise.resolve();

  traffic.onReading((reading, span) => gather(state(), intervals, { reading, span }));

  async function turn(isLast: boolean): Promise<void> {
    const logs = logsToKeep(state(), intervals);
    if (logs.length === 0) return;
    await traffic.collect();
    for (const one of logs) {
      const interval = intervals.get(one.id);
      const endMs = nowMs();
      const endsNow = isLast || isDeleted(state(), one);
      if (interval === undefined || (!endsNow && endMs - interval.startMs < intervalMs)) continue;
      if (endsNow) intervals.delete(one.id);
      else intervals.set(one.id, { log: one, startMs: endMs, pages: new Map() });
      const lines = linesOf(one, { interval, endMs });
      if (lines.length > 0) await deliver(one, lines, endMs);
    }
  }

  const next = (isLast: boolean): Promise<void> => {
    running = running
      .then(() => turn(isLast))
      .catch((error: unknown) => log(`flow logs: ${error instanceof Error ? error.message : String(error)}`));
    return running;
  };
  const timer = setInterval(() => void next(false), Math.min(longestReadingMs, intervalMs));
  timer.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer);
      await next(true);
    },
  };
}

/** Those that there are, and those that were deleted in an interval of theirs, which have it written still. */
function logsToKeep(state: State, intervals: ReadonlyMap<string, Interval>): readonly FlowLog[] {
  const deleted = [...intervals.values()].map(({ log }) => log).filter((log) => isDeleted(state, log));
  return [...all(state, "vpc-flow-log"), ...deleted];
}

function isDeleted(state: State, { id }: FlowLog): boolean {
  return find(state, "vpc-flow-log", id) === undefined;
}

function gather(
  state: State,
  intervals: Map<string, Interval>,
  { reading, span }: { readonly reading: TrafficReading; readonly span: Span },
): void {
  for (const log of logsToKeep(state, intervals)) {
    const startMs = Math.max(span.startMs, log.createdAtMs);
    const interval: Interval = intervals.get(log.id) ?? { log, startMs, pages: new Map() };
    intervals.set(log.id, interval);
    for (const holder of interfacesOf(state, log)) {
      const page = interval.pages.get(holder.id) ?? newPage(holder, state);
      interval.pages.set(holder.id, page);
      if (reading.overflown.includes(holder.vpcId)) page.skipped = true;
    }
    for (const flow of reading.flows) {
      const page = interval.pages.get(flow.networkInterfaceId) ?? pageOfGone(log, flow, span.states);
      if (page === undefined) continue;
      interval.pages.set(flow.networkInterfaceId, page);
      const key = keyOf(flow);
      page.flows.set(key, joined(page.flows.get(key), flow, span));
    }
  }
}

function newPage(holder: NetworkInterface, state: State): Page {
  return { holder, state, flows: new Map(), skipped: false };
}

/** Of an interface that came and went since the reading before; undefined where the log is not about it. */
function pageOfGone(
  { resourceId }: FlowLog,
  { networkInterfaceId }: FlowCount,
  states: readonly State[],
): Page | undefined {
  const last = states.findLast((one) => find(one, "network-interface", networkInterfaceId) !== undefined);
  const holder = last && find(last, "network-interface", networkInterfaceId);
  if (last === undefined || holder === undefined) return undefined;
  const { id, subnetId, vpcId } = holder;
  return [id, subnetId, vpcId].some((one) => one === resourceId) ? newPage(holder, last) : undefined;
}

function keyOf(flow: FlowCount): string {
  const { direction, action, protocol, sourceIp, sourcePort, destinationIp, destinationPort } = flow;
  return [direction, action, protocol, sourceIp, sourcePort, destinationIp, destinationPort].join(" ");
}

function joined(before: RecordedFlow | undefined, flow: FlowCount, span: Span): RecordedFlow {
  const { startMs, endMs } = span;
  if (before === undefined) return { ...flow, startMs, endMs };
  return {
    ...flow,
    startMs: before.startMs,
    endMs,
    packets: before.packets + flow.packets,
    bytes: before.bytes + flow.bytes,
    tcpFlags: before.tcpFlags | flow.tcpFlags,
  };
}

function linesOf(
  log: FlowLog,
  { interval, endMs }: { readonly interval: Interval; readonly endMs: number },
): readonly string[] {
  const { startMs } = interval;
  return [...interval.pages.values()].flatMap(({ holder, state, flows, skipped }) =>
    recordsOf(state, log, holder, { flows: [...flows.values()], window: { startMs, endMs, skipped } }),
  );
}

type Deliver = (log: FlowLog, lines: readonly string[], atMs: number) => Promise<void>;

function deliverer(options: FlowLogOptions): Deliver {
  const { state, folder, log: say } = options;
  const refused = new Set<string>();
  return async (log, lines, atMs) => {
    const { destination } = log;
    if (folder !== undefined) await writeFileOf(folder, log, lines);
    if (destination.kind !== "s3") return;
    if (mayDeliver(state(), log, destination, atMs)) {
      refused.delete(log.id);
      await putObject(options, log, { lines, atMs });
    } else if (!refused.has(log.id) && !isDeleted(state(), log)) {
      refused.add(log.id);
      say(
        `${log.id}: ${destination.arn} takes no records: it is gone, or its policy does not let the log delivery write`,
      );
    }
  };
}

async function writeFileOf(folder: string, log: FlowLog, lines: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, `${log.id}.log`);
  // The header where the file is new.
  await appendFile(file, `${recordHeader(log)}\n`, { flag: "ax" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await appendFile(file, `${lines.join("\n")}\n`);
}

async function putObject(
  { store, state }: FlowLogOptions,
  log: FlowLog,
  { lines, atMs }: { readonly lines: readonly string[]; readonly atMs: number },
): Promise<void> {
  const { destination } = log;
  const place = destination.kind === "s3" ? bucketOf(destination.arn) : undefined;
  if (destination.kind !== "s3" || place === undefined) return;
  const bytes = await promisify(gzip)(`${[recordHeader(log), ...lines].join("\n")}\n`);
  await using draft = await store.receive(oneChunk(bytes));
  const object = {
    bucket: place.bucketName,
    key: deliveryKey(log, destination, atMs, randomBytes(4).toString("hex")),
    etag: draft.md5.toString("hex"),
    modifiedAtMs: atMs,
    attributes: { headers: { "content-type": "application/octet-stream" }, metadata: {}, tags: [] },
  };
  const isGone = (): "gone" | undefined =>
    store.isClosing(place.bucketName) || find(state(), "bucket", place.bucketName) === undefined ? "gone" : undefined;
  const stored = await store.put(object, draft, isGone);
  if (stored.ok) draft.adopt();
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
