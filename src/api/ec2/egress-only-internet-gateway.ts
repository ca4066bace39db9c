/** Egress-only internet gateways on the wire. Source: Amazon EC2 API Reference, "CreateEgressOnlyInternetGateway". */

import type {
  CreateEgressOnlyInternetGatewayRequest,
  CreateEgressOnlyInternetGatewayResult,
  DeleteEgressOnlyInternetGatewayRequest,
  DeleteEgressOnlyInternetGatewayResult,
  DescribeEgressOnlyInternetGatewaysRequest,
  DescribeEgressOnlyInternetGatewaysResult,
  EgressOnlyInternetGateway as WireGateway,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import {
  createEgressOnlyInternetGateway,
  deleteEgressOnlyInternetGateway,
  type EgressOnlyInternetGateway,
} from "../../model/egress-only-internet-gateway.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import type { PageBounds } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateEgressOnlyInternetGatewayRequest, CreateEgressOnlyInternetGatewayResult> = async (
  input,
  call,
) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["egress-only-internet-gateway"]);
  if (!tags.ok) return tags;
  const { ClientToken: clientToken } = input;
  const wanted = {
    vpcId: input.VpcId ?? "",
    tags: tags.value["egress-only-internet-gateway"],
    ...(clientToken !== undefined && { clientToken }),
  };
  const made = await call.run((state, context) => createEgressOnlyInternetGateway(state, wanted, context));
  return made.ok ? ok({ ClientToken: clientToken, EgressOnlyInternetGateway: wireGateway(made.value) }) : made;
};

/** Source: EC2 API Reference, "DescribeEgressOnlyInternetGateways", MaxResults: 5 to 255. */
const bounds: PageBounds = { least: 5, most: 255, above: "refused" };

const describe: Handler<DescribeEgressOnlyInternetGatewaysRequest, DescribeEgressOnlyInternetGatewaysResult> = async (
  input,
  call,
) => {
  const ids = input.EgressOnlyInternetGatewayIds;
  const listing = {
    kind: "egress-only-internet-gateway",
    ids,
    filters,
    bounds,
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ EgressOnlyInternetGateways: page.value.items.map(wireGateway), NextToken: page.value.nextToken });
};

const remove: Handler<DeleteEgressOnlyInternetGatewayRequest, DeleteEgressOnlyInternetGatewayResult> = async (
  input,
  call,
) => {
  const egressOnlyInternetGatewayId = input.EgressOnlyInternetGatewayId ?? "";
  const gone = await call.run((state, context) =>
    deleteEgressOnlyInternetGateway(state, { egressOnlyInternetGatewayId }, context),
  );
  return gone.ok ? ok({ ReturnCode: true }) : gone;
};

function wireGateway(gateway: EgressOnlyInternetGateway): WireGateway {
  return {
    Attachments: [{ State: "attached", VpcId: gateway.vpcId }],
    EgressOnlyInternetGatewayId: gateway.id,
    Tags: tagSet(gateway.tags),
  };
}

const filters: FilterTable<EgressOnlyInternetGateway> = { ...tagFilters };

export const egressOnlyInternetGatewayActions: Actions = {
  CreateEgressOnlyInternetGateway: action(create, (input, call) => [
    ...onNew(
      "CreateEgressOnlyInternetGateway",
      { kind: "egress-only-internet-gateway", tagSpecifications: input.TagSpecifications },
      call,
    ),
    ...onExisting("CreateEgressOnlyInternetGateway", "vpc", [input.VpcId], call),
  ]),
  DescribeEgressOnlyInternetGateways: action(describe, (_, call) =>
    onAnything("DescribeEgressOnlyInternetGateways", call),
  ),
  DeleteEgressOnlyInternetGateway: action(remove, (input, call) =>
    onExisting(
      "DeleteEgressOnlyInternetGateway",
      "egress-only-internet-gateway",
      [input.EgressOnlyInternetGatewayId],
      call,
    ),
  ),
};
