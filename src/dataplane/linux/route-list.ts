/**
 * An endpoint's routes in a table are its prefix list, so they are kept as one value: with a hundred tables there are
 * thousands of them. Where they must be told apart, because either side of a comparison has others in their place or the
 * kernel listed them one by one, they are opened into single routes.
 */

import { isSame } from "../../base/same.ts";
import { type KernelObject, keyOf, type RouteListObject, type RouteObject } from "./kernel-object.ts";
import type { Objects } from "./part.ts";

/** The routes that the list stands for. */
function routesOfList({ namespace, table, metric, nexthop, cidrBlocks }: RouteListObject): RouteObject[] {
  const by = { kind: "nexthop", id: nexthop } as const;
  return cidrBlocks.map((cidrBlock) => ({ kind: "route", namespace, table, cidrBlock, metric, by }));
}

/** The same objects without lists. */
export function withOpenLists(objects: Objects): Objects {
  return opened(objects, () => true);
}

/** Both sides with those lists opened for which the other has something else in the same place. */
export function openListsThatMeet(held: Objects, wanted: Objects): { held: Objects; wanted: Objects } {
  const changed = [...changedLists(held, wanted), ...changedLists(wanted, held)];
  if (changed.length === 0) return { held, wanted };
  const [before, after] = [placesOf(held, wanted), placesOf(wanted, held)];
  const meeting = new Set([...before].filter((place) => after.has(place)));
  if (meeting.size === 0) return { held, wanted };
  const meets = (list: RouteListObject): boolean => meeting.has(placeOf(list));
  return { held: opened(held, meets), wanted: opened(wanted, meets) };
}

function changedLists(objects: Objects, others: Objects): RouteListObject[] {
  const lists: RouteListObject[] = [];
  for (const [key, object] of objects) {
    if (object.kind === "route-list" && !isSame(object, others.get(key))) lists.push(object);
  }
  return lists;
}

/** Where lists are that the other side has not, and single routes. */
function placesOf(objects: Objects, others: Objects): ReadonlySet<string> {
  const places = new Set(changedLists(objects, others).map(placeOf));
  for (const object of objects.values()) if (object.kind === "route" && object.metric > 0) places.add(placeOf(object));
  return places;
}

/** Routes of different places are never the same route. */
function placeOf({ namespace, table, metric }: RouteListObject | RouteObject): string {
  return `${namespace} ${table} ${metric}`;
}

function opened(objects: Objects, isOpened: (list: RouteListObject) => boolean): Objects {
  const open = new Map<string, KernelObject>();
  for (const [key, object] of objects) {
    if (object.kind !== "route-list" || !isOpened(object)) open.set(key, object);
    else for (const route of routesOfList(object)) open.set(keyOf(route), route);
  }
  return open;
}
