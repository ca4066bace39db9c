import { expect, test, vi } from "vitest";
import { authorise } from "../analyse/authorise.ts";
import { createBucket, putBucketPolicy } from "../model/bucket.ts";
import { setPublicAccessBlock } from "../model/bucket-access.ts";
import { fail } from "../model/error.ts";
import { emptyState, find } from "../model/state.ts";
import { createVpc } from "../model/vpc.ts";
import { openRegion, type Region } from "./region.ts";
import { openMemoryStore, type Store } from "./store.ts";

const caller = { accountId: "000000000000", region: "us-east-1" };
const vpc = { cidrBlock: "10.0.0.0/16", tags: [], instanceTenancy: "default" } as const;

function open(options: { store?: Store; nowMs?: () => number; policyDelayMs?: number } = {}): Region {
  return openRegion({ store: openMemoryStore(), initial: emptyState, nowMs: () => 0, policyDelayMs: 0, ...options });
}

const newBucket = (region: Region, name: string) =>
  region.run((state, context) => createBucket(state, { name, tags: [] }, context), caller);

test("calls that come together are committed together, in their order", async () => {
  const store = openMemoryStore();
  const revisions: number[] = [];
  store.watch((revision) => revisions.push(revision));
  const region = open({ store });
  await Promise.all(["aaa", "bbb", "ccc"].map((name) => newBucket(region, name)));
  expect(revisions).toEqual([3]);
  expect(region.state().revision).toBe(3);
});

test("of a call that fails nothing remains, and the others beside it stand", async () => {
  const region = open();
  const [made, refused, broken] = await Promise.allSettled([
    newBucket(region, "aaa"),
    region.run(() => fail("InvalidVpcID.NotFound", { vpcId: "vpc-1" }), caller),
    region.run(() => {
      throw new Error("a bug");
    }, caller),
  ]);
  expect(made).toMatchObject({ status: "fulfilled", value: { ok: true } });
  expect(refused).toMatchObject({ status: "fulfilled", value: { ok: false } });
  expect(broken).toMatchObject({ status: "rejected" });
  expect(region.state().revision).toBe(1);
});

test("when the store refuses, the call fails and the state is the old one", async () => {
  const store = {
    ...openMemoryStore(),
    commit: () => {
      throw new Error("the disk is full");
    },
  };
  const region = open({ store });
  await expect(newBucket(region, "aaa")).rejects.toThrow("the disk is full");
  expect(region.state()).toBe(emptyState);
});

test("a call that changes the network is answered when the network holds it; others do not wait", async () => {
  const region = open();
  let hold = (): void => {};
  let applied = 0;
  await region.carryOut(async () => {
    applied += 1;
    if (applied > 1) await new Promise<void>((resolve) => (hold = resolve));
  });
  let answered = false;
  const made = region
    .run((state, context) => createVpc(state, vpc, context), caller)
    .then((result) => {
      answered = true;
      return result;
    });
  await vi.waitFor(() => expect(applied).toBe(2));
  await newBucket(region, "aaa");
  expect(answered).toBe(false);
  hold();
  expect(await made).toMatchObject({ ok: true });
});

test("a changed policy is in force after the delay, also a first one of a bucket that is there", async () => {
  let nowMs = 1_000_000;
  const region = open({ nowMs: () => nowMs, policyDelayMs: 5_000 });
  await newBucket(region, "docs");
  await region.run((state) => setPublicAccessBlock(state, "docs", undefined), caller);
  const policy = (effect: string) =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: effect, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" }],
    });
  const setPolicy = (effect: string) => region.run((state) => putBucketPolicy(state, "docs", policy(effect)), caller);
  const allowed = () =>
    authorise(region.state(), {
      principal: { kind: "anonymous" },
      action: "s3:GetObject",
      resource: "arn:aws:s3:::docs/a",
      resourceAccountId: caller.accountId,
      bucketName: "docs",
      path: { kind: "host", sourceIp: "127.0.0.1" },
      region: caller.region,
      nowMs,
      secureTransport: true,
      keys: {},
    }).allowed;
  await setPolicy("Allow");
  expect(allowed()).toBe(false);
  nowMs += 5_000;
  expect(allowed()).toBe(true);
  await setPolicy("Deny");
  nowMs += 4_999;
  expect(find(region.state(), "bucket", "docs")?.policyDocument).toBe(policy("Deny"));
  expect(allowed()).toBe(true);
  nowMs += 1;
  expect(allowed()).toBe(false);
});
