/**
 * The CIDR blocks of a VPC beside its primary one: secondary IPv4 blocks and IPv6 blocks of Amazon's.
 * Source: Amazon VPC User Guide, "VPC CIDR blocks"; EC2 API Reference, "AssociateVpcCidrBlock".
 */

import { type Id, makeId } from "../base/id.ts";
import { formatIp } from "../base/ip.ts";
import { formatPrefix, overlaps, type Prefix } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { readCidr, storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { all, findBy, ownerKey, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { Vpc, VpcCidrBlock, VpcIpv6CidrBlock } from "./vpc.ts";

/** Source: Amazon VPC User Guide, "Amazon VPC quotas": IPv4 and IPv6 CIDR blocks per VPC. */
const blocksPerVpc = 5;

/** A block of a VPC with its family. */
export type AssociatedBlock =
  | ({ readonly family: "ipv4"; readonly vpcId: Id<"vpc"> } & VpcCidrBlock)
  | ({ readonly family: "ipv6"; readonly vpcId: Id<"vpc"> } & VpcIpv6CidrBlock);

/** Adds a block; fails with InvalidVpc.Range, CidrConflict or VpcCidrBlock limits. */
export function associateVpcCidrBlock(
  state: State,
  input: { readonly vpcId: string } & ({ readonly cidrBlock: string } | { readonly amazonProvidedIpv6CidrBlock: true }),
  context: Context,
): Outcome<AssociatedBlock> {
  const found = lookup(state, "vpc", input.vpcId, context);
  if (!found.ok) return found;
  const vpc = found.value;
  if ("amazonProvidedIpv6CidrBlock" in input) {
    if (vpc.ipv6CidrBlocks.length >= blocksPerVpc) return limit(vpc);
    const block = amazonIpv6Block(state, context);
    const changed = { ...vpc, ipv6CidrBlocks: [...vpc.ipv6CidrBlocks, block] };
    return accept({ family: "ipv6", vpcId: vpc.id, ...block }, [put("vpc", changed)]);
  }
  const prefix = readSecondary(vpc, input.cidrBlock);
  if (!prefix.ok) return prefix;
  if (vpc.cidrBlocks.length >= blocksPerVpc) return limit(vpc);
  const block = { associationId: makeId("vpc-cidr-assoc", context.hex), cidrBlock: formatPrefix(prefix.value) };
  const changed = { ...vpc, cidrBlocks: [...vpc.cidrBlocks, block] };
  return accept({ family: "ipv4", vpcId: vpc.id, ...block }, [put("vpc", changed)]);
}

/** Takes a block away; the primary one stays, and one that a subnet uses. */
export function disassociateVpcCidrBlock(
  state: State,
  input: { readonly associationId: string },
  context: Context,
): Outcome<AssociatedBlock> {
  const found = blockOf(state, input.associationId, context);
  if (!found.ok) return found;
  const { vpc, block } = found.value;
  if (vpc.cidrBlocks[0]?.associationId === block.associationId) {
    return fail("OperationNotPermitted", {
      message: `The vpc CIDR block with association ID ${block.associationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC`,
    });
  }
  const prefix = storedPrefix(block.cidrBlock);
  const subnets = findBy(state, "subnet", "vpcId", vpc.id);
  const used = subnets.some((one) =>
    [one, ...one.ipv6CidrBlocks].some(
      ({ cidrBlock }) => cidrBlock !== undefined && overlaps(storedPrefix(cidrBlock), prefix),
    ),
  );
  if (used) {
    return fail("InvalidCidrBlock.InUse", {
      message: `The vpc currently has a subnet within CIDR block ${block.cidrBlock}`,
    });
  }
  const rest = (one: VpcCidrBlock): boolean => one.associationId !== block.associationId;
  const changed = {
    ...vpc,
    cidrBlocks: vpc.cidrBlocks.filter(rest),
    ipv6CidrBlocks: vpc.ipv6CidrBlocks.filter(rest),
  };
  return accept(block, [put("vpc", changed)]);
}

/**
 * Source: AWS IP address ranges: EC2's own, which hold no range of another service.
 * ASSUMPTION: every region gives out IPv6 blocks of 2600:1f10::/28.
 */
export const amazonIpv6Range = storedPrefix("2600:1f10::/28");

/** A /56 block that no VPC has. */
export function amazonIpv6Block(state: State, context: Context): VpcIpv6CidrBlock {
  const taken = new Set([...all(state, "vpc")].flatMap((vpc) => vpc.ipv6CidrBlocks.map((one) => one.cidrBlock)));
  for (;;) {
    const first = 0x2600_1f10 + Number.parseInt(context.hex(1), 16);
    const second = Number.parseInt(context.hex(6), 16) * 256;
    const cidrBlock = `${formatIp({ width: 128, words: [first, second, 0, 0] })}/56`;
    if (taken.has(cidrBlock)) continue;
    return { associationId: makeId("vpc-cidr-assoc", context.hex), cidrBlock };
  }
}

/** The block with an association id; fails with InvalidVpcCidrBlockAssociationID.NotFound. */
function blockOf(
  state: State,
  associationId: string,
  caller: Caller,
): Result<{ readonly vpc: Vpc; readonly block: AssociatedBlock }, ApiError> {
  for (const vpc of findBy(state, "vpc", "owner", ownerKey(caller.accountId, caller.region))) {
    const ipv4 = vpc.cidrBlocks.find((one) => one.associationId === associationId);
    if (ipv4 !== undefined) return ok({ vpc, block: { family: "ipv4", vpcId: vpc.id, ...ipv4 } });
    const ipv6 = vpc.ipv6CidrBlocks.find((one) => one.associationId === associationId);
    if (ipv6 !== undefined) return ok({ vpc, block: { family: "ipv6", vpcId: vpc.id, ...ipv6 } });
  }
  return fail("InvalidVpcCidrBlockAssociationID.NotFound", { associationId });
}

/** Source: "VPC CIDR blocks", table of restrictions: a block of another private range than the primary one's is refused. */
function readSecondary(vpc: Vpc, text: string): Result<Prefix, ApiError> {
  const cidr = readCidr(text, "cidrBlock");
  if (!cidr.ok) return cidr;
  if (cidr.value.bits < 16 || cidr.value.bits > 28) return fail("InvalidVpc.Range", { cidrBlock: text });
  const blocks = vpc.cidrBlocks.map((one) => storedPrefix(one.cidrBlock));
  const [primary] = blocks;
  if (blocks.some((one) => overlaps(one, cidr.value))) {
    return fail("CidrConflict", { message: `The CIDR '${text}' conflicts with another block of ${vpc.id}` });
  }
  const ranges = privateRanges.filter((range) => primary !== undefined && overlaps(range, primary));
  const foreign = privateRanges.some((range) => overlaps(range, cidr.value) && !ranges.includes(range));
  if (refusedRanges.some((range) => overlaps(range, cidr.value)) || (ranges.length > 0 && foreign)) {
    return fail("InvalidVpc.Range", { cidrBlock: text });
  }
  return cidr;
}

const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"].map(storedPrefix);
const refusedRanges = ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "198.19.0.0/16", "224.0.0.0/4"].map(storedPrefix);

function limit(vpc: Vpc): Result<never, ApiError> {
  return fail("CidrLimitExceeded", { vpcId: vpc.id, most: blocksPerVpc });
}
