/** Subnets on the wire. Source: Amazon EC2 API Reference, "CreateSubnet" and the other operations below. */

import type {
  CreateSubnetRequest,
  CreateSubnetResult,
  DeleteSubnetRequest,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  ModifySubnetAttributeRequest,
  Subnet as WireSubnet,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { ec2Arn } from "../../model/lookup.ts";
import { findZone } from "../../model/region.ts";
import type { State } from "../../model/state.ts";
import {
  availableAddressCount,
  createSubnet,
  deleteSubnet,
  modifySubnetAttribute,
  type Subnet,
} from "../../model/subnet.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateSubnetRequest, CreateSubnetResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["subnet"]);
  if (!tags.ok) return tags;
  if (input.Ipv6CidrBlock !== undefined || input.Ipv6Native === true) {
    return fail("UnsupportedOperation", { message: "IPv6 CIDR blocks are not served by Underpass yet" });
  }
  if (input.OutpostArn !== undefined) {
    return fail("UnsupportedOperation", { message: "Outposts are not served by Underpass" });
  }
  if (input.CidrBlock === undefined) return fail("MissingParameter", { parameter: "cidrBlock" });
  const wanted = {
    vpcId: input.VpcId ?? "",
    cidrBlock: input.CidrBlock,
    ...(input.AvailabilityZone !== undefined && { availabilityZone: input.AvailabilityZone }),
    ...(input.AvailabilityZoneId !== undefined && { availabilityZoneId: input.AvailabilityZoneId }),
    tags: tags.value.subnet,
  };
  const made = await call.run((state, context) => createSubnet(state, wanted, context));
  return made.ok ? ok({ Subnet: wireSubnet(call.state(), made.value) }) : made;
};

const describe: Handler<DescribeSubnetsRequest, DescribeSubnetsResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "subnet",
    ids: input.SubnetIds,
    idsName: "subnetSet",
    filters: filtersIn(state),
    indexed: { "vpc-id": "vpcId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ Subnets: page.value.items.map((one) => wireSubnet(state, one)), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteSubnetRequest, object> = async (input, call) => {
  const gone = await call.run((state, context) => deleteSubnet(state, { subnetId: input.SubnetId ?? "" }, context));
  return gone.ok ? ok({}) : gone;
};

const modifyAttribute: Handler<ModifySubnetAttributeRequest, object> = async (input, call) => {
  const { SubnetId: subnetId = "", MapPublicIpOnLaunch: mapPublicIp, ...others } = input;
  const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (other !== undefined && mapPublicIp !== undefined) {
    return fail("InvalidParameterCombination", { message: "Only one attribute may be modified at a time" });
  }
  if (other !== undefined) {
    return fail("UnsupportedOperation", { message: `The attribute ${other} is not served by Underpass yet` });
  }
  if (mapPublicIp?.Value === undefined) return fail("MissingParameter", { parameter: "mapPublicIpOnLaunch" });
  const mapPublicIpOnLaunch = mapPublicIp.Value;
  const done = await call.run((state, context) =>
    modifySubnetAttribute(state, { subnetId, mapPublicIpOnLaunch }, context),
  );
  return done.ok ? ok({}) : done;
};

function wireSubnet(state: State, subnet: Subnet): WireSubnet {
  return {
    AvailabilityZoneId: zoneIdOf(subnet),
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: subnet.accountId,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    ...optionalTags(subnet.tags),
    SubnetArn: ec2Arn("subnet", subnet.id, subnet),
    EnableDns64: false,
    Ipv6Native: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: "ip-name",
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    SubnetId: subnet.id,
    State: "available",
    VpcId: subnet.vpcId,
    CidrBlock: subnet.cidrBlock,
    AvailableIpAddressCount: availableAddressCount(state, subnet),
    AvailabilityZone: subnet.availabilityZone,
    DefaultForAz: false,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
  };
}

function zoneIdOf(subnet: Subnet): string | undefined {
  return findZone(subnet.region, subnet.availabilityZone)?.id;
}

const zone = (it: Subnet): readonly string[] => [it.availabilityZone];
const cidr = (it: Subnet): readonly string[] => [it.cidrBlock];

function filtersIn(state: State): FilterTable<Subnet> {
  return {
    ...tagFilters,
    "availability-zone": zone,
    availabilityZone: zone,
    "availability-zone-id": (it) => maybe(zoneIdOf(it)),
    "available-ip-address-count": (it) => [String(availableAddressCount(state, it))],
    cidr,
    cidrBlock: cidr,
    "cidr-block": cidr,
    "customer-owned-ipv4-pool": never,
    "default-for-az": always("false"),
    defaultForAz: always("false"),
    "enable-dns64": always("false"),
    "enable-lni-at-device-index": never,
    "ipv6-cidr-block-association.association-id": never,
    "ipv6-cidr-block-association.ipv6-cidr-block": never,
    "ipv6-cidr-block-association.state": never,
    "ipv6-native": always("false"),
    "map-customer-owned-ip-on-launch": always("false"),
    "map-public-ip-on-launch": (it) => [String(it.mapPublicIpOnLaunch)],
    "outpost-arn": never,
    "owner-id": (it) => [it.accountId],
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": always("false"),
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": always("false"),
    "private-dns-name-options-on-launch.hostname-type": always("ip-name"),
    state: always("available"),
    "subnet-arn": (it) => [ec2Arn("subnet", it.id, it)],
    "subnet-id": (it) => [it.id],
    "vpc-id": (it) => [it.vpcId],
  };
}

export const subnetActions: Actions = {
  CreateSubnet: action(create, (input, call) => [
    ...onNew("CreateSubnet", { kind: "subnet", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateSubnet", "vpc", [input.VpcId], call),
  ]),
  DescribeSubnets: action(describe, (_, call) => onAnything("DescribeSubnets", call)),
  DeleteSubnet: action(remove, (input, call) => onExisting("DeleteSubnet", "subnet", [input.SubnetId], call)),
  ModifySubnetAttribute: action(modifyAttribute, (input, call) =>
    onExisting("ModifySubnetAttribute", "subnet", [input.SubnetId], call),
  ),
};
