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
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { lookup } from "../../model/lookup.ts";
import { stableHex } from "../../model/stable-id.ts";
import type { Caller } from "../../model/verb.ts";
import { createVpc, deleteVpc, modifyVpcAttribute, type Vpc, type VpcAttribute } from "../../model/vpc.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { optionalTags, readTagSpecifications } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateVpcRequest, CreateVpcResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc"]);
  if (!tags.ok) return tags;
  if (input.AmazonProvidedIpv6CidrBlock === true || input.Ipv6CidrBlock !== undefined || input.Ipv6Pool !== undefined) {
    return fail("UnsupportedOperation", { message: "IPv6 CIDR blocks are not served by Underpass yet" });
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
  const { CidrBlock: cidrBlock } = input;
  const made = await call.run((state, context) =>
    createVpc(state, { cidrBlock, instanceTenancy: tenancy, tags: tags.value.vpc }, context),
  );
  // The answer still says pending, as AWS's does; the VPC is there.
  return made.ok ? ok({ Vpc: { ...wireVpc(made.value), State: "pending", Ipv6CidrBlockAssociationSet: [] } }) : made;
};

const describe: Handler<DescribeVpcsRequest, DescribeVpcsResult> = async (input, call) => {
  const listing = { kind: "vpc", ids: input.VpcIds, idsName: "vpcSet", filters } as const;
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

/** Every account has one set of DHCP options by default in each region. */
export function defaultDhcpOptionsId(caller: Caller): string {
  return `dopt-${stableHex(`${caller.accountId}/${caller.region}/default-dhcp-options`, 17)}`;
}

function dhcpOptionsIdOf(vpc: Vpc): string {
  return vpc.dhcpOptionsId === "default" ? defaultDhcpOptionsId(vpc) : vpc.dhcpOptionsId;
}

function wireVpc(vpc: Vpc): WireVpc {
  const [primary] = vpc.cidrBlocks;
  return {
    OwnerId: vpc.accountId,
    InstanceTenancy: vpc.instanceTenancy,
    CidrBlockAssociationSet: vpc.cidrBlocks.map((block) => ({
      AssociationId: block.associationId,
      CidrBlock: block.cidrBlock,
      CidrBlockState: { State: "associated" },
    })),
    IsDefault: vpc.isDefault,
    ...optionalTags(vpc.tags),
    BlockPublicAccessStates: { InternetGatewayBlockMode: "off" },
    VpcId: vpc.id,
    State: "available",
    CidrBlock: primary?.cidrBlock,
    DhcpOptionsId: dhcpOptionsIdOf(vpc),
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
  "ipv6-cidr-block-association.association-id": never,
  "ipv6-cidr-block-association.ipv6-cidr-block": never,
  "ipv6-cidr-block-association.ipv6-pool": never,
  "ipv6-cidr-block-association.state": never,
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
