/**
 * Instances that stop, start again and are told to reboot. They pass through `stopping` and `pending`.
 * Source: Amazon EC2 User Guide, "Instance lifecycle" and "Stop and start your instance".
 */

import { type ApiError, fail } from "./error.ts";
import type { Instance, InstanceState, StateChange } from "./instance.ts";
import { isEnding, settledInstance } from "./instance-transition.ts";
import { lookupAll } from "./lookup.ts";
import { publicAddresses } from "./network-interface.ts";
import { type Change, find, put, type State } from "./state.ts";
import { enter } from "./transition.ts";
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
  const gone = instances.value.find((one) => isEnding(one) || one.state === "pending");
  if (gone !== undefined) return incorrect(gone, "stopped");
  const kept = instances.value.find((one) => one.attributes.disableApiStop && one.state === "running");
  if (kept !== undefined) {
    return fail("OperationNotPermitted", {
      message: `The instance '${kept.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
    });
  }
  const running = instances.value.filter((one) => one.state === "running");
  const changes = running.flatMap((instance) =>
    enter(
      "instance",
      { ...instance, state: "stopping", stoppedAtMs: context.nowMs },
      (one) => settledInstance(one, state),
      context,
    ),
  );
  return accept(changesOf(instances.value, { from: "running", to: "stopping" }), changes);
}

/** Those that were stopped run; what the subnet says of public addresses holds again. */
export function startInstances(
  state: State,
  input: { readonly instanceIds: readonly string[] },
  context: Context,
): Outcome<readonly StateChange[]> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const gone = instances.value.find((one) => isEnding(one) || one.state === "stopping");
  if (gone !== undefined) return incorrect(gone, "started");
  const publics = publicAddresses(state, context);
  const changes: Change[] = [];
  for (const instance of instances.value.filter((one) => one.state === "stopped")) {
    const starting: Instance = { ...instance, state: "pending", startedAtMs: context.nowMs };
    changes.push(...enter("instance", starting, (one) => settledInstance(one, state), context));
    const [first, second] = instance.networkInterfaceIds;
    const holder = find(state, "network-interface", first ?? "");
    const wants = find(state, "subnet", instance.subnetId)?.mapPublicIpOnLaunch === true && second === undefined;
    if (holder === undefined || holder.publicIpAddress !== undefined || !wants) continue;
    const publicIp = publics.take();
    if (!publicIp.ok) return publicIp;
    changes.push(put("network-interface", { ...holder, publicIpAddress: publicIp.value }));
  }
  return accept(changesOf(instances.value, { from: "stopped", to: "pending" }), changes);
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

/** Those that were not in `from` stay what they are. */
function changesOf(
  instances: readonly Instance[],
  { from, to }: { readonly from: InstanceState; readonly to: InstanceState },
): readonly StateChange[] {
  return instances.map(({ id, state }) => ({ instanceId: id, previous: state, current: state === from ? to : state }));
}

/** Source: the text that AWS answers. */
function incorrect(instance: Instance, done: string): Result<never, ApiError> {
  return fail("IncorrectInstanceState", {
    message: `The instance '${instance.id}' is not in a state from which it can be ${done}.`,
  });
}
