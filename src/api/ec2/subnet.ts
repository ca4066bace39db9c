/** Subnets on the wire. Source: Amazon EC2 API Reference, "CreateSubnet" and the other operations below. */

import type {
  CreateSubnetRequest,
  CreateSubnetResult,
  DeleteSubnetRequest,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  ModifySubnetAttributeRequest,
  Subnet as WireSubnet,
  SubnetIpv6CidrBlockAssociation,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { ec2Arn } from "../../model/lookup.ts";
import { findZone } from "../../model/region.ts";
import type { State } from "../../model/state.ts";
import {
  availableAddressCount,
  createSubnet,
  type CreateSubnetInput,
  deleteSubnet,
  isIpv6Native,
  modifySubnetAttribute,
  type PrivateDnsNameOptions,
  type Subnet,
  type SubnetAttribute,
  type SubnetIpv6CidrBlock,
} from "../../model/subnet.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readHostnameType } from "./run-instances.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateSubnetRequest, CreateSubnetResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["subnet"]);
  if (!tags.ok) return tags;
  const blocks = readBlocks(input);
  if (!blocks.ok) return blocks;
  if (input.OutpostArn !== undefined) {
    return fail("UnsupportedOperation", { message: "Outposts are not served by Underpass" });
  }
  const wanted = {
    vpcId: input.VpcId ?? "",
    ...blocks.value,
    ...(input.AvailabilityZone !== undefined && { availabilityZone: input.AvailabilityZone }),
    ...(input.AvailabilityZoneId !== undefined && { availabilityZoneId: input.AvailabilityZoneId }),
    tags: tags.value.subnet,
  };
  const made = await call.run((state, context) => createSubnet(state, wanted, context));
  return made.ok ? ok({ Subnet: wireSubnet(call.state(), made.value) }) : made;
};

/** Source: the texts that AWS answers, as moto's tests against AWS know them. */
function readBlocks({
  CidrBlock: cidrBlock,
  Ipv6CidrBlock: ipv6CidrBlock,
  Ipv6Native: isIpv6Native = false,
}: CreateSubnetRequest): Result<Pick<CreateSubnetInput, "cidrBlock" | "ipv6CidrBlock">, ApiError> {
  if (!isIpv6Native) {
    if (cidrBlock === undefined) return fail("MissingParameter", { parameter: "cidrBlock" });
    return ok({ cidrBlock, ...(ipv6CidrBlock !== undefined && { ipv6CidrBlock }) });
  }
  if (ipv6CidrBlock === undefined) {
    return fail("MissingParameter", { message: "Either 'ipv6CidrBlock' or 'ipv6IpamPoolId' should be provided." });
  }
  if (cidrBlock !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "When specifying ipv4 parameters, cidrBlock or ipv4IpamPoolId, you cannot set ipv6Native to true.",
    });
  }
  return ok({ ipv6CidrBlock });
}

const describe: Handler<DescribeSubnetsRequest, DescribeSubnetsResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "subnet",
    ids: input.SubnetIds,
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
  const hostnameType = readHostnameType(input.PrivateDnsHostnameTypeOnLaunch, "privateDnsHostnameTypeOnLaunch");
  if (!hostnameType.ok) return hostnameType;
  const given = readAttributes(input);
  if (hostnameType.value !== undefined) given.push({ hostnameType: hostnameType.value });
  const [first, second] = given;
  if (second !== undefined) {
    return fail("InvalidParameterCombination", { message: "Only one attribute may be modified at a time" });
  }
  const foreign = unservedAttributes.find((name) => input[name] !== undefined);
  if (first === undefined && foreign !== undefined) {
    return fail("UnsupportedOperation", { message: `The attribute ${foreign} is not served by Underpass` });
  }
  if (first === undefined) return fail("MissingParameter", { parameter: "mapPublicIpOnLaunch" });
  const wanted = { subnetId: input.SubnetId ?? "", ...first };
  const done = await call.run((state, context) => modifySubnetAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const unservedAttributes = [
  "MapCustomerOwnedIpOnLaunch",
  "CustomerOwnedIpv4Pool",
  "EnableLniAtDeviceIndex",
  "DisableLniAtDeviceIndex",
] as const;

/** Those that are on or off. */
function readAttributes(input: ModifySubnetAttributeRequest): SubnetAttribute[] {
  const given: SubnetAttribute[] = [];
  const bool = (
    value: { readonly Value?: boolean | undefined } | undefined,
    attribute: (value: boolean) => SubnetAttribute,
  ): void => {
    if (value?.Value !== undefined) given.push(attribute(value.Value));
  };
  bool(input.MapPublicIpOnLaunch, (mapPublicIpOnLaunch) => ({ mapPublicIpOnLaunch }));
  bool(input.AssignIpv6AddressOnCreation, (assignIpv6AddressOnCreation) => ({ assignIpv6AddressOnCreation }));
  bool(input.EnableDns64, (enableDns64) => ({ enableDns64 }));
  bool(input.EnableResourceNameDnsARecordOnLaunch, (enableResourceNameDnsARecord) => ({
    enableResourceNameDnsARecord,
  }));
  bool(input.EnableResourceNameDnsAAAARecordOnLaunch, (enableResourceNameDnsAaaaRecord) => ({
    enableResourceNameDnsAaaaRecord,
  }));
  return given;
}

export function wireSubnet(state: State, subnet: Subnet): WireSubnet {
  return {
    AvailabilityZoneId: zoneIdOf(subnet),
    MapCustomerOwnedIpOnLaunch: false,
    OwnerId: subnet.accountId,
    AssignIpv6AddressOnCreation: subnet.assignIpv6AddressOnCreation,
    Ipv6CidrBlockAssociationSet: subnet.ipv6CidrBlocks.map(wireIpv6SubnetBlock),
    ...optionalTags(subnet.tags),
    SubnetArn: ec2Arn("subnet", subnet.id, subnet),
    EnableDns64: subnet.enableDns64,
    Ipv6Native: isIpv6Native(subnet),
    PrivateDnsNameOptionsOnLaunch: wirePrivateDnsNames(subnet.privateDnsNameOptionsOnLaunch),
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    SubnetId: subnet.id,
    State: "available",
    VpcId: subnet.vpcId,
    CidrBlock: subnet.cidrBlock,
    AvailableIpAddressCount: availableAddressCount(state, subnet),
    AvailabilityZone: subnet.availabilityZone,
    DefaultForAz: subnet.isDefaultForZone === true,
    MapPublicIpOnLaunch: subnet.mapPublicIpOnLaunch,
  };
}

export function wireIpv6SubnetBlock(block: SubnetIpv6CidrBlock): SubnetIpv6CidrBlockAssociation {
  return {
    AssociationId: block.associationId,
    Ipv6CidrBlock: block.cidrBlock,
    Ipv6CidrBlockState: { State: "associated" },
    Ipv6AddressAttribute: "public",
    IpSource: "amazon",
  };
}

function zoneIdOf(subnet: Subnet): string | undefined {
  return findZone(subnet.region, subnet.availabilityZone)?.id;
}

const zone = (it: Subnet): readonly string[] => [it.availabilityZone];
const cidr = (it: Subnet): readonly string[] => maybe(it.cidrBlock);

function filtersIn(state: State): FilterTable<Subnet> {
  return {
    ...tagFilters,
    "availability-zone": zone,
    availabilityZone: zone,
    availabilityZoneId: (it) => maybe(zoneIdOf(it)),
    "availability-zone-id": (it) => maybe(zoneIdOf(it)),
    "available-ip-address-count": (it) => [String(availableAddressCount(state, it))],
    cidr,
    cidrBlock: cidr,
    "cidr-block": cidr,
    "customer-owned-ipv4-pool": never,
    "default-for-az": isDefault,
    defaultForAz: isDefault,
    "enable-dns64": (it) => [String(it.enableDns64)],
    "enable-lni-at-device-index": never,
    "ipv6-cidr-block-association.association-id": (it) => it.ipv6CidrBlocks.map((block) => block.associationId),
    "ipv6-cidr-block-association.ipv6-cidr-block": (it) => it.ipv6CidrBlocks.map((block) => block.cidrBlock),
    "ipv6-cidr-block-association.state": (it) => it.ipv6CidrBlocks.map(() => "associated"),
    "ipv6-native": (it) => [String(isIpv6Native(it))],
    "map-customer-owned-ip-on-launch": always("false"),
    "map-public-ip-on-launch": (it) => [String(it.mapPublicIpOnLaunch)],
    "outpost-arn": never,
    "owner-id": (it) => [it.accountId],
    "private-dns-name-options-on-launch.enable-resource-name-dns-a-record": (it) => [
      String(it.privateDnsNameOptionsOnLaunch.enableResourceNameDnsARecord),
    ],
    "private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": (it) => [
      String(it.privateDnsNameOptionsOnLaunch.enableResourceNameDnsAaaaRecord),
    ],
    "private-dns-name-options-on-launch.hostname-type": (it) => [it.privateDnsNameOptionsOnLaunch.hostnameType],
    state: always("available"),
    "subnet-arn": (it) => [ec2Arn("subnet", it.id, it)],
    "subnet-id": (it) => [it.id],
    "vpc-id": (it) => [it.vpcId],
  };
}

const isDefault = (it: Subnet): readonly string[] => [String(it.isDefaultForZone === true)];

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

/** Of an instance or, on launch, of a subnet. */
export function wirePrivateDnsNames(
  options: PrivateDnsNameOptions,
): NonNullable<WireSubnet["PrivateDnsNameOptionsOnLaunch"]> {
  return {
    HostnameType: options.hostnameType,
    EnableResourceNameDnsARecord: options.enableResourceNameDnsARecord,
    EnableResourceNameDnsAAAARecord: options.enableResourceNameDnsAaaaRecord,
  };
}
