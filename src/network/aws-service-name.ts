/**
 * What AWS calls the part of its address ranges that an address is in, as flow logs tell it: the most exact of them.
 * Source: Amazon VPC User Guide, "Flow log records", pkt-src-aws-service; AWS IP address ranges, "Syntax of the JSON", service.
 *
 * ASSUMPTION: of AWS's ranges those are known that the region's own addresses are from, and CloudFront's; an address in any
 * other counts as nobody's.
 * ASSUMPTION: an address that a service got here from a block of AWS's has that service's name where AWS's list has one for
 * it (execute-api API_GATEWAY), else AMAZON.
 */

import { parseIp } from "../base/ip.ts";
import { compilePrefixTable, type PrefixTable } from "../base/prefix-table.ts";
import { storedPrefix } from "../model/cidr.ts";
import { cloudFrontBlocks } from "../model/data/aws-ranges.ts";
import { publicBlock } from "../model/network-interface.ts";
import { amazonIpv6Range } from "../model/vpc-cidr.ts";
import { serviceAt } from "./service-address.ts";
import { unservedServiceAt } from "./unserved-service.ts";

/** `S3`, `EC2`, `AMAZON`; undefined for an address that is not AWS's. */
export function awsServiceName(address: string): string | undefined {
  const served = serviceAt(address)?.service;
  if (served !== undefined) return named.get(served) ?? "AMAZON";
  const unserved = unservedServiceAt(address);
  if (unserved !== undefined) return named.get(unserved) ?? "AMAZON";
  const ip = parseIp(address);
  return ip && ranges().longestMatch(ip)?.value;
}

/** Services that AWS's list has a name of their own for. */
const named: ReadonlyMap<string, string> = new Map([
  ["s3", "S3"],
  ["dynamodb", "DYNAMODB"],
  ["execute-api", "API_GATEWAY"],
]);

/** Where the addresses of services were chosen that AWS publishes no ranges of. */
const amazonBlocks = ["54.239.0.0/16", "54.240.0.0/16", "2600:1f70::/32"];

// A memo of a pure result.
let memo: PrefixTable<string> | undefined;

function ranges(): PrefixTable<string> {
  memo ??= compilePrefixTable([
    ...cloudFrontBlocks.split(" ").map((block) => ({ prefix: storedPrefix(block), value: "CLOUDFRONT" })),
    ...[publicBlock, amazonIpv6Range].map((prefix) => ({ prefix, value: "EC2" })),
    ...amazonBlocks.map((block) => ({ prefix: storedPrefix(block), value: "AMAZON" })),
  ]);
  return memo;
}
