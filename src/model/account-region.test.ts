import { expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { openAccountRegion } from "./account-region.ts";
import { createDefaultVpc } from "./default-vpc.ts";
import { createInternetGateway } from "./internet-gateway.ts";
import { brokenInvariants } from "./invariant.ts";
import { awsQuotas } from "./quota.ts";
import { all, type State } from "./state.ts";
import type { Context } from "./verb.ts";

const open = (state: State, _: undefined, context: Context) => openAccountRegion(state, context);
const strict = { settings: { transitionMs: 0, quotas: awsQuotas } } as const;

test("an account gets its default VPC once", () => {
  const build = regionBuilder();
  build.run(open, undefined);
  const first = build.state();
  build.run(open, undefined);
  expect(build.state()).toBe(first);
  expect([...all(first, "vpc")].map((vpc) => vpc.isDefault)).toEqual([true]);
  expect(brokenInvariants(first)).toEqual([]);
});

test("it gets it also where its quotas are used up", () => {
  const build = regionBuilder();
  for (const part of [0, 1, 2, 3, 4]) build.vpc(`10.${part}.0.0/16`);
  build.run(
    (state: State, _: undefined, context: Context) => openAccountRegion(state, { ...context, ...strict }),
    undefined,
  );
  expect([...all(build.state(), "vpc")].filter((vpc) => vpc.isDefault)).toHaveLength(1);
});

test("who asks for another default VPC is held to his quotas", () => {
  const build = regionBuilder();
  for (let made = 0; made < 5; made++) build.run(createInternetGateway, { tags: [] });
  const outcome = build.attempt(
    (state: State, _: undefined, context: Context) => createDefaultVpc(state, { ...context, ...strict }),
    undefined,
  );
  expect(outcome).toMatchObject({ ok: false, error: { code: "InternetGatewayLimitExceeded" } });
});

test("a region that AWS does not have has no default VPC", () => {
  const build = regionBuilder({ region: "us-east-9" });
  build.run(open, undefined);
  expect([...all(build.state(), "vpc")]).toEqual([]);
});
