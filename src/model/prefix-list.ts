/**
 * The prefix lists that AWS manages: for each gateway service of a region one of each family that the service has public
 * ranges of. Source: Amazon VPC User Guide, "AWS-managed prefix lists"; ids as AWS's answers and examples show them.
 *
 * ASSUMPTION: the list of S3's IPv6 ranges is called com.amazonaws.REGION.ipv6.s3, as AWS calls its other lists of IPv6;
 * DynamoDB has none, because AWS publishes no IPv6 ranges of it.
 * ASSUMPTION: where the id of an AWS-managed prefix list is not known, a made-up one stands, the same on every start;
 * ids repeat over regions.
 */

import type { Id } from "../base/id.ts";
import type { Width } from "../base/ip.ts";
import { parsePrefix, type Prefix } from "../base/prefix.ts";
import { awsRanges } from "./data/aws-ranges.ts";
import { widthsOfType } from "./endpoint-record.ts";
import { findRegion } from "./region.ts";
import { stableHex } from "./stable-id.ts";

export interface PrefixList {
  readonly id: Id<"pl">;
  /** `com.amazonaws.us-east-1.s3`, `com.amazonaws.us-east-1.ipv6.s3`. */
  readonly name: string;
  readonly region: string;
  readonly service: GatewayService;
  /** The family of its blocks. */
  readonly width: Width;
  /** Canonical CIDR blocks, each once. */
  readonly cidrBlocks: readonly string[];
  /** The same blocks, parsed. */
  readonly prefixes: readonly Prefix[];
}

export type GatewayService = "s3" | "dynamodb";

/** The lists of a region, those of IPv4 first and each family's sorted by name; none for an unknown region. */
export function prefixListsOf(region: string): readonly PrefixList[] {
  const known = cache.get(region);
  if (known !== undefined) return known;
  const isRegion = findRegion(region) !== undefined;
  const lists = isRegion ? families.map(([service, width]) => prefixListOf(region, service, width)) : [];
  cache.set(region, lists);
  return lists;
}

export function findPrefixList(region: string, id: string): PrefixList | undefined {
  return prefixListsOf(region).find((list) => list.id === id);
}

/** The list of the service with this endpoint service name, in the region. */
export function prefixListOfService(region: string, serviceName: string, width: Width = 32): PrefixList | undefined {
  return prefixListsOf(region).find((list) => list.width === width && nameOf(region, list.service, 32) === serviceName);
}

/** What a gateway endpoint's prefix lists follow from. */
interface ListedEndpoint {
  readonly region: string;
  readonly serviceName: string;
  /** Absent for IPv4 alone. */
  readonly ipAddressType?: "ipv4" | "ipv6" | "dualstack";
}

/** The lists that the routes of a gateway endpoint lead from: one for each family that it carries. */
export function prefixListsOfEndpoint(endpoint: ListedEndpoint): readonly PrefixList[] {
  const { region, serviceName, ipAddressType = "ipv4" } = endpoint;
  return widthsOfType[ipAddressType].flatMap((width) => prefixListOfService(region, serviceName, width) ?? []);
}

/** The blocks of these lists; the same array for every endpoint like it. */
export function cidrBlocksOfEndpoint(endpoint: ListedEndpoint): readonly string[] {
  const key = `${endpoint.region} ${endpoint.serviceName} ${endpoint.ipAddressType ?? "ipv4"}`;
  const known = blocksMemo.get(key) ?? prefixListsOfEndpoint(endpoint).flatMap((list) => list.cidrBlocks);
  blocksMemo.set(key, known);
  return known;
}

const blocksMemo = new Map<string, readonly string[]>();

export function prefixListArn(list: PrefixList): string {
  return `arn:aws:ec2:${list.region}:aws:prefix-list/${list.id}`;
}

// A memo of pure results.
const cache = new Map<string, readonly PrefixList[]>();

const families: readonly (readonly [GatewayService, Width])[] = [
  ["dynamodb", 32],
  ["s3", 32],
  ["s3", 128],
];

function prefixListOf(region: string, service: GatewayService, width: Width): PrefixList {
  const name = nameOf(region, service, width);
  const ranges = awsRanges[region];
  const text = (width === 32 ? ranges?.[service] : ranges?.s3Ipv6) ?? "";
  const cidrBlocks = [...new Set(text.split(" "))].filter((block) => block !== "");
  const prefixes = cidrBlocks.flatMap((block) => parsePrefix(block) ?? []);
  const id = (width === 32 ? knownIds[service][region] : undefined) ?? `pl-${stableHex(name, 8)}`;
  return { id: id as Id<"pl">, name, region, service, width, cidrBlocks, prefixes };
}

function nameOf(region: string, service: GatewayService, width: Width): string {
  return `com.amazonaws.${region}.${width === 32 ? "" : "ipv6."}${service}`;
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
