/** What passes the proxy, as open connections of the VPCs that it passes. */

import { protocolNumbers } from "../../network/packet.ts";
import type { OpenConnection } from "../../network/untracked.ts";
import type { OpenFlow } from "./dial.ts";

/** `sourcePort` tells it from others; none for what no security group is asked about. */
export function connectionsOf(flow: OpenFlow, sourcePort: number): readonly OpenConnection[] {
  if (flow.kind === "metadata") return [];
  const requests = flow.visits.filter(({ leg }) => leg === "request");
  const vpcIds = new Set(requests.map(({ holder }) => holder.vpcId));
  return [...vpcIds].flatMap((vpcId) => {
    const first = requests.find(({ holder }) => holder.vpcId === vpcId);
    if (first === undefined) return [];
    const { sourceIp, destinationIp } = first;
    return { vpcId, protocol: protocolNumbers.tcp, sourceIp, sourcePort, destinationIp, destinationPort: flow.port };
  });
}
