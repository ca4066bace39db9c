/** The secondary blocks of VPCs and the IPv6 blocks of subnets on the wire. Source: EC2 API Reference, "AssociateVpcCidrBlock". */

import type {
  AssociateSubnetCidrBlockRequest,
  AssociateSubnetCidrBlockResult,
  AssociateVpcCidrBlockRequest,
  AssociateVpcCidrBlockResult,
  DisassociateSubnetCidrBlockRequest,
  DisassociateSubnetCidrBlockResult,
  DisassociateVpcCidrBlockRequest,
  DisassociateVpcCidrBlockResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { find, findBy, ownerKey, type State } from "../../model/state.ts";
import { associateSubnetCidrBlock, disassociateSubnetCidrBlock } from "../../model/subnet-cidr.ts";
import { type AssociatedBlock, associateVpcCidrBlock, disassociateVpcCidrBlock } from "../../model/vpc-cidr.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { wireIpv6SubnetBlock } from "./subnet.ts";
import { onExisting } from "./target.ts";
import { wireIpv6Block } from "./vpc.ts";

type Passing = "associating" | "disassociating";

const associateVpc: Handler<AssociateVpcCidrBlockRequest, AssociateVpcCidrBlockResult> = async (input, call) => {
  const { CidrBlock: cidrBlock, AmazonProvidedIpv6CidrBlock: amazon } = input;
  const vpcId = input.VpcId ?? "";
  if (input.Ipv6CidrBlock !== undefined || input.Ipv6Pool !== undefined || input.Ipv6IpamPoolId !== undefined) {
    return fail("UnsupportedOperation", { message: "IPv6 CIDR blocks of your own are not served by Underpass" });
  }
  if (input.Ipv4IpamPoolId !== undefined) {
    return fail("UnsupportedOperation", { message: "IPAM pools are not served by Underpass" });
  }
  if (cidrBlock !== undefined && amazon === true) {
    return fail("InvalidParameterCombination", {
      message: "The parameter cidrBlock cannot be used with the parameter amazonProvidedIpv6CidrBlock",
    });
  }
  if (cidrBlock === undefined && amazon !== true) return fail("MissingParameter", { parameter: "cidrBlock" });
  const wanted = cidrBlock === undefined ? { vpcId, amazonProvidedIpv6CidrBlock: true as const } : { vpcId, cidrBlock };
  const made = await call.run((state, context) => associateVpcCidrBlock(state, wanted, context));
  return made.ok ? ok(wireVpcBlock(call.state(), made.value, "associating")) : made;
};

const disassociateVpc: Handler<DisassociateVpcCidrBlockRequest, DisassociateVpcCidrBlockResult> = async (
  input,
  call,
) => {
  const associationId = input.AssociationId ?? "";
  const gone = await call.run((state, context) => disassociateVpcCidrBlock(state, { associationId }, context));
  return gone.ok ? ok(wireVpcBlock(call.state(), gone.value, "disassociating")) : gone;
};

/** The answer still says that it goes on, as AWS's does; it is done. */
function wireVpcBlock(state: State, block: AssociatedBlock, status: Passing): AssociateVpcCidrBlockResult {
  const vpc = find(state, "vpc", block.vpcId);
  if (block.family === "ipv4") {
    const { associationId, cidrBlock } = block;
    return {
      CidrBlockAssociation: {
        AssociationId: associationId,
        CidrBlock: cidrBlock,
        CidrBlockState: { State: status },
      },
      VpcId: block.vpcId,
    };
  }
  if (vpc === undefined) return { VpcId: block.vpcId };
  return {
    Ipv6CidrBlockAssociation: { ...wireIpv6Block(vpc, block), Ipv6CidrBlockState: { State: status } },
    VpcId: block.vpcId,
  };
}

const associateSubnet: Handler<AssociateSubnetCidrBlockRequest, AssociateSubnetCidrBlockResult> = async (
  input,
  call,
) => {
  const { SubnetId: subnetId = "", Ipv6CidrBlock: ipv6CidrBlock } = input;
  if (ipv6CidrBlock === undefined) return fail("MissingParameter", { parameter: "ipv6CidrBlock" });
  const made = await call.run((state, context) =>
    associateSubnetCidrBlock(state, { subnetId, ipv6CidrBlock }, context),
  );
  if (!made.ok) return made;
  const block = { ...wireIpv6SubnetBlock(made.value.block), Ipv6CidrBlockState: { State: "associating" as const } };
  return ok({ Ipv6CidrBlockAssociation: block, SubnetId: made.value.subnetId });
};

const disassociateSubnet: Handler<DisassociateSubnetCidrBlockRequest, DisassociateSubnetCidrBlockResult> = async (
  input,
  call,
) => {
  const associationId = input.AssociationId ?? "";
  const gone = await call.run((state, context) => disassociateSubnetCidrBlock(state, { associationId }, context));
  if (!gone.ok) return gone;
  const block = { ...wireIpv6SubnetBlock(gone.value.block), Ipv6CidrBlockState: { State: "disassociating" as const } };
  return ok({ Ipv6CidrBlockAssociation: block, SubnetId: gone.value.subnetId });
};

/** What an association belongs to, for the authorisation of taking it away. */
function holderOf(kind: "vpc" | "subnet", associationId: string | undefined, call: Call): string {
  const own = findBy(call.state(), kind, "owner", ownerKey(call.accountId, call.region));
  const held = own.find((one) => {
    const blocks = kind === "vpc" && "instanceTenancy" in one ? one.cidrBlocks : [];
    return [...blocks, ...one.ipv6CidrBlocks].some((block) => block.associationId === associationId);
  });
  return held?.id ?? "*";
}

export const cidrBlockActions: Actions = {
  AssociateVpcCidrBlock: action(associateVpc, (input, call) =>
    onExisting("AssociateVpcCidrBlock", "vpc", [input.VpcId], call),
  ),
  DisassociateVpcCidrBlock: action(disassociateVpc, (input, call) =>
    onExisting("DisassociateVpcCidrBlock", "vpc", [holderOf("vpc", input.AssociationId, call)], call),
  ),
  AssociateSubnetCidrBlock: action(associateSubnet, (input, call) =>
    onExisting("AssociateSubnetCidrBlock", "subnet", [input.SubnetId], call),
  ),
  DisassociateSubnetCidrBlock: action(disassociateSubnet, (input, call) =>
    onExisting("DisassociateSubnetCidrBlock", "subnet", [holderOf("subnet", input.AssociationId, call)], call),
  ),
};
