/** Routes on the wire. Source: Amazon EC2 API Reference, "CreateRoute", "ReplaceRoute" and "DeleteRoute". */

import type {
  CreateRouteRequest,
  CreateRouteResult,
  DeleteRouteRequest,
  ReplaceRouteRequest,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  createRoute,
  deleteRoute,
  type DestinationInput,
  replaceRoute,
  type RouteInput,
  type TargetInput,
} from "../../model/route.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { onExisting } from "./target.ts";

const create: Handler<CreateRouteRequest, CreateRouteResult> = async (input, call) => {
  const route = readRoute(input);
  if (!route.ok) return route;
  const done = await call.run((state, context) => createRoute(state, route.value, context));
  return done.ok ? ok({ Return: true }) : done;
};

const replace: Handler<ReplaceRouteRequest, object> = async (input, call) => {
  const route = readRoute(input);
  if (!route.ok) return route;
  const done = await call.run((state, context) => replaceRoute(state, route.value, context));
  return done.ok ? ok({}) : done;
};

const remove: Handler<DeleteRouteRequest, object> = async (input, call) => {
  const destination = readDestination(input);
  if (!destination.ok) return destination;
  const wanted = { routeTableId: input.RouteTableId ?? "", destination: destination.value };
  const done = await call.run((state, context) => deleteRoute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function readRoute(input: CreateRouteRequest | ReplaceRouteRequest): Result<RouteInput, ApiError> {
  const destination = readDestination(input);
  if (!destination.ok) return destination;
  const target = readTarget(input);
  if (!target.ok) return target;
  return ok({ routeTableId: input.RouteTableId ?? "", destination: destination.value, target: target.value });
}

function readDestination(input: DeleteRouteRequest): Result<DestinationInput, ApiError> {
  const { DestinationCidrBlock: cidrBlock, DestinationPrefixListId: prefixListId } = input;
  const ipv6 = input.DestinationIpv6CidrBlock;
  const given = Object.entries({
    destinationCidrBlock: cidrBlock,
    destinationIpv6CidrBlock: ipv6,
    destinationPrefixListId: prefixListId,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (given.length > 1) {
    return fail("InvalidParameterCombination", {
      message: `The parameter ${given[0]} cannot be used with the parameter ${given[1]}`,
    });
  }
  if (ipv6 !== undefined) return ok({ kind: "cidr", cidrBlock: ipv6, family: "ipv6" });
  if (cidrBlock !== undefined) return ok({ kind: "cidr", cidrBlock });
  if (prefixListId !== undefined) return ok({ kind: "prefix-list", prefixListId });
  return fail("MissingParameter", { parameter: "destinationCidrBlock" });
}

/** Just one target must be given. Targets that are not served are told apart from those that do not exist. */
function readTarget(input: CreateRouteRequest | ReplaceRouteRequest): Result<TargetInput, ApiError> {
  const targets: TargetInput[] = [];
  if (input.GatewayId !== undefined) targets.push({ kind: "gateway", gatewayId: input.GatewayId });
  if (input.VpcEndpointId !== undefined) targets.push({ kind: "vpc-endpoint", vpcEndpointId: input.VpcEndpointId });
  if (input.InstanceId !== undefined) targets.push({ kind: "instance", instanceId: input.InstanceId });
  if (input.NetworkInterfaceId !== undefined) {
    targets.push({ kind: "network-interface", networkInterfaceId: input.NetworkInterfaceId });
  }
  if (input.NatGatewayId !== undefined) targets.push({ kind: "nat-gateway", natGatewayId: input.NatGatewayId });
  if (input.EgressOnlyInternetGatewayId !== undefined) {
    const { EgressOnlyInternetGatewayId: egressOnlyInternetGatewayId } = input;
    targets.push({ kind: "egress-only-internet-gateway", egressOnlyInternetGatewayId });
  }
  if (input.VpcPeeringConnectionId !== undefined) {
    targets.push({ kind: "vpc-peering-connection", vpcPeeringConnectionId: input.VpcPeeringConnectionId });
  }
  if ("LocalTarget" in input && input.LocalTarget === true) targets.push({ kind: "local" });
  const foreign = unservedTargets.find((name) => input[name] !== undefined);
  if (foreign !== undefined) {
    return fail("UnsupportedOperation", { message: `Routes with a ${foreign} are not served by Underpass yet` });
  }
  const [target, second] = targets;
  if (target === undefined) {
    return fail("MissingParameter", { message: oneTarget });
  }
  if (second !== undefined) {
    return fail("InvalidParameterCombination", { message: oneTarget });
  }
  return ok(target);
}

/** Source: the text that AWS answers. */
const oneTarget =
  "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, egressOnlyInternetGatewayId, transitGatewayId, localGatewayId or instanceId";

const unservedTargets = ["TransitGatewayId", "LocalGatewayId", "CarrierGatewayId", "CoreNetworkArn"] as const;

export const routeActions: Actions = {
  CreateRoute: action(create, (input, call) => onExisting("CreateRoute", "route-table", [input.RouteTableId], call)),
  ReplaceRoute: action(replace, (input, call) => onExisting("ReplaceRoute", "route-table", [input.RouteTableId], call)),
  DeleteRoute: action(remove, (input, call) => onExisting("DeleteRoute", "route-table", [input.RouteTableId], call)),
};
