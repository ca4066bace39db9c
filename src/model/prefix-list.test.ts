import { expect, test } from "vitest";
import { overlaps } from "../base/prefix.ts";
import { awsRanges } from "./data/aws-ranges.ts";
import { publicBlock } from "./network-interface.ts";
import { findPrefixList, prefixListArn, prefixListOfService, prefixListsOf } from "./prefix-list.ts";
import { allRegions } from "./region.ts";
import { endpointServicesOf, findEndpointServices } from "./service-catalogue.ts";

test.for([
  ["us-east-1", "s3", "pl-63a5400a"],
  ["us-east-1", "dynamodb", "pl-02cd2c6b"],
  ["us-west-2", "s3", "pl-68a54001"],
  ["us-west-2", "dynamodb", "pl-00a54069"],
  ["eu-west-1", "s3", "pl-6da54004"],
  ["eu-west-1", "dynamodb", "pl-6fa54006"],
  ["ap-southeast-1", "s3", "pl-6fa54006"],
] as const)("%s has the list of %s that AWS has: %s", ([region, service, id]) => {
  const name = `com.amazonaws.${region}.${service}`;
  expect(prefixListOfService(region, name)?.id).toBe(id);
  expect(findPrefixList(region, id)?.name).toBe(name);
});

test("one id may stand for two lists in two regions", () => {
  expect(findPrefixList("eu-west-1", "pl-6fa54006")?.service).toBe("dynamodb");
  expect(findPrefixList("ap-southeast-1", "pl-6fa54006")?.service).toBe("s3");
});

test("every region has its lists with addresses, each block canonical and told once, ids unlike", () => {
  for (const { name: region } of allRegions()) {
    const lists = prefixListsOf(region);
    const names = ["dynamodb", "s3", "ipv6.s3"].map((name) => `com.amazonaws.${region}.${name}`);
    expect(lists.map((list) => list.name)).toEqual(names);
    expect(new Set(lists.map((list) => list.id)).size).toBe(3);
    for (const list of lists) {
      expect(list.id).toMatch(/^pl-[0-9a-f]{8}$/);
      expect(list.prefixes.length).toBeGreaterThan(0);
      expect(list.prefixes).toHaveLength(list.cidrBlocks.length);
      expect(list.prefixes.filter((prefix) => prefix.ip.width !== list.width)).toEqual([]);
      expect(new Set(list.cidrBlocks).size).toBe(list.cidrBlocks.length);
    }
  }
  expect(prefixListsOf("eu-nowhere-1")).toEqual([]);
});

test("the ranges of DynamoDB in us-east-1 are those that AWS published", () => {
  expect(prefixListOfService("us-east-1", "com.amazonaws.us-east-1.dynamodb")?.cidrBlocks.toSorted()).toEqual([
    "3.218.180.0/22",
    "35.71.68.0/22",
    "35.71.76.0/22",
    "52.119.224.0/21",
    "52.119.232.0/21",
    "52.94.0.0/22",
  ]);
  expect(awsRanges["us-east-1"]?.s3.split(" ")).toHaveLength(21);
});

test("no public address of an instance lies in a service's range", () => {
  for (const { name } of allRegions()) {
    for (const list of prefixListsOf(name)) {
      expect(list.prefixes.filter((prefix) => overlaps(prefix, publicBlock))).toEqual([]);
    }
  }
});

test("the ARN of a list names the region and AWS as its owner", () => {
  expect(prefixListArn(prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3")!)).toBe(
    "arn:aws:ec2:us-east-1:aws:prefix-list/pl-63a5400a",
  );
});

test("each gateway service of the catalogue has its prefix list, and an id of its own", () => {
  const ids = new Set<string>();
  for (const { name } of allRegions()) {
    for (const service of endpointServicesOf(name)) {
      if (service.type === "Gateway") ids.add(prefixListOfService(name, service.name)!.name);
      ids.add(service.id);
      expect(service.id).toMatch(/^vpce-svc-[0-9a-f]{17}$/);
    }
  }
  expect(ids.size).toBe(allRegions().flatMap(({ name }) => endpointServicesOf(name)).length + allRegions().length * 2);
  const gateway = findEndpointServices("us-east-1", "com.amazonaws.us-east-1.s3").find((one) => one.type === "Gateway");
  expect(gateway?.id).toBe("vpce-svc-0aa7c06513d4872d5");
});
