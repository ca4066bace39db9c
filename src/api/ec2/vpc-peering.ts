/** VPC peering connections on the wire. Source: Amazon EC2 API Reference, "CreateVpcPeeringConnection" and the others below. */

import type {
  AcceptVpcPeeringConnectionRequest,
  AcceptVpcPeeringConnectionResult,
  CreateVpcPeeringConnectionRequest,
  CreateVpcPeeringConnectionResult,
  DeleteVpcPeeringConnectionRequest,
  DeleteVpcPeeringConnectionResult,
  DescribeVpcPeeringConnectionsRequest,
  DescribeVpcPeeringConnectionsResult,
  ModifyVpcPeeringConnectionOptionsRequest,
  ModifyVpcPeeringConnectionOptionsResult,
  PeeringConnectionOptions,
  RejectVpcPeeringConnectionRequest,
  RejectVpcPeeringConnectionResult,
  VpcPeeringConnection as WirePeering,
  VpcPeeringConnectionStateReason,
  VpcPeeringConnectionVpcInfo,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { ec2Arn } from "../../model/lookup.ts";
import { find, type State } from "../../model/state.ts";
import {
  acceptVpcPeeringConnection,
  createVpcPeeringConnection,
  deleteVpcPeeringConnection,
  findPeering,
  isShown,
  modifyVpcPeeringConnectionOptions,
  peeringsOf,
  type PeeringSide,
  type PeeringStatus,
  rejectVpcPeeringConnection,
  statusAt,
  type VpcPeeringConnection,
} from "../../model/vpc-peering.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters, tagFilters } from "./filter.ts";
import { pageOf } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateVpcPeeringConnectionRequest, CreateVpcPeeringConnectionResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-peering-connection"]);
  if (!tags.ok) return tags;
  const wanted = {
    vpcId: input.VpcId ?? "",
    peerVpcId: input.PeerVpcId ?? "",
    ...(input.PeerOwnerId !== undefined && { peerAccountId: input.PeerOwnerId }),
    ...(input.PeerRegion !== undefined && { peerRegion: input.PeerRegion }),
    tags: tags.value["vpc-peering-connection"],
  };
  const made = await call.run((state, context) => createVpcPeeringConnection(state, wanted, context));
  return made.ok ? ok({ VpcPeeringConnection: wirePeering(call.state(), made.value, call.nowMs) }) : made;
};

const accept: Handler<AcceptVpcPeeringConnectionRequest, AcceptVpcPeeringConnectionResult> = async (input, call) => {
  const wanted = { vpcPeeringConnectionId: input.VpcPeeringConnectionId ?? "" };
  const done = await call.run((state, context) => acceptVpcPeeringConnection(state, wanted, context));
  return done.ok ? ok({ VpcPeeringConnection: wirePeering(call.state(), done.value, call.nowMs) }) : done;
};

const reject: Handler<RejectVpcPeeringConnectionRequest, RejectVpcPeeringConnectionResult> = async (input, call) => {
  const wanted = { vpcPeeringConnectionId: input.VpcPeeringConnectionId ?? "" };
  const done = await call.run((state, context) => rejectVpcPeeringConnection(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const remove: Handler<DeleteVpcPeeringConnectionRequest, DeleteVpcPeeringConnectionResult> = async (input, call) => {
  const wanted = { vpcPeeringConnectionId: input.VpcPeeringConnectionId ?? "" };
  const done = await call.run((state, context) => deleteVpcPeeringConnection(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const modify: Handler<ModifyVpcPeeringConnectionOptionsRequest, ModifyVpcPeeringConnectionOptionsResult> = async (
  input,
  call,
) => {
  const asRequester = input.RequesterPeeringConnectionOptions?.AllowDnsResolutionFromRemoteVpc;
  const asAccepter = input.AccepterPeeringConnectionOptions?.AllowDnsResolutionFromRemoteVpc;
  const wanted = {
    vpcPeeringConnectionId: input.VpcPeeringConnectionId ?? "",
    ...(asRequester !== undefined && { requesterAllowsRemoteDns: asRequester }),
    ...(asAccepter !== undefined && { accepterAllowsRemoteDns: asAccepter }),
  };
  const done = await call.run((state, context) => modifyVpcPeeringConnectionOptions(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    ...(asRequester !== undefined && { RequesterPeeringConnectionOptions: wireOptions(done.value.requester) }),
    ...(asAccepter !== undefined && { AccepterPeeringConnectionOptions: wireOptions(done.value.accepter) }),
  });
};

/** A connection shows to both of its sides, each in his own region; tags show to their owner alone. */
const describe: Handler<DescribeVpcPeeringConnectionsRequest, DescribeVpcPeeringConnectionsResult> = async (
  input,
  call,
) => {
  const passing = readFilters(input.Filters, filtersAt(call));
  if (!passing.ok) return passing;
  const ids = input.VpcPeeringConnectionIds ?? [];
  for (const id of ids) {
    const found = findPeering(call.state(), id, call);
    if (!found.ok) return found;
  }
  const hits = peeringsOf(call.state(), call)
    .filter((one) => isShown(one, call.nowMs) && (ids.length === 0 || ids.includes(one.id)))
    .filter((one) => passing.value.matches(one))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = pageOf(hits, keyOf, input);
  if (!page.ok) return page;
  const shown = page.value.items.map((one) => {
    const wire = wirePeering(call.state(), one, call.nowMs);
    return one.accountId === call.accountId ? wire : { ...wire, Tags: [] };
  });
  return ok({ VpcPeeringConnections: shown, NextToken: page.value.nextToken });
};

function keyOf(peering: VpcPeeringConnection): string {
  return `${String(peering.createdAtMs).padStart(15, "0")} ${peering.id}`;
}

/** Source: VPC peering guide, "VPC peering connection lifecycle"; messages as AWS's answers show them. */
const messages: Readonly<Record<PeeringStatus, (peering: VpcPeeringConnection) => string>> = {
  "initiating-request": (it) => `Initiating Request to ${it.accepter.accountId}`,
  provisioning: () => "Provisioning",
  deleting: () => "Deleting",
  "pending-acceptance": (it) => `Pending Acceptance by ${it.accepter.accountId}`,
  active: () => "Active",
  rejected: () => "Rejected",
  failed: () => "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range",
  expired: () => "Expired",
  deleted: () => "Deleted",
};

function wirePeering(state: State, peering: VpcPeeringConnection, nowMs: number): WirePeering {
  const code = statusAt(peering, nowMs);
  const status: VpcPeeringConnectionStateReason = { Code: code, Message: messages[code](peering) };
  return {
    // AWS tells of the accepter's blocks only once he has agreed.
    AccepterVpcInfo: wireSide(state, peering.accepter, code === "active" || code === "provisioning"),
    ...((code === "pending-acceptance" || code === "initiating-request") && {
      ExpirationTime: new Date(peering.expiresAtMs),
    }),
    RequesterVpcInfo: wireSide(state, peering.requester, true),
    Status: status,
    Tags: tagSet(peering.tags),
    VpcPeeringConnectionId: peering.id,
  };
}

function wireSide(state: State, side: PeeringSide, told: boolean): VpcPeeringConnectionVpcInfo {
  const vpc = told ? find(state, "vpc", side.vpcId) : undefined;
  const blocks = vpc?.cidrBlocks.map((one) => one.cidrBlock) ?? [];
  return {
    ...(blocks[0] !== undefined && { CidrBlock: blocks[0] }),
    ...(blocks.length > 0 && { CidrBlockSet: blocks.map((CidrBlock) => ({ CidrBlock })) }),
    OwnerId: side.accountId,
    ...(told && { PeeringOptions: wireOptions(side) }),
    VpcId: side.vpcId,
    Region: side.region,
  };
}

function wireOptions(side: PeeringSide): Required<PeeringConnectionOptions> {
  return {
    AllowDnsResolutionFromRemoteVpc: side.allowsRemoteDns,
    AllowEgressFromLocalClassicLinkToRemoteVpc: false,
    AllowEgressFromLocalVpcToRemoteClassicLink: false,
  };
}

function filtersAt(call: Call): FilterTable<VpcPeeringConnection> {
  const blockOf = (vpcId: string): readonly string[] =>
    find(call.state(), "vpc", vpcId)?.cidrBlocks.map((one) => one.cidrBlock) ?? [];
  return {
    ...tagFilters,
    "accepter-vpc-info.cidr-block": (it) => blockOf(it.accepter.vpcId),
    "accepter-vpc-info.owner-id": (it) => [it.accepter.accountId],
    "accepter-vpc-info.vpc-id": (it) => [it.accepter.vpcId],
    "expiration-time": (it) => [new Date(it.expiresAtMs).toISOString()],
    "requester-vpc-info.cidr-block": (it) => blockOf(it.requester.vpcId),
    "requester-vpc-info.owner-id": (it) => [it.requester.accountId],
    "requester-vpc-info.vpc-id": (it) => [it.requester.vpcId],
    "status-code": (it) => [statusAt(it, call.nowMs)],
    "status-message": (it) => [messages[statusAt(it, call.nowMs)](it)],
    "vpc-peering-connection-id": (it) => [it.id],
  };
}

const on =
  (name: string) =>
  (input: { readonly VpcPeeringConnectionId?: string | undefined }, call: Call): ReturnType<typeof onExisting> =>
    onExisting(name, "vpc-peering-connection", [input.VpcPeeringConnectionId], call);

/** The keys that name both VPCs. */
function sidesOf(input: CreateVpcPeeringConnectionRequest, call: Call): Readonly<Record<string, readonly string[]>> {
  const {
    VpcId: own,
    PeerVpcId: peer,
    PeerOwnerId: accountId = call.accountId,
    PeerRegion: region = call.region,
  } = input;
  return {
    "ec2:RequesterVpc": own === undefined ? [] : [ec2Arn("vpc", own, call)],
    "ec2:AccepterVpc": peer === undefined ? [] : [ec2Arn("vpc", peer, { accountId, region })],
  };
}

export const vpcPeeringActions: Actions = {
  CreateVpcPeeringConnection: action(create, (input, call) => [
    ...onNew(
      "CreateVpcPeeringConnection",
      { kind: "vpc-peering-connection", tagSpecifications: input.TagSpecifications, keys: sidesOf(input, call) },
      call,
    ),
    ...onExisting("CreateVpcPeeringConnection", "vpc", [input.VpcId], call),
  ]),
  DescribeVpcPeeringConnections: action(describe, (_, call) => onAnything("DescribeVpcPeeringConnections", call)),
  AcceptVpcPeeringConnection: action(accept, (input, call) => {
    const peering = find(call.state(), "vpc-peering-connection", input.VpcPeeringConnectionId ?? "");
    return [
      ...on("AcceptVpcPeeringConnection")(input, call),
      ...onExisting("AcceptVpcPeeringConnection", "vpc", [peering?.accepter.vpcId], call),
    ];
  }),
  RejectVpcPeeringConnection: action(reject, on("RejectVpcPeeringConnection")),
  DeleteVpcPeeringConnection: action(remove, on("DeleteVpcPeeringConnection")),
  ModifyVpcPeeringConnectionOptions: action(modify, on("ModifyVpcPeeringConnectionOptions")),
};
