/** The first packet of a connection that does not open: how far it and its answer come, and what stops them. */

import { aclVerdict } from "../../network/acl.ts";
import { groupVerdict } from "../../network/firewall.ts";
import { type FilterStep, firstPacket, type Reach } from "../../network/reach.ts";
import { networkOf } from "../../network/vpc-network.ts";
import type { State } from "../../model/state.ts";
import type { Visit } from "./visit.ts";

export interface LostPacket {
  readonly port: number;
  readonly visits: readonly Visit[];
  /** The filter that said no; absent where none did. */
  readonly dropped?: FilterStep;
  /** Where it arrives and nothing listens. */
  readonly isReset: boolean;
  /** Where a route is missing or a blackhole, or leads to an address that nobody has. */
  readonly isUnrouted: boolean;
}

export function lostPacket(
  state: State,
  visits: readonly Visit[],
  { port, reached, isReset }: { readonly port: number; readonly reached: Reach; readonly isReset: boolean },
): LostPacket {
  const { exit, nats, peering, route } = reached;
  // Where nothing answers, the filters of the interface were not asked yet.
  const dropped = reached.dropped ?? (exit.kind === "none" ? droppedOnLeaving(state, visits[0], port) : undefined);
  const { chosen } = nats?.at(-1)?.route ?? route ?? {};
  const isForNobody = exit.kind === "local" && exit.networkInterfaceId === undefined && peering === undefined;
  const isUnrouted = isForNobody || (exit.kind === "none" && route !== undefined && chosen?.state !== "active");
  return { port, visits, isReset, isUnrouted, ...(dropped && { dropped }) };
}

/** The filter of the packet's own interface that drops it; undefined where they all let it go. */
function droppedOnLeaving(state: State, visit: Visit | undefined, port: number): FilterStep | undefined {
  if (visit?.direction !== "egress") return undefined;
  const { destinationIp, holder, sourceIp } = visit;
  const network = networkOf(state, holder.vpcId);
  if (network === undefined) return undefined;
  const packet = firstPacket({ ip: sourceIp }, { destinationIp, opens: { kind: "tcp", port } });
  const { subnetId } = holder;
  const acl = network.aclOf.get(subnetId);
  const verdicts = [
    groupVerdict(network, holder, "egress", packet),
    ...(acl === undefined ? [] : [{ ...aclVerdict(acl, "egress", packet), subnetId }]),
  ];
  const verdict = verdicts.find(({ allowed }) => !allowed);
  return verdict && { leg: "request", packet, verdict };
}
