/**
 * What the resolver of a VPC answers for a name, and which of its rules said so.
 * Source: Amazon VPC User Guide, "DNS attributes for your VPC" and "Amazon DNS server"; Amazon EC2 User Guide,
 * "EC2 instance hostnames and domains".
 *
 * ASSUMPTION: a name that is neither AWS's nor an instance's does not exist; AWS would ask the public DNS for it.
 * ASSUMPTION: every service name has one address of each of its families, and bucket names have those of S3 in the
 * bucket's region.
 * ASSUMPTION: every address of the VPC's blocks has a private host name, whether or not an interface has it, as scans in VPCs
 * show; those of a peered VPC have theirs where its side of the connection allows DNS resolution.
 */

import { formatIp, type Ip, parseIp, type Width } from "../base/ip.ts";
import { containsIp } from "../base/prefix.ts";
import { widthsOfType } from "../model/endpoint-record.ts";
import { privateHostName, publicHostName } from "../model/host-name.ts";
import type { Instance } from "../model/instance.ts";
import { privateDnsNamesOf } from "../model/instance-attribute.ts";
import { allRegions, privateDnsSuffix, publicDnsSuffix } from "../model/region.ts";
import { type NetworkInterface, primaryAddressOf } from "../model/network-interface.ts";
import { find, findBy, type State } from "../model/state.ts";
import type { GatewayVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { Vpc } from "../model/vpc.ts";
import { activePeering } from "../model/vpc-peering.ts";
import { embeddedIn, hasDns64, ipv4Inside } from "./dns64.ts";
import { echoHost } from "./echo-host.ts";
import { type EndpointName, endpointOwnName, endpointPrivateName } from "./endpoint-name.ts";
import { hasIpv6 } from "./sender.ts";
import { type RegionalService, serviceAddress, serviceAt } from "./service-address.ts";
import { parseServiceHost, type ServiceHost } from "./service-host.ts";
import { unservedService } from "./unserved-service.ts";
import { networkOf } from "./vpc-network.ts";
import { isNonTerminal, wellKnownAddresses, wellKnownName } from "./well-known-name.ts";

export type Resolution =
  | { readonly kind: "records"; readonly records: readonly NameRecord[]; readonly zone: string; readonly by: string }
  /** The name exists, but has no record of the type. */
  | { readonly kind: "no-data"; readonly zone: string; readonly by: string }
  /** NXDOMAIN. */
  | { readonly kind: "no-name"; readonly zone: string; readonly by: string }
  | NoResolver;

/** Nothing answers at all. */
interface NoResolver {
  readonly kind: "no-resolver";
  readonly by: string;
}

export type NameRecord =
  | { readonly type: "A" | "AAAA"; readonly ip: string; readonly ttlSeconds: number }
  | { readonly type: "PTR"; readonly name: string; readonly ttlSeconds: number };

export interface Question {
  /** In any case, with or without the final dot. */
  readonly name: string;
  /** A DNS record type: `A`, `AAAA`, `PTR`, `ANY` and so on. */
  readonly type: string;
  /** Of the interface that asks, for DNS64; absent where that is not known. */
  readonly subnetId?: string | undefined;
}

/** The answer to a program in a VPC; without a VPC that of the public DNS. */
export function resolveName(state: State, vpcId: string | undefined, question: Question): Resolution {
  const { name, subnetId, type } = question;
  const vpc = vpcId === undefined ? undefined : find(state, "vpc", vpcId);
  if (vpcId !== undefined && vpc === undefined) return { kind: "no-resolver", by: `${vpcId} does not exist` };
  if (vpc?.enableDnsSupport === false) return { kind: "no-resolver", by: `enableDnsSupport of ${vpc.id} is off` };
  const plain = name.toLowerCase().replace(/\.$/, "");
  const view: View = { state, vpc };
  const resolution = typed(holderOf(view, plain), type, plain) ?? noName(view, plain);
  return hasDns64(state, subnetId) ? withDns64(view, resolution, { name: plain, type, subnetId }) : resolution;
}

/**
 * A name that has addresses of IPv4 alone has them inside of IPv6 too, and those lead back to it. Source: RFC 6147 sections
 * 5.1.6 (only where the name exists and has no record), 5.1.7 (how long) and 5.3.1 (the names of such addresses).
 */
function withDns64(view: View, resolution: Resolution, { name, subnetId, type }: Question): Resolution {
  const by = `DNS64 of ${subnetId}`;
  if (type === "AAAA" && resolution.kind === "no-data") {
    const ipv4 = typed(holderOf(view, name), "A", name);
    const records = (ipv4?.kind === "records" ? ipv4.records : []).flatMap((record): NameRecord[] => {
      const ip = record.type === "A" ? embeddedIn(record.ip) : undefined;
      return ip === undefined ? [] : [{ ...record, type: "AAAA", ip }];
    });
    return records.length === 0 ? resolution : { ...resolution, kind: "records", records, by: `${by}: ${ipv4?.by}` };
  }
  const ip = type === "PTR" && resolution.kind === "no-name" ? reversedIp(name) : undefined;
  const inside = ip && ipv4Inside(ip);
  if (inside === undefined) return resolution;
  const labels = formatIp(inside).split(".").toReversed().join(".");
  const found = typed(holderOf(view, `${labels}.in-addr.arpa`), type, name);
  return found === undefined ? resolution : { ...found, by: `${by}: ${found.by}` };
}

/** The addresses alone: none when the name does not resolve. */
export function addressesOf(resolution: Resolution): readonly string[] {
  if (resolution.kind !== "records") return [];
  return resolution.records.flatMap((record) => (record.type === "PTR" ? [] : [record.ip]));
}

/**
 * What a program of an instance gets for a name, in the order in which it tries: IPv6 first where the instance has it.
 * Source: RFC 6724 section 6, rules 1 and 6.
 */
export function resolveAddresses(
  state: State,
  place: NamePlace,
  name: string,
): { readonly ips: readonly string[]; readonly by: string } {
  const { hasIpv6, subnetId, vpcId } = place;
  const ipv4 = resolveName(state, vpcId, { name, type: "A" });
  const ipv6 = hasIpv6 ? resolveName(state, vpcId, { name, type: "AAAA", subnetId }) : undefined;
  const ips = [...(ipv6 === undefined ? [] : addressesOf(ipv6)), ...addressesOf(ipv4)];
  return { ips, by: ipv6?.kind === "records" ? ipv6.by : ipv4.by };
}

/** Where a program asks: an instance, a VPC, or outside of all. */
export interface NamePlace {
  readonly vpcId: string | undefined;
  readonly subnetId?: string | undefined;
  /** Whether it has an address of IPv6. */
  readonly hasIpv6: boolean;
}

/** Of an instance; undefined for a place outside of all VPCs. */
export function namePlaceOf(state: State, instance: Instance | undefined): NamePlace {
  if (instance === undefined) return { vpcId: undefined, hasIpv6: false };
  return { vpcId: instance.vpcId, subnetId: instance.subnetId, hasIpv6: hasIpv6(state, instance) };
}

/** Seconds that a client may keep an address of a service. S3's own names carry a few seconds, the others a minute. */
const serviceTtlSeconds = { s3: 5, dynamodb: 5, ec2: 60, sts: 60, iam: 60 };

const hostTtlSeconds = 60;

interface View {
  readonly state: State;
  /** Absent for the public DNS. */
  readonly vpc: Vpc | undefined;
}

/** All that a name has. Without records it is an empty non-terminal: it exists for the sake of names below it. */
interface Holder {
  readonly records: readonly NameRecord[];
  readonly by: string;
}

/** Undefined where there is no such name. */
function typed(holder: Holder | undefined, type: string, name: string): Exclude<Resolution, NoResolver> | undefined {
  const zone = zoneOf(name);
  if (holder === undefined) return undefined;
  const records = holder.records.filter((record) => record.type === type || type === "ANY");
  if (records.length > 0) return { kind: "records", records, zone, by: holder.by };
  return { kind: "no-data", zone, by: `${holder.by}: no ${type} record` };
}

function noName({ vpc }: View, name: string): Resolution {
  const isPrivate = vpc !== undefined && (name.endsWith(`.${privateDnsSuffix(vpc.region)}`) || name.endsWith(".arpa"));
  const why = isPrivate && !vpc.enableDnsHostnames ? `, as enableDnsHostnames of ${vpc.id} is off` : "";
  return { kind: "no-name", zone: zoneOf(name), by: `no rule of the resolver knows \`${name}\`${why}` };
}

function holderOf(view: View, name: string): Holder | undefined {
  const found = recordHolder(view, name);
  if (found !== undefined) return found;
  return isNonTerminal(view.vpc, name) ? { records: [], by: "a domain above other names" } : undefined;
}

function recordHolder(view: View, name: string): Holder | undefined {
  if (name.endsWith(".arpa")) return reverse(view, name);
  if (name === echoHost.name) {
    const records = Object.values(echoHost.ips).map((ip) => recordOf(ip, hostTtlSeconds));
    return { records, by: "the echo host" };
  }
  const { state, vpc } = view;
  const endpoint = endpointOwnName(state, name) ?? (vpc && endpointPrivateName(state, vpc, name));
  if (endpoint !== undefined) return endpointHolder(endpoint);
  const service = parseServiceHost(name);
  if (service !== undefined) return serviceHolder(view, service);
  return (
    wellKnown(view, name) ??
    privateHost(view, name) ??
    resourceHost(view, name) ??
    publicHost(view, name) ??
    unservedHost(name)
  );
}

/**
 * The VPC where it has host names of its own. Source: Amazon VPC User Guide, "DNS attributes for your VPC": unless both
 * attributes are on, the resolver cannot resolve private DNS hostnames.
 */
function vpcWithHostNames({ vpc }: View): Vpc | undefined {
  return vpc?.enableDnsHostnames === true ? vpc : undefined;
}

function wellKnown(view: View, name: string): Holder | undefined {
  const vpc = vpcWithHostNames(view);
  const ips = vpc && wellKnownAddresses(vpc, name);
  return ips && { records: ips.map((ip) => recordOf(ip, hostTtlSeconds)), by: "a name that every VPC has" };
}

function endpointHolder({ by, ips }: EndpointName): Holder {
  return { records: ips.map((ip) => recordOf(ip, hostTtlSeconds)), by };
}

function serviceHolder(view: View, host: ServiceHost): Holder | undefined {
  // The global name of a bucket leads to the bucket's own region. Source: Amazon S3 User Guide, "Request routing".
  const bucket =
    host.bucketName === undefined || host.regionNamed ? undefined : find(view.state, "bucket", host.bucketName);
  const region = bucket?.region ?? host.region;
  const endpoint = gatewayFor(view, `com.amazonaws.${region}.${host.service}`);
  const { dnsRecordIpType = host.dualStack === true ? "dualstack" : "ipv4" } = endpoint ?? {};
  const ips = widthsOfType[dnsRecordIpType].flatMap((width) => serviceAddress(host.service, region, width) ?? []);
  if (ips.length === 0) return undefined;
  const where = bucket === undefined || region === host.region ? "" : `: the bucket is in ${region}`;
  const whose = endpoint?.dnsRecordIpType === undefined ? "" : ` with the records of ${endpoint.id}`;
  const by = `service name${whose}${where}`;
  return { records: ips.map((ip) => recordOf(ip, serviceTtlSeconds[host.service])), by };
}

/** Source: AWS PrivateLink guide, "Gateway endpoints", "DNS record IP type": it says what the service's names resolve to. */
function gatewayFor({ state, vpc }: View, serviceName: string): GatewayVpcEndpoint | undefined {
  const endpoints = vpc === undefined ? [] : (networkOf(state, vpc.id)?.endpoints ?? []);
  return endpoints
    .filter((one) => one.kind === "Gateway")
    .find((one) => one.serviceName === serviceName && one.dnsRecordIpType !== undefined && one.state === "available");
}

function recordOf(ip: string, ttlSeconds: number): NameRecord {
  return { type: ip.includes(":") ? "AAAA" : "A", ip, ttlSeconds };
}

function unservedHost(name: string): Holder | undefined {
  const service = unservedService(name);
  if (service === undefined) return undefined;
  const by = `service name: ${service.service} is not served here, nothing answers`;
  return { records: service.ips.map((ip) => recordOf(ip, serviceTtlSeconds.ec2)), by };
}

/** `ip-10-0-1-5.ec2.internal`: known inside the VPC that has the address, and in peers. */
function privateHost(view: View, name: string): Holder | undefined {
  if (!name.startsWith("ip-") || !name.endsWith(".internal")) return undefined;
  for (const { vpc, by } of vpcsInSight(view)) {
    const ip = dashedIp(name, "ip-", `.${privateDnsSuffix(vpc.region)}`);
    if (ip === undefined || !isInBlocks(view.state, vpc, ip)) continue;
    return { records: [{ type: "A", ip, ttlSeconds: hostTtlSeconds }], by: `private host name${by}` };
  }
  return undefined;
}

interface SeenVpc {
  readonly vpc: Vpc;
  readonly by: string;
}

/** The VPC that asks, and those whose side of a peering connection allows it. */
function vpcsInSight(view: View): readonly SeenVpc[] {
  const { state } = view;
  const own = vpcWithHostNames(view);
  if (own === undefined) return [];
  const peers = [...(networkOf(state, own.id)?.peers.values() ?? [])].flatMap(({ vpcId }): SeenVpc[] => {
    const vpc = find(state, "vpc", vpcId);
    const where = overPeering(state, own, vpcId);
    return vpc === undefined || where === undefined ? [] : [{ vpc, by: ` ${where}` }];
  });
  return [{ vpc: own, by: "" }, ...peers];
}

function isInBlocks(state: State, { id }: Vpc, text: string): boolean {
  const ip = parseIp(text);
  return ip !== undefined && (networkOf(state, id)?.prefixes ?? []).some((prefix) => containsIp(prefix, ip));
}

/** `i-0a1b2c3d4e5f60718.ec2.internal`: known inside the VPC of the instance, for the records that are turned on. */
function resourceHost(view: View, name: string): Holder | undefined {
  const { state } = view;
  const vpc = vpcWithHostNames(view);
  const [id = "", ...domain] = name.split(".");
  if (vpc === undefined || domain.join(".") !== privateDnsSuffix(vpc.region)) return undefined;
  const instance = find(state, "instance", id);
  if (instance?.vpcId !== vpc.id) return undefined;
  const options = privateDnsNamesOf(instance);
  const holder = find(state, "network-interface", instance.networkInterfaceIds[0] ?? "");
  const told: readonly Width[] = [
    ...(options.enableResourceNameDnsARecord ? ([32] as const) : []),
    ...(options.enableResourceNameDnsAaaaRecord ? ([128] as const) : []),
  ];
  const ips = holder === undefined ? [] : told.flatMap((width) => primaryAddressOf(holder, width) ?? []);
  return ips.length === 0 ? undefined : { records: ips.map((ip) => recordOf(ip, hostTtlSeconds)), by: "resource name" };
}

/** `ec2-203-0-113-25.compute-1.amazonaws.com`: the private address inside its VPC, the public one everywhere else. */
function publicHost({ state, vpc }: View, name: string): Holder | undefined {
  const dot = name.indexOf(".");
  const region = allRegions().find((one) => publicDnsSuffix(one.name) === name.slice(dot + 1));
  const ip = region && dashedIp(name, "ec2-", name.slice(dot));
  const found = ip === undefined ? undefined : holderOfPublic(state, ip);
  if (found === undefined || ip === undefined || found.holder.region !== region?.name) return undefined;
  const { vpcId } = found.holder;
  const where = vpcId === vpc?.id ? "inside the VPC" : overPeering(state, vpc, vpcId);
  const by = where === undefined ? "public host name" : `public host name, private address ${where}`;
  const answered = where === undefined ? ip : (found.privateIp ?? ip);
  return { records: [{ type: "A", ip: answered, ttlSeconds: hostTtlSeconds }], by };
}

/** The interface with this public address, on its primary or another private one, in a VPC with host names. */
function holderOfPublic(
  state: State,
  ip: string,
): { readonly holder: NetworkInterface; readonly privateIp: string | undefined } | undefined {
  const [primary] = findBy(state, "network-interface", "publicIpAddress", ip);
  const association = findBy(state, "elastic-ip", "publicIp", ip)[0]?.association;
  const holder = primary ?? find(state, "network-interface", association?.networkInterfaceId ?? "");
  if (holder === undefined || find(state, "vpc", holder.vpcId)?.enableDnsHostnames !== true) return undefined;
  return { holder, privateIp: primary === undefined ? association?.privateIpAddress : primary.privateIpAddress };
}

/** Where the side of the host allows it. Source: Amazon VPC peering guide, "Enable DNS resolution for a VPC peering connection". */
function overPeering(state: State, vpc: Vpc | undefined, farVpcId: string): string | undefined {
  const peering = vpc && activePeering(state, vpc.id, farVpcId);
  const side = peering && (peering.requester.vpcId === farVpcId ? peering.requester : peering.accepter);
  return side?.allowsRemoteDns === true ? `over ${peering?.id}` : undefined;
}

function reverse(view: View, name: string): Holder | undefined {
  const ip = reversedIp(name);
  if (ip === undefined) return undefined;
  const text = formatIp(ip);
  const vpc = vpcWithHostNames(view);
  const known = vpc && wellKnownName(vpc, ip);
  const found = known ?? (ip.width === 32 ? reverseName(view, text) : reverseResourceName(view, text));
  if (found !== undefined)
    return { records: [{ type: "PTR", name: found, ttlSeconds: hostTtlSeconds }], by: "reverse host name" };
  const service = serviceAt(text);
  if (service === undefined || serviceAddress(service.service, service.region, ip.width) !== text) return undefined;
  const host = serviceHostOf(service, ip.width);
  return { records: [{ type: "PTR", name: host, ttlSeconds: hostTtlSeconds }], by: "reverse service name" };
}

/** Of `5.1.0.10.in-addr.arpa` and of the digits before `.ip6.arpa`. Source: RFC 1035 section 3.5, RFC 3596 section 2.5. */
function reversedIp(name: string): Ip | undefined {
  const labels = name.split(".").slice(0, -2).toReversed();
  if (name.endsWith(".in-addr.arpa")) return labels.length === 4 ? parseIp(labels.join(".")) : undefined;
  if (!name.endsWith(".ip6.arpa") || labels.length !== 32 || !labels.every((one) => /^[0-9a-f]$/.test(one))) {
    return undefined;
  }
  return parseIp((labels.join("").match(/.{4}/g) ?? []).join(":"));
}

function serviceHostOf({ service, region }: RegionalService, width: Width): string {
  if (width === 32) return service === "iam" ? "iam.amazonaws.com" : `${service}.${region}.amazonaws.com`;
  if (service === "s3") return `s3.dualstack.${region}.amazonaws.com`;
  return service === "iam" ? "iam.global.api.aws" : `${service}.${region}.api.aws`;
}

/** Only a name that leads to the address is told for it. */
function reverseResourceName(view: View, ip: string): string | undefined {
  const { state, vpc } = view;
  const holder = vpc && networkOf(state, vpc.id)?.interfaceByIp.get(ip);
  const instanceId = holder?.attachment?.instanceId;
  const name = vpc && instanceId && `${instanceId}.${privateDnsSuffix(vpc.region)}`;
  const records = name ? (resourceHost(view, name)?.records ?? []) : [];
  return records.some((record) => record.type === "AAAA" && record.ip === ip) ? name : undefined;
}

function reverseName(view: View, ip: string): string | undefined {
  const seen = vpcsInSight(view).find(({ vpc }) => isInBlocks(view.state, vpc, ip));
  if (seen !== undefined) return privateHostName(seen.vpc.region, ip);
  const found = holderOfPublic(view.state, ip);
  return found && publicHostName(found.holder.region, ip);
}

/** The dotted address in `<before>10-0-1-5<after>`. */
function dashedIp(name: string, before: string, after: string): string | undefined {
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const dashed = name.slice(before.length, name.length - after.length);
  const ip = /^\d+-\d+-\d+-\d+$/.test(dashed) ? parseIp(dashed.replaceAll("-", ".")) : undefined;
  return ip && formatIp(ip);
}

/** The zone that a negative answer names in its SOA record. */
function zoneOf(name: string): string {
  const zones = ["amazonaws.com", "api.aws", "internal", "in-addr.arpa", "ip6.arpa"];
  return zones.find((zone) => name === zone || name.endsWith(`.${zone}`)) ?? "";
}
