/**
 * Instances that stop, start again and are told to reboot. They pass through `stopping` and `pending` at once.
 * Source: Amazon EC2 User Guide, "Instance lifecycle" and "Stop and start your instance".
 */

import { type ApiError, fail } from "./error.ts";
import type { Instance, StateChange } from "./instance.ts";
import { withoutLaunchAddress } from "./interface-attachment.ts";
import { lookupAll } from "./lookup.ts";
import { publicAddresses } from "./network-interface.ts";
import { type Change, find, put, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import type { Result } from "../base/result.ts";

/** Those that run stop, and lose the public addresses that they were given at launch. */
export function stopInstances(
  state: State,
  input: { readonly instanceIds: readonly string[] },
  context: Context,
): Outcome<readonly StateChange[]> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const gone = instances.value.find((one) => one.state === "terminated");
  if (gone !== undefined) return incorrect(gone, "stopped");
  const kept = instances.value.find((one) => one.attributes.disableApiStop && one.state === "running");
  if (kept !== undefined) {
    return fail("OperationNotPermitted", {
      message: `The instance '${kept.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    });
  }
  const running = instances.value.filter((one) => one.state === "running");
  const changes = running.flatMap((instance): readonly Change[] => [
    put("instance", { ...instance, state: "stopped", stoppedAtMs: context.nowMs }),
    ...instance.networkInterfaceIds.flatMap((id) => {
      const holder = find(state, "network-interface", id);
      return holder?.publicIpAddress === undefined
        ? []
        : [put("network-interface", withoutLaunchAddress(state, holder))];
    }),
  ]);
  return accept(changesOf(instances.value, "stopped"), changes);
}

/** Those that were stopped run; what the subnet says of public addresses holds again. */
export function startInstances(
  state: State,
  input: { readonly instanceIds: readonly string[] },
  context: Context,
): Outcome<readonly StateChange[]> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const gone = instances.value.find((one) => one.state === "terminated");
  if (gone !== undefined) return incorrect(gone, "started");
  const publics = publicAddresses(state, context);
  const changes: Change[] = [];
  for (const instance of instances.value.filter((one) => one.state === "stopped")) {
    changes.push(put("instance", { ...instance, state: "running", startedAtMs: context.nowMs }));
    const [first, second] = instance.networkInterfaceIds;
    const holder = find(state, "network-interface", first ?? "");
    const wants = find(state, "subnet", instance.subnetId)?.mapPublicIpOnLaunch === true && second === undefined;
    if (holder === undefined || holder.publicIpAddress !== undefined || !wants) continue;
    const publicIp = publics.take();
    if (!publicIp.ok) return publicIp;
    changes.push(put("network-interface", { ...holder, publicIpAddress: publicIp.value }));
  }
  return accept(changesOf(instances.value, "running"), changes);
}

/** Says whether they may be rebooted; nothing that EC2 shows changes. */
export function rebootInstances(
  state: State,
  input: { readonly instanceIds: readonly string[] },
  context: Context,
): Outcome<void> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const down = instances.value.find((one) => one.state !== "running");
  if (down !== undefined) return incorrect(down, "rebooted");
  return accept(undefined, []);
}

function changesOf(instances: readonly Instance[], current: "running" | "stopped"): readonly StateChange[] {
  return instances.map((one) => ({ instanceId: one.id, previous: one.state, current }));
}

/** Source: the text that AWS answers. */
function incorrect(instance: Instance, done: string): Result<never, ApiError> {
  return fail("IncorrectInstanceState", {
    message: `The instance '${instance.id}' is not in a state from which it can be ${done}.`,
  });
}
