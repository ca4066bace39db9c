/** The IPv6 block of a subnet. Source: Amazon VPC User Guide, "Subnet CIDR blocks"; EC2 API Reference, "AssociateSubnetCidrBlock". */

import { makeId } from "../base/id.ts";
import { formatPrefix, overlaps, parsePrefixMasked, type Prefix } from "../base/prefix.ts";
import { containsIp, containsPrefix } from "../base/prefix.ts";
import { parseIp } from "../base/ip.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { findBy, ownerKey, put, type State } from "./state.ts";
import type { Subnet, SubnetIpv6CidrBlock } from "./subnet.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import type { Vpc } from "./vpc.ts";

/** Gives a subnet an IPv6 block: one at most. */
export function associateSubnetCidrBlock(
  state: State,
  input: { readonly subnetId: string; readonly ipv6CidrBlock: string },
  context: Context,
): Outcome<{ readonly subnetId: Subnet["id"]; readonly block: SubnetIpv6CidrBlock }> {
  const subnet = lookup(state, "subnet", input.subnetId, context);
  if (!subnet.ok) return subnet;
  const vpc = lookup(state, "vpc", subnet.value.vpcId, context);
  if (!vpc.ok) return vpc;
  if (subnet.value.ipv6CidrBlocks.length > 0) {
    return fail("InvalidParameterValue", {
      message: `The subnet '${subnet.value.id}' already has an associated IPv6 CIDR block`,
    });
  }
  const blocks = subnetIpv6Block(state, vpc.value, input.ipv6CidrBlock, context);
  if (!blocks.ok) return blocks;
  const [block] = blocks.value;
  const changed = { ...subnet.value, ipv6CidrBlocks: blocks.value };
  return accept({ subnetId: subnet.value.id, block }, [put("subnet", changed)]);
}

/**
 * Takes the block away; fails with InvalidCidrBlock.InUse while an interface has an address of it, or new ones get one: so
 * that of a subnet of IPv6 alone stays.
 */
export function disassociateSubnetCidrBlock(
  state: State,
  input: { readonly associationId: string },
  context: Context,
): Outcome<{ readonly subnetId: Subnet["id"]; readonly block: SubnetIpv6CidrBlock }> {
  const { associationId } = input;
  const own = findBy(state, "subnet", "owner", ownerKey(context.accountId, context.region));
  const subnet = own.find((one) => one.ipv6CidrBlocks.some((block) => block.associationId === associationId));
  const block = subnet?.ipv6CidrBlocks.find((one) => one.associationId === associationId);
  if (subnet === undefined || block === undefined) {
    return fail("InvalidSubnetCidrBlockAssociationID.NotFound", { associationId });
  }
  if (subnet.assignIpv6AddressOnCreation) {
    // Source: the text that AWS answers.
    return fail("InvalidCidrBlock.InUse", {
      message: `The subnet IPv6 CIDR block with association ID ${associationId} may not be disassociated, because its subnet has assign-ipv6-address-on-creation set to true.`,
    });
  }
  const prefix = storedPrefix(block.cidrBlock);
  const used = findBy(state, "network-interface", "subnetId", subnet.id).some((one) =>
    one.ipv6Addresses.some((text) => holds(prefix, text)),
  );
  if (used) {
    return fail("InvalidCidrBlock.InUse", {
      message: `The subnet currently has an address in use within CIDR block ${block.cidrBlock}`,
    });
  }
  const rest = subnet.ipv6CidrBlocks.filter((one) => one !== block);
  return accept({ subnetId: subnet.id, block }, [put("subnet", { ...subnet, ipv6CidrBlocks: rest })]);
}

/** The block, when the VPC has it and no other subnet. Source: "Subnet CIDR blocks": /44 to /64 in steps of 4. */
export function subnetIpv6Block(
  state: State,
  vpc: Vpc,
  text: string,
  context: Context,
): Result<readonly [SubnetIpv6CidrBlock], ApiError> {
  const prefix = parsePrefixMasked(text);
  if (prefix?.ip.width !== 128) {
    return fail("InvalidParameterValue", {
      message: `Value (${text}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block.`,
    });
  }
  const inside = vpc.ipv6CidrBlocks.some((block) => containsPrefix(storedPrefix(block.cidrBlock), prefix));
  if (!inside || prefix.bits < 44 || prefix.bits > 64 || prefix.bits % 4 !== 0) {
    return fail("InvalidSubnet.Range", { cidrBlock: text });
  }
  const siblings = findBy(state, "subnet", "vpcId", vpc.id).flatMap((one) => one.ipv6CidrBlocks);
  if (siblings.some((one) => overlaps(storedPrefix(one.cidrBlock), prefix))) {
    return fail("InvalidSubnet.Conflict", { cidrBlock: text });
  }
  return ok([{ associationId: makeId("subnet-cidr-assoc", context.hex), cidrBlock: formatPrefix(prefix) }]);
}

function holds(prefix: Prefix, text: string): boolean {
  const ip = parseIp(text);
  return ip !== undefined && containsIp(prefix, ip);
}
