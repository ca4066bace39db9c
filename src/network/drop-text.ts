/** What a filter that drops a flow did, in words. */

import { formatIp } from "../base/ip.ts";
import { packetText } from "./packet.ts";
import type { FilterStep } from "./reach.ts";

/** `sg-… of eni-… has no outbound rule for tcp 443 to 52.216.0.10`, `rule 100 of acl-… at subnet-… denies …`. */
export function dropText({ leg, packet, verdict }: FilterStep): string {
  switch (verdict.kind) {
    case "security-group": {
      const { direction, securityGroupIds, networkInterfaceId } = verdict;
      const isOut = direction === "egress";
      const end = isOut ? `to ${formatIp(packet.destinationIp)}` : `from ${formatIp(packet.sourceIp)}`;
      const rule = `${isOut ? "outbound" : "inbound"} rule for ${packetText(packet)} ${end}`;
      const who = `${securityGroupIds.join(" and ")} of ${networkInterfaceId}`;
      return `${who} ${securityGroupIds.length > 1 ? "have" : "has"} no ${rule}`;
    }
    case "network-acl": {
      const { ruleNumber, networkAclId, subnetId, direction, ports } = verdict;
      const way = direction === "egress" ? "outbound" : "inbound";
      const what = `${leg === "reply" ? "the answers: " : ""}${packetText({ ...packet, destinationPorts: ports })}`;
      const ends = `from ${formatIp(packet.sourceIp)} to ${formatIp(packet.destinationIp)}`;
      return `${way} rule ${ruleNumber} of ${networkAclId}, the ACL of ${subnetId}, denies ${what} ${ends}`;
    }
    case "nat-gateway":
      return `${verdict.natGatewayId} carries TCP, UDP and ICMP alone, not ${packetText(packet)}`;
  }
}
