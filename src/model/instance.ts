/** Instances: network hosts that run programs of this machine. Source: Amazon EC2 User Guide, "Instance lifecycle". */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { addressWishes, ipv6Wishes, primaryWishes, takeEach } from "./address-wish.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { associationWith, findProfile, type ProfileName } from "./instance-profile-association.ts";
import type { InstanceProfile } from "./instance-profile.ts";
import { isEnding, settledInstance } from "./instance-transition.ts";
import { checkLaunch, checkPlace } from "./launch-check.ts";
import { defaultInstanceType } from "./instance-type.ts";
import { lookup, lookupAll } from "./lookup.ts";
import { defaultMetadataOptions, type MetadataOptions } from "./metadata-option.ts";
import {
  ipv6Addresses,
  isInUse,
  type NetworkInterface,
  newInterface,
  privateAddresses,
  publicAddresses,
} from "./network-interface.ts";
import type { Resource, Tags } from "./resource.ts";
import { defaultVpcOf, groupIdsNamed, groupsForInterface } from "./security-group.ts";
import { all, type Change, findBy, put, remove, type State } from "./state.ts";
import type { PrivateDnsNameOptions, Subnet } from "./subnet.ts";
import { enter, type Transitional } from "./transition.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import { makeVolumes, planVolumes, type VolumeWish } from "./volume.ts";

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

export interface Instance extends Resource, Idempotent, Transitional {
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
  readonly attributes: InstanceAttributes;
  readonly iamInstanceProfile?: ProfileAssociation;
  /** When and why it stopped or ended last: `User initiated`. */
  readonly stoppedAtMs?: number;
  /** When it was started last; absent for the launch. */
  readonly startedAtMs?: number;
  /** Set with `shutting-down`; the document goes about an hour later. */
  readonly terminatedAtMs?: number;
}

/** Source: Amazon EC2 User Guide, "Terminate instances": it stays visible for a short while, about an hour. */
const terminatedKeptMs = 3_600_000;

/** What ModifyInstanceAttribute and its kin change. */
export interface InstanceAttributes {
  readonly disableApiTermination: boolean;
  readonly disableApiStop: boolean;
  readonly ebsOptimized: boolean;
  readonly shutdownBehavior: "stop" | "terminate";
  readonly detailedMonitoring: boolean;
  /** In base64, as it was given. */
  readonly userData?: string;
  readonly cpuCredits?: "standard" | "unlimited";
  readonly metadata: MetadataOptions;
  /** Absent for `ip-name` without records under the resource name. */
  readonly privateDnsNames?: PrivateDnsNameOptions;
}

export interface ProfileAssociation {
  readonly id: Id<"iip-assoc">;
  readonly instanceProfileId: string;
  readonly instanceProfileArn: string;
  readonly associatedAtMs: number;
}

const defaultAttributes: InstanceAttributes = {
  disableApiTermination: false,
  disableApiStop: false,
  ebsOptimized: false,
  shutdownBehavior: "stop",
  detailedMonitoring: false,
  metadata: defaultMetadataOptions,
};

export interface RunInstancesInput {
  readonly imageId: string;
  readonly instanceType?: string;
  readonly keyName?: string;
  readonly minCount: number;
  readonly maxCount: number;
  readonly primary: PrimaryInterfaceInput;
  readonly attributes?: Partial<InstanceAttributes>;
  /** What is not said the subnet says. */
  readonly privateDnsNames?: Partial<PrivateDnsNameOptions>;
  readonly iamInstanceProfile?: ProfileName;
  readonly clientToken?: string;
  readonly volumes?: VolumesInput;
  readonly instanceTags: Tags;
  readonly interfaceTags: Tags;
}

export interface VolumesInput {
  /** The image's. */
  readonly rootDeviceName: string;
  readonly wishes: readonly VolumeWish[];
  readonly tags: Tags;
}

export interface PrimaryInterfaceInput {
  /** An interface that exists already; nothing but `deleteOnTermination` goes with it. */
  readonly networkInterfaceId?: string;
  /** Absent for the default VPC. */
  readonly subnetId?: string;
  /** Where in the default VPC; absent for the first zone. */
  readonly availabilityZone?: string;
  readonly privateIpAddress?: string;
  readonly secondaryPrivateIpAddresses?: readonly string[];
  readonly secondaryPrivateIpAddressCount?: number;
  readonly ipv6Addresses?: readonly string[];
  /** Absent for what the subnet says. */
  readonly ipv6AddressCount?: number;
  /** Absent for what the subnet says. */
  readonly associatePublicIpAddress?: boolean;
  readonly description?: string;
  readonly deleteOnTermination?: boolean;
  readonly securityGroupIds: readonly string[];
  /** Of groups of the default VPC. */
  readonly securityGroupNames?: readonly string[];
  readonly sourceDestCheck?: boolean;
}

/** The instances of one reservation, in the order of their launch index, `pending`. */
export function runInstances(state: State, input: RunInstancesInput, context: Context): Outcome<readonly Instance[]> {
  const before = madeBefore(state, "instance", input, context);
  if (!before.ok) return before;
  if (before.value.length > 0) return launchedBefore(before.value);
  const checked = checkLaunch(state, input, context);
  if (!checked.ok) return checked;
  const held = heldInterface(state, input.primary, context);
  if (!held.ok) return held;
  const subnet = subnetOfLaunch(state, { ...input.primary, ...held.value }, context);
  if (!subnet.ok) return subnet;
  const fitting = checkPlace(input, subnet.value);
  if (!fitting.ok) return fitting;
  const profile = profileOf(state, input, context);
  if (!profile.ok) return profile;
  const named = groupIdsNamed(state, input.primary.securityGroupNames ?? [], context);
  if (!named.ok) return named;
  const groupIds = [...input.primary.securityGroupIds, ...named.value];
  const inSubnet = { vpcId: subnet.value.vpcId, subnetId: subnet.value.id };
  const groups = groupsForInterface(state, { groupIds, ...inSubnet }, context);
  if (!groups.ok) return groups;
  const { rootDeviceName, wishes, tags } = input.volumes ?? usualVolumes;
  const volumes = planVolumes(rootDeviceName, wishes);
  if (!volumes.ok) return volumes;
  const site: Site = {
    subnet: subnet.value,
    groups: groups.value,
    ...(profile.value !== undefined && { profile: profile.value }),
    ...(held.value !== undefined && { held: held.value.networkInterface }),
  };
  const { availabilityZone } = subnet.value;
  const launched = launch(state, input, site, context);
  if (!launched.ok) return launched;
  const changes = launched.value.flatMap(({ instance, primary }): Change[] => [
    ...enter("instance", instance, (one) => settledInstance(one, state), context),
    put("network-interface", primary),
    ...makeVolumes(volumes.value, { instanceId: instance.id, availabilityZone, tags }, context),
  ]);
  const instances = launched.value.map(({ instance }) => instance);
  return accept(instances, [...changes, ...forgetTerminated(state, context)]);
}

const usualVolumes: VolumesInput = { rootDeviceName: "/dev/xvda", wishes: [], tags: [] };

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
  const kept = instances.value.find((one) => one.attributes.disableApiTermination && !isEnding(one));
  if (kept !== undefined) {
    return fail("OperationNotPermitted", {
      message: `The instance '${kept.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
    });
  }
  const live = instances.value.filter((one) => !isEnding(one));
  const changes = live.flatMap((instance) => {
    const ending: Instance = { ...instance, state: "shutting-down", terminatedAtMs: context.nowMs };
    return enter("instance", ending, (one) => settledInstance(one, state), context);
  });
  const value = instances.value.map((one): StateChange => ({
    instanceId: one.id,
    previous: one.state,
    current: one.state === "terminated" ? "terminated" : "shutting-down",
  }));
  return accept(value, [...changes, ...forgetTerminated(state, context)]);
}

/** Whether a terminated instance is too old to be shown. */
export function isForgotten(instance: Instance, nowMs: number): boolean {
  return instance.terminatedAtMs !== undefined && nowMs - instance.terminatedAtMs > terminatedKeptMs;
}

/** Where and as whom the instances of a launch run. */
interface Site {
  readonly subnet: Subnet;
  readonly groups: readonly Id<"sg">[];
  readonly profile?: InstanceProfile;
  readonly held?: NetworkInterface;
}

interface Launched {
  readonly instance: Instance;
  readonly primary: NetworkInterface;
}

/** As many as there are addresses for, from `minCount` to `maxCount`. */
function launch(
  state: State,
  input: RunInstancesInput,
  site: Site,
  context: Context,
): Result<readonly Launched[], ApiError> {
  const { subnet } = site;
  const reservationId = makeId("r", context.hex);
  if (site.held !== undefined) {
    const place: Place = { reservationId, launchIndex: 0, site, privates: [], ipv6: [] };
    return ok([oneInstance(input, place, context)]);
  }
  const privates = privateAddresses(state, subnet);
  const ipv6Pool = ipv6Addresses(state, subnet, context);
  const publics = publicAddresses(state, context);
  const hasPublic = input.primary.associatePublicIpAddress ?? subnet.mapPublicIpOnLaunch;
  const launched: Launched[] = [];
  for (let launchIndex = 0; launchIndex < input.maxCount; launchIndex++) {
    const { primary } = input;
    const first = takeEach(privates.take, primaryWishes(subnet, primary.privateIpAddress));
    if (!first.ok) {
      if (launched.length < input.minCount || first.error.code !== "InsufficientFreeAddressesInSubnet") return first;
      break;
    }
    const wished = addressWishes(primary.secondaryPrivateIpAddresses, primary.secondaryPrivateIpAddressCount);
    if (!wished.ok) return wished;
    const secondary = takeEach(privates.take, wished.value);
    if (!secondary.ok) return secondary;
    const ipv6Wished = ipv6Wishes(subnet, primary);
    if (!ipv6Wished.ok) return ipv6Wished;
    const ipv6 = takeEach(ipv6Pool.take, ipv6Wished.value);
    if (!ipv6.ok) return ipv6;
    const publicIp = hasPublic ? publics.take() : ok(undefined);
    if (!publicIp.ok) return publicIp;
    const place: Place = {
      reservationId,
      launchIndex,
      site,
      privates: [...first.value, ...secondary.value],
      ipv6: ipv6.value,
    };
    launched.push(
      oneInstance(input, publicIp.value === undefined ? place : { ...place, publicIp: publicIp.value }, context),
    );
  }
  return ok(launched);
}

interface Place {
  readonly reservationId: Id<"r">;
  readonly launchIndex: number;
  readonly site: Site;
  /** The primary one first; none in a subnet of IPv6 alone. */
  readonly privates: readonly string[];
  readonly ipv6: readonly string[];
  readonly publicIp?: string;
}

function oneInstance(input: RunInstancesInput, place: Place, context: Context): Launched {
  const { site, publicIp } = place;
  const { subnet, profile, held } = site;
  const id = makeId("i", context.hex);
  const attachment = {
    id: makeId("eni-attach", context.hex),
    instanceId: id,
    deviceIndex: 0,
    deleteOnTermination: input.primary.deleteOnTermination ?? true,
    attachedAtMs: context.nowMs,
  };
  const { sourceDestCheck } = input.primary;
  const [privateIpAddress, ...secondaryPrivateIpAddresses] = place.privates;
  const fresh = (): NetworkInterface =>
    newInterface(
      {
        subnet,
        description: input.primary.description ?? "",
        ...(privateIpAddress !== undefined && { privateIpAddress }),
        secondaryPrivateIpAddresses,
        ipv6Addresses: place.ipv6,
        securityGroupIds: site.groups,
        ...(publicIp !== undefined && { publicIpAddress: publicIp }),
        attachment,
        tags: input.interfaceTags,
      },
      context,
    );
  const base =
    held === undefined
      ? fresh()
      : { ...held, attachment: { ...attachment, deleteOnTermination: input.primary.deleteOnTermination ?? false } };
  const primary = sourceDestCheck === undefined ? base : { ...base, sourceDestCheck };
  const instance: Instance = {
    id,
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: input.instanceTags,
    reservationId: place.reservationId,
    launchIndex: place.launchIndex,
    imageId: input.imageId,
    instanceType: input.instanceType ?? defaultInstanceType,
    ...(input.keyName !== undefined && { keyName: input.keyName }),
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    networkInterfaceIds: [primary.id],
    state: "pending",
    attributes: {
      ...defaultAttributes,
      ...input.attributes,
      privateDnsNames: { ...subnet.privateDnsNameOptionsOnLaunch, ...input.privateDnsNames },
    },
    ...(profile !== undefined && { iamInstanceProfile: associationWith(profile, context) }),
    ...idempotency(input),
  };
  return { instance, primary };
}

function subnetOfLaunch(state: State, primary: PrimaryInterfaceInput, caller: Caller): Result<Subnet, ApiError> {
  if (primary.subnetId !== undefined) return lookup(state, "subnet", primary.subnetId, caller);
  const fallback = defaultSubnetOf(state, primary.availabilityZone, caller);
  if (fallback !== undefined) return ok(fallback);
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

/** A subnet of the caller's default VPC, the one of the first zone, or undefined. */
function defaultSubnetOf(state: State, zone: string | undefined, caller: Caller): Subnet | undefined {
  const vpc = defaultVpcOf(state, caller);
  const own = vpc === undefined ? [] : findBy(state, "subnet", "vpcId", vpc.id);
  const subnets = own.filter(
    (one) => one.isDefaultForZone === true && [undefined, one.availabilityZone].includes(zone),
  );
  return subnets.toSorted((a, b) => (a.availabilityZone < b.availabilityZone ? -1 : 1))[0];
}

/** An interface that a launch takes over, with what it says about the subnet. */
function heldInterface(
  state: State,
  primary: PrimaryInterfaceInput,
  caller: Caller,
): Result<{ readonly networkInterface: NetworkInterface; readonly subnetId: string } | undefined, ApiError> {
  if (primary.networkInterfaceId === undefined) return ok(undefined);
  const found = lookup(state, "network-interface", primary.networkInterfaceId, caller);
  if (!found.ok) return found;
  if (isInUse(found.value)) {
    return fail("InvalidNetworkInterface.InUse", { message: `Interface: [${found.value.id}] in use.` });
  }
  return ok({ networkInterface: found.value, subnetId: found.value.subnetId });
}

function profileOf(
  state: State,
  input: RunInstancesInput,
  caller: Caller,
): Result<InstanceProfile | undefined, ApiError> {
  return input.iamInstanceProfile === undefined ? ok(undefined) : findProfile(state, input.iamInstanceProfile, caller);
}

function forgetTerminated(state: State, context: Context): readonly Change[] {
  return [...all(state, "instance")]
    .filter((one) => isForgotten(one, context.nowMs))
    .map((one) => remove("instance", one.id));
}
