/** Network interfaces on the wire. Source: Amazon EC2 API Reference, "DescribeNetworkInterfaces". */

import type {
  DescribeNetworkInterfacesRequest,
  DescribeNetworkInterfacesResult,
  InstanceNetworkInterface,
  NetworkInterface as WireNetworkInterface,
  NetworkInterfaceAssociation,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import { findZone, privateDnsSuffix, publicDnsSuffix } from "../../model/region.ts";
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
    idsName: "networkInterfaceIdSet",
    filters: filtersIn(state),
    indexed: { "subnet-id": "subnetId", "vpc-id": "vpcId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    NetworkInterfaces: page.value.items.map((one) => wireInterface(state, one)),
    NextToken: page.value.nextToken,
  });
};

/** `ip-10-0-0-5.ec2.internal`. */
export function privateDnsName(region: string, privateIpAddress: string): string {
  return `ip-${privateIpAddress.replaceAll(".", "-")}.${privateDnsSuffix(region)}`;
}

/** `ec2-54-144-1-2.compute-1.amazonaws.com`; empty where the VPC gives no public host names. */
export function publicDnsName(state: State, one: NetworkInterface): string {
  const named = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  if (!named || one.publicIpAddress === undefined) return "";
  return `ec2-${one.publicIpAddress.replaceAll(".", "-")}.${publicDnsSuffix(one.region)}`;
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
    Groups: [],
    Ipv6Addresses: [],
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

function wireInterface(state: State, one: NetworkInterface): WireNetworkInterface {
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
    ...(zone !== undefined && { AvailabilityZone: zone.name, AvailabilityZoneId: zone.id }),
    Description: one.description,
    Groups: [],
    InterfaceType: "interface",
    Ipv6Addresses: [],
    MacAddress: one.macAddress,
    NetworkInterfaceId: one.id,
    OwnerId: one.accountId,
    ...wirePrivateAddresses(state, one),
    RequesterManaged: false,
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
  const association = associationOf(state, one);
  const hosts = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  const name =
    hosts || one.attachment !== undefined ? { PrivateDnsName: privateDnsName(one.region, one.privateIpAddress) } : {};
  const address = { ...name, PrivateIpAddress: one.privateIpAddress };
  return {
    ...address,
    PrivateIpAddresses: [{ ...(association !== undefined && { Association: association }), Primary: true, ...address }],
  };
}

function associationOf(state: State, one: NetworkInterface): NetworkInterfaceAssociation | undefined {
  if (one.publicIpAddress === undefined) return undefined;
  return { IpOwnerId: "amazon", PublicDnsName: publicDnsName(state, one), PublicIp: one.publicIpAddress };
}

function statusOf(one: NetworkInterface): "in-use" | "available" {
  return one.attachment === undefined ? "available" : "in-use";
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
  const privateIp = (it: NetworkInterface): readonly string[] => [it.privateIpAddress];
  return {
    ...tagFilters,
    "addresses.association.owner-id": wired((it) => it.Association?.IpOwnerId),
    "addresses.association.public-ip": (it) => maybe(it.publicIpAddress),
    "addresses.primary": always("true"),
    "addresses.private-ip-address": privateIp,
    "association.allocation-id": never,
    "association.association-id": never,
    "association.carrier-ip": never,
    "association.customer-owned-ip": never,
    "association.ip-owner-id": wired((it) => it.Association?.IpOwnerId),
    "association.public-dns-name": wired((it) => it.Association?.PublicDnsName),
    "association.public-ip": (it) => maybe(it.publicIpAddress),
    "attachment.attach-time": wired((it) => it.Attachment?.AttachTime?.toISOString()),
    "attachment.attachment-id": (it) => maybe(it.attachment?.id),
    "attachment.delete-on-termination": wired((it) => it.Attachment && String(it.Attachment.DeleteOnTermination)),
    "attachment.device-index": wired((it) => it.Attachment && String(it.Attachment.DeviceIndex)),
    "attachment.instance-id": (it) => maybe(it.attachment?.instanceId),
    "attachment.instance-owner-id": wired((it) => it.Attachment?.InstanceOwnerId),
    "attachment.nat-gateway-id": never,
    "attachment.network-card-index": wired((it) => it.Attachment && "0"),
    "attachment.status": wired((it) => it.Attachment?.Status),
    "availability-zone": wired((it) => it.AvailabilityZone),
    "availability-zone-id": wired((it) => it.AvailabilityZoneId),
    description: (it) => [it.description],
    "group-id": never,
    "group-name": never,
    "interface-type": always("interface"),
    "ipv6-addresses.ipv6-address": never,
    "mac-address": (it) => [it.macAddress],
    "network-interface-id": (it) => [it.id],
    "operator.managed": always("false"),
    "operator.principal": never,
    "owner-id": (it) => [it.accountId],
    "private-dns-name": wired((it) => it.PrivateDnsName),
    "private-ip-address": privateIp,
    "requester-id": never,
    "requester-managed": always("false"),
    "source-dest-check": (it) => [String(it.sourceDestCheck)],
    status: (it) => [statusOf(it)],
    "subnet-id": (it) => [it.subnetId],
    "vpc-id": (it) => [it.vpcId],
  };
}

export const networkInterfaceActions: Actions = {
  DescribeNetworkInterfaces: action(describe, (_, call) => onAnything("DescribeNetworkInterfaces", call)),
};
