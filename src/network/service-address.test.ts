import { expect, test } from "vitest";
import { parseIp, WIDTHS } from "../base/ip.ts";
import { containsIp, overlaps, parsePrefix } from "../base/prefix.ts";
import { publicBlock } from "../model/network-interface.ts";
import { prefixListsOf } from "../model/prefix-list.ts";
import { allRegions } from "../model/region.ts";
import { internetCidrs, type Service, serviceAddress, serviceAt } from "./service-address.ts";

const regional: readonly Service[] = ["s3", "dynamodb", "ec2", "sts"];

test("every service of every region has an address of its own, and the address leads back to it", () => {
  const seen = new Map<string, string>();
  for (const { name } of allRegions()) {
    for (const [service, width] of regional.flatMap((one) => WIDTHS.map((width) => [one, width] as const))) {
      const ip = serviceAddress(service, name, width)!;
      expect([ip, serviceAt(ip)]).toEqual([ip, { service, region: name }]);
      expect([ip, seen.get(ip)]).toEqual([ip, undefined]);
      seen.set(ip, `${service} ${name}`);
    }
  }
  expect(serviceAt(serviceAddress("iam", "aws-global")!)).toEqual({ service: "iam", region: "aws-global" });
});

test("S3 and DynamoDB are in their prefix lists, the others in none of any region", () => {
  for (const { name } of allRegions()) {
    for (const list of prefixListsOf(name)) {
      const holds = (ip: string): boolean => list.prefixes.some((one) => containsIp(one, parseIp(ip)!));
      const { width } = list;
      expect(holds(serviceAddress(list.service, name, width)!)).toBe(true);
      for (const other of allRegions()) {
        const listless = (["ec2", "sts"] as const).map((service) => holds(serviceAddress(service, other.name, width)!));
        expect(listless).toEqual([false, false]);
      }
      expect(holds(serviceAddress("iam", "aws-global", width)!)).toBe(false);
    }
  }
});

test("what no region has, nobody answers for", () => {
  expect(serviceAddress("s3", "xx-north-1")).toBeUndefined();
  expect(serviceAddress("iam", "us-east-1")).toBeUndefined();
  expect([serviceAt("8.8.8.8"), serviceAt("10.0.0.1"), serviceAt("::1"), serviceAt("nonsense")]).toEqual(
    Array(4).fill(undefined),
  );
});

test("the internet's blocks hold every address and none that instances get", () => {
  const blocks = internetCidrs().map((text) => parsePrefix(text)!);
  for (const { name } of allRegions()) {
    for (const [service, width] of regional.flatMap((one) => WIDTHS.map((width) => [one, width] as const))) {
      expect(blocks.some((block) => containsIp(block, parseIp(serviceAddress(service, name, width)!)!))).toBe(true);
    }
  }
  expect(blocks.some((block) => overlaps(block, publicBlock))).toBe(false);
  const ipv6OfVpcs = parsePrefix("2600:1f10::/28")!;
  expect(blocks.some((block) => overlaps(block, ipv6OfVpcs))).toBe(false);
  expect(new Set(internetCidrs()).size).toBe(blocks.length);
});
