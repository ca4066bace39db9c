import { expect, test } from "vitest";
import { createBucket, deleteBucket, deleteBucketPolicy, isBucketName, putBucketPolicy } from "./bucket.ts";
import { apply, emptyState, find } from "./state.ts";
import type { Outcome } from "./verb.ts";

const context = {
  nowMs: 1,
  hex: (digits: number) => "0".repeat(digits),
  accountId: "000000000000",
  region: "us-east-1",
};

function done<V>(outcome: Outcome<V>) {
  if (!outcome.ok) throw new Error(outcome.error.code);
  return outcome.value;
}

test.each([
  ["abc", true],
  ["a.b-c.9", true],
  ["a".repeat(63), true],
  ["a".repeat(64), false],
  ["ab", false],
  ["Abc", false],
  ["a_b", false],
  ["-abc", false],
  ["abc-", false],
  ["a..b", false],
  ["10.0.0.1", false],
  ["999.0.0.1", false],
  ["xn--abc", false],
  ["sthree-abc", false],
  ["amzn-s3-demo-bucket", false],
  ["abc-s3alias", false],
  ["abc--ol-s3", false],
  ["abc.mrap", false],
  ["abc--x-s3", false],
])("%s", (name, expected) => {
  expect(isBucketName(name)).toBe(expected);
});

test.each([
  ["us-east-1", undefined, "us-east-1"],
  ["us-east-1", "EU", "eu-west-1"],
  ["us-east-1", "eu-central-1", "eu-central-1"],
  ["eu-west-1", "eu-west-1", "eu-west-1"],
  ["us-east-1", "us-east-1", "InvalidLocationConstraint"],
  ["eu-west-1", "us-east-1", "InvalidLocationConstraint"],
  ["us-east-1", "mars-1", "InvalidLocationConstraint"],
  ["eu-west-1", undefined, "IllegalLocationConstraintException"],
  ["eu-west-1", "eu-central-1", "IllegalLocationConstraintException"],
])("from %s with the constraint %s", (region, constraint, expected) => {
  const input = { name: "abc", tags: [], ...(constraint === undefined ? {} : { locationConstraint: constraint }) };
  const made = createBucket(emptyState, input, { ...context, region });
  expect(made.ok ? made.value.value.region : made.error.code).toBe(expected);
});

test("a policy is put, replaced and deleted; the bucket goes", () => {
  let state = apply(emptyState, done(createBucket(emptyState, { name: "abc", tags: [] }, context)).changes);
  const policy = (resource: string) =>
    JSON.stringify({
      Statement: { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "s3:GetObject", Resource: resource },
    });
  state = apply(state, done(putBucketPolicy(state, "abc", policy("arn:aws:s3:::abc/*"))).changes);
  expect(find(state, "bucket", "abc")?.policyDocument).toBe(policy("arn:aws:s3:::abc/*"));
  for (const resource of ["*", "arn:aws:s3:::ab*", "arn:aws:s3:::abcd/*", "arn:aws:s3:::other"]) {
    expect(putBucketPolicy(state, "abc", policy(resource))).toMatchObject({
      ok: false,
      error: { code: "MalformedPolicy" },
    });
  }
  state = apply(state, done(deleteBucketPolicy(state, "abc")).changes);
  expect(find(state, "bucket", "abc")).toEqual(
    find(
      apply(emptyState, done(createBucket(emptyState, { name: "abc", tags: [] }, context)).changes),
      "bucket",
      "abc",
    ),
  );
  state = apply(state, done(deleteBucket(state, "abc")).changes);
  expect(find(state, "bucket", "abc")).toBeUndefined();
  expect(deleteBucket(state, "abc")).toMatchObject({ ok: false, error: { code: "NoSuchBucket" } });
});
