/**
 * From one VPC to another over the internet, or back into the same one: out by an internet gateway with a public source
 * address, in by the internet gateway that has the public address which was called.
 * Source: Amazon VPC User Guide, "Internet gateways" and "Egress-only internet gateways" (nothing is opened from outside);
 * EC2 API Reference, "NetworkInterface" (denyAllIgwTraffic, which interfaces of endpoints have with IPv6).
 *
 * ASSUMPTION: what a VPC sends to its own addresses by its egress-only internet gateway does not come in again.
 */

import type { Id } from "../base/id.ts";
import type { State } from "../model/state.ts";
import { arrivalAt, type Exit, none } from "./exit.ts";
import { isIpv6, mappedBy } from "./sender.ts";
import { networkOf, type VpcNetwork } from "./vpc-network.ts";

/** Out of a VPC and into one, which may be the same. */
export interface InternetHop {
  /** By which it leaves: an internet gateway or, of IPv6, an egress-only one. */
  readonly fromGatewayId: string;
  readonly toGatewayId: Id<"igw">;
  /** The VPC that it comes into. */
  readonly vpcId: Id<"vpc">;
  /** Whom the other side sees. */
  readonly sourceIp: string;
  /** The address inside that was called by its public one; of IPv6 the same. */
  readonly privateIp: string;
}

type InternetExit = Extract<Exit, { readonly kind: "internet" }>;

export interface InternetWay {
  readonly overInternet?: InternetHop;
  readonly exit: Exit;
}

/** Where a packet goes on that left for the internet; no further where no VPC has the address. */
export function overInternet(state: State, exit: InternetExit, destinationIp: string): InternetWay {
  const target = mappedBy(state, destinationIp);
  const far = target && networkOf(state, target.holder.vpcId);
  if (target === undefined || far === undefined) return { exit };
  const { egressOnlyGateway: egressOnly, internetGateway } = far;
  if (internetGateway === undefined || egressOnly?.id === exit.internetGatewayId) {
    if (egressOnly === undefined || !isIpv6(destinationIp)) return { exit };
    return { exit: none(`${egressOnly.id} of ${far.vpc.id} lets nothing in that is opened from outside`) };
  }
  const { id, requester } = target.holder;
  if (requester?.kind === "nat-gateway") {
    return { exit: none(`${requester.natGatewayId} lets nothing in that is opened from outside`) };
  }
  if (requester?.kind === "vpc-endpoint") return { exit: none(`${id} is not reached from the internet`) };
  const hop: InternetHop = {
    fromGatewayId: exit.internetGatewayId,
    toGatewayId: internetGateway.id,
    vpcId: far.vpc.id,
    sourceIp: exit.sourceIp,
    privateIp: target.ip,
  };
  return { overInternet: hop, exit: arrivalAt(state, { ip: exit.sourceIp }, target.holder) };
}

/** The gateway by which the internet sends packets for a VPC's IPv6 addresses, which do not say by which one they came out. */
export function homewardGateway(network: VpcNetwork): string | undefined {
  return network.internetGateway?.id ?? network.egressOnlyGateway?.id;
}
