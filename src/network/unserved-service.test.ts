import { expect, test } from "vitest";
import { allRegions } from "../model/region.ts";
import { endpointServicesOf } from "../model/service-catalogue.ts";
import { serviceAt } from "./service-address.ts";
import { unservedService } from "./unserved-service.ts";

test.each([
  ["lambda.us-east-1.amazonaws.com", "lambda", "us-east-1"],
  ["ssm.eu-west-1.amazonaws.com", "ssm", "eu-west-1"],
  ["api.ecr.us-east-1.amazonaws.com", "ecr.api", "us-east-1"],
  ["123456789012.dkr.ecr.us-east-1.amazonaws.com", "ecr.dkr", "us-east-1"],
  ["lambda.us-east-1.api.aws", "lambda", "us-east-1"],
  ["ecr.us-east-1.api.aws", "ecr.api", "us-east-1"],
  ["s3-control.dualstack.us-east-1.amazonaws.com", "s3", "us-east-1"],
])("%s is of %s", (name, service, region) => {
  expect(unservedService(name)).toMatchObject({ service, region });
});

test.each([
  "lambda.amazonaws.com",
  "states.us-east-1.api.aws",
  "lambda.api.aws",
  "lambda.us-east-9.amazonaws.com",
  "nothing.us-east-1.amazonaws.com",
  "lambda",
])("%s is of none", (name) => expect(unservedService(name)).toBeUndefined());

test("every service of every region has an address of its own, where no service is served", () => {
  const holders = new Map<string, string>();
  for (const { name: region } of allRegions()) {
    for (const { name, privateDnsNames, dualStackDnsNames } of endpointServicesOf(region)) {
      for (const host of [...privateDnsNames, ...dualStackDnsNames]) {
        for (const ip of unservedService(host)?.ips ?? []) {
          expect(serviceAt(ip)).toBeUndefined();
          expect(holders.get(ip) ?? name).toBe(name);
          holders.set(ip, name);
        }
      }
    }
  }
  expect(holders.size).toBeGreaterThan(5000);
});
