import fc from "fast-check";
import { expect, test } from "vitest";
import type { Id } from "../../base/id.ts";
import { apply, type Change, emptyState, put, remove, type State } from "../../model/state.ts";
import type { VpcEndpoint } from "../../model/vpc-endpoint.ts";
import { matchGlob, parseGlob } from "../../policy/glob.ts";
import type { Call } from "../handler.ts";
import { inOrder } from "./age.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";

const owner = { accountId: "000000000000", region: "us-east-1" };
const filters: FilterTable<VpcEndpoint> = {
  ...tagFilters,
  "vpc-id": (it) => [it.vpcId],
  "vpc-endpoint-id": (it) => [it.id],
  "vpc-endpoint-state": (it) => [it.state],
};

test("what a filter finds through indexes and facets is what a look at every document finds, after any changes", () => {
  const number = fc.nat({ max: 399 });
  const endpoint = fc.record({ number, vpc: fc.nat({ max: 5 }), pending: fc.boolean(), name: fc.nat({ max: 90 }) });
  const change = fc.oneof(
    endpoint.map(putEndpoint),
    number.map((at) => remove("vpc-endpoint", idOf(at))),
  );
  const value = fc.constantFrom(
    "*",
    "vpc-*",
    "vpc-1",
    "*1*",
    "?pce-*7",
    "available",
    "*ail*",
    "*\0*",
    "name-1?",
    "name-7",
    "a",
  );
  const filter = fc.record({
    Name: fc.constantFrom(...Object.keys(filters), "tag:Name"),
    Values: fc.array(value, { minLength: 1, maxLength: 3 }),
  });
  const round = fc.record({ changes: fc.array(change, { maxLength: 30 }), asked: fc.array(filter, { maxLength: 2 }) });
  fc.assert(
    fc.property(fc.array(round, { minLength: 1, maxLength: 8 }), (rounds) => {
      let state = many();
      for (const { changes, asked } of rounds) {
        state = apply(state, changes);
        expect(found(state, asked)).toEqual(expected(state, asked));
      }
    }),
    { numRuns: 30 },
  );
});

test("a filtered list in pages is the list", () => {
  const state = many();
  const asked = [{ Name: "vpc-endpoint-id", Values: ["*1*"] }];
  const seen: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = list(listing, { Filters: asked, MaxResults: 7, NextToken }, callOn(state));
    if (!page.ok) throw new Error(page.error.code);
    seen.push(...page.value.items.map((one) => one.id));
    NextToken = page.value.nextToken;
  } while (NextToken !== undefined);
  expect(seen).toEqual(expected(state, asked));
});

const listing = {
  kind: "vpc-endpoint",
  ids: undefined,
  idsName: "vpcEndpointIdSet",
  filters,
  indexed: { "vpc-id": "vpcId" },
  taggedBy: "tag",
  faceted: true,
} as const;

interface Asked {
  readonly Name: string;
  readonly Values: string[];
}

function found(state: State, asked: readonly Asked[]): readonly string[] {
  const page = list(listing, { Filters: asked }, callOn(state));
  if (!page.ok) throw new Error(page.error.code);
  return page.value.items.map((one) => one.id);
}

function expected(state: State, asked: readonly Asked[]): readonly string[] {
  const valuesOf = (name: string, one: VpcEndpoint): readonly string[] =>
    name === "tag:Name" ? one.tags.map((tag) => tag.value) : (filters[name]?.(one) ?? []);
  const passing = [...state.tables["vpc-endpoint"].byId.values()].filter((one) =>
    asked.every(({ Name, Values }) =>
      Values.some((pattern) => valuesOf(Name, one).some((value) => matchGlob(parseGlob(pattern), value))),
    ),
  );
  return inOrder(passing).map((one) => one.id);
}

function many(): State {
  const changes = Array.from({ length: 400 }, (_, number) =>
    putEndpoint({ number, vpc: number % 6, pending: number % 9 === 0, name: number % 90 }),
  );
  return apply(emptyState, changes);
}

function putEndpoint(wanted: { number: number; vpc: number; pending: boolean; name: number }): Change {
  const document: VpcEndpoint = {
    ...owner,
    id: idOf(wanted.number),
    kind: "Gateway",
    vpcId: `vpc-${wanted.vpc}` as Id<"vpc">,
    serviceName: "com.amazonaws.us-east-1.s3",
    state: wanted.pending ? "pending" : "available",
    policyDocument: "{}",
    routeTableIds: [],
    createdAtMs: wanted.number >> 2,
    tags: wanted.name === 0 ? [] : [{ key: "Name", value: wanted.name === 13 ? `name\0-13` : `name-${wanted.name}` }],
  };
  return put("vpc-endpoint", document);
}

function idOf(number: number): Id<"vpce"> {
  return `vpce-${((number * 7919) % 400).toString(16).padStart(17, "0")}` as Id<"vpce">;
}

function callOn(state: State): Call {
  return { ...owner, state: () => state } as unknown as Call;
}
