/** What leads from a VPC's router to the routers of VPCs that it is peered with. */

import type { Width } from "../../base/ip.ts";
import type { PeerBlueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import { deviceOfPeer, routerOf } from "./device.ts";
import type { KernelObject } from "./kernel-object.ts";
import { FAR_IP, NEAR_IP, nexthopId, PEER_NEXTHOPS, unnumberedLink, VPC_MTU } from "./link-object.ts";

export function widthsOfPeer({ hasIpv6 }: PeerBlueprint): readonly Width[] {
  return hasIpv6 ? [32, 128] : [32];
}

/**
 * A link between two routers. What comes in by it is for the VPC's own interfaces: the main table knows no others, and
 * the router's own addresses are not reached. The VPC whose id comes first holds the link.
 */
export function objectsOfPeer(vpc: VpcBlueprint, peer: PeerBlueprint): KernelObject[] {
  const near = { namespace: routerOf(vpc), index: deviceOfPeer(peer) };
  const far = { namespace: routerOf(peer), index: deviceOfPeer(vpc) };
  const isFirst = vpc.vpcId < peer.vpcId;
  const ends = [
    { ...near, name: `pcx${peer.key}` },
    { ...far, name: `pcx${vpc.key}` },
  ] as const;
  const widths = widthsOfPeer(peer);
  return [
    ...(isFirst ? unnumberedLink(...ends, { mtu: VPC_MTU, widths }) : []),
    { kind: "element", namespace: near.namespace, set: "foreign", key: [`${near.index}`] },
    ...widths.map((width): KernelObject => {
      const gateway = (isFirst ? FAR_IP : NEAR_IP)[width];
      return { kind: "nexthop", ...near, id: nexthopId(PEER_NEXTHOPS + peer.key, width), gateway };
    }),
  ];
}
