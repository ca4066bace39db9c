/**
 * From what the kernel holds to what it should hold, in steps that are each safe to stop after: what a packet may use is
 * made before the packet is sent that way, and taken away after the last one. A route changes by being replaced, never
 * by a moment without it.
 */

import {
  contentOf,
  isSame,
  hardContentOf,
  type KernelObject,
  type LinkObject,
  LOCAL_TABLE,
  MAIN_TABLE,
  type RouteObject,
} from "./kernel-object.ts";
import type { Objects } from "./wanted.ts";

export interface Change {
  readonly verb: "add" | "replace" | "remove";
  readonly object: KernelObject;
}

export interface Difference {
  /** Each step is done as a whole before the next. After these, packets take the new ways. */
  readonly make: readonly (readonly Change[])[];
  /** What nothing uses any longer; in between, connections over it are reset while they can still be told. */
  readonly clear: readonly (readonly Change[])[];
}

/** The steps from `held` to `wanted`; both keyed by `keyOf`. */
export function diffObjects(held: Objects, wanted: Objects): Difference {
  const gone = lossOf(held, wanted);
  const farEnds = gone.any ? farEndsOf(wanted) : new Set<string>();
  const make: Change[][] = Array.from({ length: LAST_MAKE_STEP + 1 }, () => []);
  const clear: Change[][] = Array.from({ length: LAST_CLEAR_STEP + 1 }, () => []);
  for (const [key, object] of held) {
    if (wanted.has(key)) continue;
    if (isLostWithOthers(object, gone) && !isExplicit(object)) continue;
    const change: Change = { verb: "remove", object };
    if (object.kind === "link" && farEnds.has(farEndOf(object))) make[0]?.push(change);
    else if (steersPackets(object)) make[makeStepOfRemoval(object)]?.push(change);
    else clear[clearStepOf(object)]?.push(change);
  }
  for (const [key, object] of wanted) {
    const before = held.get(key);
    if (before !== undefined && isSame(before, object)) {
      if (gone.any && isLostWithOthers(object, gone)) make[makeStepOf(object)]?.push({ verb: "add", object });
      continue;
    }
    const change = changeOf(before, object, gone);
    if (before !== undefined && isRemade(before, object)) make[0]?.push({ verb: "remove", object: before });
    make[makeStepOf(object)]?.push(change);
  }
  return { make: make.filter((step) => step.length > 0), clear: clear.filter((step) => step.length > 0) };
}

function farEndsOf(objects: Objects): ReadonlySet<string> {
  return new Set([...objects.values()].flatMap((object) => (object.kind === "link" ? [farEndOf(object)] : [])));
}

/** Of two links with the same far end, the old one must go before the new one comes. */
function farEndOf({ peer }: LinkObject): string {
  return `${peer.namespace} ${peer.index}`;
}

/** What goes with a namespace or a link that goes. */
interface Loss {
  readonly any: boolean;
  readonly namespaces: ReadonlySet<string>;
  /** `namespace index`. */
  readonly devices: ReadonlySet<string>;
  /** `namespace id`. */
  readonly nexthops: ReadonlySet<string>;
}

function lossOf(held: Objects, wanted: Objects): Loss {
  const namespaces = new Set<string>();
  const devices = new Set<string>();
  const nexthops = new Set<string>();
  const stays = (key: string, object: KernelObject): boolean => {
    const next = wanted.get(key);
    return next !== undefined && (isSame(object, next) || !isRemade(object, next));
  };
  for (const [key, object] of held) {
    if (object.kind === "namespace" && !stays(key, object)) namespaces.add(object.namespace);
  }
  for (const [key, object] of held) {
    if (object.kind !== "link") continue;
    const stranded = namespaces.has(object.namespace) || namespaces.has(object.peer.namespace);
    if (stays(key, object) && !stranded) continue;
    devices.add(`${object.namespace} ${object.index}`);
    devices.add(`${object.peer.namespace} ${object.peer.index}`);
  }
  for (const object of held.values()) {
    if (object.kind !== "nexthop") continue;
    if (devices.has(`${object.namespace} ${object.index}`)) nexthops.add(`${object.namespace} ${object.id}`);
  }
  return { any: namespaces.size + devices.size > 0, namespaces, devices, nexthops };
}

/** Whether the kernel drops the object without being asked, because of something else that goes. */
function isLostWithOthers(object: KernelObject, loss: Loss): boolean {
  if (!loss.any) return false;
  if (loss.namespaces.has(object.namespace)) return true;
  switch (object.kind) {
    case "namespace":
    case "rule":
    case "element":
    case "listener":
      return false;
    case "link":
      return loss.devices.has(`${object.namespace} ${object.index}`);
    case "address":
    case "neighbor":
    case "nexthop":
      return loss.devices.has(`${object.namespace} ${object.index}`);
    case "route":
      return isRouteLost(object, loss);
  }
}

function isRouteLost({ namespace, by }: RouteObject, loss: Loss): boolean {
  switch (by.kind) {
    case "nexthop":
      return loss.nexthops.has(`${namespace} ${by.id}`);
    case "device":
    case "gateway":
      return loss.devices.has(`${namespace} ${by.index}`);
    case "throw":
    case "blackhole":
    case "local":
      return false;
  }
}

/** Whether it is taken away by name even where it would go with its namespace: that may live on in somebody's socket. */
function isExplicit(object: KernelObject): boolean {
  return object.kind === "namespace" || object.kind === "link" || object.kind === "listener";
}

function changeOf(before: KernelObject | undefined, object: KernelObject, loss: Loss): Change {
  if (before === undefined || isRemade(before, object)) return { verb: "add", object };
  if (isLostWithOthers(before, loss)) return { verb: "add", object };
  return { verb: "replace", object };
}

/** Whether the new one can only stand when the old one is gone. */
function isRemade(before: KernelObject, object: KernelObject): boolean {
  if (before.kind === "link" && object.kind === "link") return hardContentOf(before) !== hardContentOf(object);
  if (before.kind === "route" && object.kind === "route") return false;
  if (before.kind === "element" || before.kind === "neighbor" || before.kind === "nexthop") return false;
  return contentOf(before) !== contentOf(object);
}

const LAST_MAKE_STEP = 12;

/** Step 0 is for what must go before its successor comes. */
function makeStepOf(object: KernelObject): number {
  switch (object.kind) {
    case "namespace":
      return 1;
    case "link":
      return 3;
    case "address":
      return 4;
    case "neighbor":
      return 5;
    case "listener":
      // A door opens before a packet can reach it; one at a single address needs the address first.
      return object.ip === "0.0.0.0" ? 2 : 6;
    case "nexthop":
      return 7;
    case "route":
      return 8;
    case "rule":
      return 9;
    case "element":
      return 10;
  }
}

/** Whether the object decides where packets go. */
function steersPackets(object: KernelObject): boolean {
  switch (object.kind) {
    case "route":
      return object.table !== MAIN_TABLE && object.table !== LOCAL_TABLE;
    case "rule":
      return true;
    case "element":
      return object.set === "subnet_table";
    case "namespace":
    case "link":
    case "address":
    case "neighbor":
    case "nexthop":
    case "listener":
      return false;
  }
}

function makeStepOfRemoval(object: KernelObject): number {
  return object.kind === "route" ? 12 : 11;
}

const LAST_CLEAR_STEP = 6;

function clearStepOf(object: KernelObject): number {
  switch (object.kind) {
    case "listener":
      return 0;
    case "element":
      return 1;
    case "route":
    case "rule":
      return 2;
    case "nexthop":
      return 3;
    case "neighbor":
    case "address":
      return 4;
    case "link":
      return 5;
    case "namespace":
      return 6;
  }
}
