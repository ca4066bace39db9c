/**
 * Random calls on networks, endpoints and endpoint services of two accounts: mostly on what exists, now and then on what
 * does not, with options that fit and options that do not. The same numbers give the same calls.
 */

import { createConnectionNotification, deleteConnectionNotifications } from "../connection-notification.ts";
import { acceptConnections, rejectConnections } from "../endpoint-connection.ts";
import { startPrivateDnsVerification } from "../endpoint-service-dns.ts";
import { modifyServicePermissions } from "../endpoint-service-permission.ts";
import { createEndpointService, deleteEndpointServices, modifyEndpointService } from "../endpoint-service.ts";
import { settle } from "../lifecycle.ts";
import { createLoadBalancer, deleteLoadBalancer } from "../load-balancer.ts";
import { createRoute, deleteRoute } from "../route.ts";
import { associateRouteTable, createRouteTable, deleteRouteTable } from "../route-table.ts";
import { createSecurityGroup, deleteSecurityGroup } from "../security-group.ts";
import { all, type Kind, type State } from "../state.ts";
import { createSubnet, deleteSubnet } from "../subnet.ts";
import { createTags } from "../tag.ts";
import type { Context, Outcome } from "../verb.ts";
import {
  createVpcEndpoint,
  deleteVpcEndpoints,
  type EndpointOptions,
  modifyVpcEndpoint,
  type VpcEndpoint,
} from "../vpc-endpoint.ts";
import { createVpc, deleteVpc, modifyVpcAttribute } from "../vpc.ts";

/** A number below `limit`; the source of all choices. */
export type Dice = (limit: number) => number;

export type RandomCall = (state: State, context: Context) => Outcome<unknown>;

/** The accounts that calls are made in. */
export const accounts = ["000000000001", "000000000002"];

/** One call, chosen by the dice for the state; `at` says which kind it is. */
export function randomCall(state: State, dice: Dice): { readonly at: number; readonly call: RandomCall } {
  // What makes things comes more often, so that there is something to act on.
  const at = dice(3) === 0 ? dice(makers) : dice(steps.length);
  const step = steps[at];
  if (step === undefined) throw new Error("no such step");
  return { at, call: step(drawsOf(state, dice)) };
}

interface Draw {
  readonly id: (kind: Kind, prefix: string) => string;
  readonly some: (kind: Kind, prefix: string) => readonly string[];
  readonly of: <T>(list: readonly T[]) => T;
  readonly maybe: <K extends string, V>(key: K, ...values: V[]) => { readonly [P in K]?: V };
}

function drawsOf(state: State, dice: Dice): Draw {
  const id = (kind: Kind, prefix: string): string => {
    if (dice(19) === 0) return `${prefix}-0123456789abcdef0`;
    if (dice(29) === 0) return "nonsense";
    const ids = [...all(state, kind)].map((one) => one.id).sort();
    return ids[dice(Math.max(1, ids.length))] ?? `${prefix}-00000000`;
  };
  const of = <T>(list: readonly T[]): T => list[dice(list.length)] as T;
  return {
    id,
    some: (kind, prefix) => Array.from({ length: dice(3) }, () => id(kind, prefix)),
    of,
    maybe: (key, ...values) => (dice(2) === 0 ? {} : ({ [key]: of(values) } as never)),
  };
}

type Step = (draw: Draw) => RandomCall;

const blocks = ["10.0.0.0/16", "10.1.0.0/24", "nonsense"];
const subnetBlocks = ["10.0.0.0/28", "10.0.1.0/24", "10.0.2.0/24", "10.1.0.0/28", "10.0.0.0/8"];
const zones = ["us-east-1a", "us-east-1b", "us-east-1c", "eu-west-1a"];
const services = ["s3", "dynamodb", "sqs", "ecr.api", "email-smtp", "monitoring", "none"];
const types = ["Gateway", "Interface", "Interface", "GatewayLoadBalancer"] as const;
const policies = ['{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}', "{"];
const principals = ["*", "arn:aws:iam::000000000002:root", "ann"];
const cidrBlocks = ["0.0.0.0/0", "192.0.2.0/24"];

function serviceName(draw: Draw): string {
  const own = draw.id("vpc-endpoint-service", "vpce-svc");
  return draw.of([`com.amazonaws.vpce.us-east-1.${own}`, `com.amazonaws.us-east-1.${draw.of(services)}`]);
}

function options(draw: Draw): EndpointOptions {
  return {
    routeTableIds: draw.of([[], [], draw.some("route-table", "rtb")]),
    subnets: draw.some("subnet", "subnet").map((subnetId) => ({ subnetId })),
    securityGroupIds: draw.of([[], [], draw.some("security-group", "sg")]),
    ...draw.maybe("policyDocument", ...policies),
    ...draw.maybe("privateDnsEnabled", true, false),
    ...draw.of([{}, {}, draw.maybe("inboundResolverOnly", true, false)]),
    ...draw.of([{}, {}, draw.maybe("ipAddressType", "ipv4" as const, "dualstack" as const)]),
  };
}

const plain = { routeTableIds: [], subnets: [], securityGroupIds: [], tags: [] };

const makingSteps: readonly Step[] = [
  (d) => (s, x) => createVpc(s, { cidrBlock: d.of(blocks), tags: [] }, x),
  (d) => (s, x) => {
    const place = { vpcId: d.id("vpc", "vpc"), cidrBlock: d.of(subnetBlocks), availabilityZone: d.of(zones) };
    return createSubnet(s, { ...place, tags: [] }, x);
  },
  (d) => (s, x) => createRouteTable(s, { vpcId: d.id("vpc", "vpc"), tags: [] }, x),
  (d) => (s, x) => {
    const named = { vpcId: d.id("vpc", "vpc"), name: d.of(["web", "db"]), description: "a group" };
    return createSecurityGroup(s, { ...named, tags: [] }, x);
  },
  (d) => (s, x) => {
    const subnets = d.some("subnet", "subnet").map((subnetId) => ({ subnetId }));
    const kind = d.of(["network", "network", "gateway"] as const);
    const wanted = { kind, name: d.of(["one", "two", "three"]), scheme: "internal" as const, subnets };
    return createLoadBalancer(s, { ...wanted, securityGroupIds: [], tags: [] }, x);
  },
  (d) => (s, x) => {
    const arns = d.some("load-balancer", "arn");
    const wanted = {
      ...noParts,
      networkLoadBalancerArns: arns.filter((arn) => !arn.includes("/gwy/")),
      gatewayLoadBalancerArns: arns.filter((arn) => arn.includes("/gwy/")),
      acceptanceRequired: d.of([true, false]),
      ...d.maybe("privateDnsName", "a.example.com", "no name"),
      ...d.maybe("clientToken", "one", "two"),
      tags: [],
    };
    return createEndpointService(s, wanted, x);
  },
  (d) => (s, x) => {
    const place = { type: d.of(types), vpcId: d.id("vpc", "vpc"), serviceName: serviceName(d) };
    const tags = d.of([[], [{ key: "Name", value: "a" }]]);
    return createVpcEndpoint(s, { ...options(d), ...place, tags, ...d.maybe("clientToken", "one", "two") }, x);
  },
  (d) => (s, x) => {
    const name = `com.amazonaws.us-east-1.${d.of(["s3", "dynamodb"])}`;
    const routeTableIds = d.some("route-table", "rtb");
    const wanted = { type: "Gateway" as const, vpcId: d.id("vpc", "vpc"), serviceName: name };
    return createVpcEndpoint(s, { ...plain, ...wanted, routeTableIds }, x);
  },
  (d) => (s, x) => {
    const own = [...all(s, "vpc-endpoint-service")].filter((one) => one.accountId === x.accountId);
    const service = own.length === 0 ? undefined : d.of(own);
    const subnetId = d.id("subnet", "subnet");
    const vpcId = s.tables.subnet.byId.get(subnetId)?.vpcId ?? "vpc-00000000";
    const name = service?.name ?? "com.amazonaws.us-east-1.sqs";
    const wanted = { type: service?.kind ?? ("Interface" as const), vpcId, serviceName: name };
    return createVpcEndpoint(s, { ...plain, ...wanted, subnets: [{ subnetId }] }, x);
  },
];

const makers = makingSteps.length;

const networkSteps: readonly Step[] = [
  (d) => (s, x) => deleteVpc(s, { vpcId: d.id("vpc", "vpc") }, x),
  (d) => (s, x) => {
    const value = d.of([true, true, false]);
    return modifyVpcAttribute(s, { vpcId: d.id("vpc", "vpc"), attribute: "enableDnsHostnames", value }, x);
  },
  (d) => (s, x) => deleteSubnet(s, { subnetId: d.id("subnet", "subnet") }, x),
  (d) => (s, x) => deleteRouteTable(s, { routeTableId: d.id("route-table", "rtb") }, x),
  (d) => (s, x) =>
    associateRouteTable(s, { routeTableId: d.id("route-table", "rtb"), subnetId: d.id("subnet", "subnet") }, x),
  (d) => (s, x) => deleteSecurityGroup(s, { groupId: d.id("security-group", "sg") }, x),
  (d) => (s, x) => deleteLoadBalancer(s, { arn: d.id("load-balancer", "arn") }, x),
  (d) => (s, x) => {
    const balancing = [...all(s, "vpc-endpoint")].filter((one) => one.kind === "GatewayLoadBalancer");
    const endpoint: VpcEndpoint | undefined = balancing.length === 0 ? undefined : d.of(balancing);
    const tables = [...all(s, "route-table")].filter((one) => one.vpcId === endpoint?.vpcId).map((one) => one.id);
    const routeTableId = tables.length === 0 ? d.id("route-table", "rtb") : d.of(tables);
    const vpcEndpointId = endpoint?.id ?? d.id("vpc-endpoint", "vpce");
    const destination = { kind: "cidr", cidrBlock: d.of(cidrBlocks) } as const;
    return createRoute(s, { routeTableId, destination, target: { kind: "vpc-endpoint", vpcEndpointId } }, x);
  },
  (d) => (s, x) => {
    const routed = [...all(s, "route-table")].filter((one) => one.routes.length > 0).map((one) => one.id);
    const routeTableId = routed.length === 0 ? d.id("route-table", "rtb") : d.of(routed);
    return deleteRoute(s, { routeTableId, destination: { kind: "cidr", cidrBlock: d.of(cidrBlocks) } }, x);
  },
];

const noParts = {
  networkLoadBalancerArns: [],
  gatewayLoadBalancerArns: [],
  supportedIpAddressTypes: [],
  supportedRegions: [],
};

const service = (d: Draw): string => d.id("vpc-endpoint-service", "vpce-svc");

const endpointSteps: readonly Step[] = [
  (d) => (s, x) => {
    const remove = {
      routeTableIds: d.some("route-table", "rtb"),
      subnetIds: d.some("subnet", "subnet"),
      securityGroupIds: d.some("security-group", "sg"),
    };
    const vpcEndpointId = d.id("vpc-endpoint", "vpce");
    return modifyVpcEndpoint(s, { vpcEndpointId, ...d.maybe("resetPolicy", true), add: options(d), remove }, x);
  },
  (d) => (s, x) => deleteVpcEndpoints(s, { vpcEndpointIds: d.some("vpc-endpoint", "vpce") }, x),
  (d) => (s, x) => {
    const add = { ...noParts, networkLoadBalancerArns: d.some("load-balancer", "arn") };
    const remove = { ...noParts, networkLoadBalancerArns: d.some("load-balancer", "arn") };
    const more = { ...d.maybe("acceptanceRequired", true, false), ...d.maybe("privateDnsName", "b.example.com") };
    return modifyEndpointService(s, { serviceId: service(d), add, remove, ...more }, x);
  },
  (d) => (s, x) => deleteEndpointServices(s, { serviceIds: d.some("vpc-endpoint-service", "vpce-svc") }, x),
  (d) => (s, x) => modifyServicePermissions(s, { serviceId: service(d), add: [d.of(principals)], remove: [] }, x),
  (d) => (s, x) => modifyServicePermissions(s, { serviceId: service(d), add: [], remove: [d.of(principals)] }, x),
  (d) => (s, x) => startPrivateDnsVerification(s, { serviceId: service(d) }, x),
  (d) => (s, x) => acceptConnections(s, connections(s, d), x),
  (d) => (s, x) => rejectConnections(s, connections(s, d), x),
  (d) => (s, x) => {
    const subject = d.of([{ serviceId: service(d) }, { vpcEndpointId: d.id("vpc-endpoint", "vpce") }]);
    const events = [d.of(["Accept", "Reject", "Sneeze"])];
    return createConnectionNotification(s, { ...subject, topicArn: "arn:aws:sns:us-east-1:1:events", events }, x);
  },
  (d) => (s, x) => {
    const notificationIds = d.some("vpc-endpoint-connection-notification", "vpce-nfn");
    return deleteConnectionNotifications(s, { notificationIds }, x);
  },
  (d) => (s, x) => {
    const tags = [{ key: d.of(["a", "b"]), value: "" }];
    return createTags(s, { resourceIds: d.some("vpc-endpoint", "vpce"), tags }, x);
  },
  () => (s, x) => settle(s, x),
];

const steps: readonly Step[] = [...makingSteps, ...networkSteps, ...endpointSteps];

export const stepCount = steps.length;

function connections(state: State, draw: Draw) {
  const serviceId = service(draw);
  const ids = [...all(state, "vpc-endpoint")].filter((one) => one.serviceName.endsWith(serviceId)).map((one) => one.id);
  return { serviceId, vpcEndpointIds: [...ids, ...draw.some("vpc-endpoint", "vpce")] };
}
