/** VPCs on the wire. Source: Amazon EC2 API Reference, "CreateVpc" and the other operations below. */

import type {
  CreateVpcRequest,
  CreateVpcResult,
  DeleteVpcRequest,
  DescribeVpcAttributeRequest,
  DescribeVpcAttributeResult,
  DescribeVpcsRequest,
  DescribeVpcsResult,
  ModifyVpcAttributeRequest,
  Vpc as WireVpc,
  VpcIpv6CidrBlockAssociation,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { dhcpOptionsIdOf } from "../../model/dhcp-options.ts";
import { fail } from "../../model/error.ts";
import { lookup } from "../../model/lookup.ts";
import {
  createVpc,
  deleteVpc,
  modifyVpcAttribute,
  type Vpc,
  type VpcAttribute,
  type VpcIpv6CidrBlock,
} from "../../model/vpc.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateVpcRequest, CreateVpcResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc"]);
  if (!tags.ok) return tags;
  if (input.Ipv6CidrBlock !== undefined || input.Ipv6Pool !== undefined) {
    return fail("UnsupportedOperation", { message: "IPv6 CIDR blocks of your own are not served by Underpass" });
  }
  if (input.Ipv4IpamPoolId !== undefined || input.Ipv6IpamPoolId !== undefined) {
    return fail("UnsupportedOperation", { message: "IPAM pools are not served by Underpass" });
  }
  if (input.CidrBlock === undefined) {
    return fail("MissingParameter", { parameter: "cidrBlock" });
  }
  const tenancy = input.InstanceTenancy ?? "default";
  if (tenancy !== "default" && tenancy !== "dedicated") {
    return fail("InvalidParameterValue", {
      message: `Value (${tenancy}) for parameter instanceTenancy is invalid. Valid values are default and dedicated.`,
    });
  }
  const wanted = {
    cidrBlock: input.CidrBlock,
    instanceTenancy: tenancy,
    amazonProvidedIpv6CidrBlock: input.AmazonProvidedIpv6CidrBlock === true,
    tags: tags.value.vpc,
  } as const;
  const made = await call.run((state, context) => createVpc(state, wanted, context));
  if (!made.ok) return made;
  // The answer still says pending and associating, as AWS's does; the VPC is there.
  const ipv6 = made.value.ipv6CidrBlocks.map((block) => ({
    ...wireIpv6Block(made.value, block),
    Ipv6CidrBlockState: { State: "associating" as const },
  }));
  return ok({ Vpc: { ...wireVpc(made.value), State: "pending", Ipv6CidrBlockAssociationSet: ipv6 } });
};

const describe: Handler<DescribeVpcsRequest, DescribeVpcsResult> = async (input, call) => {
  const listing = { kind: "vpc", ids: input.VpcIds, excluding: ["VpcIds", "MaxResults"], filters } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ Vpcs: page.value.items.map(wireVpc), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteVpcRequest, object> = async (input, call) => {
  const gone = await call.run((state, context) => deleteVpc(state, { vpcId: input.VpcId ?? "" }, context));
  return gone.ok ? ok({}) : gone;
};

const attributes = [
  ["EnableDnsSupport", "enableDnsSupport"],
  ["EnableDnsHostnames", "enableDnsHostnames"],
  ["EnableNetworkAddressUsageMetrics", "enableNetworkAddressUsageMetrics"],
] as const;

const modifyAttribute: Handler<ModifyVpcAttributeRequest, object> = async (input, call) => {
  const given = attributes.flatMap(([wire, attribute]) => {
    const value = input[wire]?.Value;
    return value === undefined ? [] : [{ attribute, value }];
  });
  const [first, second] = given;
  if (first === undefined) {
    return fail("MissingParameter", { parameter: "enableDnsSupport" });
  }
  if (second !== undefined) {
    return fail("InvalidParameterCombination", {
      message: `Fields for multiple attribute types specified: ${given.map((one) => one.attribute).join(", ")}`,
    });
  }
  const { attribute, value } = first;
  const done = await call.run((state, context) =>
    modifyVpcAttribute(state, { vpcId: input.VpcId ?? "", attribute, value }, context),
  );
  return done.ok ? ok({}) : done;
};

const describeAttribute: Handler<DescribeVpcAttributeRequest, DescribeVpcAttributeResult> = async (input, call) => {
  const vpc = lookup(call.state(), "vpc", input.VpcId ?? "", call);
  if (!vpc.ok) return vpc;
  const found = attributes.find(([, attribute]) => attribute === input.Attribute);
  if (found === undefined) {
    return fail("InvalidParameterValue", {
      message: `Value (${input.Attribute}) for parameter attribute is invalid. Unknown VPC attribute.`,
    });
  }
  const [wire, attribute]: readonly [(typeof attributes)[number][0], VpcAttribute] = found;
  return ok({ VpcId: vpc.value.id, [wire]: { Value: vpc.value[attribute] } });
};

export function wireVpc(vpc: Vpc): WireVpc {
  const [primary] = vpc.cidrBlocks;
  return {
    OwnerId: vpc.accountId,
    InstanceTenancy: vpc.instanceTenancy,
    CidrBlockAssociationSet: vpc.cidrBlocks.map((block) => ({
      AssociationId: block.associationId,
      CidrBlock: block.cidrBlock,
      CidrBlockState: { State: "associated" },
    })),
    ...(vpc.ipv6CidrBlocks.length > 0 && {
      Ipv6CidrBlockAssociationSet: vpc.ipv6CidrBlocks.map((block) => wireIpv6Block(vpc, block)),
    }),
    IsDefault: vpc.isDefault,
    ...optionalTags(vpc.tags),
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    VpcId: vpc.id,
    State: "available",
    CidrBlock: primary?.cidrBlock,
    DhcpOptionsId: dhcpOptionsIdOf(vpc),
  };
}

export function wireIpv6Block(vpc: Vpc, block: VpcIpv6CidrBlock): VpcIpv6CidrBlockAssociation {
  return {
    AssociationId: block.associationId,
    Ipv6CidrBlock: block.cidrBlock,
    Ipv6CidrBlockState: { State: "associated" },
    NetworkBorderGroup: vpc.region,
    Ipv6Pool: "Amazon",
    Ipv6AddressAttribute: "public",
    IpSource: "amazon",
  };
}

const primaryCidr = (vpc: Vpc): readonly string[] => vpc.cidrBlocks.slice(0, 1).map((block) => block.cidrBlock);
const isDefault = (vpc: Vpc): readonly string[] => [String(vpc.isDefault)];

const filters: FilterTable<Vpc> = {
  ...tagFilters,
  cidr: primaryCidr,
  "cidr-block": primaryCidr,
  "cidr-block-association.association-id": (it) => it.cidrBlocks.map((block) => block.associationId),
  "cidr-block-association.cidr-block": (it) => it.cidrBlocks.map((block) => block.cidrBlock),
  "cidr-block-association.state": always("associated"),
  "dhcp-options-id": (it) => [dhcpOptionsIdOf(it)],
  "instance-tenancy": (it) => [it.instanceTenancy],
  "ipv6-cidr-block-association.association-id": (it) => it.ipv6CidrBlocks.map((block) => block.associationId),
  "ipv6-cidr-block-association.ipv6-cidr-block": (it) => it.ipv6CidrBlocks.map((block) => block.cidrBlock),
  "ipv6-cidr-block-association.ipv6-pool": (it) => it.ipv6CidrBlocks.map(() => "Amazon"),
  "ipv6-cidr-block-association.state": (it) => it.ipv6CidrBlocks.map(() => "associated"),
  "is-default": isDefault,
  isDefault,
  "owner-id": (it) => [it.accountId],
  state: always("available"),
  "vpc-id": (it) => [it.id],
};

export const vpcActions: Actions = {
  CreateVpc: action(create, (input, call) =>
    onNew("CreateVpc", { kind: "vpc", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeVpcs: action(describe, (_, call) => onAnything("DescribeVpcs", call)),
  DeleteVpc: action(remove, (input, call) => onExisting("DeleteVpc", "vpc", [input.VpcId], call)),
  ModifyVpcAttribute: action(modifyAttribute, (input, call) =>
    onExisting("ModifyVpcAttribute", "vpc", [input.VpcId], call),
  ),
  DescribeVpcAttribute: action(describeAttribute, (input, call) =>
    onExisting("DescribeVpcAttribute", "vpc", [input.VpcId], call),
  ),
};
