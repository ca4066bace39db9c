/** The host names that EC2 gives addresses. Source: Amazon EC2 User Guide, "EC2 instance hostnames and domains". */

import { privateDnsSuffix, publicDnsSuffix } from "./region.ts";

/** `ip-10-0-1-5.ec2.internal`. */
export function privateHostName(region: string, privateIp: string): string {
  return `ip-${privateIp.replaceAll(".", "-")}.${privateDnsSuffix(region)}`;
}

/** `ec2-203-0-113-25.compute-1.amazonaws.com`. */
export function publicHostName(region: string, publicIp: string): string {
  return `ec2-${publicIp.replaceAll(".", "-")}.${publicDnsSuffix(region)}`;
}
