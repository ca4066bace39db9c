/**
 * VPC peering connections, within an account and region or across both.
 * Source: Amazon VPC peering guide, "VPC peering connection lifecycle"; EC2 API Reference, "CreateVpcPeeringConnection".
 */

import { type Id, isId, makeId } from "../base/id.ts";
import { overlaps } from "../base/prefix.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { findRegion } from "./region.ts";
import { checkQuota } from "./quota.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, find, findBy, ownerKey, put, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { enter, lasting, type Transitional } from "./transition.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { prefixesOfVpc } from "./vpc.ts";

/** Owner and region of the document are the requester's. */
export interface VpcPeeringConnection extends Resource, Transitional {
  readonly id: Id<"pcx">;
  readonly requester: PeeringSide;
  readonly accepter: PeeringSide;
  readonly status: PeeringStatus;
  /** When a request that nobody accepts runs out. */
  readonly expiresAtMs: number;
  /** When it reached an end. */
  readonly endedAtMs?: number;
}

export interface PeeringSide {
  readonly accountId: string;
  readonly region: string;
  readonly vpcId: Id<"vpc">;
  /** Whether public names of this side's hosts resolve to private addresses on the other side. Source: EC2 API Reference, "PeeringConnectionOptions". */
  readonly allowsRemoteDns: boolean;
}

export type PeeringStatus =
  | "initiating-request"
  | "pending-acceptance"
  | "provisioning"
  | "active"
  | "rejected"
  | "failed"
  | "expired"
  | "deleting"
  | "deleted";

/** Source: "VPC peering connection lifecycle": a request runs out after seven days. */
const requestLifeMs = 7 * 24 * 3600 * 1000;

export interface CreatePeeringInput {
  readonly vpcId: string;
  readonly peerVpcId: string;
  /** Absent for the caller's own account and region. */
  readonly peerAccountId?: string;
  readonly peerRegion?: string;
  readonly tags: Tags;
}

/** The request: soon pending until the other side accepts it, or failed where the blocks overlap. */
export function createVpcPeeringConnection(
  state: State,
  input: CreatePeeringInput,
  context: Context,
): Outcome<VpcPeeringConnection> {
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  const region = input.peerRegion ?? context.region;
  const accountId = input.peerAccountId ?? context.accountId;
  if (findRegion(region) === undefined) return invalid(`Value (${region}) for parameter peerRegion is invalid.`);
  if (!isId("vpc", input.peerVpcId)) return fail("InvalidVpcID.Malformed", { id: input.peerVpcId });
  const peer = find(state, "vpc", input.peerVpcId);
  const found = peer?.accountId === accountId && peer.region === region ? peer : undefined;
  if (found === undefined && accountId === context.accountId && region === context.region) {
    return fail("InvalidVpcID.NotFound", { vpcId: input.peerVpcId });
  }
  if (found?.id === vpc.value.id) return invalid("A VPC cannot be peered with itself");
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const rivals = livingBetween(state, vpc.value.id, input.peerVpcId);
  if (rivals.length > 0) {
    return fail("VpcPeeringConnectionAlreadyExists", {
      message: `A VPC peering connection already exists between ${vpc.value.id} and ${input.peerVpcId}`,
    });
  }
  const pending = peeringsOf(state, context).filter((one) => isPendingOf(one, context));
  const quota = checkQuota("pendingPeeringsPerRegion", pending.length, context);
  if (!quota.ok) return quota;
  const own = { accountId: context.accountId, region: context.region };
  const peering: VpcPeeringConnection = {
    id: makeId("pcx", context.hex),
    ...own,
    createdAtMs: context.nowMs,
    tags: tags.value,
    requester: { ...own, vpcId: vpc.value.id, allowsRemoteDns: false },
    accepter: { accountId, region, vpcId: input.peerVpcId, allowsRemoteDns: false },
    status: "initiating-request",
    expiresAtMs: context.nowMs + requestLifeMs,
  };
  return accept(peering, enterPeering(state, peering, context));
}

/** The accepter's yes, from his account and his region. */
export function acceptVpcPeeringConnection(
  state: State,
  input: { readonly vpcPeeringConnectionId: string },
  context: Context,
): Outcome<VpcPeeringConnection> {
  const found = asAccepter(state, input.vpcPeeringConnectionId, context, "accept");
  if (!found.ok) return found;
  if (statusAt(found.value, context.nowMs) === "active") return accept(found.value, []);
  if (statusAt(found.value, context.nowMs) !== "pending-acceptance") return wrongState(found.value, context, "active");
  const { vpcId } = found.value.accepter;
  const active = livingPeeringsOf(state, vpcId).filter(
    ({ status }) => status === "active" || status === "provisioning",
  );
  const quota = checkQuota("activePeeringsPerVpc", active.length, context);
  if (!quota.ok) return quota;
  const provisioning: VpcPeeringConnection = { ...found.value, status: "provisioning" };
  return accept(provisioning, enterPeering(state, provisioning, context));
}

export function rejectVpcPeeringConnection(
  state: State,
  input: { readonly vpcPeeringConnectionId: string },
  context: Context,
): Outcome<void> {
  const found = asAccepter(state, input.vpcPeeringConnectionId, context, "reject");
  if (!found.ok) return found;
  if (statusAt(found.value, context.nowMs) !== "pending-acceptance") {
    return wrongState(found.value, context, "rejected");
  }
  const rejected: VpcPeeringConnection = { ...found.value, status: "rejected", endedAtMs: context.nowMs };
  return accept(undefined, [put("vpc-peering-connection", rejected)]);
}

/** Either side may end an active connection, the requester also one that is pending. */
export function deleteVpcPeeringConnection(
  state: State,
  input: { readonly vpcPeeringConnectionId: string },
  context: Context,
): Outcome<void> {
  const found = findPeering(state, input.vpcPeeringConnectionId, context);
  if (!found.ok) return found;
  const status = statusAt(found.value, context.nowMs);
  if (status === "deleted" || status === "deleting") return accept(undefined, []);
  if (status === "rejected" || status === "failed" || status === "expired") {
    return wrongState(found.value, context, "deleted");
  }
  const deleting: VpcPeeringConnection = { ...found.value, status: "deleting", endedAtMs: context.nowMs };
  return accept(undefined, enterPeering(state, deleting, context));
}

function enterPeering(state: State, peering: VpcPeeringConnection, context: Context): readonly Change[] {
  return enter("vpc-peering-connection", peering, (one) => settledPeering(one, state, context), context);
}

/** What a connection in a passing state becomes. */
export function settledPeering(peering: VpcPeeringConnection, state: State, context: Context): readonly Change[] {
  return [put("vpc-peering-connection", { ...lasting(peering), ...endOf(peering, state, context) })];
}

function endOf(
  peering: VpcPeeringConnection,
  state: State,
  context: Context,
): Pick<VpcPeeringConnection, "status" | "endedAtMs"> {
  switch (peering.status) {
    case "initiating-request":
      return canPeer(state, peering)
        ? { status: "pending-acceptance" }
        : { status: "failed", endedAtMs: context.nowMs };
    case "provisioning":
      return { status: "active" };
    case "deleting":
      return { status: "deleted" };
    case "pending-acceptance":
    case "active":
    case "rejected":
    case "failed":
    case "expired":
    case "deleted":
      return { status: peering.status };
  }
}

/** Whether the other side is there, and no block of one is also in the other. */
function canPeer(state: State, { requester, accepter }: VpcPeeringConnection): boolean {
  const [own, peer] = [requester, accepter].map((side) => {
    const vpc = find(state, "vpc", side.vpcId);
    return vpc?.accountId === side.accountId && vpc.region === side.region ? vpc : undefined;
  });
  if (own === undefined || peer === undefined) return false;
  return !prefixesOfVpc(peer).some((one) => prefixesOfVpc(own).some((other) => overlaps(one, other)));
}

export interface PeeringOptionsInput {
  readonly vpcPeeringConnectionId: string;
  readonly requesterAllowsRemoteDns?: boolean;
  readonly accepterAllowsRemoteDns?: boolean;
}

/** Each side sets its own options, once the connection is active. */
export function modifyVpcPeeringConnectionOptions(
  state: State,
  input: PeeringOptionsInput,
  context: Context,
): Outcome<VpcPeeringConnection> {
  const found = findPeering(state, input.vpcPeeringConnectionId, context);
  if (!found.ok) return found;
  const { requester, accepter } = found.value;
  if (statusAt(found.value, context.nowMs) !== "active") {
    return fail("OperationNotPermitted", {
      message: `Peering ${found.value.id} is not active. Peering options can be added only to active peerings.`,
    });
  }
  const { requesterAllowsRemoteDns: asRequester, accepterAllowsRemoteDns: asAccepter_ } = input;
  const foreign =
    (asRequester !== undefined && !isSide(requester, context)) ||
    (asAccepter_ !== undefined && !isSide(accepter, context));
  if (foreign) {
    return fail("OperationNotPermitted", {
      message: `User ${context.accountId} cannot modify options of the other side of peering ${found.value.id}`,
    });
  }
  const changed: VpcPeeringConnection = {
    ...found.value,
    requester: { ...requester, allowsRemoteDns: asRequester ?? requester.allowsRemoteDns },
    accepter: { ...accepter, allowsRemoteDns: asAccepter_ ?? accepter.allowsRemoteDns },
  };
  return accept(changed, [put("vpc-peering-connection", changed)]);
}

/** A request that nobody accepted runs out by itself. */
export function statusAt(peering: VpcPeeringConnection, nowMs: number): PeeringStatus {
  return peering.status === "pending-acceptance" && nowMs >= peering.expiresAtMs ? "expired" : peering.status;
}

/** Source: EC2 API Reference, "VpcPeeringConnectionStateReason": ended ones stay visible for a while. */
const shownAfterEndMs = 3600 * 1000;

/** Whether a description still shows it. */
export function isShown(peering: VpcPeeringConnection, nowMs: number): boolean {
  const expired = statusAt(peering, nowMs) === "expired";
  const endedAtMs = peering.endedAtMs ?? (expired ? peering.expiresAtMs : undefined);
  return endedAtMs === undefined || nowMs - endedAtMs < shownAfterEndMs;
}

/** The connections that the caller is a side of, in his region. */
export function peeringsOf(state: State, caller: Caller): readonly VpcPeeringConnection[] {
  return findBy(state, "vpc-peering-connection", "side", ownerKey(caller.accountId, caller.region));
}

/** The active connection between two VPCs, or undefined. */
export function activePeering(state: State, vpcId: string, otherVpcId: string): VpcPeeringConnection | undefined {
  return livingBetween(state, vpcId, otherVpcId).find((one) => one.status === "active");
}

/** Connections of a VPC that are active or may become so: they hold it. */
export function livingPeeringsOf(state: State, vpcId: string): readonly VpcPeeringConnection[] {
  return findBy(state, "vpc-peering-connection", "vpcId", vpcId).filter(isLiving);
}

/** Whether it is active or may become so. */
export function isLiving({ status }: VpcPeeringConnection): boolean {
  return (
    status === "active" ||
    status === "provisioning" ||
    status === "pending-acceptance" ||
    status === "initiating-request"
  );
}

function livingBetween(state: State, vpcId: string, otherVpcId: string): readonly VpcPeeringConnection[] {
  return livingPeeringsOf(state, vpcId).filter(
    ({ requester, accepter }) => requester.vpcId === otherVpcId || accepter.vpcId === otherVpcId,
  );
}

/** Whether it is a request of the caller's that waits for the other side. */
function isPendingOf(peering: VpcPeeringConnection, context: Context): boolean {
  const status = statusAt(peering, context.nowMs);
  const isWaiting = status === "pending-acceptance" || status === "initiating-request";
  return isWaiting && peering.accountId === context.accountId;
}

function isSide(side: PeeringSide, caller: Caller): boolean {
  return side.accountId === caller.accountId && side.region === caller.region;
}

/** The connection, for either side; fails with InvalidVpcPeeringConnectionID.NotFound. */
export function findPeering(state: State, id: string, caller: Caller): Result<VpcPeeringConnection, ApiError> {
  if (!isId("pcx", id)) return fail("InvalidVpcPeeringConnectionId.Malformed", { id });
  const found = find(state, "vpc-peering-connection", id);
  const sides = found === undefined ? [] : [found.requester, found.accepter];
  return found !== undefined && sides.some((side) => side.accountId === caller.accountId)
    ? ok(found)
    : fail("InvalidVpcPeeringConnectionID.NotFound", { vpcPeeringConnectionId: id });
}

function asAccepter(
  state: State,
  id: string,
  caller: Caller,
  verb: "accept" | "reject",
): Result<VpcPeeringConnection, ApiError> {
  const found = findPeering(state, id, caller);
  if (!found.ok) return found;
  const { accepter } = found.value;
  if (accepter.accountId !== caller.accountId) {
    return fail("OperationNotPermitted", { message: `User ${caller.accountId} cannot ${verb} peering ${id}` });
  }
  if (accepter.region === caller.region) return found;
  return fail("OperationNotPermitted", {
    message: `Incorrect region (${caller.region}) specified for this request. VPC peering connection ${id} must be ${verb}ed in region ${accepter.region}`,
  });
}

function wrongState(peering: VpcPeeringConnection, context: Context, to: PeeringStatus): Result<never, ApiError> {
  return fail("InvalidStateTransition", {
    message: `Invalid state transition for ${peering.id}, attempted to transition from ${statusAt(peering, context.nowMs)} to ${to}`,
  });
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
