/** Load balancers on the wire. Source: Elastic Load Balancing API Reference, version 2015-12-01. */

import type {
  AvailabilityZone,
  CreateLoadBalancerInput as CreateRequest,
  CreateLoadBalancerOutput,
  DeleteLoadBalancerInput,
  DescribeAccountLimitsInput,
  DescribeAccountLimitsOutput,
  DescribeCapacityReservationInput,
  DescribeCapacityReservationOutput,
  DescribeLoadBalancerAttributesInput,
  DescribeLoadBalancerAttributesOutput,
  DescribeLoadBalancersInput,
  DescribeLoadBalancersOutput,
  LoadBalancer as WireLoadBalancer,
  ModifyLoadBalancerAttributesInput,
  ModifyLoadBalancerAttributesOutput,
  SetIpAddressTypeInput,
  SetIpAddressTypeOutput,
  SetSecurityGroupsInput,
  SetSecurityGroupsOutput,
  SetSubnetsInput,
  SetSubnetsOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  attributeTableOf,
  createLoadBalancer,
  type CreateLoadBalancerInput,
  deleteLoadBalancer,
  findLoadBalancer,
  type LoadBalancer,
  modifyLoadBalancerAttributes,
  setSecurityGroups,
  setSubnets,
} from "../../model/load-balancer.ts";
import type { SubnetMapping } from "../../model/load-balancer-zone.ts";
import { stableHex } from "../../model/stable-id.ts";
import { find, findBy, ownerKey, type State } from "../../model/state.ts";
import { action, type Actions } from "../ec2/action.ts";
import type { Call, Handler } from "../handler.ts";
import { readAttributes, readTags, wireAttributes } from "./attribute.ts";
import { page } from "./page.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateRequest, CreateLoadBalancerOutput> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createLoadBalancer(state, wanted.value, context));
  // The answer of the call that makes it is the one that shows it before it is active.
  if (!made.ok) return made;
  return ok({ LoadBalancers: [{ ...wireBalancer(call.state(), made.value), State: { Code: "provisioning" } }] });
};

const describe: Handler<DescribeLoadBalancersInput, DescribeLoadBalancersOutput> = async (input, call) => {
  const { LoadBalancerArns: arns = [], Names: names = [] } = input;
  if (arns.length > 0 && names.length > 0) {
    return fail("ValidationError", { message: "Load balancer names and ARNs cannot be specified at the same time" });
  }
  const own = findBy(call.state(), "load-balancer", "owner", ownerKey(call.accountId, call.region));
  for (const arn of arns) {
    const found = findLoadBalancer(call.state(), arn, call);
    if (!found.ok) return found;
  }
  const unknown = names.filter((name) => !own.some((one) => one.name === name));
  if (unknown.length > 0) {
    return fail("LoadBalancerNotFound", { message: `Load balancers '[${unknown.join(", ")}]' not found` });
  }
  const all = arns.length + names.length === 0;
  const hits = own.filter((one) => all || arns.includes(one.id) || names.includes(one.name));
  const found = page(hits, input);
  if (!found.ok) return found;
  const { items, NextMarker } = found.value;
  return ok({ LoadBalancers: items.map((one) => wireBalancer(call.state(), one)), NextMarker });
};

const remove: Handler<DeleteLoadBalancerInput, object> = async (input, call) => {
  const wanted = { arn: input.LoadBalancerArn ?? "" };
  const done = await call.run((state, context) => deleteLoadBalancer(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const subnets: Handler<SetSubnetsInput, SetSubnetsOutput> = async (input, call) => {
  const mappings = readMappings(input);
  if (!mappings.ok) return mappings;
  const wanted = { arn: input.LoadBalancerArn ?? "", subnets: mappings.value };
  const done = await call.run((state, context) => setSubnets(state, wanted, context));
  return done.ok ? ok({ AvailabilityZones: zonesOf(call.state(), done.value), IpAddressType: "ipv4" }) : done;
};

const groups: Handler<SetSecurityGroupsInput, SetSecurityGroupsOutput> = async (input, call) => {
  const enforces = input.EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic;
  const wanted = {
    arn: input.LoadBalancerArn ?? "",
    securityGroupIds: input.SecurityGroups ?? [],
    ...(enforces !== undefined && { enforcesOnPrivateLink: enforces === "on" }),
  };
  const done = await call.run((state, context) => setSecurityGroups(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    SecurityGroupIds: [...done.value.securityGroupIds],
    EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: done.value.enforcesOnPrivateLink ? "on" : "off",
  });
};

const ipAddressType: Handler<SetIpAddressTypeInput, SetIpAddressTypeOutput> = async (input, call) => {
  const found = findLoadBalancer(call.state(), input.LoadBalancerArn ?? "", call);
  if (!found.ok) return found;
  return input.IpAddressType === "ipv4" ? ok({ IpAddressType: "ipv4" }) : unservedAddressType(input.IpAddressType);
};

const attributes: Handler<DescribeLoadBalancerAttributesInput, DescribeLoadBalancerAttributesOutput> = async (
  input,
  call,
) => {
  const found = findLoadBalancer(call.state(), input.LoadBalancerArn ?? "", call);
  return found.ok ? ok({ Attributes: wireAttributes(attributeTableOf(found.value), found.value.attributes) }) : found;
};

const modifyAttributes: Handler<ModifyLoadBalancerAttributesInput, ModifyLoadBalancerAttributesOutput> = async (
  input,
  call,
) => {
  const wanted = { arn: input.LoadBalancerArn ?? "", attributes: readAttributes(input.Attributes) };
  const done = await call.run((state, context) => modifyLoadBalancerAttributes(state, wanted, context));
  return done.ok ? ok({ Attributes: wireAttributes(attributeTableOf(done.value), done.value.attributes) }) : done;
};

/** No capacity can be reserved here, so none ever is. */
const capacity: Handler<DescribeCapacityReservationInput, DescribeCapacityReservationOutput> = async (input, call) => {
  const found = findLoadBalancer(call.state(), input.LoadBalancerArn ?? "", call);
  return found.ok ? ok({ DecreaseRequestsRemaining: 2, CapacityReservationState: [] }) : found;
};

/** Source: "Quotas for your Network Load Balancers" and "Quotas for your Gateway Load Balancers". */
const limits: Handler<DescribeAccountLimitsInput, DescribeAccountLimitsOutput> = async () =>
  ok({
    Limits: [
      { Name: "network-load-balancers", Max: "50" },
      { Name: "gateway-load-balancers", Max: "100" },
      { Name: "gateway-load-balancers-per-vpc", Max: "100" },
      { Name: "target-groups", Max: "3000" },
      { Name: "targets-per-network-load-balancer", Max: "3000" },
      { Name: "listeners-per-network-load-balancer", Max: "50" },
      { Name: "targets-per-availability-zone-per-network-load-balancer", Max: "500" },
    ],
  });

function readCreation(input: CreateRequest): Result<CreateLoadBalancerInput, ApiError> {
  const type = input.Type ?? "application";
  if (type !== "network" && type !== "gateway") {
    const known = type === "application";
    return known
      ? fail("UnsupportedOperation", { message: "Load balancers of the type application are not served by Underpass" })
      : fail("ValidationError", { message: `The load balancer type '${String(type)}' is not valid` });
  }
  const scheme = input.Scheme ?? "internet-facing";
  if (scheme !== "internal" && scheme !== "internet-facing") {
    return fail("ValidationError", { message: `The scheme '${String(scheme)}' is not valid` });
  }
  if (input.IpAddressType !== undefined && input.IpAddressType !== "ipv4")
    return unservedAddressType(input.IpAddressType);
  const mappings = readMappings(input);
  if (!mappings.ok) return mappings;
  return ok({
    kind: type,
    name: input.Name ?? "",
    scheme,
    subnets: mappings.value,
    securityGroupIds: input.SecurityGroups ?? [],
    tags: readTags(input.Tags),
  });
}

function readMappings(input: CreateRequest | SetSubnetsInput): Result<readonly SubnetMapping[], ApiError> {
  const { Subnets: subnetIds = [], SubnetMappings: mappings = [] } = input;
  if (subnetIds.length > 0 && mappings.length > 0) {
    return fail("ValidationError", { message: "You must specify subnets or subnet mappings, but not both" });
  }
  const foreign = mappings.find((one) => one.IPv6Address !== undefined);
  if (foreign !== undefined) return unservedAddressType("dualstack");
  if (mappings.some((one) => one.AllocationId !== undefined)) {
    return fail("UnsupportedOperation", {
      message: "Load balancers with an Elastic IP address of one's own are not served by Underpass",
    });
  }
  return ok([
    ...subnetIds.map((subnetId) => ({ subnetId })),
    ...mappings.map((one) => ({
      subnetId: one.SubnetId ?? "",
      ...(one.PrivateIPv4Address !== undefined && { privateIpAddress: one.PrivateIPv4Address }),
    })),
  ]);
}

function unservedAddressType(type: string | undefined): Result<never, ApiError> {
  return fail("UnsupportedOperation", {
    message: `Load balancers with the IP address type ${type ?? ""} are not served by Underpass`,
  });
}

/** A gateway load balancer has neither scheme nor name. */
function wireBalancer(state: State, balancer: LoadBalancer): WireLoadBalancer {
  const shared = {
    LoadBalancerArn: balancer.id,
    CreatedTime: new Date(balancer.createdAtMs),
    LoadBalancerName: balancer.name,
    VpcId: balancer.vpcId,
    State: { Code: balancer.settlesAtMs === undefined ? ("active" as const) : ("provisioning" as const) },
    Type: balancer.kind,
    AvailabilityZones: zonesOf(state, balancer),
    IpAddressType: "ipv4" as const,
  };
  if (balancer.kind === "gateway") return shared;
  const grouped = balancer.securityGroupIds.length > 0;
  return {
    ...shared,
    DNSName: balancer.dnsName,
    CanonicalHostedZoneId: hostedZones[balancer.region] ?? madeUpZone(balancer.region),
    Scheme: balancer.scheme,
    ...(grouped && { SecurityGroups: [...balancer.securityGroupIds] }),
    ...(grouped && {
      EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic: balancer.enforcesOnPrivateLink ? "on" : "off",
    }),
    EnablePrefixForIpv6SourceNat: "off",
  };
}

/** Addresses are shown only where the call that made the load balancer chose them. */
function zonesOf(state: State, balancer: LoadBalancer): AvailabilityZone[] {
  return balancer.zones.map((zone) => {
    const held = zone.addressChosen ? find(state, "network-interface", zone.networkInterfaceId) : undefined;
    return {
      ZoneName: zone.zoneName,
      SubnetId: zone.subnetId,
      LoadBalancerAddresses: held === undefined ? [] : [{ PrivateIPv4Address: held.privateIpAddress }],
    };
  });
}

/** ASSUMPTION: where the hosted zone id of load balancers in a region is not known, a made-up one stands. */
function madeUpZone(region: string): string {
  return `Z${stableHex(`elb/${region}`, 13).toUpperCase()}`;
}

/** Source: AWS General Reference, "Elastic Load Balancing endpoints and quotas", Route 53 hosted zone ID (NLB). */
const hostedZones: Readonly<Record<string, string>> = {
  "af-south-1": "Z203XCE67M25HM",
  "ap-east-1": "Z12Y7K3UBGUAD1",
  "ap-northeast-1": "Z31USIVHYNEOWT",
  "ap-northeast-2": "ZIBE1TIR4HY56",
  "ap-northeast-3": "Z1GWIQ4HH19I5X",
  "ap-south-1": "ZVDDRBQ08TROA",
  "ap-southeast-1": "ZKVM4W9LS7TM",
  "ap-southeast-2": "ZCT6FZBF4DROD",
  "ca-central-1": "Z2EPGBW3API2WT",
  "eu-central-1": "Z3F0SRJ5LGBH90",
  "eu-north-1": "Z1UDT6IFJ4EJM",
  "eu-south-1": "Z23146JA1KNAFP",
  "eu-west-1": "Z2IFOLAFXWLO4F",
  "eu-west-2": "ZD4D7Y8KGAS4G",
  "eu-west-3": "Z1CMS0P5QUZ6D5",
  "me-south-1": "Z3QSRYVP46NYYV",
  "sa-east-1": "ZTK26PT1VY4CU",
  "us-east-1": "Z26RNL4JYFTOTI",
  "us-east-2": "ZLMOA37VPKANP",
  "us-west-1": "Z24FKFUX50B4VW",
  "us-west-2": "Z18D5FSROUN65G",
};

/** `loadbalancer/net/web/*`. */
function newResource(input: CreateRequest): string {
  return `loadbalancer/${input.Type === "gateway" ? "gwy" : "net"}/${input.Name ?? ""}/*`;
}

const on =
  (name: string) =>
  (input: { readonly LoadBalancerArn?: string | undefined }, call: Call): ReturnType<typeof onExisting> =>
    onExisting(name, [input.LoadBalancerArn], call);

export const loadBalancerActions: Actions = {
  CreateLoadBalancer: action(create, (input, call) =>
    onNew("CreateLoadBalancer", newResource(input), input.Tags, call),
  ),
  DescribeLoadBalancers: action(describe, (_, call) => onAnything("DescribeLoadBalancers", call)),
  DeleteLoadBalancer: action(remove, on("DeleteLoadBalancer")),
  SetSubnets: action(subnets, on("SetSubnets")),
  SetSecurityGroups: action(groups, on("SetSecurityGroups")),
  SetIpAddressType: action(ipAddressType, on("SetIpAddressType")),
  DescribeLoadBalancerAttributes: action(attributes, (_, call) => onAnything("DescribeLoadBalancerAttributes", call)),
  ModifyLoadBalancerAttributes: action(modifyAttributes, on("ModifyLoadBalancerAttributes")),
  DescribeCapacityReservation: action(capacity, (_, call) => onAnything("DescribeCapacityReservation", call)),
  DescribeAccountLimits: action(limits, (_, call) => onAnything("DescribeAccountLimits", call)),
};
