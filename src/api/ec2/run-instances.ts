/** What RunInstances is asked for, read into the verb's input. Source: Amazon EC2 API Reference, "RunInstances". */

import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import type { PrimaryInterfaceInput, RunInstancesInput } from "../../model/instance.ts";
import { readTagSpecifications } from "./tag-set.ts";

/** Kinds that RunInstances tags; volumes and the rest are not made here. */
const taggable = ["instance", "network-interface", "volume", "spot-instances-request", "elastic-gpu"] as const;

/** The launch; fails with InvalidParameterCombination, MissingParameter or UnsupportedOperation. */
export function readLaunch(input: RunInstancesRequest): Result<RunInstancesInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, taggable);
  if (!tags.ok) return tags;
  if (input.ImageId === undefined) return fail("MissingParameter", { parameter: "ImageId" });
  if (input.LaunchTemplate !== undefined) return unserved("Launch templates");
  if ((input.SecurityGroups ?? []).length > 0) return unserved("Security groups by name");
  if (input.Ipv6AddressCount !== undefined || (input.Ipv6Addresses ?? []).length > 0) return unserved("IPv6 addresses");
  const primary = readPrimary(input);
  if (!primary.ok) return primary;
  return ok({
    imageId: input.ImageId,
    ...(input.InstanceType !== undefined && { instanceType: input.InstanceType }),
    ...(input.KeyName !== undefined && { keyName: input.KeyName }),
    minCount: input.MinCount ?? 1,
    maxCount: input.MaxCount ?? 1,
    primary: primary.value,
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    instanceTags: tags.value.instance,
    interfaceTags: tags.value["network-interface"],
  });
}

function readPrimary(input: RunInstancesRequest): Result<PrimaryInterfaceInput, ApiError> {
  const [first, second] = input.NetworkInterfaces ?? [];
  if (first === undefined) {
    return ok({
      ...(input.SubnetId !== undefined && { subnetId: input.SubnetId }),
      ...(input.PrivateIpAddress !== undefined && { privateIpAddress: input.PrivateIpAddress }),
      securityGroupIds: input.SecurityGroupIds ?? [],
    });
  }
  if (input.SubnetId !== undefined) return both("an instance-level subnet ID");
  if (input.PrivateIpAddress !== undefined) return both("an instance-level private IP address");
  if ((input.SecurityGroupIds ?? []).length > 0) return both("instance-level security groups");
  if (second !== undefined) return unserved("Launches with more than one network interface");
  return readInterface(first);
}

function readInterface(given: InstanceNetworkInterfaceSpecification): Result<PrimaryInterfaceInput, ApiError> {
  if (given.NetworkInterfaceId !== undefined) return unserved("Launches with an existing network interface");
  if (given.DeviceIndex === undefined) return fail("MissingParameter", { parameter: "NetworkInterface.1.DeviceIndex" });
  if (given.DeviceIndex !== 0) {
    return fail("InvalidParameterCombination", { message: "The primary network interface must have device index 0" });
  }
  if ((given.SecondaryPrivateIpAddressCount ?? 0) > 0) return unserved("Secondary private addresses");
  const privateIp = readPrivateIp(given);
  if (!privateIp.ok) return privateIp;
  return ok({
    ...(given.SubnetId !== undefined && { subnetId: given.SubnetId }),
    ...(privateIp.value !== undefined && { privateIpAddress: privateIp.value }),
    ...(given.AssociatePublicIpAddress !== undefined && { associatePublicIpAddress: given.AssociatePublicIpAddress }),
    ...(given.Description !== undefined && { description: given.Description }),
    ...(given.DeleteOnTermination !== undefined && { deleteOnTermination: given.DeleteOnTermination }),
    securityGroupIds: given.Groups ?? [],
  });
}

function readPrivateIp(given: InstanceNetworkInterfaceSpecification): Result<string | undefined, ApiError> {
  const [first, second] = given.PrivateIpAddresses ?? [];
  if (second !== undefined) return unserved("Secondary private addresses");
  if (first !== undefined && given.PrivateIpAddress !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "A primary private IP address may be given only once for a network interface",
    });
  }
  return ok(given.PrivateIpAddress ?? first?.PrivateIpAddress);
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
