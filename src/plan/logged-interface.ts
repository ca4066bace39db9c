/** Which interfaces have a flow log: their own, their subnet's or their VPC's. Source: Amazon VPC User Guide, "Flow logs basics". */

import { isSame } from "../base/same.ts";
import type { FlowLog } from "../model/flow-log.ts";
import type { NetworkInterface } from "../model/network-interface.ts";
import { all, find, findBy, type State } from "../model/state.ts";

/** Sorted; undefined for none. The list of `before` where it is the same. */
export function loggedInterfaceIds(state: State, before?: readonly string[]): readonly string[] | undefined {
  if (state.tables["vpc-flow-log"].byId.size === 0) return undefined;
  const ids = new Set([...all(state, "vpc-flow-log")].flatMap((log) => interfacesOf(state, log).map(({ id }) => id)));
  const sorted = [...ids].toSorted();
  return before !== undefined && isSame(before, sorted) ? before : sorted;
}

/** The interfaces that the log is about, whenever they were made. */
export function interfacesOf(state: State, { resourceId }: FlowLog): readonly NetworkInterface[] {
  const single = find(state, "network-interface", resourceId);
  if (single !== undefined) return [single];
  const index = resourceId.startsWith("subnet-") ? "subnetId" : "vpcId";
  return [...findBy(state, "network-interface", index, resourceId)];
}
