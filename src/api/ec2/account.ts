/** What an account is and has by default. Source: Amazon EC2 API Reference, "DescribeAccountAttributes", "CreateDefaultVpc". */

import type {
  AccountAttribute,
  CreateDefaultSubnetRequest,
  CreateDefaultSubnetResult,
  CreateDefaultVpcRequest,
  CreateDefaultVpcResult,
  DescribeAccountAttributesRequest,
  DescribeAccountAttributesResult,
  DescribeVpcClassicLinkDnsSupportRequest,
  DescribeVpcClassicLinkDnsSupportResult,
  DescribeVpcClassicLinkRequest,
  DescribeVpcClassicLinkResult,
  ModifyVpcTenancyRequest,
  ModifyVpcTenancyResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { createDefaultSubnet, createDefaultVpc, defaultVpcOf } from "../../model/default-vpc.ts";
import { fail } from "../../model/error.ts";
import { lookup, lookupAll } from "../../model/lookup.ts";
import { findBy, ownerKey, put } from "../../model/state.ts";
import { accept } from "../../model/verb.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { wireSubnet } from "./subnet.ts";
import { tagSet } from "./tag-set.ts";
import { onAnything, onExisting } from "./target.ts";
import { wireVpc } from "./vpc.ts";

/** Source: Amazon VPC User Guide, "Amazon VPC quotas"; EC2 API Reference, "AccountAttribute". */
function attributesOf(call: Call): ReadonlyMap<string, readonly string[]> {
  return new Map([
    ["supported-platforms", ["VPC"]],
    ["vpc-max-security-groups-per-interface", ["5"]],
    ["max-elastic-ips", ["5"]],
    ["max-instances", ["20"]],
    ["vpc-max-elastic-ips", ["5"]],
    ["default-vpc", [defaultVpcOf(call.state(), call)?.id ?? "none"]],
  ]);
}

const attributes: Handler<DescribeAccountAttributesRequest, DescribeAccountAttributesResult> = async (input, call) => {
  const known = attributesOf(call);
  const names = input.AttributeNames ?? [];
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) {
    return fail("InvalidParameterValue", { message: `Value (${unknown}) for parameter attributeName is invalid.` });
  }
  const shown = [...known].filter(([name]) => names.length === 0 || names.some((one) => one === name));
  return ok({
    AccountAttributes: shown.map(([AttributeName, values]): AccountAttribute => ({
      AttributeName,
      AttributeValues: values.map((AttributeValue) => ({ AttributeValue })),
    })),
  });
};

const makeVpc: Handler<CreateDefaultVpcRequest, CreateDefaultVpcResult> = async (_, call) => {
  const made = await call.run(createDefaultVpc);
  return made.ok ? ok({ Vpc: { ...wireVpc(made.value), State: "pending" } }) : made;
};

const makeSubnet: Handler<CreateDefaultSubnetRequest, CreateDefaultSubnetResult> = async (input, call) => {
  const availabilityZone = input.AvailabilityZone ?? input.AvailabilityZoneId;
  if (availabilityZone === undefined) return fail("MissingParameter", { parameter: "availabilityZone" });
  const wanted = { availabilityZone, isIpv6Native: input.Ipv6Native === true };
  const made = await call.run((state, context) => createDefaultSubnet(state, wanted, context));
  return made.ok ? ok({ Subnet: wireSubnet(call.state(), made.value) }) : made;
};

/** Source: EC2 API Reference, "ModifyVpcTenancy": only from dedicated to default. */
const tenancy: Handler<ModifyVpcTenancyRequest, ModifyVpcTenancyResult> = async (input, call) => {
  if (input.InstanceTenancy !== "default") {
    return fail("InvalidParameterValue", {
      message: `Value (${String(input.InstanceTenancy)}) for parameter instanceTenancy is invalid. Valid values: default`,
    });
  }
  const done = await call.run((state, context) => {
    const vpc = lookup(state, "vpc", input.VpcId ?? "", context);
    return vpc.ok ? accept(undefined, [put("vpc", { ...vpc.value, instanceTenancy: "default" })]) : vpc;
  });
  return done.ok ? ok({ ReturnValue: true }) : done;
};

/** EC2-Classic is gone: no VPC is linked to it. */
const classicLink: Handler<DescribeVpcClassicLinkRequest, DescribeVpcClassicLinkResult> = async (input, call) => {
  const ids = input.VpcIds ?? [];
  const own = findBy(call.state(), "vpc", "owner", ownerKey(call.accountId, call.region));
  const vpcs = ids.length === 0 ? ok(own) : lookupAll(call.state(), "vpc", ids, call);
  if (!vpcs.ok) return vpcs;
  return ok({
    Vpcs: vpcs.value.map((vpc) => ({ ClassicLinkEnabled: false, Tags: tagSet(vpc.tags), VpcId: vpc.id })),
  });
};

const classicLinkDns: Handler<DescribeVpcClassicLinkDnsSupportRequest, DescribeVpcClassicLinkDnsSupportResult> = async (
  input,
  call,
) => {
  const ids = input.VpcIds ?? [];
  const own = findBy(call.state(), "vpc", "owner", ownerKey(call.accountId, call.region));
  const vpcs = ids.length === 0 ? ok(own) : lookupAll(call.state(), "vpc", ids, call);
  return vpcs.ok ? ok({ Vpcs: vpcs.value.map((vpc) => ({ ClassicLinkDnsSupported: false, VpcId: vpc.id })) }) : vpcs;
};

export const accountActions: Actions = {
  DescribeAccountAttributes: action(attributes, (_, call) => onAnything("DescribeAccountAttributes", call)),
  CreateDefaultVpc: action(makeVpc, (_, call) => onAnything("CreateDefaultVpc", call)),
  CreateDefaultSubnet: action(makeSubnet, (_, call) => onAnything("CreateDefaultSubnet", call)),
  ModifyVpcTenancy: action(tenancy, (input, call) => onExisting("ModifyVpcTenancy", "vpc", [input.VpcId], call)),
  DescribeVpcClassicLink: action(classicLink, (_, call) => onAnything("DescribeVpcClassicLink", call)),
  DescribeVpcClassicLinkDnsSupport: action(classicLinkDns, (_, call) =>
    onAnything("DescribeVpcClassicLinkDnsSupport", call),
  ),
};
