/**
 * What an instance in a passing state becomes: `pending` runs, `stopping` is stopped, `shutting-down` is terminated.
 * Source: Amazon EC2 User Guide, "Instance lifecycle".
 */

import { releaseAssociations } from "./elastic-ip.ts";
import type { Instance } from "./instance.ts";
import { withoutAttachment, withoutLaunchAddress } from "./interface-attachment.ts";
import { type Change, find, put, remove, type State } from "./state.ts";
import { lasting } from "./transition.ts";
import { releasedVolumes } from "./volume.ts";

/** The instance in a lasting state. What it holds goes with it at the end, and its launch address when it has stopped. */
export function settledInstance(instance: Instance, state: State): readonly Change[] {
  switch (instance.state) {
    case "pending":
      return [put("instance", { ...lasting(instance), state: "running" })];
    case "stopping":
      return [
        put("instance", { ...lasting(instance), state: "stopped" }),
        ...instance.networkInterfaceIds.flatMap((id) => addressTaken(state, id)),
      ];
    case "shutting-down": {
      const { iamInstanceProfile: _, ...rest } = lasting(instance);
      return [
        put("instance", { ...rest, state: "terminated", networkInterfaceIds: [] }),
        ...instance.networkInterfaceIds.flatMap((id) => released(state, id)),
        ...releasedVolumes(state, instance.id),
      ];
    }
    case "running":
    case "stopped":
    case "terminated":
      return [put("instance", lasting(instance))];
  }
}

/** Whether it has been told to end: there is no way back. */
export function isEnding({ state }: Instance): boolean {
  return state === "shutting-down" || state === "terminated";
}

function addressTaken(state: State, networkInterfaceId: string): readonly Change[] {
  const holder = find(state, "network-interface", networkInterfaceId);
  return holder?.publicIpAddress === undefined ? [] : [put("network-interface", withoutLaunchAddress(state, holder))];
}

/** An interface that goes with its instance, or that stays without it. */
function released(state: State, networkInterfaceId: string): readonly Change[] {
  const found = find(state, "network-interface", networkInterfaceId);
  if (found === undefined) return [];
  if (found.attachment?.deleteOnTermination !== false) {
    return [...releaseAssociations(state, found.id), remove("network-interface", found.id)];
  }
  return [put("network-interface", withoutLaunchAddress(state, withoutAttachment(found)))];
}
