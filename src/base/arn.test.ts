import fc from "fast-check";
import { expect, test } from "vitest";
import { type Arn, formatArn, parseArn } from "./arn.ts";

const check = (text: string, expected: Arn | undefined): void => expect(parseArn(text)).toEqual(expected);

test.each([
  ["arn:aws:s3:::docs/a:b/c", { partition: "aws", service: "s3", region: "", accountId: "", resource: "docs/a:b/c" }],
  [
    "arn:aws:iam::123456789012:user/ann",
    { partition: "aws", service: "iam", region: "", accountId: "123456789012", resource: "user/ann" },
  ],
  [
    "arn:aws-cn:ec2:cn-north-1:123456789012:vpc/vpc-1",
    { partition: "aws-cn", service: "ec2", region: "cn-north-1", accountId: "123456789012", resource: "vpc/vpc-1" },
  ],
])("%s", (...row) => check(...row));

test.each(["", "*", "arn", "arn:aws:s3", "arn:aws:s3::", "ARN:aws:s3:::docs", " arn:aws:s3:::docs"])(
  "%j is none",
  (text) => check(text, undefined),
);

test("round trip", () => {
  const part = fc.string({ unit: fc.constantFrom("a", "b", "0", "9", "-", "*", "?") });
  const arn = fc.record({ partition: part, service: part, region: part, accountId: part, resource: fc.string() });
  fc.assert(
    fc.property(arn, (one) => {
      expect(parseArn(formatArn(one))).toEqual(one);
    }),
  );
});
