/**
 * Launches of instances with more interfaces than the primary one: those are made and attached as by the calls for that.
 * Source: Amazon EC2 API Reference, "InstanceNetworkInterfaceSpecification".
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { type Instance, runInstances, type RunInstancesInput } from "./instance.ts";
import {
  attachNetworkInterface,
  createNetworkInterface,
  type CreateNetworkInterfaceInput,
} from "./interface-attachment.ts";
import { apply, type Change, find, put, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface LaunchInput extends RunInstancesInput {
  readonly furtherInterfaces: readonly FurtherInterface[];
}

export interface FurtherInterface extends Omit<CreateNetworkInterfaceInput, "subnetId" | "clientToken" | "tags"> {
  readonly deviceIndex: number;
  /** One that exists already; nothing but `deleteOnTermination` goes with it. */
  readonly networkInterfaceId?: string;
  /** Absent for the instance's own. */
  readonly subnetId?: string;
  /** Absent for yes with an interface that the launch makes, and no with one that was there. */
  readonly deleteOnTermination?: boolean;
}

/** As `runInstances`; the further interfaces of each instance come in the order of the call. */
export function launchInstances(state: State, input: LaunchInput, context: Context): Outcome<readonly Instance[]> {
  const { furtherInterfaces, maxCount } = input;
  if (maxCount > 1 && furtherInterfaces.some((one) => one.networkInterfaceId !== undefined)) {
    return fail("InvalidParameterCombination", {
      message: "A network interface may be given only where one instance is launched",
    });
  }
  const launched = runInstances(state, input, context);
  // Without changes it is the answer of an earlier call.
  if (!launched.ok || launched.value.changes.length === 0) return launched;
  let now = apply(state, launched.value.changes);
  const changes: Change[] = [...launched.value.changes];
  for (const instance of launched.value.value) {
    for (const wanted of furtherInterfaces) {
      const added = addInterface(now, { instance, wanted, launch: input }, context);
      if (!added.ok) return added;
      changes.push(...added.value);
      now = apply(now, added.value);
    }
  }
  const instances = launched.value.value.map((one) => ({
    ...one,
    networkInterfaceIds: find(now, "instance", one.id)?.networkInterfaceIds ?? one.networkInterfaceIds,
  }));
  return accept(instances, changes);
}

interface Addition {
  readonly instance: Instance;
  readonly wanted: FurtherInterface;
  readonly launch: LaunchInput;
}

function addInterface(
  state: State,
  { instance, wanted, launch }: Addition,
  context: Context,
): Result<readonly Change[], ApiError> {
  const { deviceIndex, networkInterfaceId, deleteOnTermination, subnetId = instance.subnetId, ...rest } = wanted;
  const made =
    networkInterfaceId === undefined
      ? createNetworkInterface(state, { ...rest, subnetId, tags: launch.interfaceTags }, context)
      : undefined;
  if (made?.ok === false) return made;
  const id = made?.value.value.id ?? networkInterfaceId ?? "";
  const making = made?.value.changes ?? [];
  const withInterface = apply(state, making);
  const attachment = { networkInterfaceId: id, instanceId: instance.id, deviceIndex };
  const attached = attachNetworkInterface(withInterface, attachment, context);
  if (!attached.ok) return attached;
  const after = find(apply(withInterface, attached.value.changes), "network-interface", id);
  if (after?.attachment === undefined) return ok([...making, ...attached.value.changes]);
  const goes = { ...after.attachment, deleteOnTermination: deleteOnTermination ?? made !== undefined };
  return ok([...making, ...attached.value.changes, put("network-interface", { ...after, attachment: goes })]);
}
