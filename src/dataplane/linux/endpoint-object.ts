/** A gateway endpoint on Linux: a namespace beside the VPC's router that has the addresses of the service. */

import type { EndpointBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfEndpoint, routerOf } from "./device.ts";
import { widthsOf } from "./filter.ts";
import type { Door, KernelObject } from "./kernel-object.ts";
import {
  anyOf,
  ENDPOINT_NEXTHOPS,
  mainOf,
  NEAR_IP,
  nexthop,
  ONLY_DEVICE,
  ownAddresses,
  route,
  serviceListeners,
  unnumberedLink,
  VPC_MTU,
} from "./link-object.ts";

export function objectsOfEndpoint(vpc: VpcBlueprint, endpoint: EndpointBlueprint): KernelObject[] {
  const namespace = `endpoint ${endpoint.vpcEndpointId}`;
  const near = { namespace: routerOf(vpc), index: deviceOfEndpoint(endpoint) };
  const door: Door = { kind: "gateway-endpoint", vpcId: vpc.vpcId, vpcEndpointId: endpoint.vpcEndpointId };
  const widths = widthsOf(endpoint);
  return [
    { kind: "namespace", namespace, role: "endpoint" },
    ...widths.flatMap((width) => serviceListeners(namespace, door, width)),
    ...ownAddresses(namespace, endpoint.cidrBlocks),
    ...unnumberedLink(
      { ...near, name: `vpce${endpoint.key}` },
      { namespace, index: ONLY_DEVICE, name: "eth0" },
      { mtu: VPC_MTU, widths },
    ),
    ...widths.flatMap((width): KernelObject[] => [
      route(mainOf(namespace), anyOf(width), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[width] }),
      nexthop(near, ENDPOINT_NEXTHOPS + endpoint.key, width),
    ]),
  ];
}
