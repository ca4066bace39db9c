/** Internet gateways. Source: Amazon VPC User Guide, "Enable internet access for a VPC using an internet gateway". */

import { type Id, makeId } from "../base/id.ts";
import { fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { countBy, findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface InternetGateway extends Resource {
  readonly id: Id<"igw">;
  /** The VPC it is attached to; at most one gateway a VPC. */
  readonly vpcId?: Id<"vpc">;
}

export function createInternetGateway(
  state: State,
  input: { readonly tags: Tags },
  context: Context,
): Outcome<InternetGateway> {
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const { accountId, region, nowMs, hex } = context;
  const held = countBy(state, "internet-gateway", "owner", ownerKey(accountId, region));
  const quota = checkQuota("internetGatewaysPerRegion", held, context);
  if (!quota.ok) return quota;
  const gateway: InternetGateway = {
    id: makeId("igw", hex),
    accountId,
    region,
    createdAtMs: nowMs,
    tags: tags.value,
  };
  return accept(gateway, [put("internet-gateway", gateway)]);
}

/** Fails with DependencyViolation while the gateway is attached. Routes to it turn into blackholes. */
export function deleteInternetGateway(
  state: State,
  input: { readonly internetGatewayId: string },
  context: Context,
): Outcome<void> {
  const gateway = lookup(state, "internet-gateway", input.internetGatewayId, context);
  if (!gateway.ok) return gateway;
  const { id, vpcId } = gateway.value;
  if (vpcId !== undefined) {
    return fail("DependencyViolation", {
      message: `The internetGateway '${id}' has dependencies and cannot be deleted.`,
    });
  }
  return accept(undefined, [remove("internet-gateway", id)]);
}

export interface AttachmentInput {
  readonly internetGatewayId: string;
  readonly vpcId: string;
}

/** Fails with Resource.AlreadyAssociated, or InvalidParameterValue where the VPC has another gateway. */
export function attachInternetGateway(state: State, input: AttachmentInput, context: Context): Outcome<void> {
  const gateway = lookup(state, "internet-gateway", input.internetGatewayId, context);
  if (!gateway.ok) return gateway;
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const { id, vpcId } = gateway.value;
  if (vpcId !== undefined) {
    return fail("Resource.AlreadyAssociated", { message: `resource ${id} is already attached to network ${vpcId}` });
  }
  if (findBy(state, "internet-gateway", "vpcId", vpc.value.id).length > 0) {
    return fail("InvalidParameterValue", {
      message: `Network ${vpc.value.id} already has an internet gateway attached`,
    });
  }
  return accept(undefined, [put("internet-gateway", { ...gateway.value, vpcId: vpc.value.id })]);
}

/** Fails with Gateway.NotAttached, or DependencyViolation while an interface of the VPC has a public address. */
export function detachInternetGateway(state: State, input: AttachmentInput, context: Context): Outcome<void> {
  const gateway = lookup(state, "internet-gateway", input.internetGatewayId, context);
  if (!gateway.ok) return gateway;
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const { vpcId, ...detached } = gateway.value;
  if (vpcId !== vpc.value.id) {
    return fail("Gateway.NotAttached", { gatewayId: detached.id, vpcId: vpc.value.id });
  }
  const interfaces = findBy(state, "network-interface", "vpcId", vpcId);
  const isMapped = interfaces.some((one) => one.publicIpAddress !== undefined);
  if (isMapped || countBy(state, "elastic-ip", "vpcId", vpcId) > 0) {
    return fail("DependencyViolation", {
      message: `Network ${vpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    });
  }
  return accept(undefined, [put("internet-gateway", detached)]);
}
