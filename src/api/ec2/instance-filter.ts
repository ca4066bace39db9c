/** The filters of DescribeInstances. Source: Amazon EC2 API Reference, "DescribeInstances", Filters. */

import type {
  GroupIdentifier,
  Instance as WireInstance,
  InstanceBlockDeviceMapping,
  InstanceNetworkInterface,
  InstancePrivateIpAddress,
} from "@aws-sdk/client-ec2";
import { privateDnsNamesOf } from "../../model/instance-attribute.ts";
import type { Instance } from "../../model/instance.ts";
import { findZone } from "../../model/region.ts";
import { always, type FilterTable, maybe, never, tagFilters } from "./filter.ts";

/** Most filters look at what the answer would show. */
export function instanceFilters(wireOf: (instance: Instance) => WireInstance): FilterTable<Instance> {
  const wired =
    (pick: (wire: WireInstance) => string | number | boolean | undefined) =>
    (instance: Instance): readonly string[] => {
      const value = pick(wireOf(instance));
      return value === undefined ? [] : [String(value)];
    };
  const eachInterface =
    (pick: (wire: InstanceNetworkInterface) => string | number | boolean | undefined) =>
    (instance: Instance): readonly string[] =>
      (wireOf(instance).NetworkInterfaces ?? []).flatMap((one) => {
        const value = pick(one);
        return value === undefined ? [] : [String(value)];
      });
  const groups =
    (pick: (group: GroupIdentifier) => string | undefined) =>
    (instance: Instance): readonly string[] =>
      (wireOf(instance).NetworkInterfaces ?? [])
        .flatMap((one) => one.Groups ?? [])
        .flatMap((group) => maybe(pick(group)));
  const ipv6 = (instance: Instance): readonly string[] =>
    (wireOf(instance).NetworkInterfaces ?? [])
      .flatMap((one) => one.Ipv6Addresses ?? [])
      .flatMap((one) => maybe(one.Ipv6Address));
  const groupId = groups((group) => group.GroupId);
  const groupName = groups((group) => group.GroupName);
  return {
    ...tagFilters,
    ...fixed,
    "group-id": never,
    "group-name": never,
    "instance.group-id": groupId,
    "instance.group-name": groupName,
    "ipv6-address": ipv6,
    "network-interface.group-id": groupId,
    "network-interface.group-name": groupName,
    "network-interface.ipv6-address": ipv6,
    "network-interface.ipv6-addresses.ipv6-address": ipv6,
    ...ofInstance(wired),
    ...ofInterfaces(eachInterface),
    ...ofDevices((instance) => wireOf(instance).BlockDeviceMappings ?? []),
    ...ofAddresses((instance) =>
      (wireOf(instance).NetworkInterfaces ?? []).flatMap((one) => one.PrivateIpAddresses ?? []),
    ),
  };
}

function ofDevices(devicesOf: (instance: Instance) => readonly InstanceBlockDeviceMapping[]): FilterTable<Instance> {
  const each =
    (pick: (device: InstanceBlockDeviceMapping) => string | undefined) =>
    (instance: Instance): readonly string[] =>
      devicesOf(instance).flatMap((one) => pick(one) ?? []);
  return {
    "block-device-mapping.attach-time": each((it) => it.Ebs?.AttachTime?.toISOString()),
    "block-device-mapping.delete-on-termination": each((it) => it.Ebs && String(it.Ebs.DeleteOnTermination)),
    "block-device-mapping.device-name": each((it) => it.DeviceName),
    "block-device-mapping.status": each((it) => it.Ebs?.Status),
    "block-device-mapping.volume-id": each((it) => it.Ebs?.VolumeId),
  };
}

/** What each private address of an instance has. */
function ofAddresses(addressesOf: (instance: Instance) => readonly InstancePrivateIpAddress[]): FilterTable<Instance> {
  const each =
    (pick: (address: InstancePrivateIpAddress) => string | boolean | undefined) =>
    (instance: Instance): readonly string[] =>
      addressesOf(instance).flatMap((one) => {
        const value = pick(one);
        return value === undefined ? [] : [String(value)];
      });
  return {
    "network-interface.addresses.association.ip-owner-id": each((it) => it.Association?.IpOwnerId),
    "network-interface.addresses.association.public-dns-name": each((it) => it.Association?.PublicDnsName),
    "network-interface.addresses.association.public-ip": each((it) => it.Association?.PublicIp),
    "network-interface.addresses.primary": each((it) => it.Primary),
    "network-interface.addresses.private-dns-name": each((it) => it.PrivateDnsName),
    "network-interface.addresses.private-ip-address": each((it) => it.PrivateIpAddress),
  };
}

type Wired<W> = (pick: (wire: W) => string | number | boolean | undefined) => (instance: Instance) => readonly string[];

function zoneOf(wire: WireInstance): string {
  return wire.Placement?.AvailabilityZone ?? "";
}

function ofInstance(wired: Wired<WireInstance>): FilterTable<Instance> {
  return {
    architecture: wired((it) => it.Architecture),
    "availability-zone": wired(zoneOf),
    "network-interface.availability-zone": wired(zoneOf),
    "availability-zone-id": wired((it) => findZone(zoneOf(it).slice(0, -1), zoneOf(it))?.id),
    "client-token": (it) => maybe(it.clientToken),
    "dns-name": wired((it) => it.PublicDnsName),
    "ebs-optimized": wired((it) => it.EbsOptimized),
    "iam-instance-profile.arn": (it) => maybe(it.iamInstanceProfile?.instanceProfileArn),
    "iam-instance-profile.id": (it) => maybe(it.iamInstanceProfile?.instanceProfileId),
    "monitoring-state": wired((it) => it.Monitoring?.State),
    "ena-support": wired((it) => it.EnaSupport),
    hypervisor: wired((it) => it.Hypervisor),
    "image-id": (it) => [it.imageId],
    "instance-id": (it) => [it.id],
    "instance-state-code": wired((it) => it.State?.Code),
    "instance-state-name": (it) => [it.state],
    "instance-type": (it) => [it.instanceType],
    "ip-address": wired((it) => it.PublicIpAddress),
    "key-name": (it) => maybe(it.keyName),
    "launch-index": (it) => [String(it.launchIndex)],
    "launch-time": wired((it) => it.LaunchTime?.toISOString()),
    "metadata-options.http-endpoint": wired((it) => it.MetadataOptions?.HttpEndpoint),
    "metadata-options.http-protocol-ipv4": always("enabled"),
    "metadata-options.http-protocol-ipv6": wired((it) => it.MetadataOptions?.HttpProtocolIpv6),
    "metadata-options.http-put-response-hop-limit": wired((it) => it.MetadataOptions?.HttpPutResponseHopLimit),
    "metadata-options.http-tokens": wired((it) => it.MetadataOptions?.HttpTokens),
    "metadata-options.state": wired((it) => it.MetadataOptions?.State),
    "metadata-options.instance-metadata-tags": wired((it) => it.MetadataOptions?.InstanceMetadataTags),
    "owner-id": (it) => [it.accountId],
    "private-dns-name": wired((it) => it.PrivateDnsName),
    "private-ip-address": wired((it) => it.PrivateIpAddress),
    "root-device-name": wired((it) => it.RootDeviceName),
    reason: wired((it) => it.StateTransitionReason),
    "reservation-id": (it) => [it.reservationId],
    "source-dest-check": wired((it) => it.SourceDestCheck),
    "state-reason-code": wired((it) => it.StateReason?.Code),
    "state-reason-message": wired((it) => it.StateReason?.Message),
    "subnet-id": wired((it) => it.SubnetId),
    "usage-operation": wired((it) => it.UsageOperation),
    "usage-operation-update-time": wired((it) => it.UsageOperationUpdateTime?.toISOString()),
    "virtualization-type": wired((it) => it.VirtualizationType),
    "vpc-id": wired((it) => it.VpcId),
  };
}

function ofInterfaces(each: Wired<InstanceNetworkInterface>): FilterTable<Instance> {
  return {
    "network-interface.association.ip-owner-id": each((it) => it.Association?.IpOwnerId),
    "network-interface.association.public-dns-name": each((it) => it.Association?.PublicDnsName),
    "network-interface.association.public-ip": each((it) => it.Association?.PublicIp),
    "network-interface.attachment.attach-time": each((it) => it.Attachment?.AttachTime?.toISOString()),
    "network-interface.attachment.attachment-id": each((it) => it.Attachment?.AttachmentId),
    "network-interface.attachment.delete-on-termination": each((it) => it.Attachment?.DeleteOnTermination),
    "network-interface.attachment.device-index": each((it) => it.Attachment?.DeviceIndex),
    "network-interface.attachment.instance-id": (it) => (it.networkInterfaceIds.length > 0 ? [it.id] : []),
    "network-interface.attachment.instance-owner-id": each((it) => it.OwnerId),
    "network-interface.attachment.network-card-index": each((it) => it.Attachment?.NetworkCardIndex),
    "network-interface.attachment.status": each((it) => it.Attachment?.Status),
    "network-interface.description": each((it) => it.Description),
    // Source: "DescribeInstances": whether it is an interface of IPv6 alone.
    "network-interface.ipv6-native": each((it) => it.PrivateIpAddress === undefined),
    "network-interface.mac-address": each((it) => it.MacAddress),
    "network-interface.network-interface-id": (it) => it.networkInterfaceIds,
    "network-interface.owner-id": each((it) => it.OwnerId),
    "network-interface.private-dns-name": each((it) => it.PrivateDnsName),
    "network-interface.private-ip-address": each((it) => it.PrivateIpAddress),
    "network-interface.public-dns-name": each((it) => it.Association?.PublicDnsName),
    "network-interface.source-dest-check": each((it) => it.SourceDestCheck),
    "network-interface.status": each((it) => it.Status),
    "network-interface.subnet-id": each((it) => it.SubnetId),
    "network-interface.vpc-id": each((it) => it.VpcId),
  };
}

/** What is the same for every instance here, and what none has. */
const fixed: FilterTable<Instance> = {
  affinity: never,
  "boot-mode": never,
  "capacity-reservation-id": never,
  "capacity-reservation-specification.capacity-reservation-preference": always("open"),
  "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id": never,
  "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn": never,
  "current-instance-boot-mode": always("legacy-bios"),
  "enclave-options.enabled": always("false"),
  "hibernation-options.configured": always("false"),
  "host-id": never,
  "instance-lifecycle": never,
  "kernel-id": never,
  "maintenance-options.auto-recovery": always("default"),
  "network-interface.addresses.association.allocation-id": never,
  "network-interface.addresses.association.association-id": never,
  "network-interface.addresses.association.carrier-ip": never,
  "network-interface.addresses.association.customer-owned-ip": never,
  "network-interface.association.allocation-id": never,
  "network-interface.association.association-id": never,
  "network-interface.association.carrier-ip": never,
  "network-interface.association.customer-owned-ip": never,
  "network-interface.deny-all-igw-traffic": never,
  "network-interface.ipv4-prefixes.ipv4-prefix": never,
  "network-interface.ipv6-addresses.is-primary-ipv6": never,
  "network-interface.ipv6-prefixes.ipv6-prefix": never,
  "network-interface.operator.managed": always("false"),
  "network-interface.operator.principal": never,
  "network-interface.outpost-arn": never,
  "network-performance-options.bandwidth-weighting": always("default"),
  "network-interface.requester-id": never,
  "network-interface.requester-managed": always("false"),
  "network-interface.tag-key": never,
  "network-interface.tag-value": never,
  "operator.managed": always("false"),
  "operator.principal": never,
  "outpost-arn": never,
  "placement-group-name": never,
  "placement-partition-number": never,
  platform: never,
  "platform-details": always("Linux/UNIX"),
  "private-dns-name-options.enable-resource-name-dns-a-record": (it) => [
    String(privateDnsNamesOf(it).enableResourceNameDnsARecord),
  ],
  "private-dns-name-options.enable-resource-name-dns-aaaa-record": (it) => [
    String(privateDnsNamesOf(it).enableResourceNameDnsAaaaRecord),
  ],
  "private-dns-name-options.hostname-type": (it) => [privateDnsNamesOf(it).hostnameType],
  "product-code": never,
  "product-code.type": never,
  "ramdisk-id": never,
  "requester-id": never,
  "root-device-type": always("ebs"),
  "spot-instance-request-id": never,
  tenancy: always("default"),
  "tpm-support": never,
};
