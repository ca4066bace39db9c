import { readFileSync } from "node:fs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { SNSClient } from "@aws-sdk/client-sns";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, test } from "vitest";
import type { Shape } from "../src/wire/shape.ts";
import { ec2Table } from "../src/wire/generated/ec2.ts";
import { elbv2Table } from "../src/wire/generated/elbv2.ts";
import { iamTable } from "../src/wire/generated/iam.ts";
import { knownOperations } from "../src/wire/generated/known-operations.ts";
import { s3Table } from "../src/wire/generated/s3.ts";
import { snsTable } from "../src/wire/generated/sns.ts";
import { ssmTable } from "../src/wire/generated/ssm.ts";
import { stsTable } from "../src/wire/generated/sts.ts";
import { generate, services } from "./generate.ts";
import { operationNames } from "./operations.ts";

const tables = {
  ec2: ec2Table,
  iam: iamTable,
  sts: stsTable,
  s3: s3Table,
  elbv2: elbv2Table,
  sns: snsTable,
  ssm: ssmTable,
};

test.each([...(await generate())])("%s is as `npm run generate` would write it", (name, text) => {
  expect(readFileSync(new URL(`../src/wire/generated/${name}`, import.meta.url), "utf8")).toBe(text);
});

describe.each(["ec2", "iam", "sts", "s3", "elbv2", "sns", "ssm"] as const)("%s", (service) => {
  test("version and namespace are the client's", () => {
    const clients = {
      ec2: EC2Client,
      iam: IAMClient,
      sts: STSClient,
      s3: S3Client,
      elbv2: ElasticLoadBalancingV2Client,
      sns: SNSClient,
      ssm: SSMClient,
    };
    const { protocolSettings } = new clients[service]({ region: "us-east-1" }).config as unknown as {
      readonly protocolSettings: { readonly version: string; readonly xmlNamespace: string };
    };
    expect(services[service].version).toBe(protocolSettings.version);
    expect(services[service].xmlNamespace.replace(/\/$/, "")).toBe(protocolSettings.xmlNamespace.replace(/\/$/, ""));
  });

  test("the list is sorted, without repetition, and known", () => {
    const names = operationNames[service];
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.filter((name) => !knownOperations[service].has(name))).toEqual([]);
    expect(Object.keys(tables[service].operations)).toEqual(names);
  });

  test("every shape of every operation can be read", () => {
    const seen = new Set<Shape>();
    const walk = (shape: Shape): void => {
      if (seen.has(shape)) return;
      seen.add(shape);
      if (shape.kind === "structure") for (const member of shape.members) walk(member.shape());
      else if (shape.kind === "list") walk(shape.item.shape());
      else if (shape.kind === "map") walk(shape.value.shape());
    };
    for (const operation of Object.values(tables[service].operations)) {
      walk(operation.input());
      walk(operation.output());
      expect(operation.http === undefined).toBe(service !== "s3");
    }
    expect(seen.size).toBeGreaterThan(5);
  });
});

test("unserved S3 operations keep their routes", () => {
  const served = Object.keys(s3Table.operations);
  expect(s3Table.unserved.map(({ name }) => name)).toContain("GetBucketAnalyticsConfiguration");
  expect(s3Table.unserved.filter(({ name }) => served.includes(name))).toEqual([]);
});
