/**
 * From what the kernel holds to what it should hold, in steps that are each safe to stop after: what a packet may use is
 * made before the packet is sent that way, and taken away after the last one. A route changes by being replaced, never
 * by a moment without it.
 */

import { WIDTHS } from "../../base/ip.ts";
import { isSame } from "../../base/same.ts";
import {
  type ElementObject,
  hardContentOf,
  type KernelObject,
  type LinkObject,
  type ListenerObject,
  LOCAL_TABLE,
  MAIN_TABLE,
  type RouteObject,
} from "./kernel-object.ts";
import { type Objects, objectsBeside, objectsOf, type Wanted } from "./part.ts";
import { openListsThatMeet } from "./route-list.ts";
import { shapesOf } from "./ruleset.ts";
import { shapeByName, sourceSet } from "./set-shape.ts";

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

/** The steps from `held` to `wanted`. Parts that both share are not looked at. */
export function diffParts(held: Wanted, wanted: Wanted): Difference {
  const [before, after] = [objectsBeside(held, wanted), objectsBeside(wanted, held)];
  // What a link takes along when it is made anew may be in any part.
  const anywhere = earlyLinks(before, after).length > 0;
  return anywhere ? diffObjects(objectsOf(held), objectsOf(wanted)) : diffObjects(before, after);
}

/** As `diffParts`, of all objects. */
export function diffObjects(heldObjects: Objects, wantedObjects: Objects): Difference {
  const { held, wanted } = openListsThatMeet(heldObjects, wantedObjects);
  const make: Change[][] = Array.from({ length: LAST_MAKE_STEP + 1 }, () => []);
  const clear: Change[][] = Array.from({ length: LAST_CLEAR_STEP + 1 }, () => []);
  const early = lossOf(held, earlyLinks(held, wanted));
  const late = lateLossOf(held, wanted);
  for (const [key, object] of held) {
    if (wanted.has(key)) continue;
    const change: Change = { verb: "remove", object };
    if (object.kind === "link" && early.devices.has(deviceOf(object))) make[0]?.push(change);
    else if (isLost(object, early)) continue;
    else if (steersPackets(object) && !isLostWithFilter(object, late)) make[removalStepOf(object)]?.push(change);
    else if (!isLost(object, late) || isExplicit(object)) clear[clearStepOf(object)]?.push(change);
  }
  for (const [key, object] of wanted) {
    const before = held.get(key);
    const lost = before === undefined || isLost(before, early);
    if (!lost && isSame(before, object)) continue;
    const remade = before !== undefined && isRemade(before, object);
    if (remade && (!lost || before.kind === "link")) make[0]?.push({ verb: "remove", object: before });
    make[makeStepOf(object)]?.push({ verb: lost || remade ? "add" : "replace", object });
  }
  return { make: make.filter((step) => step.length > 0), clear: clear.filter((step) => step.length > 0) };
}

function absent<K extends KernelObject["kind"]>(held: Objects, wanted: Objects, kind: K): KernelObjectOf<K>[] {
  return [...held].flatMap(([key, object]) => (isKind(object, kind) && !wanted.has(key) ? [object] : []));
}

type KernelObjectOf<K extends KernelObject["kind"]> = Extract<KernelObject, { readonly kind: K }>;

function isKind<K extends KernelObject["kind"]>(object: KernelObject, kind: K): object is KernelObjectOf<K> {
  return object.kind === kind;
}

/** Links that must go before their successors come: with the same near end, or with the same far end. */
function earlyLinks(held: Objects, wanted: Objects): LinkObject[] {
  const remade = [...held].flatMap(([key, object]) => {
    const next = object.kind === "link" ? wanted.get(key) : undefined;
    return object.kind === "link" && next !== undefined && isRemade(object, next) ? [object] : [];
  });
  const gone = absent(held, wanted, "link");
  if (gone.length === 0) return remade;
  const farEnds = new Set(
    [...wanted.values()].flatMap((object) => (object.kind === "link" ? [deviceOf(object.peer)] : [])),
  );
  return [...remade, ...gone.filter(({ peer }) => farEnds.has(deviceOf(peer)))];
}

/** What the kernel drops by itself together with links and namespaces. */
interface Loss {
  readonly namespaces: ReadonlySet<string>;
  /** `namespace index`. */
  readonly devices: ReadonlySet<string>;
  /** `namespace id`. */
  readonly nexthops: ReadonlySet<string>;
  /** `namespace chain name` or `namespace set name`. */
  readonly filters: ReadonlySet<string>;
}

function lossOf(held: Objects, links: readonly LinkObject[]): Loss {
  const devices = new Set(links.flatMap((link) => [deviceOf(link), deviceOf(link.peer)]));
  const nexthops = new Set<string>();
  if (devices.size > 0) {
    for (const object of held.values()) {
      if (object.kind === "nexthop" && devices.has(deviceOf(object))) nexthops.add(`${object.namespace} ${object.id}`);
    }
  }
  return { namespaces: new Set(), devices, nexthops, filters: new Set() };
}

function lateLossOf(held: Objects, wanted: Objects): Loss {
  const namespaces = new Set(absent(held, wanted, "namespace").map(({ namespace }) => namespace));
  const chains = absent(held, wanted, "chain").map(({ namespace, chain }) => `${namespace} chain ${chain}`);
  const sets = absent(held, wanted, "set").map(({ namespace, set }) => `${namespace} set ${set}`);
  return { ...lossOf(held, absent(held, wanted, "link")), namespaces, filters: new Set([...chains, ...sets]) };
}

function deviceOf({ namespace, index }: { readonly namespace: string; readonly index: number }): string {
  return `${namespace} ${index}`;
}

function isLost(object: KernelObject, loss: Loss): boolean {
  if (isLostWithFilter(object, loss)) return true;
  if (loss.devices.size === 0) return false;
  switch (object.kind) {
    case "namespace":
    case "rule":
    case "set":
    case "chain":
    case "filter-rule":
    case "element":
    case "listener":
      return false;
    case "link":
    case "address":
    case "neighbor":
    case "nexthop":
      return loss.devices.has(deviceOf(object));
    case "route":
      return isRouteLost(object, loss);
    case "route-list":
      return loss.nexthops.has(`${object.namespace} ${object.nexthop}`);
  }
}

/** Whether it goes with its namespace, its chain or its set: none of those has a packet any longer by then. */
function isLostWithFilter(object: KernelObject, { namespaces, filters }: Loss): boolean {
  if (namespaces.has(object.namespace)) return true;
  if (filters.size === 0) return false;
  if (object.kind === "filter-rule") return filters.has(`${object.namespace} chain ${object.chain}`);
  return object.kind === "element" && filters.has(`${object.namespace} set ${object.set}`);
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

/** Whether the new one can only stand when the old one is gone. */
function isRemade(before: KernelObject, object: KernelObject): boolean {
  if (isSame(before, object)) return false;
  if (before.kind === "link" && object.kind === "link") return hardContentOf(before) !== hardContentOf(object);
  // The kernel puts a new one of these in the place of the old.
  return !["route", "element", "filter-rule", "neighbor", "nexthop"].includes(before.kind);
}

const LAST_MAKE_STEP = 15;
const FILLING_STEP = 11;

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
      // A door opens before a packet can reach it; one at a single address or device needs that first.
      return isAnywhere(object) ? 2 : 6;
    case "nexthop":
      return 7;
    case "route":
    case "route-list":
      return 8;
    case "rule":
      return 9;
    case "set":
    case "chain":
      return 10;
    case "filter-rule":
      return 12;
    case "element":
      // What a rule compares with comes before the rule; what leads to a chain of rules after them.
      return isFilling(object) ? FILLING_STEP : 13;
  }
}

function isAnywhere({ device, ip }: ListenerObject): boolean {
  return device === undefined && (ip === "0.0.0.0" || ip === "::");
}

/** Whether the element is of a set that came after its namespace: members of a group, blocks of a prefix list. */
function isFilling({ set }: ElementObject): boolean {
  return !RULESET_SETS.has(set);
}

const RULESET_SETS: ReadonlySet<string> = new Set(
  (["router", "internet-gateway", "nat-gateway"] as const).flatMap((role) => shapesOf(role).map(({ name }) => name)),
);

/** Whether the object decides where packets go, or which. */
function steersPackets(object: KernelObject): boolean {
  switch (object.kind) {
    case "route":
      return object.table !== MAIN_TABLE && object.table !== LOCAL_TABLE;
    case "route-list":
    case "rule":
    case "filter-rule":
      return true;
    case "element":
      return !SOURCE_SETS.has(object.set) && !GATEWAY_SETS.has(object.set);
    case "namespace":
    case "link":
    case "address":
    case "neighbor":
    case "nexthop":
    case "set":
    case "chain":
    case "listener":
      return false;
  }
}

const SOURCE_SETS: ReadonlySet<string> = new Set(WIDTHS.map(sourceSet));

/** Their elements go when the last packet has: resets still want the way back. */
const GATEWAY_SETS: ReadonlySet<string> = new Set(
  (["internet-gateway", "nat-gateway"] as const).flatMap((role) => shapesOf(role).map(({ name }) => name)),
);

function removalStepOf(object: KernelObject): number {
  // Rules go together with those that come, so that no packet meets a chain half changed.
  if (object.kind === "filter-rule") return 12;
  // So do blocks: a set takes none that meets one which is still there.
  if (object.kind === "element" && isFilling(object) && shapeByName(object.set).isInterval === true)
    return FILLING_STEP;
  return object.kind === "route" || object.kind === "route-list" ? 15 : 14;
}

const LAST_CLEAR_STEP = 8;

function clearStepOf(object: KernelObject): number {
  switch (object.kind) {
    case "listener":
      return 0;
    case "element":
      return 1;
    case "filter-rule":
    case "chain":
      return 2;
    case "set":
      return 3;
    case "route":
    case "route-list":
    case "rule":
      return 4;
    case "nexthop":
      return 5;
    case "neighbor":
    case "address":
      return 6;
    case "link":
      return 7;
    case "namespace":
      return 8;
  }
}
