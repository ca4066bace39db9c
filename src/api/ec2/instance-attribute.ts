/** Starting, stopping and changing instances on the wire. Source: Amazon EC2 API Reference, "ModifyInstanceAttribute" and others. */

import type {
  DescribeInstanceAttributeRequest,
  DescribeInstanceCreditSpecificationsRequest,
  DescribeInstanceCreditSpecificationsResult,
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  GetPasswordDataRequest,
  GetPasswordDataResult,
  InstanceAttribute,
  InstanceStatus,
  ModifyInstanceAttributeRequest,
  ModifyInstanceMetadataOptionsRequest,
  ModifyInstanceMetadataOptionsResult,
  ModifyPrivateDnsNameOptionsRequest,
  ModifyPrivateDnsNameOptionsResult,
  MonitorInstancesRequest,
  MonitorInstancesResult,
  RebootInstancesRequest,
  ResetInstanceAttributeRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  type InstanceAttributeChange,
  modifyInstanceAttribute,
  modifyInstanceMetadataOptions,
  modifyPrivateDnsNameOptions,
  setMonitoring,
} from "../../model/instance-attribute.ts";
import { rebootInstances, startInstances, stopInstances } from "../../model/instance-state.ts";
import type { Instance } from "../../model/instance.ts";
import { lookup } from "../../model/lookup.ts";
import { findZone } from "../../model/region.ts";
import { find, type State } from "../../model/state.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";
import { wireMetadataOptions, wireState } from "./instance.ts";
import { rootDeviceNameOf } from "./image.ts";
import { list } from "./listing.ts";
import { groupSet } from "./network-interface.ts";
import { readMetadataOptions, readPrivateDnsNames, readShutdown } from "./run-instances.ts";
import { onAnything, onExisting } from "./target.ts";
import { wireDevices } from "./volume.ts";
import { wholeSecond } from "./time.ts";

const start: Handler<StartInstancesRequest, StartInstancesResult> = async (input, call) => {
  const wanted = { instanceIds: input.InstanceIds ?? [] };
  const done = await call.run((state, context) => startInstances(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    StartingInstances: done.value.map((change) => ({
      InstanceId: change.instanceId,
      CurrentState: wireState(change.current),
      PreviousState: wireState(change.previous),
    })),
  });
};

const stop: Handler<StopInstancesRequest, StopInstancesResult> = async (input, call) => {
  const wanted = { instanceIds: input.InstanceIds ?? [] };
  const done = await call.run((state, context) => stopInstances(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    StoppingInstances: done.value.map((change) => ({
      InstanceId: change.instanceId,
      CurrentState: wireState(change.current),
      PreviousState: wireState(change.previous),
    })),
  });
};

const reboot: Handler<RebootInstancesRequest, object> = async (input, call) => {
  const wanted = { instanceIds: input.InstanceIds ?? [] };
  const done = await call.run((state, context) => rebootInstances(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const monitor =
  (detailed: boolean): Handler<MonitorInstancesRequest, MonitorInstancesResult> =>
  async (input, call) => {
    const wanted = { instanceIds: input.InstanceIds ?? [], detailed };
    const done = await call.run((state, context) => setMonitoring(state, wanted, context));
    if (!done.ok) return done;
    return ok({
      InstanceMonitorings: done.value.map((one) => ({
        InstanceId: one.id,
        Monitoring: { State: detailed ? ("pending" as const) : ("disabling" as const) },
      })),
    });
  };

const describeStatus: Handler<DescribeInstanceStatusRequest, DescribeInstanceStatusResult> = async (input, call) => {
  const state = call.state();
  const all = input.IncludeAllInstances === true;
  const listing = {
    kind: "instance",
    ids: input.InstanceIds,
    excluding: ["instancesSet", "maxResults"],
    filters: statusFilters(state),
    hidden: (one: Instance) => !all && one.state !== "running",
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    InstanceStatuses: page.value.items.map((one) => wireStatus(state, one)),
    NextToken: page.value.nextToken,
  });
};

function wireStatus(state: State, instance: Instance): InstanceStatus {
  const zone = zoneOf(state, instance);
  const running = instance.state === "running";
  const summary = {
    Details: [{ Name: "reachability" as const, Status: running ? ("passed" as const) : ("initializing" as const) }],
    Status: running ? ("ok" as const) : ("not-applicable" as const),
  };
  return {
    ...(zone !== undefined && { AvailabilityZone: zone.name, AvailabilityZoneId: zone.id }),
    Operator: { Managed: false },
    Events: [],
    InstanceId: instance.id,
    InstanceState: wireState(instance.state),
    InstanceStatus: running ? summary : { Status: "not-applicable" },
    SystemStatus: running ? summary : { Status: "not-applicable" },
    AttachedEbsStatus: running ? summary : { Status: "not-applicable" },
  };
}

function zoneOf(state: State, instance: Instance): ReturnType<typeof findZone> {
  const zone = find(state, "subnet", instance.subnetId)?.availabilityZone;
  return zone === undefined ? undefined : findZone(instance.region, zone);
}

function statusFilters(state: State): FilterTable<Instance> {
  const passed = (one: Instance): readonly string[] => (one.state === "running" ? ["passed"] : []);
  const health = (one: Instance): readonly string[] => [one.state === "running" ? "ok" : "not-applicable"];
  return {
    ...tagFilters,
    "availability-zone": (it) => maybe(zoneOf(state, it)?.name),
    "availability-zone-id": (it) => maybe(zoneOf(state, it)?.id),
    "event.code": never,
    "event.description": never,
    "event.instance-event-id": never,
    "event.not-after": never,
    "event.not-before": never,
    "event.not-before-deadline": never,
    "instance-state-code": (it) => [String(wireState(it.state).Code)],
    "instance-state-name": (it) => [it.state],
    "instance-status.reachability": passed,
    "instance-status.status": health,
    "operator.managed": always("false"),
    "operator.principal": never,
    "system-status.reachability": passed,
    "system-status.status": health,
    "attached-ebs-status.status": health,
  };
}

const describeAttribute: Handler<DescribeInstanceAttributeRequest, InstanceAttribute> = async (input, call) => {
  const state = call.state();
  const found = lookup(state, "instance", input.InstanceId ?? "", call);
  if (!found.ok) return found;
  const shown = shownAttribute(state, found.value, String(input.Attribute ?? ""));
  if (shown !== undefined) return ok({ InstanceId: found.value.id, ...shown });
  return fail("InvalidParameterValue", {
    message: `Value (${String(input.Attribute)}) for parameter attribute is invalid. Unknown attribute.`,
  });
};

function shownAttribute(state: State, instance: Instance, name: string): InstanceAttribute | undefined {
  const { attributes } = instance;
  const primary = find(state, "network-interface", instance.networkInterfaceIds[0] ?? "");
  switch (name) {
    case "instanceType":
      return { InstanceType: { Value: instance.instanceType } };
    case "kernel":
      return { KernelId: {} };
    case "ramdisk":
      return { RamdiskId: {} };
    case "userData":
      return { UserData: attributes.userData === undefined ? {} : { Value: attributes.userData } };
    case "disableApiTermination":
      return { DisableApiTermination: { Value: attributes.disableApiTermination } };
    case "disableApiStop":
      return { DisableApiStop: { Value: attributes.disableApiStop } };
    case "instanceInitiatedShutdownBehavior":
      return { InstanceInitiatedShutdownBehavior: { Value: attributes.shutdownBehavior } };
    case "rootDeviceName":
      return { RootDeviceName: { Value: rootDeviceNameOf(instance.imageId, instance.region) } };
    case "blockDeviceMapping":
      return { BlockDeviceMappings: wireDevices(state, instance) };
    case "productCodes":
      return { ProductCodes: [] };
    case "sourceDestCheck":
      return { SourceDestCheck: { Value: primary?.sourceDestCheck ?? true } };
    case "groupSet":
      return { Groups: primary === undefined ? [] : groupSet(state, primary) };
    case "ebsOptimized":
      return { EbsOptimized: { Value: attributes.ebsOptimized } };
    case "sriovNetSupport":
      return { SriovNetSupport: {} };
    case "enaSupport":
      return { EnaSupport: { Value: true } };
    case "enclaveOptions":
      return { EnclaveOptions: { Enabled: false } };
    default:
      return undefined;
  }
}

const modifyAttribute: Handler<ModifyInstanceAttributeRequest, object> = async (input, call) => {
  const change = readChange(input);
  if (!change.ok) return change;
  const wanted = { instanceId: input.InstanceId ?? "", change: change.value };
  const done = await call.run((state, context) => modifyInstanceAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

/** One attribute: by its own parameter, or by name and value. */
function readChange(input: ModifyInstanceAttributeRequest): Result<InstanceAttributeChange, ApiError> {
  const named = readNamed(input);
  if (!named.ok) return named;
  const given: InstanceAttributeChange[] = named.value === undefined ? [] : [named.value];
  const { DisableApiTermination: noEnd, DisableApiStop: noStop, EbsOptimized: optimized, UserData: data } = input;
  if (noEnd?.Value !== undefined) given.push({ attributes: { disableApiTermination: noEnd.Value } });
  if (noStop?.Value !== undefined) given.push({ attributes: { disableApiStop: noStop.Value } });
  if (optimized?.Value !== undefined) given.push({ attributes: { ebsOptimized: optimized.Value } });
  if (data !== undefined) {
    given.push({
      attributes: { userData: data.Value === undefined ? "" : Buffer.from(data.Value).toString("base64") },
    });
  }
  const shutdown = readShutdown(input.InstanceInitiatedShutdownBehavior?.Value);
  if (!shutdown.ok) return shutdown;
  if (shutdown.value !== undefined) given.push({ attributes: { shutdownBehavior: shutdown.value } });
  if (input.SourceDestCheck?.Value !== undefined) given.push({ sourceDestCheck: input.SourceDestCheck.Value });
  if (input.Groups !== undefined && input.Groups.length > 0) given.push({ securityGroupIds: input.Groups });
  if (input.InstanceType?.Value !== undefined) given.push({ instanceType: input.InstanceType.Value });
  const [first, second] = given;
  if (second !== undefined) {
    return fail("InvalidParameterCombination", { message: "Fields for multiple attribute types specified" });
  }
  if (first !== undefined) return ok(first);
  const foreign = (["BlockDeviceMappings", "Kernel", "Ramdisk", "SriovNetSupport", "EnaSupport"] as const).find(
    (name) => input[name] !== undefined,
  );
  if (foreign !== undefined) {
    return fail("UnsupportedOperation", { message: `The attribute ${foreign} is not served by Underpass` });
  }
  return fail("MissingParameter", { parameter: "an attribute of the instance" });
}

function readNamed(input: ModifyInstanceAttributeRequest): Result<InstanceAttributeChange | undefined, ApiError> {
  const name: string | undefined = input.Attribute;
  const { Value: value = "" } = input;
  if (name === undefined) return ok(undefined);
  const isTrue = value.toLowerCase() === "true";
  switch (name) {
    case "disableApiTermination":
      return ok({ attributes: { disableApiTermination: isTrue } });
    case "disableApiStop":
      return ok({ attributes: { disableApiStop: isTrue } });
    case "ebsOptimized":
      return ok({ attributes: { ebsOptimized: isTrue } });
    case "sourceDestCheck":
      return ok({ sourceDestCheck: isTrue });
    case "instanceType":
      return ok({ instanceType: value });
    case "userData":
      return ok({ attributes: { userData: value } });
    case "instanceInitiatedShutdownBehavior": {
      const shutdown = readShutdown(value);
      return shutdown.ok ? ok({ attributes: { shutdownBehavior: shutdown.value ?? "stop" } }) : shutdown;
    }
    default:
      return fail("UnsupportedOperation", { message: `The attribute ${name} is not served by Underpass` });
  }
}

function invalid(value: string, parameter: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message: `Value (${value}) for parameter ${parameter} is invalid.` });
}

const resetAttribute: Handler<ResetInstanceAttributeRequest, object> = async (input, call) => {
  if (input.Attribute !== "sourceDestCheck") return invalid(String(input.Attribute), "attribute");
  const wanted = { instanceId: input.InstanceId ?? "", change: { sourceDestCheck: true } };
  const done = await call.run((state, context) => modifyInstanceAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const modifyMetadata: Handler<ModifyInstanceMetadataOptionsRequest, ModifyInstanceMetadataOptionsResult> = async (
  input,
  call,
) => {
  const instanceId = input.InstanceId ?? "";
  const options = readMetadataOptions(input);
  if (!options.ok) return options;
  const wanted = { instanceId, options: options.value };
  const done = await call.run((state, context) => modifyInstanceMetadataOptions(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    InstanceId: instanceId,
    InstanceMetadataOptions: { ...wireMetadataOptions(done.value), State: "pending" },
  });
};

const modifyPrivateDns: Handler<ModifyPrivateDnsNameOptionsRequest, ModifyPrivateDnsNameOptionsResult> = async (
  input,
  call,
) => {
  const { PrivateDnsHostnameType: HostnameType, ...records } = input;
  const options = readPrivateDnsNames({ ...records, HostnameType });
  if (!options.ok) return options;
  const wanted = { instanceId: input.InstanceId ?? "", options: options.value };
  const done = await call.run((state, context) => modifyPrivateDnsNameOptions(state, wanted, context));
  return done.ok ? ok({ Return: true }) : done;
};

const describeCredits: Handler<
  DescribeInstanceCreditSpecificationsRequest,
  DescribeInstanceCreditSpecificationsResult
> = async (input, call) => {
  const listing = {
    kind: "instance",
    ids: input.InstanceIds,
    excluding: ["instanceIds", "maxResults"],
    filters: { "instance-id": (one: Instance) => [one.id] },
    hidden: (one: Instance) => one.state === "terminated" || creditsOf(one) === undefined,
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({
    InstanceCreditSpecifications: page.value.items.map((one) => ({ InstanceId: one.id, CpuCredits: creditsOf(one) })),
    NextToken: page.value.nextToken,
  });
};

/** Source: Amazon EC2 User Guide, "Burstable performance instances": T2 is standard by default, its successors unlimited. */
function creditsOf({ instanceType, attributes }: Instance): string | undefined {
  if (!/^t\d/.test(instanceType)) return undefined;
  return attributes.cpuCredits ?? (instanceType.startsWith("t2.") ? "standard" : "unlimited");
}

/** No Windows runs here: there is never a password. */
const passwordData: Handler<GetPasswordDataRequest, GetPasswordDataResult> = async (input, call) => {
  const found = lookup(call.state(), "instance", input.InstanceId ?? "", call);
  if (!found.ok) return found;
  return ok({ InstanceId: found.value.id, Timestamp: wholeSecond(found.value.createdAtMs), PasswordData: "" });
};

const onInstances = (name: string) => (input: { readonly InstanceIds: string[] | undefined }, call: Call) =>
  onExisting(name, "instance", input.InstanceIds ?? [], call);
const onInstance = (name: string) => (input: { readonly InstanceId: string | undefined }, call: Call) =>
  onExisting(name, "instance", [input.InstanceId], call);

export const instanceAttributeActions: Actions = {
  StartInstances: action(start, onInstances("StartInstances")),
  StopInstances: action(stop, onInstances("StopInstances")),
  RebootInstances: action(reboot, onInstances("RebootInstances")),
  MonitorInstances: action(monitor(true), onInstances("MonitorInstances")),
  UnmonitorInstances: action(monitor(false), onInstances("UnmonitorInstances")),
  DescribeInstanceStatus: action(describeStatus, (_, call) => onAnything("DescribeInstanceStatus", call)),
  DescribeInstanceAttribute: action(describeAttribute, onInstance("DescribeInstanceAttribute")),
  ModifyInstanceAttribute: action(modifyAttribute, (input, call) => [
    ...onInstance("ModifyInstanceAttribute")(input, call),
    ...onExisting("ModifyInstanceAttribute", "security-group", input.Groups ?? [], call),
  ]),
  ResetInstanceAttribute: action(resetAttribute, onInstance("ResetInstanceAttribute")),
  ModifyInstanceMetadataOptions: action(modifyMetadata, onInstance("ModifyInstanceMetadataOptions")),
  ModifyPrivateDnsNameOptions: action(modifyPrivateDns, onInstance("ModifyPrivateDnsNameOptions")),
  DescribeInstanceCreditSpecifications: action(describeCredits, (_, call) =>
    onAnything("DescribeInstanceCreditSpecifications", call),
  ),
  GetPasswordData: action(passwordData, onInstance("GetPasswordData")),
};
