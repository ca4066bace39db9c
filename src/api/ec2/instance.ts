/** Instances on the wire. Source: Amazon EC2 API Reference, "RunInstances" and the other operations below. */

import type {
  DescribeInstancesRequest,
  DescribeInstancesResult,
  Instance as WireInstance,
  InstanceState as WireState,
  Reservation,
  RunInstancesRequest,
  TerminateInstancesRequest,
  TerminateInstancesResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { privateDnsNamesOf } from "../../model/instance-attribute.ts";
import { type Instance, type InstanceState, isForgotten, terminateInstances } from "../../model/instance.ts";
import { launchInstances } from "../../model/launch.ts";
import { instanceHostName } from "../../model/host-name.ts";
import type { MetadataOptions } from "../../model/metadata-option.ts";
import type { NetworkInterface } from "../../model/network-interface.ts";
import { find, type State } from "../../model/state.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { rootDeviceNameOf } from "./image.ts";
import { instanceFilters } from "./instance-filter.ts";
import { runTargets } from "./launch-target.ts";
import { list } from "./listing.ts";
import { groupSet, publicDnsName, wireInstanceInterface } from "./network-interface.ts";
import { wholeSecond } from "./time.ts";
import { readLaunch } from "./run-instances.ts";
import { wirePrivateDnsNames } from "./subnet.ts";
import { optionalTags } from "./tag-set.ts";
import { onAnything, onExisting } from "./target.ts";
import { wireDevices } from "./volume.ts";

const run: Handler<RunInstancesRequest, Reservation> = async (input, call) => {
  const launch = readLaunch(input, call.region);
  if (!launch.ok) return launch;
  const made = await call.run((state, context) => launchInstances(state, launch.value, context));
  if (!made.ok) return made;
  const state = call.state();
  const instances = made.value.map((one) => wireInstance(state, one));
  return ok({
    ReservationId: made.value[0]?.reservationId,
    OwnerId: call.accountId,
    Groups: [],
    Instances: instances,
  });
};

const describe: Handler<DescribeInstancesRequest, DescribeInstancesResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "instance",
    ids: input.InstanceIds,
    excluding: ["instancesSet", "maxResults"],
    filters: instanceFilters((one) => wireInstance(state, one)),
    indexed: { "subnet-id": "subnetId", "vpc-id": "vpcId" },
    hidden: (one: Instance) => isForgotten(one, call.nowMs),
  } as const;
  const page = list(listing, input, call);
  if (!page.ok) return page;
  return ok({ Reservations: reservationsOf(state, page.value.items), NextToken: page.value.nextToken });
};

const terminate: Handler<TerminateInstancesRequest, TerminateInstancesResult> = async (input, call) => {
  const wanted = { instanceIds: input.InstanceIds ?? [] };
  const done = await call.run((state, context) => terminateInstances(state, wanted, context));
  if (!done.ok) return done;
  return ok({
    TerminatingInstances: done.value.map((change) => ({
      InstanceId: change.instanceId,
      CurrentState: wireState(change.current),
      PreviousState: wireState(change.previous),
    })),
  });
};

/** Instances by their reservation, in the order of their launch index. */
function reservationsOf(state: State, instances: readonly Instance[]): Reservation[] {
  const byReservation = Map.groupBy(instances, (one) => one.reservationId);
  return [...byReservation].map(([reservationId, members]) => ({
    ReservationId: reservationId,
    OwnerId: members[0]?.accountId,
    Groups: [],
    Instances: members.toSorted((a, b) => a.launchIndex - b.launchIndex).map((one) => wireInstance(state, one)),
  }));
}

function wireInstance(state: State, instance: Instance): WireInstance {
  const interfaces = instance.networkInterfaceIds.flatMap((id) => find(state, "network-interface", id) ?? []);
  const [primary] = interfaces;
  return {
    Architecture: "x86_64",
    BlockDeviceMappings: wireDevices(state, instance),
    ClientToken: instance.clientToken ?? "",
    EbsOptimized: instance.attributes.ebsOptimized,
    EnaSupport: true,
    Hypervisor: "xen",
    ...(instance.iamInstanceProfile !== undefined && {
      IamInstanceProfile: {
        Arn: instance.iamInstanceProfile.instanceProfileArn,
        Id: instance.iamInstanceProfile.instanceProfileId,
      },
    }),
    NetworkInterfaces: interfaces.map((one) => wireInstanceInterface(state, one)),
    RootDeviceName: rootDeviceNameOf(instance.imageId, instance.region),
    RootDeviceType: "ebs",
    SecurityGroups: primary === undefined ? [] : groupSet(state, primary),
    ...(isDown(instance) && {
      StateReason: {
        Code: "Client.UserInitiatedShutdown",
        Message: "Client.UserInitiatedShutdown: User initiated shutdown",
      },
    }),
    ...optionalTags(instance.tags),
    VirtualizationType: "hvm",
    CpuOptions: { CoreCount: 1, ThreadsPerCore: 1 },
    CapacityReservationSpecification: { CapacityReservationPreference: "open" },
    HibernationOptions: { Configured: false },
    MetadataOptions: wireMetadataOptions(instance.attributes.metadata),
    EnclaveOptions: { Enabled: false },
    PlatformDetails: "Linux/UNIX",
    UsageOperation: "RunInstances",
    UsageOperationUpdateTime: wholeSecond(instance.createdAtMs),
    PrivateDnsNameOptions: wirePrivateDnsNames(privateDnsNamesOf(instance)),
    MaintenanceOptions: { AutoRecovery: "default" },
    CurrentInstanceBootMode: "legacy-bios",
    Operator: { Managed: false },
    InstanceId: instance.id,
    ImageId: instance.imageId,
    State: wireState(instance.state),
    ...wireAddresses(state, instance, primary),
    StateTransitionReason: transitionReason(instance),
    ...(instance.keyName !== undefined && { KeyName: instance.keyName }),
    AmiLaunchIndex: instance.launchIndex,
    ProductCodes: [],
    InstanceType: instance.instanceType as NonNullable<WireInstance["InstanceType"]>,
    LaunchTime: wholeSecond(instance.startedAtMs ?? instance.createdAtMs),
    Placement: placementOf(state, instance),
    Monitoring: { State: instance.attributes.detailedMonitoring ? "enabled" : "disabled" },
  };
}

export function wireMetadataOptions(options: MetadataOptions): NonNullable<WireInstance["MetadataOptions"]> {
  return {
    State: "applied",
    HttpTokens: options.httpTokens,
    HttpPutResponseHopLimit: options.httpPutResponseHopLimit,
    HttpEndpoint: options.httpEndpoint,
    HttpProtocolIpv6: options.httpProtocolIpv6,
    InstanceMetadataTags: options.instanceMetadataTags,
  };
}

/** What an instance has only while it has interfaces. */
function wireAddresses(state: State, instance: Instance, primary: NetworkInterface | undefined): Partial<WireInstance> {
  if (primary === undefined) return { PrivateDnsName: "", PublicDnsName: "" };
  return {
    SourceDestCheck: primary.sourceDestCheck,
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
    PrivateIpAddress: primary.privateIpAddress,
    PrivateDnsName: instanceHostName(instance, primary),
    PublicDnsName: publicDnsName(state, primary),
    ...(primary.publicIpAddress !== undefined && { PublicIpAddress: primary.publicIpAddress }),
    ...(primary.ipv6Addresses[0] !== undefined && { Ipv6Address: primary.ipv6Addresses[0] }),
  };
}

function placementOf(state: State, instance: Instance): NonNullable<WireInstance["Placement"]> {
  const zone = find(state, "subnet", instance.subnetId)?.availabilityZone;
  return { GroupName: "", Tenancy: "default", ...(zone !== undefined && { AvailabilityZone: zone }) };
}

/** Whether it neither runs nor is about to. */
function isDown({ state }: Instance): boolean {
  return state !== "pending" && state !== "running";
}

/** `User initiated (2026-11-22 08:30:00 GMT)`. */
function transitionReason(instance: Instance): string {
  const atMs = instance.terminatedAtMs ?? (isDown(instance) ? instance.stoppedAtMs : undefined);
  if (atMs === undefined) return "";
  const at = new Date(atMs).toISOString();
  return `User initiated (${at.slice(0, 10)} ${at.slice(11, 19)} GMT)`;
}

/** Source: EC2 API Reference, "InstanceState". */
const stateCodes: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

export function wireState(state: InstanceState): WireState {
  return { Code: stateCodes[state], Name: state };
}

export const instanceActions: Actions = {
  RunInstances: action(run, runTargets),
  DescribeInstances: action(describe, (_, call) => onAnything("DescribeInstances", call)),
  TerminateInstances: action(terminate, (input, call) =>
    onExisting("TerminateInstances", "instance", input.InstanceIds ?? [], call),
  ),
};
