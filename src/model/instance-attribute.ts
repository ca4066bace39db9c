/**
 * What can be changed of an instance after its launch.
 * Source: Amazon EC2 API Reference, "ModifyInstanceAttribute", "ModifyInstanceMetadataOptions", "MonitorInstances",
 * "ModifyPrivateDnsNameOptions".
 *
 * ASSUMPTION: the type of an instance's host name can be changed only while the instance is stopped, its records at any time.
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { Instance, InstanceAttributes } from "./instance.ts";
import { checkNitro } from "./instance-type.ts";
import { checkUserData } from "./launch-check.ts";
import { lookup, lookupAll } from "./lookup.ts";
import { checkMetadataOptions, type MetadataOptions } from "./metadata-option.ts";
import type { NetworkInterface } from "./network-interface.ts";
import { groupsForInterface } from "./security-group.ts";
import { find, put, type State } from "./state.ts";
import { checkNames, type PrivateDnsNameOptions, usualPrivateDnsNames } from "./subnet.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

/** One attribute, as each call changes one. */
export type InstanceAttributeChange =
  | { readonly attributes: Partial<Omit<InstanceAttributes, "metadata">> }
  | { readonly instanceType: string }
  | { readonly sourceDestCheck: boolean }
  | { readonly securityGroupIds: readonly string[] };

/** Fails with IncorrectInstanceState for what can be changed of a stopped instance alone. */
export function modifyInstanceAttribute(
  state: State,
  input: { readonly instanceId: string; readonly change: InstanceAttributeChange },
  context: Context,
): Outcome<void> {
  const found = liveInstance(state, input.instanceId, context);
  if (!found.ok) return found;
  const instance = found.value;
  const { change } = input;
  if ("attributes" in change) {
    const userData = checkUserData(change.attributes.userData);
    if (!userData.ok) return userData;
    if (("userData" in change.attributes || "ebsOptimized" in change.attributes) && instance.state !== "stopped") {
      return mustStop(instance);
    }
    return accept(undefined, [
      put("instance", { ...instance, attributes: { ...instance.attributes, ...change.attributes } }),
    ]);
  }
  if ("instanceType" in change) {
    if (instance.state !== "stopped") return mustStop(instance);
    const fitting = checkTypeOf(state, instance, change.instanceType);
    if (!fitting.ok) return fitting;
    return accept(undefined, [put("instance", { ...instance, instanceType: change.instanceType })]);
  }
  const primary = primaryOf(state, instance);
  if (!primary.ok) return primary;
  if ("sourceDestCheck" in change) {
    const { sourceDestCheck } = change;
    return accept(undefined, [put("network-interface", { ...primary.value, sourceDestCheck })]);
  }
  const { vpcId, subnetId } = primary.value;
  const groups = groupsForInterface(state, { groupIds: change.securityGroupIds, vpcId, subnetId }, context);
  if (!groups.ok) return groups;
  return accept(undefined, [put("network-interface", { ...primary.value, securityGroupIds: groups.value })]);
}

/** The options afterwards. */
export function modifyInstanceMetadataOptions(
  state: State,
  input: { readonly instanceId: string; readonly options: Partial<MetadataOptions> },
  context: Context,
): Outcome<MetadataOptions> {
  const found = liveInstance(state, input.instanceId, context);
  if (!found.ok) return found;
  const metadata = { ...found.value.attributes.metadata, ...input.options };
  const checked = checkMetadataOptions(metadata, found.value.tags);
  if (!checked.ok) return checked;
  const attributes = { ...found.value.attributes, metadata };
  return accept(metadata, [put("instance", { ...found.value, attributes })]);
}

/** What names lead to the instance; fails with IncorrectInstanceState for another type of name while it runs. */
export function modifyPrivateDnsNameOptions(
  state: State,
  input: { readonly instanceId: string; readonly options: Partial<PrivateDnsNameOptions> },
  context: Context,
): Outcome<void> {
  const found = liveInstance(state, input.instanceId, context);
  if (!found.ok) return found;
  const instance = found.value;
  const before = privateDnsNamesOf(instance);
  const privateDnsNames = { ...before, ...input.options };
  const subnet = find(state, "subnet", instance.subnetId);
  const fitting = subnet === undefined ? ok(undefined) : checkNames(subnet, input.options);
  if (!fitting.ok) return fitting;
  if (privateDnsNames.hostnameType !== before.hostnameType && instance.state !== "stopped") return mustStop(instance);
  return accept(undefined, [put("instance", { ...instance, attributes: { ...instance.attributes, privateDnsNames } })]);
}

/** The names of an instance. */
export function privateDnsNamesOf({ attributes }: Instance): PrivateDnsNameOptions {
  return attributes.privateDnsNames ?? usualPrivateDnsNames;
}

/** Turns detailed monitoring on or off; all of the instances or none. */
export function setMonitoring(
  state: State,
  input: { readonly instanceIds: readonly string[]; readonly detailed: boolean },
  context: Context,
): Outcome<readonly Instance[]> {
  const instances = lookupAll(state, "instance", input.instanceIds, context);
  if (!instances.ok) return instances;
  const changed = instances.value.map((one) => ({
    ...one,
    attributes: { ...one.attributes, detailedMonitoring: input.detailed },
  }));
  return accept(
    changed,
    changed.map((one) => put("instance", one)),
  );
}

/** An instance with an interface of IPv6 alone stays one of the Nitro System. */
function checkTypeOf(state: State, instance: Instance, instanceType: string): Result<void, ApiError> {
  const holders = instance.networkInterfaceIds.flatMap((id) => find(state, "network-interface", id) ?? []);
  return holders.every((one) => one.privateIpAddress !== undefined) ? ok(undefined) : checkNitro(instanceType);
}

function liveInstance(state: State, instanceId: string, caller: Caller): Result<Instance, ApiError> {
  const found = lookup(state, "instance", instanceId, caller);
  if (!found.ok || found.value.state !== "terminated") return found;
  return fail("IncorrectInstanceState", {
    message: `The instance '${instanceId}' is not in a state from which it can be modified.`,
  });
}

/** Source: the text that AWS answers where an instance has several interfaces. */
function primaryOf(state: State, instance: Instance): Result<NetworkInterface, ApiError> {
  const [first, second] = instance.networkInterfaceIds;
  if (second !== undefined) {
    return fail("InvalidInstanceID", {
      message: `There are multiple interfaces attached to instance '${instance.id}'. Please specify an interface ID for the operation instead.`,
    });
  }
  const primary = find(state, "network-interface", first ?? "");
  return primary === undefined ? fail("InvalidInstanceID.NotFound", { instanceId: instance.id }) : ok(primary);
}

function mustStop(instance: Instance): Result<never, ApiError> {
  return fail("IncorrectInstanceState", { message: `The instance '${instance.id}' is not in the 'stopped' state.` });
}
