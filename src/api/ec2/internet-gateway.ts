/** Internet gateways on the wire. Source: Amazon EC2 API Reference, "CreateInternetGateway" and the others below. */

import type {
  AttachInternetGatewayRequest,
  CreateInternetGatewayRequest,
  CreateInternetGatewayResult,
  DeleteInternetGatewayRequest,
  DescribeInternetGatewaysRequest,
  DescribeInternetGatewaysResult,
  DetachInternetGatewayRequest,
  InternetGateway as WireInternetGateway,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import {
  attachInternetGateway,
  createInternetGateway,
  deleteInternetGateway,
  detachInternetGateway,
  type InternetGateway,
} from "../../model/internet-gateway.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, maybe, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateInternetGatewayRequest, CreateInternetGatewayResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["internet-gateway"]);
  if (!tags.ok) return tags;
  const made = await call.run((state, context) =>
    createInternetGateway(state, { tags: tags.value["internet-gateway"] }, context),
  );
  return made.ok ? ok({ InternetGateway: wireGateway(made.value) }) : made;
};

const describe: Handler<DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult> = async (input, call) => {
  const listing = {
    kind: "internet-gateway",
    ids: input.InternetGatewayIds,
    filters,
    indexed: { "attachment.vpc-id": "vpcId" },
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ InternetGateways: page.value.items.map(wireGateway), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteInternetGatewayRequest, object> = async (input, call) => {
  const internetGatewayId = input.InternetGatewayId ?? "";
  const gone = await call.run((state, context) => deleteInternetGateway(state, { internetGatewayId }, context));
  return gone.ok ? ok({}) : gone;
};

const attach: Handler<AttachInternetGatewayRequest, object> = async (input, call) => {
  const wanted = { internetGatewayId: input.InternetGatewayId ?? "", vpcId: input.VpcId ?? "" };
  const done = await call.run((state, context) => attachInternetGateway(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const detach: Handler<DetachInternetGatewayRequest, object> = async (input, call) => {
  const wanted = { internetGatewayId: input.InternetGatewayId ?? "", vpcId: input.VpcId ?? "" };
  const done = await call.run((state, context) => detachInternetGateway(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function wireGateway(gateway: InternetGateway): WireInternetGateway {
  return {
    // On the wire `available`, though the model's enum has `attached`.
    Attachments: maybe(gateway.vpcId).map((vpcId) => ({ State: "available" as "attached", VpcId: vpcId })),
    InternetGatewayId: gateway.id,
    OwnerId: gateway.accountId,
    Tags: tagSet(gateway.tags),
  };
}

const filters: FilterTable<InternetGateway> = {
  ...tagFilters,
  "attachment.state": (it) => maybe(it.vpcId).map(() => "available"),
  "attachment.vpc-id": (it) => maybe(it.vpcId),
  "internet-gateway-id": (it) => [it.id],
  "owner-id": (it) => [it.accountId],
};

export const internetGatewayActions: Actions = {
  CreateInternetGateway: action(create, (input, call) =>
    onNew("CreateInternetGateway", { kind: "internet-gateway", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeInternetGateways: action(describe, (_, call) => onAnything("DescribeInternetGateways", call)),
  DeleteInternetGateway: action(remove, (input, call) =>
    onExisting("DeleteInternetGateway", "internet-gateway", [input.InternetGatewayId], call),
  ),
  AttachInternetGateway: action(attach, (input, call) => [
    ...onExisting("AttachInternetGateway", "internet-gateway", [input.InternetGatewayId], call),
    ...onExisting("AttachInternetGateway", "vpc", [input.VpcId], call),
  ]),
  DetachInternetGateway: action(detach, (input, call) => [
    ...onExisting("DetachInternetGateway", "internet-gateway", [input.InternetGatewayId], call),
    ...onExisting("DetachInternetGateway", "vpc", [input.VpcId], call),
  ]),
};
