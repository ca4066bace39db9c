/** From an address back to the instance that has it: who came through a door. */

import type { Instance } from "../model/instance.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { find, findBy, type State } from "../model/state.ts";
import type { Path } from "./path.ts";
import { networkOf } from "./vpc-network.ts";

/** The instance that has a private address in a VPC. */
export function instanceAt(state: State, vpcId: string, privateIp: string): Instance | undefined {
  return holderOf(state, networkOf(state, vpcId)?.interfaceByIp.get(privateIp));
}

/** The instance that an internet gateway maps a public address to. */
export function instanceByPublicIp(state: State, publicIp: string): Instance | undefined {
  return holderOf(state, findBy(state, "network-interface", "publicIpAddress", publicIp)[0]);
}

/** The instance at the beginning of a path; undefined for the host and for addresses that nobody has (any more). */
export function instanceOf(state: State, path: Path): Instance | undefined {
  switch (path.kind) {
    case "host":
      return undefined;
    case "internet":
      return instanceByPublicIp(state, path.sourceIp);
    case "gateway-endpoint":
      return instanceAt(state, path.vpcId, path.sourceIp);
  }
}

function holderOf(state: State, holder: NetworkInterface | undefined): Instance | undefined {
  return holder?.attachment && find(state, "instance", holder.attachment.instanceId);
}
