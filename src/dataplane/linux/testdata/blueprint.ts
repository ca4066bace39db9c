/** Two VPCs with the same address blocks, made by hand, and the changes that tests make to them. */

import type { Blueprint, RouteBlueprint, TargetBlueprint, VpcBlueprint } from "../../../plan/blueprint.ts";

export const serviceCidrs = ["52.216.0.0/15", "54.231.0.0/16"];
export const serviceIp = "52.216.10.10";

export const idsOf = (n: number) =>
  ({
    vpcId: `vpc-0000000${n}`,
    endpoint: `vpce-0000000${n}`,
    otherEndpoint: `vpce-1000000${n}`,
    /** Its subnet's routes go to the endpoint. */
    inPrivate: `i-0000000${n}`,
    /** Its subnet's routes go to the internet gateway, and it has a public address. */
    inPublic: `i-1000000${n}`,
    /** In the public subnet, without a public address. */
    nameless: `i-2000000${n}`,
    publicIp: `203.0.113.${n}`,
  }) as const;

export const toGateway: TargetBlueprint = { kind: "internet-gateway" };
export const defaultRoute: RouteBlueprint = { cidrBlock: "0.0.0.0/0", metric: 10, target: toGateway };

export function endpointRoutes(vpcEndpointId: string): RouteBlueprint[] {
  return serviceCidrs.map((cidrBlock) => ({ cidrBlock, metric: 20, target: { kind: "endpoint", vpcEndpointId } }));
}

export const privateTable = 1001;
export const publicTable = 1002;

export function vpcBlueprint(n: number): VpcBlueprint {
  const ids = idsOf(n);
  const host = (instanceId: string, key: number, group: number, privateIp: string) => ({
    instanceId,
    networkInterfaceId: instanceId.replace("i-", "eni-"),
    key,
    group,
    privateIp,
    macAddress: `02:aa:00:00:00:0${key}`,
    securityGroups: [],
  });
  return {
    vpcId: ids.vpcId,
    key: n,
    cidrBlocks: ["10.0.0.0/16"],
    resolverIps: ["10.0.0.2", "169.254.169.253"],
    subnets: [
      {
        subnetId: "subnet-00000001",
        group: 1,
        cidrBlock: "10.0.1.0/24",
        routerIp: "10.0.1.1",
        table: privateTable,
        networkAcl: 0,
      },
      {
        subnetId: "subnet-00000002",
        group: 2,
        cidrBlock: "10.0.2.0/24",
        routerIp: "10.0.2.1",
        table: publicTable,
        networkAcl: 0,
      },
    ],
    routeTables: [
      { routeTableId: "rtb-00000001", table: privateTable, routes: endpointRoutes(ids.endpoint) },
      { routeTableId: "rtb-00000002", table: publicTable, routes: [defaultRoute] },
    ],
    endpoints: [
      { vpcEndpointId: ids.endpoint, key: 1, cidrBlocks: serviceCidrs },
      { vpcEndpointId: ids.otherEndpoint, key: 2, cidrBlocks: serviceCidrs },
    ],
    securityGroups: [],
    networkAcls: [],
    natGateways: [],
    internetGateway: {
      internetGatewayId: `igw-0000000${n}`,
      addresses: [{ privateIp: "10.0.2.5", publicIp: ids.publicIp }],
    },
    hosts: [
      host(ids.inPrivate, 1, 1, "10.0.1.5"),
      host(ids.inPublic, 2, 2, "10.0.2.5"),
      host(ids.nameless, 3, 2, "10.0.2.6"),
    ],
  };
}

export function blueprintOf(...vpcs: readonly VpcBlueprint[]): Blueprint {
  return { revision: 1, internetCidrs: serviceCidrs, vpcs };
}

export function withRoutes(vpc: VpcBlueprint, table: number, routes: readonly RouteBlueprint[]): VpcBlueprint {
  return { ...vpc, routeTables: vpc.routeTables.map((one) => (one.table === table ? { ...one, routes } : one)) };
}

export function withoutEndpoint(vpc: VpcBlueprint, vpcEndpointId: string): VpcBlueprint {
  return { ...vpc, endpoints: vpc.endpoints.filter((endpoint) => endpoint.vpcEndpointId !== vpcEndpointId) };
}
