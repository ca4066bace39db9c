/**
 * What would let a flow pass, or pass better, as sentences with the call that does it. Only where the way says so: a filter
 * that drops, a route that is missing or leads past an endpoint.
 */

import { formatIp, parseIp } from "../base/ip.ts";
import { containsIp, formatPrefix, type Prefix } from "../base/prefix.ts";
import type { Instance } from "../model/instance.ts";
import { type PrefixList, prefixListOfService } from "../model/prefix-list.ts";
import type { State } from "../model/state.ts";
import { ipv4Inside } from "../network/dns64.ts";
import type { GroupVerdict } from "../network/firewall.ts";
import { hasPorts, type Packet, packetText, type PortRange, protocolNumbers } from "../network/packet.ts";
import { type FilterStep, type Flow, networkAtEnd, type Reach, type SubnetVerdict } from "../network/reach.ts";
import { serviceAt } from "../network/service-address.ts";
import { isIpv6, senderOf } from "../network/sender.ts";
import { networkOf, type VpcNetwork } from "../network/vpc-network.ts";

/** None where nothing needs to be mended. */
export function adviceOf(state: State, instance: Instance, flow: Flow, reached: Reach): readonly string[] {
  const network = networkOf(state, instance.vpcId);
  if (network === undefined || instance.state !== "running") return [];
  const mended = dropAdvice(state, network, reached) ?? familyAdvice(network, instance, flow.destinationIp, reached);
  // Behind NAT64 it is not the instance's own route that leads to the service.
  const routed = reached.translatedIp === undefined ? routeAdvice(network, flow.destinationIp, reached) : undefined;
  return [mended, routed].filter((line) => line !== undefined);
}

/** How an instance without IPv4 gets to where there is nothing else. Source: Amazon VPC User Guide, "DNS64 and NAT64". */
function familyAdvice(network: VpcNetwork, instance: Instance, ip: string, { exit, route }: Reach): string | undefined {
  if (exit.kind !== "none") return undefined;
  const subnet = network.subnets.find((one) => one.id === instance.subnetId);
  const hasIpv4 = senderOf(network, instance, 32) !== undefined;
  if (!isIpv6(ip)) {
    if (hasIpv4 || subnet === undefined || subnet.enableDns64) return undefined;
    return (
      `${instance.id} has no IPv4; DNS64 of ${subnet.id} gives such names addresses of IPv6: ` +
      `aws ec2 modify-subnet-attribute --subnet-id ${subnet.id} --enable-dns64`
    );
  }
  const parsed = parseIp(ip);
  if (parsed === undefined || ipv4Inside(parsed) === undefined || route === undefined || route.chosen !== undefined)
    return undefined;
  const [natGatewayId = "NAT_GATEWAY_ID"] = network.natGateways.keys();
  return (
    `addresses that DNS64 gives lead through a NAT gateway in a subnet with IPv4: aws ec2 create-route ` +
    `--route-table-id ${route.routeTableId} --destination-ipv6-cidr-block 64:ff9b::/96 --nat-gateway-id ${natGatewayId}`
  );
}

/** What would let pass what a filter drops of a flow that begins in a VPC, or comes into it; undefined where none drops. */
export function dropAdvice(state: State, network: VpcNetwork, reached: Reach): string | undefined {
  const { dropped } = reached;
  if (dropped === undefined) return undefined;
  // At the end of the way filters may be of another VPC.
  const far = networkAtEnd(state, network, reached) ?? network;
  return filterAdvice(isOf(far, dropped) ? far : network, dropped);
}

function filterAdvice(network: VpcNetwork, step: FilterStep): string | undefined {
  const { verdict } = step;
  switch (verdict.kind) {
    case "security-group":
      return groupAdvice(network, step.packet, verdict);
    case "network-acl":
      return aclAdvice(network, step, verdict);
    case "nat-gateway":
      return undefined;
  }
}

function isOf(network: VpcNetwork, { verdict }: FilterStep): boolean {
  switch (verdict.kind) {
    case "security-group":
      return network.interfaces.has(verdict.networkInterfaceId);
    case "network-acl":
      return network.aclOf.has(verdict.subnetId);
    case "nat-gateway":
      return network.natGateways.has(verdict.natGatewayId);
  }
}

function groupAdvice(network: VpcNetwork, packet: Packet, verdict: GroupVerdict): string {
  const isOut = verdict.direction === "egress";
  const groupId = verdict.securityGroupIds[0] ?? "";
  const peer = groupPeer(network, formatIp(isOut ? packet.destinationIp : packet.sourceIp));
  const [way, end] = isOut ? ["outbound", "to"] : ["inbound", "from"];
  return (
    `add an ${way} rule to ${groupId}: ${packetText(packet)} ${end} ${peer.text}: ` +
    `aws ec2 authorize-security-group-${verdict.direction} --group-id ${groupId} ` +
    `--ip-permissions 'IpProtocol=${protocolWords(packet)},${peer.words}'`
  );
}

function protocolWords({ protocol, icmp, destinationPorts: { from, to } }: Packet): string {
  if (icmp !== undefined) {
    return `${protocol === protocolNumbers.icmpv6 ? "icmpv6" : "icmp"},FromPort=${icmp.type},ToPort=${icmp.code}`;
  }
  return hasPorts(protocol) ? `${protocolName(protocol)},FromPort=${from},ToPort=${to}` : String(protocol);
}

function protocolName(protocol: number): string {
  return protocol === protocolNumbers.tcp ? "tcp" : "udp";
}

/** The shortest true name for an address: its prefix list, its security group, or itself. */
function groupPeer(network: VpcNetwork, ip: string): { readonly text: string; readonly words: string } {
  const list = listOf(network, ip);
  if (list !== undefined) {
    return { text: `${list.id} (${list.name})`, words: `PrefixListIds=[{PrefixListId=${list.id}}]` };
  }
  const groupId = network.interfaceByIp.get(ip)?.securityGroupIds[0];
  if (groupId !== undefined) return { text: groupId, words: `UserIdGroupPairs=[{GroupId=${groupId}}]` };
  const block = ownBlock(ip);
  const words = isIpv6(ip) ? `Ipv6Ranges=[{CidrIpv6=${block}}]` : `IpRanges=[{CidrIp=${block}}]`;
  return { text: block, words };
}

/** The block of one address. */
function ownBlock(ip: string): string {
  return `${ip}/${isIpv6(ip) ? 128 : 32}`;
}

function aclAdvice(network: VpcNetwork, { leg, packet }: FilterStep, verdict: SubnetVerdict): string {
  const { networkAclId, direction, ruleNumber } = verdict;
  const [way, end] = direction === "egress" ? ["outbound", "to"] : ["inbound", "from"];
  const block = aclBlock(network, formatIp(direction === "egress" ? packet.destinationIp : packet.sourceIp));
  // Answers go to the port that the client chose. Source: Amazon VPC User Guide, "Ephemeral ports".
  const ports = leg === "reply" && hasPorts(packet.protocol) ? ephemeral : packet.destinationPorts;
  const why = leg === "reply" ? "a network ACL remembers no connection, so the answers need a rule of their own: " : "";
  const before = ruleNumber === "*" ? "" : ` with a number under ${ruleNumber}`;
  return (
    `${why}add an ${way} rule to ${networkAclId}${before}: allow ${packetText({ ...packet, destinationPorts: ports })} ` +
    `${end} ${block}: aws ec2 create-network-acl-entry --network-acl-id ${networkAclId} --${direction} ` +
    `--rule-number ${freeNumber(network, verdict)} ${aclWords(packet, ports)} ` +
    `--${isIpv6(block) ? "ipv6-" : ""}cidr-block ${block} --rule-action allow`
  );
}

const ephemeral: PortRange = { from: 1024, to: 65_535 };

function aclWords(packet: Packet, ports: PortRange): string {
  if (packet.icmp !== undefined)
    return `--protocol ${packet.protocol} --icmp-type-code Type=${packet.icmp.type},Code=${packet.icmp.code}`;
  if (!hasPorts(packet.protocol)) return `--protocol ${packet.protocol}`;
  return `--protocol ${protocolName(packet.protocol)} --port-range From=${ports.from},To=${ports.to}`;
}

/** A network ACL cannot name a prefix list. Source: Amazon VPC User Guide, "Network ACL rules". */
function aclBlock(network: VpcNetwork, ip: string): string {
  const parsed = parseIp(ip);
  const holds = (prefix: Prefix): boolean => parsed !== undefined && containsIp(prefix, parsed);
  const listed = listOf(network, ip)?.prefixes.find(holds);
  if (listed !== undefined) return formatPrefix(listed);
  const holder = network.interfaceByIp.get(ip);
  const subnet = network.subnets.find((one) => one.id === holder?.subnetId);
  return (isIpv6(ip) ? subnet?.ipv6CidrBlocks[0]?.cidrBlock : subnet?.cidrBlock) ?? ownBlock(ip);
}

/** A number that comes before the rule that denies; behind all others where none matched. */
function freeNumber(network: VpcNetwork, { networkAclId, direction, ruleNumber }: SubnetVerdict): number {
  const acl = network.acls.find((one) => one.acl.id === networkAclId);
  const taken = new Set((acl?.[direction] ?? []).map(({ entry }) => entry.ruleNumber));
  let number = ruleNumber === "*" ? Math.min(Math.max(90, ...taken) + 10, 32_766) : ruleNumber - 1;
  while (taken.has(number) && number > 1) number--;
  return number;
}

/** Where a service has gateway endpoints and the packets take none. */
function routeAdvice(network: VpcNetwork, ip: string, { route, exit }: Reach): string | undefined {
  const service = serviceAt(ip);
  const isGatewayService = service?.service === "s3" || (service?.service === "dynamodb" && !isIpv6(ip));
  if (route === undefined || service === undefined || !isGatewayService || exit.kind === "gateway-endpoint")
    return undefined;
  const { vpc } = network;
  const name = `com.amazonaws.${service.region}.${service.service}`;
  if (service.region !== vpc.region) {
    return `${ip} is ${service.service} of ${service.region}: gateway endpoints of ${vpc.id} serve ${vpc.region} alone`;
  }
  const endpoint = network.endpoints.find(
    (one) => one.kind === "Gateway" && one.serviceName === name && one.state === "available",
  );
  const tableId = route.routeTableId;
  if (endpoint?.kind !== "Gateway") {
    return (
      `${vpc.id} has no gateway endpoint for ${name}: aws ec2 create-vpc-endpoint --vpc-id ${vpc.id} ` +
      `--service-name ${name} --route-table-ids ${tableId}`
    );
  }
  if (isIpv6(ip) && (endpoint.ipAddressType ?? "ipv4") === "ipv4") {
    return (
      `${endpoint.id} for ${name} carries IPv4 alone: ` +
      `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpoint.id} --ip-address-type dualstack`
    );
  }
  if (endpoint.routeTableIds.some((one) => one === tableId)) {
    const { destination = "", target = "" } = route.chosen ?? {};
    return `the route ${destination} to ${target} of ${tableId} wins over that of ${endpoint.id}: delete it, or make it wider`;
  }
  const on = endpoint.routeTableIds.length === 0 ? "no route table" : `${endpoint.routeTableIds.join(", ")} alone`;
  return (
    `${endpoint.id} for ${name} is on ${on}, not on ${tableId}: ` +
    `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpoint.id} --add-route-table-ids ${tableId}`
  );
}

/** The list of AWS's that holds an address, of those that the VPC's region has. */
function listOf({ vpc }: VpcNetwork, ip: string): PrefixList | undefined {
  const service = serviceAt(ip);
  const name = service && `com.amazonaws.${service.region}.${service.service}`;
  return name === undefined ? undefined : prefixListOfService(vpc.region, name, isIpv6(ip) ? 128 : 32);
}
