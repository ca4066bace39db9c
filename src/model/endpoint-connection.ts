/** Connections of endpoints to a customer's service: its owner accepts or rejects them. Source: AWS PrivateLink guide, "Accept or reject connection requests". */

import { isId } from "../base/id.ts";
import { connectionsOf } from "./endpoint-service.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { type Change, put, type State } from "./state.ts";
import { enter, lasting } from "./transition.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import { type PrivateVpcEndpoint, settledEndpoint, type Unsuccessful, type VpcEndpoint } from "./vpc-endpoint.ts";

export interface ConnectionsInput {
  readonly serviceId: string;
  readonly vpcEndpointIds: readonly string[];
}

/** The endpoints go on to `available`; answers those that could not. */
export function acceptConnections(
  state: State,
  input: ConnectionsInput,
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  return onEach(state, input, context, (endpoint) => {
    if (endpoint.state !== "pendingAcceptance" && endpoint.state !== "rejected") return undefined;
    return enter("vpc-endpoint", { ...endpoint, state: "pending" } satisfies VpcEndpoint, settledEndpoint, context);
  });
}

/** The endpoints carry nothing more, also those that were available; answers those that could not. */
export function rejectConnections(
  state: State,
  input: ConnectionsInput,
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  return onEach(state, input, context, (endpoint) => {
    if (endpoint.state === "deleting" || endpoint.state === "rejected") return undefined;
    return [put("vpc-endpoint", { ...lasting(endpoint), state: "rejected" })];
  });
}

/** ASSUMPTION: code and text are ours where an endpoint is in no state to be accepted or rejected. */
function onEach(
  state: State,
  input: ConnectionsInput,
  context: Context,
  change: (endpoint: PrivateVpcEndpoint) => readonly Change[] | undefined,
): Outcome<readonly Unsuccessful[]> {
  const service = lookup(state, "vpc-endpoint-service", input.serviceId, context);
  if (!service.ok) return service;
  const bad = input.vpcEndpointIds.find((id) => !isId("vpce", id));
  if (bad !== undefined) return fail("InvalidVpcEndpointId.Malformed", { id: bad });
  const connections = new Map<string, PrivateVpcEndpoint>(
    connectionsOf(state, service.value).map((one) => [one.id, one]),
  );
  const changes: Change[] = [];
  const unsuccessful: Unsuccessful[] = [];
  const refuse = (resourceId: string, error: ApiError): void => void unsuccessful.push({ resourceId, error });
  for (const id of new Set(input.vpcEndpointIds)) {
    const endpoint = connections.get(id);
    const done = endpoint && change(endpoint);
    if (done !== undefined) changes.push(...done);
    else if (endpoint === undefined) refuse(id, fail("InvalidVpcEndpointId.NotFound", { vpcEndpointId: id }).error);
    else {
      const message = `The connection of the VPC endpoint ${id} is in the state ${endpoint.state}.`;
      refuse(id, fail("InvalidState", { message }).error);
    }
  }
  return accept(unsuccessful, changes);
}
