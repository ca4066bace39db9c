/** What RunInstances refuses before it looks for a place. Source: Amazon EC2 API Reference, "RunInstances", "Error codes". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { checkNitro, defaultInstanceType } from "./instance-type.ts";
import type { RunInstancesInput } from "./instance.ts";
import { keyPairNamed } from "./key-pair.ts";
import { checkMetadataOptions, defaultMetadataOptions } from "./metadata-option.ts";
import { findZone } from "./region.ts";
import type { State } from "./state.ts";
import { checkNames, isIpv6Native, type Subnet } from "./subnet.ts";
import { checkTags } from "./tag.ts";
import type { Caller } from "./verb.ts";

/** Fails with InvalidParameterValue, InvalidParameterCombination, InvalidAMIID.Malformed or InvalidKeyPair.NotFound. */
export function checkLaunch(state: State, input: RunInstancesInput, caller: Caller): Result<void, ApiError> {
  const counts = checkCounts(input);
  if (!counts.ok) return counts;
  const { imageId, instanceType, keyName, primary } = input;
  if (!/^ami-[0-9a-z]+$/.test(imageId)) return fail("InvalidAMIID.Malformed", { id: imageId });
  if (instanceType !== undefined && !typePattern.test(instanceType)) {
    return refuse(`Invalid value '${instanceType}' for InstanceType.`);
  }
  if (keyName !== undefined && keyPairNamed(state, keyName, caller) === undefined) {
    return fail("InvalidKeyPair.NotFound", { message: `The key pair '${keyName}' does not exist` });
  }
  const zone = primary.availabilityZone;
  if (zone !== undefined && findZone(caller.region, zone) === undefined) {
    return refuse(`Invalid availability zone: [${zone}]`);
  }
  for (const tags of [input.instanceTags, input.interfaceTags]) {
    const checked = checkTags(tags);
    if (!checked.ok) return checked;
  }
  const userData = checkUserData(input.attributes?.userData);
  if (!userData.ok) return userData;
  return checkMetadataOptions(input.attributes?.metadata ?? defaultMetadataOptions, input.instanceTags);
}

/** Source: Amazon EC2 User Guide, "Run commands when you launch an EC2 instance with user data input": before it is encoded. */
const userDataBytes = 16_384;

/** In base64; fails with InvalidUserData.Malformed or InvalidParameterValue. The texts are AWS's. */
export function checkUserData(userData = ""): Result<void, ApiError> {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(userData)) {
    return fail("InvalidUserData.Malformed", { message: "Invalid BASE64 encoding of user data." });
  }
  // Four characters are three bytes.
  const bytes = Math.floor((userData.replace(/[\s=]/g, "").length * 3) / 4);
  if (bytes <= userDataBytes) return ok(undefined);
  return refuse(`User data is limited to ${userDataBytes} bytes`);
}

/**
 * What cannot run in a subnet of IPv6 alone.
 *
 * ASSUMPTION: the texts that refuse a public IPv4 address and names after one are ours.
 */
export function checkPlace(input: RunInstancesInput, subnet: Subnet): Result<void, ApiError> {
  if (!isIpv6Native(subnet)) return ok(undefined);
  const { instanceType = defaultInstanceType, primary, privateDnsNames } = input;
  const typed = checkNitro(instanceType);
  if (!typed.ok) return typed;
  if (primary.associatePublicIpAddress === true) {
    return combination(`The parameter associatePublicIpAddress cannot be used with the IPv6-only subnet ${subnet.id}`);
  }
  return checkNames(subnet, privateDnsNames ?? {});
}

/** Source: Amazon EC2 User Guide, "Instance type naming conventions": a family, a dot and a size. */
const typePattern = /^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/;

function checkCounts({ minCount, maxCount, primary }: RunInstancesInput): Result<void, ApiError> {
  if (minCount < 1) return refuse(`Value (${minCount}) for parameter minCount is invalid. Minimum value is 1.`);
  if (maxCount < minCount) {
    return refuse(
      `Value (${minCount}) for parameter minCount is invalid. Value must be smaller than or equal to maxCount.`,
    );
  }
  if (primary.privateIpAddress !== undefined && maxCount > 1) {
    return combination("A private IP address may be given only where one instance is launched");
  }
  if (primary.networkInterfaceId !== undefined && maxCount > 1) {
    return combination("A network interface may be given only where one instance is launched");
  }
  return ok(undefined);
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}

function combination(message: string): Result<never, ApiError> {
  return fail("InvalidParameterCombination", { message });
}
