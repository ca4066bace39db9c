/**
 * What clients read before they launch, beside images: instance types and volumes, which nothing has here.
 *
 * ASSUMPTION: the few instance types that are listed stand for all of AWS's.
 * Source: Amazon EC2 API Reference, "DescribeInstanceTypes".
 */

import type {
  DescribeInstanceTypeOfferingsRequest,
  DescribeInstanceTypeOfferingsResult,
  DescribeInstanceTypesRequest,
  DescribeInstanceTypesResult,
  GetInstanceMetadataDefaultsRequest,
  GetInstanceMetadataDefaultsResult,
  InstanceTypeInfo,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { isNitro } from "../../model/instance-type.ts";
import { fail } from "../../model/error.ts";
import { findRegion } from "../../model/region.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { readChoice } from "./choice.ts";
import { type FilterTable, maybe, never, readFilters } from "./filter.ts";
import { pageOf } from "./page.ts";
import { onAnything } from "./target.ts";

const describeTypes: Handler<DescribeInstanceTypesRequest, DescribeInstanceTypesResult> = async (input) => {
  const read = readFilters(input.Filters, typeFilters);
  if (!read.ok) return read;
  const names: readonly string[] = input.InstanceTypes ?? [];
  const unknown = names.find((name) => !types.some((type) => type.name === name));
  if (unknown !== undefined) {
    return fail("InvalidInstanceType", { message: `The following supplied instance types do not exist: [${unknown}]` });
  }
  const hits = types.filter((type) => (names.length === 0 || names.includes(type.name)) && read.value.matches(type));
  const page = pageOf(hits, (type) => type.name, input, { least: 5, most: 100, above: "refused" });
  if (!page.ok) return page;
  return ok({ InstanceTypes: page.value.items.map(wireType), NextToken: page.value.nextToken });
};

const describeOfferings: Handler<DescribeInstanceTypeOfferingsRequest, DescribeInstanceTypeOfferingsResult> = async (
  input,
  call,
) => {
  const read = readChoice(input.LocationType, "locationType", ["region", "availability-zone", "availability-zone-id"]);
  if (!read.ok) return read;
  const { value: locationType = "region" } = read;
  const zones = findRegion(call.region)?.zones ?? [];
  const locations =
    locationType === "region"
      ? [call.region]
      : zones.map((zone) => (locationType === "availability-zone" ? zone.name : zone.id));
  const offerings = types.flatMap((type) => locations.map((location) => ({ type: type.name, location })));
  const table: FilterTable<(typeof offerings)[number]> = {
    location: (it) => [it.location],
    "instance-type": (it) => [it.type],
  };
  const filters = readFilters(input.Filters, table);
  if (!filters.ok) return filters;
  const keyOf = (one: (typeof offerings)[number]): string => `${one.type} ${one.location}`;
  const page = pageOf(offerings.filter(filters.value.matches), keyOf, input);
  if (!page.ok) return page;
  return ok({
    InstanceTypeOfferings: page.value.items.map((one) => ({
      InstanceType: one.type as NonNullable<InstanceTypeInfo["InstanceType"]>,
      LocationType: locationType,
      Location: one.location,
    })),
    NextToken: page.value.nextToken,
  });
};

/** ASSUMPTION: GetInstanceMetadataDefaults answers that no account has set any defaults. */
const metadataDefaults: Handler<GetInstanceMetadataDefaultsRequest, GetInstanceMetadataDefaultsResult> = async () =>
  ok({ AccountLevel: {} });

interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly threadsPerCore: number;
  readonly memoryMib: number;
  readonly interfaces: number;
  readonly addresses: number;
}

/** Name, vCPUs, threads per core, memory in GiB, interfaces, addresses per interface. Source: Amazon EC2 User Guide, "Instance types". */
const rows: readonly (readonly [string, number, number, number, number, number])[] = [
  ["c5.large", 2, 2, 4, 3, 10],
  ["c5.xlarge", 4, 2, 8, 4, 15],
  ["m1.small", 1, 1, 1.7, 2, 4],
  ["m5.2xlarge", 8, 2, 32, 4, 15],
  ["m5.large", 2, 2, 8, 3, 10],
  ["m5.xlarge", 4, 2, 16, 4, 15],
  ["m6i.large", 2, 2, 8, 3, 10],
  ["r5.large", 2, 2, 16, 3, 10],
  ["t2.large", 2, 1, 8, 3, 12],
  ["t2.medium", 2, 1, 4, 3, 6],
  ["t2.micro", 1, 1, 1, 2, 2],
  ["t2.nano", 1, 1, 0.5, 2, 2],
  ["t2.small", 1, 1, 2, 3, 4],
  ["t3.large", 2, 2, 8, 3, 12],
  ["t3.medium", 2, 2, 4, 3, 6],
  ["t3.micro", 2, 2, 1, 2, 2],
  ["t3.nano", 2, 2, 0.5, 2, 2],
  ["t3.small", 2, 2, 2, 3, 4],
  ["t3.xlarge", 4, 2, 16, 4, 15],
];

const types: readonly InstanceType[] = rows.map(([name, vcpus, threadsPerCore, memoryGib, interfaces, addresses]) => ({
  name,
  vcpus,
  threadsPerCore,
  memoryMib: Math.round(memoryGib * 1024),
  interfaces,
  addresses,
}));

function wireType(type: InstanceType): InstanceTypeInfo {
  const onNitro = isNitro(type.name);
  return {
    InstanceType: type.name as NonNullable<InstanceTypeInfo["InstanceType"]>,
    CurrentGeneration: !type.name.startsWith("m1."),
    FreeTierEligible: type.name === "t2.micro",
    SupportedUsageClasses: ["on-demand", "spot"],
    SupportedRootDeviceTypes: ["ebs"],
    SupportedVirtualizationTypes: ["hvm"],
    BareMetal: false,
    Hypervisor: onNitro ? "nitro" : "xen",
    ProcessorInfo: { SupportedArchitectures: ["x86_64"], SustainedClockSpeedInGhz: 2.5 },
    VCpuInfo: {
      DefaultVCpus: type.vcpus,
      DefaultCores: type.vcpus / type.threadsPerCore,
      DefaultThreadsPerCore: type.threadsPerCore,
    },
    MemoryInfo: { SizeInMiB: type.memoryMib },
    InstanceStorageSupported: false,
    EbsInfo: {
      EbsOptimizedSupport: onNitro ? "default" : "unsupported",
      EncryptionSupport: "supported",
      NvmeSupport: onNitro ? "required" : "unsupported",
    },
    NetworkInfo: {
      MaximumNetworkInterfaces: type.interfaces,
      MaximumNetworkCards: 1,
      DefaultNetworkCardIndex: 0,
      Ipv4AddressesPerInterface: type.addresses,
      Ipv6AddressesPerInterface: type.addresses,
      Ipv6Supported: true,
      EnaSupport: onNitro ? "required" : "unsupported",
      EfaSupported: false,
      EncryptionInTransitSupported: false,
    },
    PlacementGroupInfo: { SupportedStrategies: ["partition", "spread"] },
    HibernationSupported: true,
    BurstablePerformanceSupported: type.name.startsWith("t"),
    DedicatedHostsSupported: false,
    AutoRecoverySupported: true,
    SupportedBootModes: onNitro ? ["legacy-bios", "uefi"] : ["legacy-bios"],
  };
}

const typeFilters: FilterTable<InstanceType> = {
  "auto-recovery-supported": () => ["true"],
  "bare-metal": () => ["false"],
  "burstable-performance-supported": (it) => [String(it.name.startsWith("t"))],
  "current-generation": (it) => [String(wireType(it).CurrentGeneration)],
  "free-tier-eligible": (it) => [String(it.name === "t2.micro")],
  hypervisor: (it) => maybe(wireType(it).Hypervisor),
  "instance-storage-supported": () => ["false"],
  "instance-type": (it) => [it.name],
  "memory-info.size-in-mib": (it) => [String(it.memoryMib)],
  "network-info.ipv4-addresses-per-interface": (it) => [String(it.addresses)],
  "network-info.maximum-network-interfaces": (it) => [String(it.interfaces)],
  "processor-info.supported-architecture": () => ["x86_64"],
  "dedicated-hosts-supported": () => ["false"],
  "ebs-info.attachment-limit-type": never,
  "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": never,
  "ebs-info.ebs-optimized-info.baseline-iops": never,
  "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps": never,
  "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": never,
  "ebs-info.ebs-optimized-info.maximum-iops": never,
  "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps": never,
  "ebs-info.ebs-optimized-support": (it) => maybe(wireType(it).EbsInfo?.EbsOptimizedSupport),
  "ebs-info.encryption-support": () => ["supported"],
  "ebs-info.maximum-ebs-attachments": never,
  "ebs-info.nvme-support": (it) => maybe(wireType(it).EbsInfo?.NvmeSupport),
  "hibernation-supported": () => ["true"],
  "instance-storage-info.disk.count": never,
  "instance-storage-info.disk.size-in-gb": never,
  "instance-storage-info.disk.type": never,
  "instance-storage-info.encryption-support": never,
  "instance-storage-info.nvme-support": never,
  "instance-storage-info.total-size-in-gb": never,
  "network-info.bandwidth-weightings": never,
  "network-info.efa-info.maximum-efa-interfaces": never,
  "network-info.efa-supported": () => ["false"],
  "network-info.ena-support": (it) => maybe(wireType(it).NetworkInfo?.EnaSupport),
  "network-info.encryption-in-transit-supported": () => ["false"],
  "network-info.flexible-ena-queues-support": never,
  "network-info.ipv6-addresses-per-interface": (it) => [String(it.addresses)],
  "network-info.ipv6-supported": () => ["true"],
  "network-info.maximum-network-cards": () => ["1"],
  "network-info.network-performance": never,
  "nitro-enclaves-support": never,
  "nitro-tpm-info.supported-versions": never,
  "nitro-tpm-support": never,
  "processor-info.supported-features": never,
  "processor-info.sustained-clock-speed-in-ghz": () => ["2.5"],
  "reboot-migration-support": never,
  "supported-boot-mode": (it) => wireType(it).SupportedBootModes ?? [],
  "vcpu-info.valid-cores": never,
  "vcpu-info.valid-threads-per-core": never,
  "supported-root-device-type": () => ["ebs"],
  "supported-usage-class": () => ["on-demand", "spot"],
  "supported-virtualization-type": () => ["hvm"],
  "vcpu-info.default-cores": (it) => [String(it.vcpus / it.threadsPerCore)],
  "vcpu-info.default-threads-per-core": (it) => [String(it.threadsPerCore)],
  "vcpu-info.default-vcpus": (it) => [String(it.vcpus)],
};

export const catalogueActions: Actions = {
  DescribeInstanceTypes: action(describeTypes, (_, call) => onAnything("DescribeInstanceTypes", call)),
  DescribeInstanceTypeOfferings: action(describeOfferings, (_, call) =>
    onAnything("DescribeInstanceTypeOfferings", call),
  ),
  GetInstanceMetadataDefaults: action(metadataDefaults, (_, call) => onAnything("GetInstanceMetadataDefaults", call)),
};
