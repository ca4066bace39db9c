/** The host names that EC2 gives addresses. Source: Amazon EC2 User Guide, "EC2 instance hostnames and domains". */

import { privateDnsNamesOf } from "./instance-attribute.ts";
import type { Instance } from "./instance.ts";
import type { NetworkInterface } from "./network-interface.ts";
import { privateDnsSuffix, publicDnsSuffix } from "./region.ts";

/** What an instance is called: by its own id, or by the private address of its primary interface where that has one. */
export function instanceHostName(instance: Instance, { privateIpAddress }: NetworkInterface): string {
  return privateIpAddress === undefined || privateDnsNamesOf(instance).hostnameType === "resource-name"
    ? resourceHostName(instance)
    : privateHostName(instance.region, privateIpAddress);
}

/** `i-0a1b2c3d4e5f60718.ec2.internal`. */
export function resourceHostName({ id, region }: Pick<Instance, "id" | "region">): string {
  return `${id}.${privateDnsSuffix(region)}`;
}

/** `ip-10-0-1-5.ec2.internal`. */
export function privateHostName(region: string, privateIp: string): string {
  return `ip-${privateIp.replaceAll(".", "-")}.${privateDnsSuffix(region)}`;
}

/** `ec2-203-0-113-25.compute-1.amazonaws.com`. */
export function publicHostName(region: string, publicIp: string): string {
  return `ec2-${publicIp.replaceAll(".", "-")}.${publicDnsSuffix(region)}`;
}
