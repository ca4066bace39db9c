/** Dual-stack networks for tests, made by the real verbs. */

import { addToIp, formatIp, parseIp } from "../src/base/ip.ts";
import { parsePrefix } from "../src/base/prefix.ts";
import { createEgressOnlyInternetGateway } from "../src/model/egress-only-internet-gateway.ts";
import { assignIpv6Addresses } from "../src/model/interface-address.ts";
import { find } from "../src/model/state.ts";
import { associateSubnetCidrBlock } from "../src/model/subnet-cidr.ts";
import { createSubnet } from "../src/model/subnet.ts";
import { createVpc } from "../src/model/vpc.ts";
import { type EndpointOptions, modifyVpcEndpoint } from "../src/model/vpc-endpoint.ts";
import type { RegionBuilder, TestInstance } from "./region-builder.ts";

/** A VPC with an IPv6 block of Amazon's. */
export function dualStackVpc(build: RegionBuilder, cidrBlock: string): string {
  return build.run(createVpc, { cidrBlock, amazonProvidedIpv6CidrBlock: true, tags: [] }).id;
}

/** Gives a subnet the `number`th /64 of its VPC's block, from 0 to 255. */
export function giveIpv6Block(build: RegionBuilder, subnetId: string, number: number): string {
  const vpcId = find(build.state(), "subnet", subnetId)?.vpcId ?? "";
  const [block] = find(build.state(), "vpc", vpcId)?.ipv6CidrBlocks ?? [];
  const ipv6CidrBlock = ipv6Slot(block?.cidrBlock, number);
  return build.run(associateSubnetCidrBlock, { subnetId, ipv6CidrBlock }).block.cidrBlock;
}

/** A subnet of IPv6 alone: the `number`th /64 of its VPC's block, from 0 to 255. */
export function ipv6OnlySubnet(build: RegionBuilder, vpcId: string, number: number): string {
  const [block] = find(build.state(), "vpc", vpcId)?.ipv6CidrBlocks ?? [];
  return build.run(createSubnet, { vpcId, ipv6CidrBlock: ipv6Slot(block?.cidrBlock, number), tags: [] }).id;
}

/** Of a /56 the `number`th /64. */
function ipv6Slot(block: string | undefined, number: number): string {
  const whole = parsePrefix(block ?? "");
  if (whole === undefined) throw new Error("the VPC has no IPv6");
  const [first = 0, second = 0] = whole.ip.words;
  return `${formatIp({ width: 128, words: [first, second + number, 0, 0] })}/64`;
}

/** Gives an instance an address of its subnet's block. */
export function giveIpv6(build: RegionBuilder, instance: TestInstance, address?: string): string {
  const wish = address === undefined ? { addresses: [], count: 1 } : { addresses: [address] };
  const [ip] = build.run(assignIpv6Addresses, { networkInterfaceId: instance.eni, ...wish });
  if (ip === undefined) throw new Error("no address came");
  return ip;
}

export function egressOnlyGateway(build: RegionBuilder, vpcId: string): string {
  return build.run(createEgressOnlyInternetGateway, { vpcId, tags: [] }).id;
}

/** Makes an endpoint carry both families. */
export function carryIpv6(build: RegionBuilder, vpcEndpointId: string): void {
  retype(build, vpcEndpointId, { ipAddressType: "dualstack" });
}

/** Changes the types of an endpoint's addresses and records. */
export function retype(
  build: RegionBuilder,
  vpcEndpointId: string,
  types: Pick<EndpointOptions, "ipAddressType" | "dnsRecordIpType">,
): void {
  const add = { routeTableIds: [], subnets: [], securityGroupIds: [], ...types };
  const remove = { routeTableIds: [], subnetIds: [], securityGroupIds: [] };
  build.run(modifyVpcEndpoint, { vpcEndpointId, add, remove });
}

/** The address behind another. */
export function nextIp(ip: string): string {
  const parsed = parseIp(ip);
  if (parsed === undefined) throw new Error(`no address: ${ip}`);
  return formatIp(addToIp(parsed, 1));
}
