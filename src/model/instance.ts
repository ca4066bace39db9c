/** Instances: network hosts that run programs of this machine. Source: Amazon EC2 User Guide, "Instance lifecycle". */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup, lookupAll } from "./lookup.ts";
import { type NetworkInterface, newInterface, privateAddresses, publicAddresses } from "./network-interface.ts";
import type { Resource, Tags } from "./resource.ts";
import { all, type Change, find, put, remove, type State } from "./state.ts";
import type { Subnet } from "./subnet.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

export interface Instance extends Resource, Idempotent {
  readonly id: Id<"i">;
  readonly reservationId: Id<"r">;
  readonly launchIndex: number;
  readonly imageId: string;
  readonly instanceType: string;
  readonly keyName?: string;
  readonly vpcId: Id<"vpc">;
  readonly subnetId: Id<"subnet">;
  /** In the order of their device index; the first is the primary interface. Empty once terminated. */
  readonly networkInterfaceIds: readonly Id<"eni">[];
  readonly state: InstanceState;
  /** Set with `terminated`; the document goes about an hour later. */
  readonly terminatedAtMs?: number;
}

/** Source: Amazon EC2 User Guide, "Terminate instances": it stays visible for a short while, about an hour. */
const terminatedKeptMs = 3_600_000;

export interface RunInstancesInput {
  readonly imageId: string;
  readonly instanceType?: string;
  readonly keyName?: string;
  readonly minCount: number;
  readonly maxCount: number;
  readonly primary: PrimaryInterfaceInput;
  readonly clientToken?: string;
  readonly instanceTags: Tags;
  readonly interfaceTags: Tags;
}

export interface PrimaryInterfaceInput {
  /** Absent for the default VPC. */
  readonly subnetId?: string;
  readonly privateIpAddress?: string;
  /** Absent for what the subnet says. */
  readonly associatePublicIpAddress?: boolean;
  readonly description?: string;
  readonly deleteOnTermination?: boolean;
  readonly securityGroupIds: readonly string[];
}

/** The instances of one reservation, in the order of their launch index. They run at once. */
export function runInstances(state: State, input: RunInstancesInput, context: Context): Outcome<readonly Instance[]> {
  const before = madeBefore(state, "instance", input, context);
  if (!before.ok) return before;
  if (before.value.length > 0) return launchedBefore(before.value);
  const checked = checkLaunch(input);
  if (!checked.ok) return checked;
  const subnet = subnetOfLaunch(state, input.primary, context);
  if (!subnet.ok) return subnet;
  const launched = launch(state, input, subnet.value, context);
  if (!launched.ok) return launched;
  const changes = launched.value.flatMap(({ instance, primary }): Change[] => [
    put("instance", instance),
    put("network-interface", primary),
  ]);
  const instances = launched.value.map(({ instance }) => instance);
  return accept(instances, [...changes, ...forgetTerminated(state, context)]);
}

export interface StateChange {
  readonly instanceId: Id<"i">;
  readonly previous: InstanceState;
  readonly current: InstanceState;
}

/** Terminates all of the instances or none; one that is terminated already stays so. Interfaces made with them go. */
export function terminateInstances(
  state: State,
  input: { readonly instanceIds: readonly string[] },
  context: Context,
): Outcome<readonly StateChange[]> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const live = instances.value.filter((one) => one.state !== "terminated");
  const changes = live.flatMap((instance): Change[] => {
    const terminated: Instance = {
      ...instance,
      state: "terminated",
      terminatedAtMs: context.nowMs,
      networkInterfaceIds: [],
    };
    return [put("instance", terminated), ...instance.networkInterfaceIds.flatMap((id) => released(state, id))];
  });
  const value = instances.value.map((one): StateChange => ({
    instanceId: one.id,
    previous: one.state,
    current: "terminated",
  }));
  return accept(value, [...changes, ...forgetTerminated(state, context)]);
}

/** Whether a terminated instance is too old to be shown. */
export function isForgotten(instance: Instance, nowMs: number): boolean {
  return instance.terminatedAtMs !== undefined && nowMs - instance.terminatedAtMs > terminatedKeptMs;
}

interface Launched {
  readonly instance: Instance;
  readonly primary: NetworkInterface;
}

/** As many as there are addresses for, from `minCount` to `maxCount`. */
function launch(
  state: State,
  input: RunInstancesInput,
  subnet: Subnet,
  context: Context,
): Result<readonly Launched[], ApiError> {
  const reservationId = makeId("r", context.hex);
  const privates = privateAddresses(state, subnet);
  const publics = publicAddresses(state, context);
  const hasPublic = input.primary.associatePublicIpAddress ?? subnet.mapPublicIpOnLaunch;
  const launched: Launched[] = [];
  for (let launchIndex = 0; launchIndex < input.maxCount; launchIndex++) {
    const privateIp = privates.take(input.primary.privateIpAddress);
    if (!privateIp.ok) {
      if (launched.length < input.minCount || privateIp.error.code !== "InsufficientFreeAddressesInSubnet") {
        return privateIp;
      }
      break;
    }
    const publicIp = hasPublic ? publics.take() : ok(undefined);
    if (!publicIp.ok) return publicIp;
    const place: Place = { reservationId, launchIndex, subnet, privateIp: privateIp.value };
    launched.push(
      oneInstance(input, publicIp.value === undefined ? place : { ...place, publicIp: publicIp.value }, context),
    );
  }
  return ok(launched);
}

interface Place {
  readonly reservationId: Id<"r">;
  readonly launchIndex: number;
  readonly subnet: Subnet;
  readonly privateIp: string;
  readonly publicIp?: string;
}

function oneInstance(input: RunInstancesInput, place: Place, context: Context): Launched {
  const { subnet, publicIp } = place;
  const id = makeId("i", context.hex);
  const attachment = {
    id: makeId("eni-attach", context.hex),
    instanceId: id,
    deviceIndex: 0,
    deleteOnTermination: input.primary.deleteOnTermination ?? true,
    attachedAtMs: context.nowMs,
  };
  const primary = newInterface(
    {
      subnet,
      description: input.primary.description ?? "",
      privateIpAddress: place.privateIp,
      ...(publicIp !== undefined && { publicIpAddress: publicIp }),
      attachment,
      tags: input.interfaceTags,
    },
    context,
  );
  const instance: Instance = {
    id,
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: input.instanceTags,
    reservationId: place.reservationId,
    launchIndex: place.launchIndex,
    imageId: input.imageId,
    // Source: EC2 API Reference, "RunInstances": the default is m1.small.
    instanceType: input.instanceType ?? "m1.small",
    ...(input.keyName !== undefined && { keyName: input.keyName }),
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    networkInterfaceIds: [primary.id],
    state: "running",
    ...idempotency(input),
  };
  return { instance, primary };
}

function checkLaunch(input: RunInstancesInput): Result<void, ApiError> {
  const { minCount, maxCount, primary } = input;
  if (minCount < 1) return refuse(`Value (${minCount}) for parameter minCount is invalid. Minimum value is 1.`);
  if (maxCount < minCount) {
    return refuse(
      `Value (${minCount}) for parameter minCount is invalid. Value must be smaller than or equal to maxCount.`,
    );
  }
  if (primary.privateIpAddress !== undefined && maxCount > 1) {
    return combination("A private IP address may be given only where one instance is launched");
  }
  const [group] = primary.securityGroupIds;
  if (group !== undefined) return fail("InvalidGroup.NotFound", { groupId: group });
  for (const tags of [input.instanceTags, input.interfaceTags]) {
    const checked = checkTags(tags);
    if (!checked.ok) return checked;
  }
  return ok(undefined);
}

function subnetOfLaunch(state: State, primary: PrimaryInterfaceInput, caller: Caller): Result<Subnet, ApiError> {
  if (primary.subnetId !== undefined) return lookup(state, "subnet", primary.subnetId, caller);
  return fail("VPCIdNotSpecified", {
    message: "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
  });
}

function launchedBefore(instances: readonly Instance[]): Outcome<readonly Instance[]> {
  if (instances.some((one) => one.state === "terminated")) {
    return fail("IdempotentInstanceTerminated", {
      message: "The client token belongs to a launch whose instances have been terminated",
    });
  }
  return accept(
    instances.toSorted((a, b) => a.launchIndex - b.launchIndex),
    [],
  );
}

/** An interface that goes with its instance, or that stays without it. */
function released(state: State, networkInterfaceId: string): readonly Change[] {
  const found = find(state, "network-interface", networkInterfaceId);
  if (found === undefined) return [];
  if (found.attachment?.deleteOnTermination !== false) return [remove("network-interface", found.id)];
  const { attachment: _, publicIpAddress: __, ...kept } = found;
  return [put("network-interface", kept)];
}

function forgetTerminated(state: State, context: Context): readonly Change[] {
  return [...all(state, "instance")]
    .filter((one) => isForgotten(one, context.nowMs))
    .map((one) => remove("instance", one.id));
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}

function combination(message: string): Result<never, ApiError> {
  return fail("InvalidParameterCombination", { message });
}
