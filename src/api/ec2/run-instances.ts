/** What RunInstances is asked for, read into the verb's input. Source: Amazon EC2 API Reference, "RunInstances". */

import type {
  IamInstanceProfileSpecification,
  InstanceMetadataOptionsRequest,
  InstanceNetworkInterfaceSpecification,
  PrivateDnsNameOptionsRequest,
  RunInstancesRequest,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { ProfileName } from "../../model/instance-profile-association.ts";
import { type InstanceAttributes, type PrimaryInterfaceInput } from "../../model/instance.ts";
import { defaultMetadataOptions, type MetadataOptions } from "../../model/metadata-option.ts";
import type { PrivateDnsNameOptions } from "../../model/subnet.ts";
import type { FurtherInterface, LaunchInput } from "../../model/launch.ts";
import { readChoice } from "./choice.ts";
import { rootDeviceNameOf } from "./image.ts";
import { readTagSpecifications } from "./tag-set.ts";
import { readVolumes } from "./volume.ts";

/** Kinds that RunInstances tags; the last two are not made here. */
const taggable = ["instance", "network-interface", "volume", "spot-instances-request", "elastic-gpu"] as const;

/** The launch; fails with InvalidParameterCombination, MissingParameter or UnsupportedOperation. */
export function readLaunch(input: RunInstancesRequest, region: string): Result<LaunchInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, taggable);
  if (!tags.ok) return tags;
  if (input.ImageId === undefined) return fail("MissingParameter", { parameter: "ImageId" });
  if (input.LaunchTemplate !== undefined) return unserved("Launch templates");
  const primary = readPrimary(input);
  if (!primary.ok) return primary;
  const further = readFurther(input.NetworkInterfaces ?? []);
  if (!further.ok) return further;
  const attributes = readAttributes(input);
  if (!attributes.ok) return attributes;
  const privateDnsNames = readPrivateDnsNames(input.PrivateDnsNameOptions ?? {});
  if (!privateDnsNames.ok) return privateDnsNames;
  return ok({
    imageId: input.ImageId,
    ...(input.InstanceType !== undefined && { instanceType: input.InstanceType }),
    ...(input.KeyName !== undefined && { keyName: input.KeyName }),
    minCount: input.MinCount ?? 1,
    maxCount: input.MaxCount ?? 1,
    primary: primary.value,
    furtherInterfaces: further.value,
    attributes: attributes.value,
    privateDnsNames: privateDnsNames.value,
    ...(input.IamInstanceProfile !== undefined && { iamInstanceProfile: readProfile(input.IamInstanceProfile) }),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    volumes: {
      rootDeviceName: rootDeviceNameOf(input.ImageId, region),
      wishes: readVolumes(input.BlockDeviceMappings ?? []),
      tags: tags.value.volume,
    },
    instanceTags: tags.value.instance,
    interfaceTags: tags.value["network-interface"],
  });
}

function readPrimary(input: RunInstancesRequest): Result<PrimaryInterfaceInput, ApiError> {
  const given = input.NetworkInterfaces ?? [];
  const first = given.find((one) => one.DeviceIndex === 0) ?? given[0];
  const securityGroupNames = input.SecurityGroups ?? [];
  if (securityGroupNames.length > 0 && input.SubnetId !== undefined) {
    // Source: the text that AWS answers: names are for the default VPC.
    return fail("InvalidParameterCombination", {
      message: "The parameter groupName cannot be used with the parameter subnet",
    });
  }
  // Terraform writes an empty zone where its configuration names none.
  const { AvailabilityZone: availabilityZone = "" } = input.Placement ?? {};
  if (first === undefined) {
    return ok({
      ...(input.SubnetId !== undefined && { subnetId: input.SubnetId }),
      ...(availabilityZone !== "" && { availabilityZone }),
      ...(input.PrivateIpAddress !== undefined && { privateIpAddress: input.PrivateIpAddress }),
      ipv6Addresses: (input.Ipv6Addresses ?? []).map((one) => one.Ipv6Address ?? ""),
      ...(input.Ipv6AddressCount !== undefined && { ipv6AddressCount: input.Ipv6AddressCount }),
      securityGroupIds: input.SecurityGroupIds ?? [],
      securityGroupNames,
    });
  }
  if (input.SubnetId !== undefined) return both("an instance-level subnet ID");
  if (input.PrivateIpAddress !== undefined) return both("an instance-level private IP address");
  if ((input.SecurityGroupIds ?? []).length + securityGroupNames.length > 0)
    return both("instance-level security groups");
  if (given.length > 1 && given.some((one) => one.AssociatePublicIpAddress !== undefined)) {
    // Source: the text that AWS answers.
    return fail("InvalidParameterCombination", {
      message:
        "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.",
    });
  }
  return readInterface(first);
}

/** Those beside the primary one. */
function readFurther(given: readonly InstanceNetworkInterfaceSpecification[]): Result<FurtherInterface[], ApiError> {
  const further: FurtherInterface[] = [];
  const indexes = given.map((one) => one.DeviceIndex);
  if (new Set(indexes).size < indexes.length) {
    return fail("InvalidParameterValue", { message: "Each network interface requires a unique device index." });
  }
  for (const one of given.filter(({ DeviceIndex }) => DeviceIndex !== 0)) {
    if (one.DeviceIndex === undefined) return fail("MissingParameter", { parameter: "NetworkInterface.1.DeviceIndex" });
    const read = readAddresses(one);
    if (!read.ok) return read;
    further.push({
      ...read.value,
      deviceIndex: one.DeviceIndex,
      ...(one.NetworkInterfaceId !== undefined && { networkInterfaceId: one.NetworkInterfaceId }),
    });
  }
  return ok(further);
}

function readInterface(given: InstanceNetworkInterfaceSpecification): Result<PrimaryInterfaceInput, ApiError> {
  if (given.DeviceIndex === undefined) return fail("MissingParameter", { parameter: "NetworkInterface.1.DeviceIndex" });
  if (given.DeviceIndex !== 0) {
    return fail("InvalidParameterCombination", { message: "The primary network interface must have device index 0" });
  }
  if (given.NetworkInterfaceId !== undefined) {
    return ok({
      networkInterfaceId: given.NetworkInterfaceId,
      ...(given.DeleteOnTermination !== undefined && { deleteOnTermination: given.DeleteOnTermination }),
      securityGroupIds: [],
    });
  }
  const read = readAddresses(given);
  if (!read.ok) return read;
  const { AssociatePublicIpAddress: associatePublicIpAddress } = given;
  return ok({ ...read.value, ...(associatePublicIpAddress !== undefined && { associatePublicIpAddress }) });
}

/** What primary and further interfaces have in common. */
function readAddresses(
  given: InstanceNetworkInterfaceSpecification,
): Result<Omit<FurtherInterface, "deviceIndex" | "networkInterfaceId">, ApiError> {
  const privateIp = readPrivateIp(given);
  if (!privateIp.ok) return privateIp;
  const secondary = (given.PrivateIpAddresses ?? []).flatMap((one) =>
    one.Primary === true || one.PrivateIpAddress === privateIp.value ? [] : (one.PrivateIpAddress ?? []),
  );
  return ok({
    ...(given.SubnetId !== undefined && { subnetId: given.SubnetId }),
    ...(privateIp.value !== undefined && { privateIpAddress: privateIp.value }),
    secondaryPrivateIpAddresses: secondary,
    ...(given.SecondaryPrivateIpAddressCount !== undefined && {
      secondaryPrivateIpAddressCount: given.SecondaryPrivateIpAddressCount,
    }),
    ipv6Addresses: (given.Ipv6Addresses ?? []).map((one) => one.Ipv6Address ?? ""),
    ...(given.Ipv6AddressCount !== undefined && { ipv6AddressCount: given.Ipv6AddressCount }),
    ...(given.Description !== undefined && { description: given.Description }),
    ...(given.DeleteOnTermination !== undefined && { deleteOnTermination: given.DeleteOnTermination }),
    securityGroupIds: given.Groups ?? [],
  });
}

function readPrivateIp(given: InstanceNetworkInterfaceSpecification): Result<string | undefined, ApiError> {
  const listed = given.PrivateIpAddresses ?? [];
  const first = listed.find((one) => one.Primary === true) ?? (listed.length === 1 ? listed[0] : undefined);
  if (first !== undefined && given.PrivateIpAddress !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "A primary private IP address may be given only once for a network interface",
    });
  }
  return ok(given.PrivateIpAddress ?? first?.PrivateIpAddress);
}

function readAttributes(input: RunInstancesRequest): Result<Partial<InstanceAttributes>, ApiError> {
  const { MetadataOptions: options, DisableApiStop: disableApiStop } = input;
  const shutdown = readShutdown(input.InstanceInitiatedShutdownBehavior);
  if (!shutdown.ok) return shutdown;
  const credits = readChoice(input.CreditSpecification?.CpuCredits, "cpuCredits", ["standard", "unlimited"]);
  if (!credits.ok) return credits;
  const metadata = readMetadataOptions(options ?? {});
  if (!metadata.ok) return metadata;
  // Checked alone: there are no hosts here that instances could share.
  const tenancy = readChoice(input.Placement?.Tenancy, "tenancy", ["default", "dedicated", "host"]);
  if (!tenancy.ok) return tenancy;
  return ok({
    ...(input.DisableApiTermination !== undefined && { disableApiTermination: input.DisableApiTermination }),
    ...(disableApiStop !== undefined && { disableApiStop }),
    ...(input.EbsOptimized !== undefined && { ebsOptimized: input.EbsOptimized }),
    ...(shutdown.value !== undefined && { shutdownBehavior: shutdown.value }),
    ...(input.Monitoring?.Enabled !== undefined && { detailedMonitoring: input.Monitoring.Enabled }),
    ...(input.UserData !== undefined && { userData: input.UserData }),
    ...(credits.value !== undefined && { cpuCredits: credits.value }),
    ...(options !== undefined && { metadata: { ...defaultMetadataOptions, ...metadata.value } }),
  });
}

/** What becomes of an instance that shuts itself down. */
export function readShutdown(given: string | undefined): Result<"stop" | "terminate" | undefined, ApiError> {
  return readChoice(given, "instanceInitiatedShutdownBehavior", ["stop", "terminate"]);
}

/** Those that a call gives. */
export function readPrivateDnsNames({
  HostnameType: given,
  EnableResourceNameDnsARecord: a,
  EnableResourceNameDnsAAAARecord: aaaa,
}: PrivateDnsNameOptionsRequest): Result<Partial<PrivateDnsNameOptions>, ApiError> {
  const hostnameType = readHostnameType(given, "privateDnsHostnameType");
  if (!hostnameType.ok) return hostnameType;
  return ok({
    ...(hostnameType.value !== undefined && { hostnameType: hostnameType.value }),
    ...(a !== undefined && { enableResourceNameDnsARecord: a }),
    ...(aaaa !== undefined && { enableResourceNameDnsAaaaRecord: aaaa }),
  });
}

export function readHostnameType(
  given: string | undefined,
  parameter: string,
): Result<PrivateDnsNameOptions["hostnameType"] | undefined, ApiError> {
  return readChoice(given, parameter, ["ip-name", "resource-name"]);
}

/** Those that a call gives. */
export function readMetadataOptions(
  options: Pick<
    InstanceMetadataOptionsRequest,
    "HttpTokens" | "HttpPutResponseHopLimit" | "HttpEndpoint" | "HttpProtocolIpv6" | "InstanceMetadataTags"
  >,
): Result<Partial<MetadataOptions>, ApiError> {
  const { HttpPutResponseHopLimit: httpPutResponseHopLimit } = options;
  const httpTokens = readChoice(options.HttpTokens, "httpTokens", ["optional", "required"]);
  if (!httpTokens.ok) return httpTokens;
  const httpEndpoint = readSwitch(options.HttpEndpoint, "httpEndpoint");
  if (!httpEndpoint.ok) return httpEndpoint;
  const httpProtocolIpv6 = readSwitch(options.HttpProtocolIpv6, "httpProtocolIpv6");
  if (!httpProtocolIpv6.ok) return httpProtocolIpv6;
  const instanceMetadataTags = readSwitch(options.InstanceMetadataTags, "instanceMetadataTags");
  if (!instanceMetadataTags.ok) return instanceMetadataTags;
  return ok({
    ...(httpTokens.value !== undefined && { httpTokens: httpTokens.value }),
    ...(httpPutResponseHopLimit !== undefined && { httpPutResponseHopLimit }),
    ...(httpEndpoint.value !== undefined && { httpEndpoint: httpEndpoint.value }),
    ...(httpProtocolIpv6.value !== undefined && { httpProtocolIpv6: httpProtocolIpv6.value }),
    ...(instanceMetadataTags.value !== undefined && { instanceMetadataTags: instanceMetadataTags.value }),
  });
}

function readSwitch(
  given: string | undefined,
  parameter: string,
): Result<"enabled" | "disabled" | undefined, ApiError> {
  return readChoice(given, parameter, ["enabled", "disabled"]);
}

export function readProfile(given: IamInstanceProfileSpecification): ProfileName {
  return {
    ...(given.Name !== undefined && { name: given.Name }),
    ...(given.Arn !== undefined && { arn: given.Arn }),
  };
}

/** Source: the text that AWS answers for a subnet beside network interfaces. */
function both(what: string): Result<never, ApiError> {
  return fail("InvalidParameterCombination", {
    message: `Network interfaces and ${what} may not be specified on the same request`,
  });
}

function unserved(what: string): Result<never, ApiError> {
  return fail("UnsupportedOperation", { message: `${what} are not served by Underpass yet` });
}
