/**
 * The default VPC: with a default subnet in each zone and a way to the internet. An account begins with one
 * (`account-region.ts`), and whoever has deleted his gets another on demand.
 * Source: Amazon VPC User Guide, "Default VPCs": 172.31.0.0/16, a /20 a zone, an internet gateway on the main table.
 */

import { addToIp } from "../base/ip.ts";
import { formatPrefix, overlaps, type Prefix } from "../base/prefix.ts";
import { assert } from "../base/assert.ts";
import { ok, type Result } from "../base/result.ts";
import { storedPrefix } from "./cidr.ts";
import { type ApiError, fail } from "./error.ts";
import { attachInternetGateway, createInternetGateway } from "./internet-gateway.ts";
import { findRegion } from "./region.ts";
import { mainRouteTableOf } from "./route-table.ts";
import { apply, type Change, findBy, ownerKey, put, type State } from "./state.ts";
import { createSubnet, type Subnet, takenBlocks } from "./subnet.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { createVpc, type Vpc } from "./vpc.ts";

const block = "172.31.0.0/16";
const subnetBits = 20;
const ipv6SubnetBits = 64;

/** The default VPC with all that AWS puts into it; fails with DefaultVpcAlreadyExists. */
export function createDefaultVpc(state: State, context: Context): Outcome<Vpc> {
  if (defaultVpcOf(state, context) !== undefined) {
    return fail("DefaultVpcAlreadyExists", {
      message: "A Default VPC already exists for this account in this region.",
    });
  }
  const steps = stepper(state, context);
  const begun = createVpc(state, { cidrBlock: block, tags: [] }, context);
  if (!begun.ok) return begun;
  const plain = steps.take(begun);
  const vpc: Vpc = { ...plain, isDefault: true, enableDnsHostnames: true };
  steps.change(put("vpc", vpc));
  // Its quota may be reached, as that of VPCs.
  const made = createInternetGateway(steps.state(), { tags: [] }, context);
  if (!made.ok) return made;
  const gateway = steps.take(made);
  const attachment = { internetGatewayId: gateway.id, vpcId: vpc.id };
  steps.take(attachInternetGateway(steps.state(), attachment, context));
  const main = mainRouteTableOf(steps.state(), vpc.id);
  steps.change(
    put("route-table", {
      ...main,
      routes: [
        {
          destination: { kind: "cidr", cidrBlock: "0.0.0.0/0" },
          target: { kind: "internet-gateway", internetGatewayId: gateway.id },
        },
      ],
    }),
  );
  for (const zone of findRegion(context.region)?.zones ?? []) {
    steps.take(createDefaultSubnet(steps.state(), { availabilityZone: zone.name }, context));
  }
  return accept(vpc, steps.changes());
}

/**
 * The default subnet of a zone, in the first free /20 or, with IPv6 alone, the first free /64; fails with
 * DefaultSubnetAlreadyExistsInAvailabilityZone. Source: EC2 API Reference, "CreateDefaultSubnet".
 */
export function createDefaultSubnet(
  state: State,
  input: { readonly availabilityZone: string; readonly isIpv6Native?: boolean },
  context: Context,
): Outcome<Subnet> {
  const vpc = defaultVpcOf(state, context);
  if (vpc === undefined) {
    return fail("InvalidParameterValue", {
      message: "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC",
    });
  }
  const subnets = findBy(state, "subnet", "vpcId", vpc.id);
  if (subnets.some((one) => isDefaultSubnet(one) && one.availabilityZone === input.availabilityZone)) {
    return fail("DefaultSubnetAlreadyExistsInAvailabilityZone", {
      message: `'${input.availabilityZone}' already has a default subnet`,
    });
  }
  const { availabilityZone, isIpv6Native = false } = input;
  const block = isIpv6Native ? freeIpv6Block(state, vpc) : freeBlock(state, vpc);
  if (!block.ok) return block;
  const made = createSubnet(state, { vpcId: vpc.id, ...block.value, availabilityZone, tags: [] }, context);
  if (!made.ok) return made;
  const subnet: Subnet = { ...made.value.value, mapPublicIpOnLaunch: !isIpv6Native, isDefaultForZone: true };
  return accept(subnet, [...made.value.changes, put("subnet", subnet)]);
}

function freeBlock(state: State, vpc: Vpc): Result<{ readonly cidrBlock: string }, ApiError> {
  const taken = takenBlocks(state, vpc.id);
  const free = slots().find((slot) => !taken.some((one) => overlaps(one, slot)));
  return free === undefined ? fail("InsufficientFreeAddressesInSubnet", {}) : ok({ cidrBlock: formatPrefix(free) });
}

/** ASSUMPTION: the text that refuses a default subnet of IPv6 alone in a VPC without IPv6 is ours. */
function freeIpv6Block(state: State, vpc: Vpc): Result<{ readonly ipv6CidrBlock: string }, ApiError> {
  const [block] = vpc.ipv6CidrBlocks;
  if (block === undefined) {
    return fail("InvalidParameterValue", { message: `The default VPC ${vpc.id} has no associated IPv6 CIDR block` });
  }
  const { bits, ip } = storedPrefix(block.cidrBlock);
  const subnets = findBy(state, "subnet", "vpcId", vpc.id);
  const taken = subnets.flatMap((one) => one.ipv6CidrBlocks).map((one) => storedPrefix(one.cidrBlock));
  const [first = 0, second = 0] = ip.words;
  for (let at = 0; at < 2 ** (ipv6SubnetBits - bits); at++) {
    const slot: Prefix = { ip: { width: 128, words: [first, second + at, 0, 0] }, bits: ipv6SubnetBits };
    if (!taken.some((one) => overlaps(one, slot))) return ok({ ipv6CidrBlock: formatPrefix(slot) });
  }
  return fail("InsufficientFreeAddressesInSubnet", {});
}

/** The caller's default VPC in his region, or undefined. */
export function defaultVpcOf(state: State, caller: Caller): Vpc | undefined {
  return findBy(state, "vpc", "owner", ownerKey(caller.accountId, caller.region)).find((vpc) => vpc.isDefault);
}

function isDefaultSubnet(subnet: Subnet): boolean {
  return subnet.isDefaultForZone === true;
}

function slots(): readonly Prefix[] {
  const whole = storedPrefix(block);
  const step = 2 ** (32 - subnetBits);
  return Array.from({ length: 2 ** (subnetBits - whole.bits) }, (_, at) => ({
    ip: addToIp(whole.ip, at * step),
    bits: subnetBits,
  }));
}

/** Runs verbs one after the other, each on the state of the last, and gathers their changes. */
function stepper(
  start: State,
  context: Context,
): {
  readonly state: () => State;
  readonly take: <V>(outcome: Outcome<V>) => V;
  readonly change: (change: Change) => void;
  readonly changes: () => readonly Change[];
} {
  let state = start;
  const changes: Change[] = [];
  const add = (more: readonly Change[]): void => {
    changes.push(...more);
    state = apply(state, more);
  };
  return {
    state: () => state,
    take: (outcome) => {
      assert(outcome.ok, `a default VPC can be made in ${context.region}`);
      add(outcome.value.changes);
      return outcome.value.value;
    },
    change: (change) => add([change]),
    changes: () => changes,
  };
}
