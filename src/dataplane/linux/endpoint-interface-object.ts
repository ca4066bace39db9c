/**
 * An interface of an interface endpoint on Linux: a namespace on its subnet, like an instance, with sockets that the
 * services listen on. Its security groups, its subnet's ACL and route table hold for it as for every other interface.
 */

import { widthOf } from "../../base/ip.ts";
import type { EndpointInterfaceBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfEndpointInterface, routerOf } from "./device.ts";
import { groupsOf } from "./filter.ts";
import type { Door, KernelObject } from "./kernel-object.ts";
import {
  anyOf,
  FAR_IP,
  mainOf,
  NEAR_IP,
  ONLY_DEVICE,
  route,
  serviceListeners,
  unnumberedLink,
  VPC_MTU,
} from "./link-object.ts";
import { sourceSet } from "./set-shape.ts";

export function objectsOfEndpointInterface(vpc: VpcBlueprint, endpoint: EndpointInterfaceBlueprint): KernelObject[] {
  const { group, ips, key, networkInterfaceId, securityGroups, service, vpcEndpointId } = endpoint;
  const namespace = `endpoint-interface ${networkInterfaceId}`;
  const near = { namespace: routerOf(vpc), index: deviceOfEndpointInterface(endpoint) };
  const far = { namespace, index: ONLY_DEVICE };
  const door: Door = { kind: "interface-endpoint", vpcId: vpc.vpcId, vpcEndpointId, service };
  const widths = [...new Set(ips.map(widthOf))];
  return [
    { kind: "namespace", namespace, role: "endpoint" },
    ...widths.flatMap((width) => serviceListeners(namespace, door, width)),
    ...unnumberedLink({ ...near, name: `vpcei${key}` }, { ...far, name: "eth0" }, { mtu: VPC_MTU, group, widths }),
    ...widths.map((width) =>
      route(mainOf(namespace), anyOf(width), { kind: "gateway", index: ONLY_DEVICE, gateway: NEAR_IP[width] }),
    ),
    ...groupsOf(near.namespace, near.index, securityGroups),
    ...ips.flatMap((ip): KernelObject[] => [
      { kind: "address", ...far, ip, bits: widthOf(ip) },
      { kind: "element", namespace: near.namespace, set: sourceSet(widthOf(ip)), key: [`${near.index}`, ip] },
      route(mainOf(near.namespace), `${ip}/${widthOf(ip)}`, {
        kind: "gateway",
        index: near.index,
        gateway: FAR_IP[widthOf(ip)],
      }),
    ]),
  ];
}
