/** Connections to endpoint services and their notifications, on the wire. Source: Amazon EC2 API Reference, "DescribeVpcEndpointConnections" and the other operations below. */

import type {
  AcceptVpcEndpointConnectionsRequest,
  AcceptVpcEndpointConnectionsResult,
  ConnectionNotification as WireNotification,
  CreateVpcEndpointConnectionNotificationRequest,
  CreateVpcEndpointConnectionNotificationResult,
  DeleteVpcEndpointConnectionNotificationsRequest,
  DeleteVpcEndpointConnectionNotificationsResult,
  DescribeVpcEndpointConnectionNotificationsRequest,
  DescribeVpcEndpointConnectionNotificationsResult,
  DescribeVpcEndpointConnectionsRequest,
  DescribeVpcEndpointConnectionsResult,
  ModifyVpcEndpointConnectionNotificationRequest,
  ModifyVpcEndpointConnectionNotificationResult,
  RejectVpcEndpointConnectionsRequest,
  RejectVpcEndpointConnectionsResult,
  State as WireState,
  VpcEndpointConnection,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import {
  type ConnectionNotification,
  createConnectionNotification,
  deleteConnectionNotifications,
  findNotification,
  modifyConnectionNotification,
} from "../../model/connection-notification.ts";
import { acceptConnections, rejectConnections } from "../../model/endpoint-connection.ts";
import { connectionsOf, type VpcEndpointService } from "../../model/endpoint-service.ts";
import { find, findBy, ownerKey, type State } from "../../model/state.ts";
import type { PrivateVpcEndpoint } from "../../model/vpc-endpoint.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, readFilters } from "./filter.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { onAnything, onExisting } from "./target.ts";
import { unsuccessfulItem } from "./vpc-endpoint.ts";
import { wireDnsEntries } from "./vpc-endpoint-view.ts";

/** Source: "DescribeVpcEndpointConnections", MaxResults: above 1,000 only 1,000 are returned. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const describe: Handler<DescribeVpcEndpointConnectionsRequest, DescribeVpcEndpointConnectionsResult> = async (
  input,
  call,
) => {
  const state = call.state();
  const passing = readFilters(input.Filters, filters, "InvalidFilter");
  if (!passing.ok) return passing;
  const services = findBy(state, "vpc-endpoint-service", "owner", ownerKey(call.accountId, call.region));
  const hits = services
    .flatMap((service) => connectionsOf(state, service).map((endpoint): Connection => ({ service, endpoint })))
    .filter(passing.value.matches)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = pageOf(hits, keyOf, input, bounds);
  if (!page.ok) return page;
  return ok({
    VpcEndpointConnections: page.value.items.map((one) => wireConnection(state, one)),
    NextToken: page.value.nextToken,
  });
};

const accept: Handler<AcceptVpcEndpointConnectionsRequest, AcceptVpcEndpointConnectionsResult> = async (
  input,
  call,
) => {
  const wanted = { serviceId: input.ServiceId ?? "", vpcEndpointIds: input.VpcEndpointIds ?? [] };
  const done = await call.run((state, context) => acceptConnections(state, wanted, context));
  return done.ok ? ok({ Unsuccessful: done.value.map(unsuccessfulItem) }) : done;
};

const reject: Handler<RejectVpcEndpointConnectionsRequest, RejectVpcEndpointConnectionsResult> = async (
  input,
  call,
) => {
  const wanted = { serviceId: input.ServiceId ?? "", vpcEndpointIds: input.VpcEndpointIds ?? [] };
  const done = await call.run((state, context) => rejectConnections(state, wanted, context));
  return done.ok ? ok({ Unsuccessful: done.value.map(unsuccessfulItem) }) : done;
};

interface Connection {
  readonly service: VpcEndpointService;
  readonly endpoint: PrivateVpcEndpoint;
}

function keyOf({ endpoint }: Connection): string {
  return `${String(endpoint.createdAtMs).padStart(15, "0")} ${endpoint.id}`;
}

function wireConnection(state: State, { service, endpoint }: Connection): VpcEndpointConnection {
  const arns = [...service.loadBalancerArns];
  return {
    ServiceId: service.id,
    VpcEndpointId: endpoint.id,
    VpcEndpointOwner: endpoint.accountId,
    VpcEndpointState: endpoint.state as WireState,
    CreationTimestamp: new Date(endpoint.createdAtMs),
    DnsEntries: wireDnsEntries(state, endpoint),
    ...(service.kind === "Interface" ? { NetworkLoadBalancerArns: arns } : { GatewayLoadBalancerArns: arns }),
    IpAddressType: endpoint.ipAddressType,
    VpcEndpointConnectionId: endpoint.connectionId,
    Tags: [],
    VpcEndpointRegion: endpoint.region,
  };
}

const filters: FilterTable<Connection> = {
  "ip-address-type": (it) => [it.endpoint.ipAddressType],
  "service-id": (it) => [it.service.id],
  "vpc-endpoint-owner": (it) => [it.endpoint.accountId],
  "vpc-endpoint-region": (it) => [it.endpoint.region],
  "vpc-endpoint-state": (it) => [it.endpoint.state],
  "vpc-endpoint-id": (it) => [it.endpoint.id],
};

const createNotification: Handler<
  CreateVpcEndpointConnectionNotificationRequest,
  CreateVpcEndpointConnectionNotificationResult
> = async (input, call) => {
  const wanted = {
    ...(input.ServiceId !== undefined && { serviceId: input.ServiceId }),
    ...(input.VpcEndpointId !== undefined && { vpcEndpointId: input.VpcEndpointId }),
    topicArn: input.ConnectionNotificationArn ?? "",
    events: input.ConnectionEvents ?? [],
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
  };
  const made = await call.run((state, context) => createConnectionNotification(state, wanted, context));
  if (!made.ok) return made;
  return ok({ ConnectionNotification: wireNotification(made.value), ClientToken: input.ClientToken });
};

const describeNotifications: Handler<
  DescribeVpcEndpointConnectionNotificationsRequest,
  DescribeVpcEndpointConnectionNotificationsResult
> = async (input, call) => {
  const passing = readFilters(input.Filters, notificationFilters, "InvalidFilter");
  if (!passing.ok) return passing;
  const { ConnectionNotificationId: id } = input;
  const named = id === undefined ? ok(ownNotifications(call)) : oneOf(findNotification(call.state(), id, call));
  if (!named.ok) return named;
  const key = (one: ConnectionNotification): string => `${String(one.createdAtMs).padStart(15, "0")} ${one.id}`;
  const hits = named.value.filter(passing.value.matches).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const page = pageOf(hits, key, input, bounds);
  if (!page.ok) return page;
  return ok({ ConnectionNotificationSet: page.value.items.map(wireNotification), NextToken: page.value.nextToken });
};

const modifyNotification: Handler<
  ModifyVpcEndpointConnectionNotificationRequest,
  ModifyVpcEndpointConnectionNotificationResult
> = async (input, call) => {
  const wanted = {
    notificationId: input.ConnectionNotificationId ?? "",
    ...(input.ConnectionNotificationArn !== undefined && { topicArn: input.ConnectionNotificationArn }),
    ...(input.ConnectionEvents !== undefined && { events: input.ConnectionEvents }),
  };
  const done = await call.run((state, context) => modifyConnectionNotification(state, wanted, context));
  return done.ok ? ok({ ReturnValue: true }) : done;
};

const deleteNotifications: Handler<
  DeleteVpcEndpointConnectionNotificationsRequest,
  DeleteVpcEndpointConnectionNotificationsResult
> = async (input, call) => {
  const wanted = { notificationIds: input.ConnectionNotificationIds ?? [] };
  const gone = await call.run((state, context) => deleteConnectionNotifications(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

function ownNotifications(call: Call): readonly ConnectionNotification[] {
  return findBy(call.state(), "vpc-endpoint-connection-notification", "owner", ownerKey(call.accountId, call.region));
}

function oneOf(found: ReturnType<typeof findNotification>) {
  return found.ok ? ok([found.value]) : found;
}

function wireNotification(one: ConnectionNotification): WireNotification {
  return {
    ConnectionNotificationId: one.id,
    ...(one.subject.kind === "vpc-endpoint" ? { VpcEndpointId: one.subject.id } : { ServiceId: one.subject.id }),
    ConnectionNotificationType: "Topic",
    ConnectionNotificationArn: one.topicArn,
    ConnectionEvents: [...one.events],
    ConnectionNotificationState: "Enabled",
    ...(one.subject.kind === "vpc-endpoint-service" && { ServiceRegion: one.region }),
  };
}

const notificationFilters: FilterTable<ConnectionNotification> = {
  "connection-notification-arn": (it) => [it.topicArn],
  "connection-notification-id": (it) => [it.id],
  "connection-notification-state": always("Enabled"),
  "connection-notification-type": always("Topic"),
  "service-id": (it) => maybe(it.subject.kind === "vpc-endpoint-service" ? it.subject.id : undefined),
  "vpc-endpoint-id": (it) => maybe(it.subject.kind === "vpc-endpoint" ? it.subject.id : undefined),
};

const onService = (name: string) => (input: { readonly ServiceId?: string | undefined }, call: Call) =>
  onExisting(name, "vpc-endpoint-service", [input.ServiceId], call);

/** The endpoints and services that notifications tell of; a notification that is not there is about nothing in particular. */
function onSubjects(name: string, ids: readonly (string | undefined)[], call: Call): readonly Target[] {
  const subjects = ids.map((id) =>
    id === undefined ? undefined : find(call.state(), "vpc-endpoint-connection-notification", id)?.subject,
  );
  const known = subjects.filter((one) => one !== undefined);
  if (known.length === 0) return onAnything(name, call);
  return known.flatMap(({ kind, id }) => onExisting(name, kind, [id], call));
}

export const endpointConnectionActions: Actions = {
  DescribeVpcEndpointConnections: action(describe, (_, call) => onAnything("DescribeVpcEndpointConnections", call)),
  AcceptVpcEndpointConnections: action(accept, onService("AcceptVpcEndpointConnections")),
  RejectVpcEndpointConnections: action(reject, onService("RejectVpcEndpointConnections")),
  CreateVpcEndpointConnectionNotification: action(createNotification, (input, call) => {
    const name = "CreateVpcEndpointConnectionNotification";
    return input.ServiceId === undefined
      ? onExisting(name, "vpc-endpoint", [input.VpcEndpointId], call)
      : onExisting(name, "vpc-endpoint-service", [input.ServiceId], call);
  }),
  DescribeVpcEndpointConnectionNotifications: action(describeNotifications, (_, call) =>
    onAnything("DescribeVpcEndpointConnectionNotifications", call),
  ),
  ModifyVpcEndpointConnectionNotification: action(modifyNotification, (input, call) =>
    onSubjects("ModifyVpcEndpointConnectionNotification", [input.ConnectionNotificationId], call),
  ),
  DeleteVpcEndpointConnectionNotifications: action(deleteNotifications, (input, call) =>
    onSubjects("DeleteVpcEndpointConnectionNotifications", input.ConnectionNotificationIds ?? [], call),
  ),
};
