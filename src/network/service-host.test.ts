import fc from "fast-check";
import { expect, test } from "vitest";
import { parseServiceHost, type ServiceHost } from "./service-host.ts";

const check = (host: string, expected: readonly [string, string, boolean, string?] | undefined): void => {
  const [service, region, regionNamed, bucketName] = expected ?? [];
  const dualStack = host.includes(".dualstack.") || host.endsWith(".api.aws");
  const host_ = {
    service,
    region,
    regionNamed,
    ...(bucketName !== undefined && { bucketName }),
    ...(dualStack && { dualStack }),
  } as ServiceHost;
  expect(parseServiceHost(host)).toEqual(expected && host_);
};

test.each<[string, readonly [string, string, boolean, string?] | undefined]>([
  ["s3.us-east-1.amazonaws.com", ["s3", "us-east-1", true]],
  ["S3.EU-West-1.AmazonAWS.com", ["s3", "eu-west-1", true]],
  ["docs.s3.us-east-1.amazonaws.com", ["s3", "us-east-1", true, "docs"]],
  ["packages.eu.example.s3.eu-west-1.amazonaws.com", ["s3", "eu-west-1", true, "packages.eu.example"]],
  ["s3.amazonaws.com", ["s3", "us-east-1", false]],
  ["docs.s3.amazonaws.com", ["s3", "us-east-1", false, "docs"]],
  ["s3-external-1.amazonaws.com", ["s3", "us-east-1", true]],
  ["s3-eu-west-1.amazonaws.com", ["s3", "eu-west-1", true]],
  ["docs.s3-eu-west-1.amazonaws.com", ["s3", "eu-west-1", true, "docs"]],
  ["s3.dualstack.us-west-2.amazonaws.com", ["s3", "us-west-2", true]],
  ["docs.s3.dualstack.us-west-2.amazonaws.com", ["s3", "us-west-2", true, "docs"]],
  ["ec2.us-east-1.api.aws", ["ec2", "us-east-1", true]],
  ["dynamodb.eu-west-1.api.aws", ["dynamodb", "eu-west-1", true]],
  ["iam.global.api.aws", ["iam", "aws-global", false]],
  ["s3.us-east-1.api.aws", undefined],
  ["sts.xx-north-1.api.aws", undefined],
  ["docs.ec2.us-east-1.api.aws", undefined],
  ["api.aws", undefined],
  ["dynamodb.us-east-1.amazonaws.com", ["dynamodb", "us-east-1", true]],
  ["ec2.us-east-1.amazonaws.com", ["ec2", "us-east-1", true]],
  ["ec2.amazonaws.com", ["ec2", "us-east-1", false]],
  ["sts.eu-west-1.amazonaws.com", ["sts", "eu-west-1", true]],
  ["sts.amazonaws.com", ["sts", "us-east-1", false]],
  ["iam.amazonaws.com", ["iam", "aws-global", false]],
  ["iam.us-east-1.amazonaws.com", undefined],
  ["docs.ec2.us-east-1.amazonaws.com", undefined],
  ["s3.xx-north-1.amazonaws.com", undefined],
  ["dualstack.us-east-1.amazonaws.com", undefined],
  ["lambda.us-east-1.amazonaws.com", undefined],
  [".s3.amazonaws.com", undefined],
  ["a..s3.amazonaws.com", undefined],
  ["constructor.amazonaws.com", undefined],
  ["__proto__.us-east-1.amazonaws.com", undefined],
  ["amazonaws.com", undefined],
  ["s3.us-east-1.amazonaws.com.example.com", undefined],
  ["", undefined],
])("%s", (...row) => check(...row));

test("no text crashes it", () => {
  const text = fc.array(
    fc.oneof(fc.constantFrom("s3", "amazonaws", "com", "us-east-1", "dualstack", "s3-"), fc.string()),
  );
  fc.assert(
    fc.property(text, (labels) => {
      const host = parseServiceHost(labels.join("."));
      expect(host === undefined || typeof host.service === "string").toBe(true);
    }),
  );
});
