import { describe, expect, test } from "vitest";
import { isSame } from "../../base/same.ts";
import type { Blueprint } from "../../plan/blueprint.ts";
import { type Change, type Difference, diffObjects } from "./diff.ts";
import { contentOf, keyOf } from "./kernel-object.ts";
import { NOWHERE_NEXTHOP } from "./link-object.ts";
import {
  blueprintOf,
  defaultRoute,
  endpointRoutes,
  idsOf,
  publicTable,
  vpcBlueprint,
  withoutEndpoint,
  withRoutes,
} from "./testdata/blueprint.ts";
import { wantedObjects } from "./wanted.ts";

const { endpoint, otherEndpoint } = idsOf(1);
const vpc = vpcBlueprint(1);
const attached = withRoutes(vpc, publicTable, [...endpointRoutes(endpoint), defaultRoute]);
const replaced = withRoutes(vpc, publicTable, [...endpointRoutes(otherEndpoint), defaultRoute]);
const deleted = withoutEndpoint(vpc, endpoint);

function difference(before: Blueprint, after: Blueprint): Difference {
  return diffObjects(wantedObjects(before), wantedObjects(after));
}

const shown = (steps: Difference["make"]): string[] =>
  steps.flat().map((change) => `${change.verb} ${keyOf(change.object)}`);

describe("difference", () => {
  test("of equal blueprints is nothing, though their values differ", () => {
    expect(difference(blueprintOf(vpcBlueprint(1)), blueprintOf(vpcBlueprint(1)))).toEqual({ make: [], clear: [] });
  });

  test("an endpoint attached is its routes alone", () => {
    expect(difference(blueprintOf(vpc), blueprintOf(attached))).toMatchObject({ clear: [] });
    expect(shown(difference(blueprintOf(vpc), blueprintOf(attached)).make)).toEqual([
      "add route-list router vpc-00000001 1002 20 nexthop 4097",
    ]);
  });

  test("an endpoint replaced is never a moment without a route", () => {
    expect(shown(difference(blueprintOf(attached), blueprintOf(replaced)).make)).toEqual([
      "replace route router vpc-00000001 1002 52.216.0.0/15 20",
      "replace route router vpc-00000001 1002 54.231.0.0/16 20",
    ]);
  });

  test("an endpoint that has one block more gets that route alone", () => {
    const partly = withRoutes(vpc, publicTable, [...endpointRoutes(endpoint).slice(0, 1), defaultRoute]);
    expect(shown(difference(blueprintOf(partly), blueprintOf(attached)).make)).toEqual([
      "add route router vpc-00000001 1002 54.231.0.0/16 20",
    ]);
    expect(shown(difference(blueprintOf(attached), blueprintOf(partly)).make)).toEqual([
      "remove route router vpc-00000001 1002 54.231.0.0/16 20",
    ]);
  });

  test("an endpoint deleted loses its routes first, then its connections, then its namespace", () => {
    const { make, clear } = difference(
      blueprintOf(attached),
      blueprintOf(withRoutes(deleted, publicTable, [defaultRoute])),
    );
    const verbs = shown(make);
    expect(verbs).toContain("remove route-list router vpc-00000001 1002 20 nexthop 4097");
    expect(shown(clear)).toEqual([
      "remove listener endpoint vpce-00000001 tcp 0.0.0.0 80",
      "remove listener endpoint vpce-00000001 tcp 0.0.0.0 443",
      "remove link router vpc-00000001 4097",
      "remove namespace endpoint vpce-00000001",
    ]);
  });

  test("a route to an endpoint that is gone drops packets, in one step", () => {
    const gone = withoutEndpoint(attached, endpoint);
    const change = difference(blueprintOf(attached), blueprintOf(gone))
      .make.flat()
      .find(({ object }) => keyOf(object) === "route router vpc-00000001 1002 52.216.0.0/15 20");
    expect(change).toMatchObject({ verb: "replace", object: { by: { kind: "nexthop", id: NOWHERE_NEXTHOP } } });
  });

  test("everything is made before a packet is sent that way", () => {
    const { make } = difference(blueprintOf(), blueprintOf(vpc));
    const kinds = make.map((step) => [...new Set(step.map(({ object }) => object.kind))].join());
    expect(kinds).toEqual([
      "namespace",
      "listener",
      "link",
      "address",
      "neighbor",
      "listener",
      "nexthop",
      "route,route-list",
      "rule",
      "set,chain",
      "element",
      "filter-rule",
      "element",
    ]);
  });

  test("a link whose key passes to another instance is made anew with all that it carried", () => {
    const [one, two] = [vpc.hosts[0]!, { ...vpc.hosts[0]!, instanceId: "i-90000001" }];
    const { make } = difference(blueprintOf({ ...vpc, hosts: [one] }), blueprintOf({ ...vpc, hosts: [two] }));
    const ofLink = (change: Change): boolean =>
      /link|route router .* 10\.0\.1\.5|neighbor router/.test(keyOf(change.object));
    expect(
      make
        .flat()
        .filter(ofLink)
        .map((change) => `${change.verb} ${keyOf(change.object)}`),
    ).toEqual([
      "remove link router vpc-00000001 65537",
      "add link router vpc-00000001 65537",
      "add neighbor router vpc-00000001 65537 10.0.1.5",
      "add route router vpc-00000001 254 10.0.1.5/32 0",
    ]);
  });

  test("objects are the same exactly when their key and content are", () => {
    const objects = [...wantedObjects(blueprintOf(vpc, vpcBlueprint(2))).values()];
    for (const a of objects) {
      for (const b of objects) {
        expect(isSame(a, b)).toBe(keyOf(a) === keyOf(b) && contentOf(a) === contentOf(b));
      }
    }
  });
});
