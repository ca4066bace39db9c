/**
 * What an instance calls itself: the name that EC2 gives it, in the domain of its VPC's DHCP options.
 * Source: Amazon VPC User Guide, "DNS attributes for your VPC": custom host names by a domain name of DHCP options. What the
 * metadata service then says, also without a domain and with two of them, reports of AWS's answers show; DescribeInstances
 * keeps to the name in the region's domain.
 */

import type { State } from "../model/state.ts";
import { networkOf } from "./vpc-network.ts";

/** `ip-10-0-1-5.corp.example`, of `ip-10-0-1-5.ec2.internal` in a VPC. Several domains stand behind each other. */
export function guestHostName(state: State, vpcId: string, name: string): string {
  const [label = ""] = name.split(".");
  const domains = networkOf(state, vpcId)?.nameClient.searchDomains ?? [];
  return domains.length === 0 ? label : `${label}.${domains.join(" ")}`;
}
