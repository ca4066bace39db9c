/** What passes the proxy, as an open connection of a VPC. */

import { parseIp } from "../../base/ip.ts";
import { find, type State } from "../../model/state.ts";
import { protocolNumbers } from "../../network/packet.ts";
import { senderOf } from "../../network/sender.ts";
import type { OpenConnection } from "../../network/untracked.ts";
import { networkOf } from "../../network/vpc-network.ts";
import type { OpenFlow } from "./dial.ts";

/** `sourcePort` tells it from others; undefined for what no security group is asked about. */
export function connectionOf(state: State, flow: OpenFlow, sourcePort: number): OpenConnection | undefined {
  const instance = find(state, "instance", flow.instanceId);
  const destination = flow.kind === "service" ? parseIp(flow.destinationIp) : undefined;
  if (flow.kind !== "service" || instance === undefined || destination === undefined) return undefined;
  const sender = senderOf(networkOf(state, instance.vpcId), instance, destination.width);
  if (sender === undefined) return undefined;
  const { destinationIp, port: destinationPort } = flow;
  const { vpcId } = instance;
  return { vpcId, protocol: protocolNumbers.tcp, sourceIp: sender.ip, sourcePort, destinationIp, destinationPort };
}
