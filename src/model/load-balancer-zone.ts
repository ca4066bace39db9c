/** The subnets of a load balancer and the interfaces that it holds in them. */

import type { Id } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { type NetworkInterface, newInterface, privateAddresses, publicAddresses } from "./network-interface.ts";
import { type Change, find, put, remove, type State } from "./state.ts";
import { isIpv6Native, type Subnet } from "./subnet.ts";
import type { Caller, Context } from "./verb.ts";

export interface LoadBalancerZone {
  readonly subnetId: Id<"subnet">;
  /** `us-east-1a`. */
  readonly zoneName: string;
  readonly networkInterfaceId: Id<"eni">;
  /** Whether the call chose the private address: only then AWS shows it. */
  readonly addressChosen: boolean;
}

/** A subnet as a call names it, with the addresses that it wishes there. */
export interface SubnetMapping {
  readonly subnetId: string;
  readonly privateIpAddress?: string;
}

export interface ChosenSubnet {
  readonly subnet: Subnet;
  readonly privateIpAddress?: string;
}

/** The subnets that a call names, when a load balancer may be in all of them. */
export function chooseSubnets(
  state: State,
  mappings: readonly SubnetMapping[],
  caller: Caller,
): Result<{ readonly vpcId: Id<"vpc">; readonly chosen: readonly ChosenSubnet[] }, ApiError> {
  const chosen: ChosenSubnet[] = [];
  for (const { subnetId, ...wish } of mappings) {
    const subnet = find(state, "subnet", subnetId);
    if (subnet?.accountId !== caller.accountId || subnet.region !== caller.region) {
      return fail("SubnetNotFound", { subnetId });
    }
    if (!chosen.some((one) => one.subnet.id === subnet.id)) chosen.push({ subnet, ...wish });
  }
  const [first] = chosen;
  if (first === undefined) return fail("ValidationError", { message: "At least one subnet must be specified" });
  if (chosen.some((one) => one.subnet.vpcId !== first.subnet.vpcId)) {
    return fail("InvalidConfigurationRequest", {
      message: `All subnets must belong to the same VPC: '${first.subnet.vpcId}'`,
    });
  }
  const zones = new Set(chosen.map((one) => one.subnet.availabilityZone));
  if (zones.size < chosen.length) {
    return fail("InvalidConfigurationRequest", {
      message: "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
    });
  }
  return ok({ vpcId: first.subnet.vpcId, chosen });
}

export interface ZoneOwner {
  readonly arn: string;
  /** `net/web/50dc6c495c0c9188`. */
  readonly resource: string;
  readonly kind: "network" | "gateway";
  readonly facesInternet: boolean;
  readonly securityGroupIds: readonly Id<"sg">[];
}

/** A new interface for each subnet; fails as addresses run out. */
export function withZones(
  state: State,
  chosen: readonly ChosenSubnet[],
  owner: ZoneOwner,
  context: Context,
): Result<{ readonly zones: readonly LoadBalancerZone[]; readonly changes: readonly Change[] }, ApiError> {
  const zones: LoadBalancerZone[] = [];
  const changes: Change[] = [];
  const outside = publicAddresses(state, context);
  for (const { subnet, privateIpAddress } of chosen) {
    if (isIpv6Native(subnet)) {
      // Source: Elastic Load Balancing API Reference, "CreateLoadBalancer": InvalidSubnet for one without free addresses.
      return fail("InvalidSubnet", { message: `The specified subnet '${subnet.id}' is out of available addresses.` });
    }
    const inside = privateAddresses(state, subnet).take(privateIpAddress);
    if (!inside.ok) return inside;
    const publicIp = owner.facesInternet ? outside.take() : undefined;
    if (publicIp?.ok === false) return publicIp;
    const made = interfaceOf({ subnet, owner, privateIp: inside.value, publicIp: publicIp?.value }, context);
    changes.push(put("network-interface", made));
    const { id: subnetId, availabilityZone: zoneName } = subnet;
    const addressChosen = privateIpAddress !== undefined;
    zones.push({ subnetId, zoneName, networkInterfaceId: made.id, addressChosen });
  }
  return ok({ zones, changes });
}

/** The changes that give the interfaces of zones back. */
export function withoutZones(zones: readonly LoadBalancerZone[]): readonly Change[] {
  return zones.map((zone) => remove("network-interface", zone.networkInterfaceId));
}

/** The changes that give the interfaces of zones other security groups. */
export function regroupedZones(
  state: State,
  zones: readonly LoadBalancerZone[],
  securityGroupIds: readonly Id<"sg">[],
): readonly Change[] {
  return zones.flatMap((zone) => {
    const held = find(state, "network-interface", zone.networkInterfaceId);
    return held === undefined ? [] : [put("network-interface", { ...held, securityGroupIds })];
  });
}

interface ZoneInterface {
  readonly subnet: Subnet;
  readonly owner: ZoneOwner;
  readonly privateIp: string;
  readonly publicIp: string | undefined;
}

function interfaceOf({ subnet, owner, privateIp, publicIp }: ZoneInterface, context: Context): NetworkInterface {
  return newInterface(
    {
      subnet,
      description: `ELB ${owner.resource}`,
      privateIpAddress: privateIp,
      ...(publicIp !== undefined && { publicIpAddress: publicIp }),
      securityGroupIds: owner.securityGroupIds,
      requester: { kind: "load-balancer", loadBalancerArn: owner.arn },
      tags: [],
    },
    context,
  );
}
