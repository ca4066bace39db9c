import { expect, test } from "vitest";
import { ec2Service } from "../api/ec2/service.ts";
import { elbv2Service } from "../api/elbv2/service.ts";
import { iamService } from "../api/iam/service.ts";
import { snsService } from "../api/sns/service.ts";
import { ssmService } from "../api/ssm/service.ts";
import { stsService } from "../api/sts/service.ts";
import { knownOperations } from "../wire/generated/known-operations.ts";
import { coverageOf } from "./coverage.ts";

const rows = coverageOf([ec2Service, iamService, stsService, elbv2Service, snsService, ssmService]);

test("every service has a row, in the order of their names", () => {
  expect(rows.map((row) => row.service)).toEqual(["ec2", "elbv2", "iam", "s3", "sns", "ssm", "sts"]);
});

test.each(rows)("$service: each operation is told once, and all of AWS's are told", ({ service, served, unserved }) => {
  const told = [...served, ...unserved];
  expect(new Set(told).size).toBe(told.length);
  const known = knownOperations[service as keyof typeof knownOperations];
  expect([...known].filter((name) => !told.includes(name))).toEqual([]);
  expect(told.filter((name) => !known.has(name))).toEqual([]);
});

test("what is served can be called", () => {
  const ec2 = rows.find((row) => row.service === "ec2");
  expect(ec2?.served).toContain("CreateVpc");
  expect(ec2?.served.every((name) => Object.hasOwn(ec2Service.operations, name))).toBe(true);
  expect(ec2?.unserved).toContain("CreateTransitGateway");
});
