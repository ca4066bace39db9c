/**
 * The prefix lists that AWS manages: one for each gateway service of a region, with the service's public ranges.
 * Source: Amazon VPC User Guide, "AWS-managed prefix lists"; ids as AWS's answers and examples show them.
 *
 * ASSUMPTION: where the id of an AWS-managed prefix list is not known, a made-up one stands, the same on every start;
 * ids repeat over regions.
 */

import type { Id } from "../base/id.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import { awsRanges } from "./data/aws-ranges.ts";
import { findRegion } from "./region.ts";
import { stableHex } from "./stable-id.ts";

export interface PrefixList {
  readonly id: Id<"pl">;
  /** `com.amazonaws.us-east-1.s3`. */
  readonly name: string;
  readonly region: string;
  readonly service: GatewayService;
  /** Canonical IPv4 CIDR blocks, each once. */
  readonly cidrBlocks: readonly string[];
  /** The same blocks, parsed. */
  readonly prefixes: readonly Prefix[];
}

export type GatewayService = "s3" | "dynamodb";

/** The lists of a region, sorted by name; none for an unknown region. */
export function prefixListsOf(region: string): readonly PrefixList[] {
  const known = cache.get(region);
  if (known !== undefined) return known;
  const lists = findRegion(region) === undefined ? [] : [prefixListOf(region, "dynamodb"), prefixListOf(region, "s3")];
  cache.set(region, lists);
  return lists;
}

export function findPrefixList(region: string, id: string): PrefixList | undefined {
  return prefixListsOf(region).find((list) => list.id === id);
}

/** The list of the service with this endpoint service name, in the region. */
export function prefixListOfService(region: string, serviceName: string): PrefixList | undefined {
  return prefixListsOf(region).find((list) => list.name === serviceName);
}

export function prefixListArn(list: PrefixList): string {
  return `arn:aws:ec2:${list.region}:aws:prefix-list/${list.id}`;
}

// A memo of pure results.
const cache = new Map<string, readonly PrefixList[]>();

function prefixListOf(region: string, service: GatewayService): PrefixList {
  const name = `com.amazonaws.${region}.${service}`;
  const cidrBlocks = [...new Set((awsRanges[region]?.[service] ?? "").split(" "))].filter((text) => text !== "");
  const prefixes = cidrBlocks.flatMap((text) => parsePrefix(text) ?? []);
  const id = knownIds[service][region] ?? `pl-${stableHex(name, 8)}`;
  return { id: id as Id<"pl">, name, region, service, cidrBlocks, prefixes };
}

const knownIds: Readonly<Record<GatewayService, Readonly<Record<string, string>>>> = {
  s3: {
    "ap-northeast-1": "pl-61a54008",
    "ap-northeast-2": "pl-78a54011",
    "ap-south-1": "pl-78a54011",
    "ap-southeast-1": "pl-6fa54006",
    "ap-southeast-2": "pl-6ca54005",
    "eu-central-1": "pl-6ea54007",
    "eu-west-1": "pl-6da54004",
    "sa-east-1": "pl-6aa54003",
    "us-east-1": "pl-63a5400a",
    "us-east-2": "pl-7ba54012",
    "us-west-1": "pl-6ba54002",
    "us-west-2": "pl-68a54001",
  },
  dynamodb: {
    "eu-west-1": "pl-6fa54006",
    "us-east-1": "pl-02cd2c6b",
    "us-west-2": "pl-00a54069",
  },
};
