/** Network interfaces on the wire. Source: Amazon EC2 API Reference, "DescribeNetworkInterfaces". */

import type {
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  GroupIdentifier,
  InstanceNetworkInterface,
  NetworkInterface as WireNetworkInterface,
  NetworkInterfaceAssociation,
} from "@aws-sdk/client-ec2";
import { unreachable } from "../../base/assert.ts";
import { ok } from "../../base/result.ts";
import { addressOn } from "../../model/elastic-ip.ts";
import { isInUse, type NetworkInterface, privateAddressesOf } from "../../model/network-interface.ts";
import { privateHostName, publicHostName } from "../../model/host-name.ts";
import { findZone } from "../../model/region.ts";
import { stableHex } from "../../model/stable-id.ts";
import { find, type State } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { tagSet } from "./tag-set.ts";
import { onAnything } from "./target.ts";
import { wholeSecond } from "./time.ts";

const describe: Handler<DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "network-interface",
    ids: input.NetworkInterfaceIds,
    excluding: ["networkInterfaceIdSet", "maxResults"],
    filters: filtersIn(state),
    indexed: { "subnet-id": "subnetId", "vpc-id": "vpcId", "group-id": "securityGroupId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    NetworkInterfaces: page.value.items.map((one) => wireInterface(state, one)),
    NextToken: page.value.nextToken,
  });
};

/** `ec2-54-144-1-2.compute-1.amazonaws.com`; empty where the VPC gives no public host names. */
export function publicDnsName(state: State, one: NetworkInterface): string {
  const named = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  if (!named || one.publicIpAddress === undefined) return "";
  return publicHostName(one.region, one.publicIpAddress);
}

/** The interface as an instance's description shows it. */
export function wireInstanceInterface(state: State, one: NetworkInterface): InstanceNetworkInterface {
  const association = associationOf(state, one);
  const { attachment } = one;
  return {
    ...(association !== undefined && { Association: association }),
    ...(attachment !== undefined && {
      Attachment: {
        AttachTime: wholeSecond(attachment.attachedAtMs),
        AttachmentId: attachment.id,
        DeleteOnTermination: attachment.deleteOnTermination,
        DeviceIndex: attachment.deviceIndex,
        Status: "attached",
        NetworkCardIndex: 0,
      },
    }),
    Description: one.description,
    Groups: groupSet(state, one),
    Ipv6Addresses: one.ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address, IsPrimaryIpv6: false })),
    MacAddress: one.macAddress,
    NetworkInterfaceId: one.id,
    OwnerId: one.accountId,
    ...wirePrivateAddresses(state, one),
    SourceDestCheck: one.sourceDestCheck,
    Status: "in-use",
    SubnetId: one.subnetId,
    VpcId: one.vpcId,
    InterfaceType: "interface",
    Operator: { Managed: false },
  };
}

/** The groups of an interface, as answers list them. */
export function groupSet(state: State, one: NetworkInterface): GroupIdentifier[] {
  return one.securityGroupIds.map((GroupId) => ({
    GroupId,
    GroupName: find(state, "security-group", GroupId)?.name,
  }));
}

export function wireInterface(state: State, one: NetworkInterface): WireNetworkInterface {
  const association = associationOf(state, one);
  const { attachment } = one;
  const zone = zoneOf(state, one);
  return {
    ...(association !== undefined && { Association: association }),
    ...(attachment !== undefined && {
      Attachment: {
        AttachTime: wholeSecond(attachment.attachedAtMs),
        AttachmentId: attachment.id,
        DeleteOnTermination: attachment.deleteOnTermination,
        DeviceIndex: attachment.deviceIndex,
        NetworkCardIndex: 0,
        InstanceId: attachment.instanceId,
        InstanceOwnerId: one.accountId,
        Status: "attached",
      },
    }),
    ...(one.requester !== undefined && { Attachment: attachmentOfRequester(one) }),
    ...(zone !== undefined && { AvailabilityZone: zone.name, AvailabilityZoneId: zone.id }),
    Description: one.description,
    Groups: groupSet(state, one),
    InterfaceType: interfaceTypeOf(one) as NonNullable<WireNetworkInterface["InterfaceType"]>,
    Ipv6Addresses: one.ipv6Addresses.map((Ipv6Address) => ({ Ipv6Address, IsPrimaryIpv6: false })),
    MacAddress: one.macAddress,
    NetworkInterfaceId: one.id,
    OwnerId: one.accountId,
    ...wirePrivateAddresses(state, one),
    ...(one.requester !== undefined && { RequesterId: requesterIdOf(one) }),
    RequesterManaged: one.requester !== undefined,
    SourceDestCheck: one.sourceDestCheck,
    Status: statusOf(one),
    SubnetId: one.subnetId,
    TagSet: tagSet(one.tags),
    VpcId: one.vpcId,
    Operator: { Managed: false },
  };
}

function wirePrivateAddresses(
  state: State,
  one: NetworkInterface,
): Pick<InstanceNetworkInterface, "PrivateDnsName" | "PrivateIpAddress" | "PrivateIpAddresses"> {
  // ASSUMPTION: an interface without a private IPv4 address has no private DNS name either.
  if (one.privateIpAddress === undefined) return { PrivateIpAddresses: [] };
  const association = associationOf(state, one);
  const hosts = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  const name = hosts || isInUse(one) ? { PrivateDnsName: privateHostName(one.region, one.privateIpAddress) } : {};
  const address = { ...name, PrivateIpAddress: one.privateIpAddress };
  const secondary = one.secondaryPrivateIpAddresses.map((PrivateIpAddress) => {
    const elastic = elasticAssociation(state, one, PrivateIpAddress);
    return {
      ...(elastic !== undefined && { Association: elastic }),
      Primary: false,
      ...(hosts || isInUse(one) ? { PrivateDnsName: privateHostName(one.region, PrivateIpAddress) } : {}),
      PrivateIpAddress,
    };
  });
  return {
    ...address,
    PrivateIpAddresses: [
      { ...(association !== undefined && { Association: association }), Primary: true, ...address },
      ...secondary,
    ],
  };
}

function associationOf(state: State, one: NetworkInterface): NetworkInterfaceAssociation | undefined {
  if (one.publicIpAddress === undefined || one.privateIpAddress === undefined) return undefined;
  const elastic = elasticAssociation(state, one, one.privateIpAddress);
  if (elastic !== undefined) return elastic;
  return { IpOwnerId: "amazon", PublicDnsName: publicDnsName(state, one), PublicIp: one.publicIpAddress };
}

/** The Elastic IP of one of its private addresses. */
function elasticAssociation(
  state: State,
  one: NetworkInterface,
  privateIpAddress: string,
): NetworkInterfaceAssociation | undefined {
  const address = addressOn(state, one.id, privateIpAddress);
  if (address?.association === undefined) return undefined;
  const named = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  return {
    AllocationId: address.id,
    AssociationId: address.association.id,
    IpOwnerId: address.accountId,
    PublicDnsName: named ? publicHostName(one.region, address.publicIp) : "",
    PublicIp: address.publicIp,
  };
}

/** What stands where the attachment to an instance would. */
function attachmentOfRequester(one: NetworkInterface): NonNullable<WireNetworkInterface["Attachment"]> {
  return {
    AttachmentId: `ela-attach-${stableHex(one.id, 17)}`,
    DeleteOnTermination: false,
    DeviceIndex: 1,
    InstanceOwnerId: "amazon-aws",
    Status: "attached",
  };
}

/** As recorded on the wire, where a NAT gateway's is `nat_gateway`, though the API's model says `natGateway`. */
function interfaceTypeOf(one: NetworkInterface): string {
  switch (one.requester?.kind) {
    case "nat-gateway":
      return "nat_gateway";
    case "vpc-endpoint":
      return "vpc_endpoint";
    case "load-balancer":
      return "network_load_balancer";
    case undefined:
      return "interface";
  }
  return unreachable(one.requester);
}

/**
 * ASSUMPTION: the requester of a network interface is the account's number, but for load balancers, whose name is
 * `amazon-elb`.
 */
function requesterIdOf(one: NetworkInterface): string {
  return one.requester?.kind === "load-balancer" ? "amazon-elb" : `${one.accountId}`;
}

function statusOf(one: NetworkInterface): "in-use" | "available" {
  return isInUse(one) ? "in-use" : "available";
}

function zoneOf(state: State, one: NetworkInterface): ReturnType<typeof findZone> {
  const subnet = find(state, "subnet", one.subnetId);
  return subnet && findZone(subnet.region, subnet.availabilityZone);
}

function filtersIn(state: State): FilterTable<NetworkInterface> {
  const wired =
    (pick: (wire: WireNetworkInterface) => string | undefined) =>
    (one: NetworkInterface): readonly string[] =>
      maybe(pick(wireInterface(state, one)));
  const elastic =
    (pick: (association: NetworkInterfaceAssociation) => string | undefined) =>
    (it: NetworkInterface): readonly string[] =>
      (wireInterface(state, it).PrivateIpAddresses ?? []).flatMap((address) =>
        address.Association === undefined ? [] : maybe(pick(address.Association)),
      );
  return {
    ...tagFilters,
    "addresses.association.owner-id": wired((it) => it.Association?.IpOwnerId),
    "addresses.association.public-ip": elastic((it) => it.PublicIp),
    "addresses.primary": (it) => [...new Set(privateAddressesOf(it).map((ip) => String(ip === it.privateIpAddress)))],
    "addresses.private-ip-address": privateAddressesOf,
    "association.allocation-id": elastic((it) => it.AllocationId),
    "association.association-id": elastic((it) => it.AssociationId),
    "association.carrier-ip": never,
    "association.customer-owned-ip": never,
    "association.ip-owner-id": wired((it) => it.Association?.IpOwnerId),
    "association.public-dns-name": wired((it) => it.Association?.PublicDnsName),
    "association.public-ip": (it) => maybe(it.publicIpAddress),
    "attachment.attach-time": wired((it) => it.Attachment?.AttachTime?.toISOString()),
    "attachment.attachment-id": wired((it) => it.Attachment?.AttachmentId),
    "attachment.delete-on-termination": wired((it) => it.Attachment && String(it.Attachment.DeleteOnTermination)),
    "attachment.device-index": wired((it) => it.Attachment && String(it.Attachment.DeviceIndex)),
    "attachment.instance-id": (it) => maybe(it.attachment?.instanceId),
    "attachment.instance-owner-id": wired((it) => it.Attachment?.InstanceOwnerId),
    "attachment.nat-gateway-id": (it) => (it.requester?.kind === "nat-gateway" ? [it.requester.natGatewayId] : []),
    "attachment.network-card-index": wired((it) => it.Attachment && "0"),
    "attachment.status": wired((it) => it.Attachment?.Status),
    "availability-zone": wired((it) => it.AvailabilityZone),
    "availability-zone-id": wired((it) => it.AvailabilityZoneId),
    description: (it) => [it.description],
    "group-id": (it) => it.securityGroupIds,
    "group-name": (it) => groupSet(state, it).flatMap((group) => maybe(group.GroupName)),
    "interface-type": (it) => [interfaceTypeOf(it)],
    "ipv6-addresses.ipv6-address": (it) => it.ipv6Addresses,
    "mac-address": (it) => [it.macAddress],
    "network-interface-id": (it) => [it.id],
    "operator.managed": always("false"),
    "operator.principal": never,
    "owner-id": (it) => [it.accountId],
    "private-dns-name": wired((it) => it.PrivateDnsName),
    "private-ip-address": (it) => maybe(it.privateIpAddress),
    "requester-id": wired((it) => it.RequesterId),
    "requester-managed": (it) => [String(it.requester !== undefined)],
    "source-dest-check": (it) => [String(it.sourceDestCheck)],
    status: (it) => [statusOf(it)],
    "subnet-id": (it) => [it.subnetId],
    "vpc-id": (it) => [it.vpcId],
  };
}

export const networkInterfaceActions: Actions = {
  DescribeNetworkInterfaces: action(describe, (_, call) => onAnything("DescribeNetworkInterfaces", call)),
};
