import { expect, test } from "vitest";
import { checkedAction } from "./action-name.ts";
import type { Failure } from "./failure.ts";

async function check(
  action: string,
  target: string,
  expected: string | { readonly status: number; readonly says: string },
) {
  const answer = await checkedAction(action, target).catch((failure: Failure) => ({
    status: failure.status,
    says: failure.message,
  }));
  expect(answer).toEqual(expected);
}

test.each([
  ["s3:GetObject", "s3://docs/a", "s3:GetObject"],
  ["s3:getobject", "arn:aws:s3:::docs/a/b", "s3:GetObject"],
  ["s3:ListObjectsV2", "s3://docs", "s3:ListObjectsV2"],
  ["s3:listobjectsv2", "s3://docs/", "s3:ListObjectsV2"],
  ["s3:HeadObject", "s3://docs/a", "s3:HeadObject"],
  ["s3:ListBuckets", "*", "s3:ListBuckets"],
  ["s3:ListAllMyBuckets", "*", "s3:ListAllMyBuckets"],
  ["s3:CreateBucket", "s3://docs", "s3:CreateBucket"],
  ["ec2:DescribeVpcs", "*", "ec2:DescribeVpcs"],
  // What is wrong here the region says.
  ["nosuch:Thing", "*", "nosuch:Thing"],
  ["s3:GetObject", "docs/a", "s3:GetObject"],
])("%s on %s", (action, target, expected) => check(action, target, expected));

test.each([
  ["s3:GetObjec", "s3://docs/a", "`s3` has no action `GetObjec`; did you mean `s3:GetObject`?"],
  ["ec2:DescribeVpc", "*", "did you mean `ec2:DescribeVpcs`"],
  ["s3:Xyzzy", "*", "`s3` has no action `Xyzzy`"],
  ["s3:GetObject", "s3://docs", "s3:GetObject works on an object (s3://bucket/key), and `s3://docs` is a bucket"],
  [
    "s3:HeadObject",
    "*",
    "s3:HeadObject needs s3:GetObject, which works on an object (s3://bucket/key), and `*` is neither",
  ],
  ["s3:ListBucket", "s3://docs/a", "s3:ListBucket works on a bucket (s3://bucket), and `s3://docs/a` is an object"],
  ["s3:ListBuckets", "s3://docs", "which works on no bucket and no object; give `*`, and `s3://docs` is a bucket"],
  ["s3:DescribeJob", "*", "works on neither buckets nor objects"],
])("%s on %s is not understood", (action, target, says) =>
  check(action, target, { status: 3, says: expect.stringContaining(says) }),
);

test.each(["GetObject", "s3:", "s3:Get-Object", ":x", "s3:GetObject:x"])("%j is no action", (action) =>
  check(action, "*", { status: 2, says: expect.stringContaining("one looks like s3:GetObject") }),
);
