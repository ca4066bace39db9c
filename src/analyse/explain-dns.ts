/**
 * What a name leads to, asked from one place, and from outside beside it: the resolver's answers with the rule that gave
 * them, whom programs ask at all, and which way each address takes. The functions are those that answer the queries.
 */

import { formatIp, parseIp } from "../base/ip.ts";
import { containsIp } from "../base/prefix.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Instance } from "../model/instance.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import { prefixListsOf } from "../model/prefix-list.ts";
import { privateDnsSuffix } from "../model/region.ts";
import { find, type State } from "../model/state.ts";
import { isIpv6Native } from "../model/subnet.ts";
import type { Vpc } from "../model/vpc.ts";
import { endpointPrivateName } from "../network/endpoint-name.ts";
import type { NameClient } from "../network/name-client.ts";
import { walkFromOnPremises } from "../network/on-premises.ts";
import { resolveName, type NameRecord, type Resolution } from "../network/resolve.ts";
import { parseServiceHost } from "../network/service-host.ts";
import { senderOf } from "../network/sender.ts";
import { networkOf } from "../network/vpc-network.ts";
import { type Walk, walk } from "../network/walk.ts";
import { sourceOf } from "./trace-source.ts";

export interface DnsQuestion {
  /** An instance's id or Name tag, an on-premises host, a subnet, a VPC, or `internet`. */
  readonly from: string;
  /** A host name, or an address to look up in reverse. */
  readonly name: string;
}

export interface DnsExplanation {
  /** Without the final dot. */
  readonly name: string;
  /** The instance, on-premises host, subnet or VPC; `internet` outside of all. */
  readonly from: string;
  /** Absent outside. */
  readonly vpcId?: string;
  /** Whom programs in the VPC ask; absent outside. */
  readonly client?: NameClient;
  readonly answers: readonly DnsAnswer[];
  /** What the public DNS answers; absent where it was asked in the first place. */
  readonly outside?: readonly DnsAnswer[];
  /** Each address that the name leads to, with the way that an instance's packets take; none where no instance asks. */
  readonly ways: readonly AddressWay[];
  /** What one would not expect, a sentence each. */
  readonly notes: readonly string[];
}

export interface DnsAnswer {
  readonly type: string;
  readonly kind: Resolution["kind"];
  /** Addresses or names; empty without records. */
  readonly values: readonly string[];
  readonly ttlSeconds?: number;
  /** The rule that said so. */
  readonly by: string;
}

export interface AddressWay {
  readonly ip: string;
  /** The region's prefix list that holds the address. */
  readonly prefixListId?: string;
  /** `rtb-…: pl-… to vpce-…`; absent where no route table takes part. */
  readonly route?: string;
  /** Where the packets end. */
  readonly exit: string;
}

/** Fails with a sentence about what is wrong with the question. */
export function explainDns(state: State, question: DnsQuestion): Result<DnsExplanation, string> {
  for (const [member, value] of Object.entries({ from: question.from, name: question.name })) {
    // The question comes as JSON from outside.
    if (typeof value !== "string") return err(`\`${member}\` must be a string`);
  }
  const name = question.name.toLowerCase().replace(/\.$/, "");
  if (!isName(name)) return err(`\`${question.name}\` is neither a host name nor an address`);
  const place = placeOf(state, question.from);
  if (!place.ok) return place;
  const { from, vpcId, subnetId, source } = place.value;
  const answers = answersTo(state, { vpcId, subnetId }, name);
  const client = clientOf(state, place.value);
  const ips = answers.flatMap((one) => (one.type === "A" || one.type === "AAAA" ? one.values : []));
  return ok({
    name,
    from,
    ...(vpcId !== undefined && { vpcId }),
    ...(client && { client }),
    answers,
    ...(vpcId !== undefined && { outside: answersTo(state, {}, name) }),
    ways: source === undefined ? [] : ips.map((ip) => wayTo(state, source, ip)),
    notes: notesOn(state, { name, vpcId, client }),
  });
}

interface Place {
  readonly from: string;
  readonly vpcId?: string;
  /** Of what asks. */
  readonly subnetId?: string;
  readonly source?: Instance | OnPremisesHost;
}

/** Whom the place asks: with IPv6 alone over IPv6. */
function clientOf(state: State, { source, subnetId, vpcId }: Place): NameClient | undefined {
  const network = vpcId === undefined ? undefined : networkOf(state, vpcId);
  if (source !== undefined && !isOnPremises(source)) {
    return senderOf(network, source, 32) === undefined ? network?.ipv6NameClient : network?.nameClient;
  }
  const subnet = network?.subnets.find((one) => one.id === subnetId);
  return subnet !== undefined && isIpv6Native(subnet) ? network?.ipv6NameClient : network?.nameClient;
}

function placeOf(state: State, from: string): Result<Place, string> {
  if (from === "internet") return ok({ from });
  const subnet = find(state, "subnet", from);
  const vpcId = subnet?.vpcId ?? find(state, "vpc", from)?.id;
  if (vpcId !== undefined) return ok({ from, vpcId, ...(subnet && { subnetId: subnet.id }) });
  if (/^(vpc|subnet)-/.test(from)) return err(`no ${from.split("-")[0]} \`${from}\``);
  // The machine itself asks none of the region's resolvers: it sees what the internet sees.
  const found = sourceOf(state, from);
  if (!found.ok) return err(`${found.error}; a subnet, a VPC and \`internet\` can be named too`);
  const source = found.value;
  if (source === undefined) return ok({ from: "internet" });
  if (isOnPremises(source)) return ok({ from: source.name, source });
  const { id, subnetId, vpcId: ownVpcId } = source;
  return ok({ from: id, vpcId: ownVpcId, subnetId, source });
}

/** Source: RFC 1035 section 2.3.4 (63 bytes a label, 255 a name) and 2.3.1, with the underscores that are in use. */
function isName(name: string): boolean {
  if (parseIp(name) !== undefined) return true;
  return (
    name.length <= 253 &&
    name.split(".").every((label) => /^(?:\*|[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)$/.test(label))
  );
}

/** An address is looked up in reverse. */
function answersTo(
  state: State,
  { vpcId, subnetId }: { readonly vpcId?: string | undefined; readonly subnetId?: string | undefined },
  name: string,
): readonly DnsAnswer[] {
  const ip = parseIp(name);
  const asked =
    ip === undefined ? { name, types: ["A", "AAAA"] } : { name: reverseNameOf(formatIp(ip)), types: ["PTR"] };
  return asked.types.map((type): DnsAnswer => {
    const resolution = resolveName(state, vpcId, { name: asked.name, type, subnetId });
    const records = resolution.kind === "records" ? resolution.records : [];
    const [first] = records;
    return {
      type,
      kind: resolution.kind,
      values: records.map(valueOf),
      ...(first !== undefined && { ttlSeconds: first.ttlSeconds }),
      by: resolution.by,
    };
  });
}

function valueOf(record: NameRecord): string {
  return record.type === "PTR" ? record.name : record.ip;
}

/** Source: RFC 1035 section 3.5, RFC 3596 section 2.5. */
function reverseNameOf(ip: string): string {
  const parsed = parseIp(ip);
  if (parsed?.width !== 128) return `${ip.split(".").toReversed().join(".")}.in-addr.arpa`;
  const digits = parsed.words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  return `${digits.split("").toReversed().join(".")}.ip6.arpa`;
}

function wayTo(state: State, source: Instance | OnPremisesHost, ip: string): AddressWay {
  const parsed = parseIp(ip);
  const list = prefixListsOf(source.region).find(({ prefixes }) =>
    prefixes.some((prefix) => parsed !== undefined && containsIp(prefix, parsed)),
  );
  const walked = isOnPremises(source) ? walkFromOnPremises(state, source, ip) : walk(state, source.id, ip);
  const chosen = walked.route?.chosen;
  return {
    ip,
    ...(list && { prefixListId: list.id }),
    ...(walked.route && chosen && { route: `${walked.route.routeTableId}: ${chosen.destination} to ${chosen.target}` }),
    exit: exitText(walked),
  };
}

function exitText({ exit, nats = [], overInternet }: Walk): string {
  const through = nats.length === 0 ? "" : ` through ${nats.map((hop) => hop.natGatewayId).join(" and ")}`;
  switch (exit.kind) {
    case "gateway-endpoint":
      return `gateway endpoint ${exit.vpcEndpointId}${through}`;
    case "interface-endpoint":
      return `${exit.networkInterfaceId} of interface endpoint ${exit.vpcEndpointId}${through}`;
    case "internet":
      return `the internet by ${exit.internetGatewayId}${through}, as ${exit.sourceIp}`;
    case "local": {
      const { fromGatewayId, sourceIp, toGatewayId, vpcId } = overInternet ?? {};
      const over =
        overInternet &&
        ` of ${vpcId} over the internet by ${fromGatewayId}${through}, in by ${toGatewayId}, as ${sourceIp}`;
      return exit.networkInterfaceId === undefined
        ? "an address of the VPC that nobody has"
        : `${exit.networkInterfaceId}${over ?? ""}`;
    }
    case "on-premises":
      return `${exit.hostId} behind ${exit.vpnConnectionId}`;
    case "vpc-service":
      return `the VPC's ${exit.service}`;
    case "none":
      return `nowhere: ${exit.reason}`;
  }
}

interface Asked {
  readonly name: string;
  readonly vpcId: string | undefined;
  readonly client: NameClient | undefined;
}

/** The endpoint that the name would lead to if the VPC had host names. */
function hiddenEndpoint(vpc: Vpc | undefined, state: State, name: string): string | undefined {
  if (vpc === undefined || vpc.enableDnsHostnames) return undefined;
  return endpointPrivateName(state, { ...vpc, enableDnsHostnames: true }, name)?.vpcEndpointId;
}

/** Source: AWS PrivateLink guide, "Private DNS names"; AWS SDKs and Tools Reference Guide, "AWS STS Regional endpoints". */
function notesOn(state: State, { name, vpcId, client }: Asked): readonly string[] {
  const vpc = vpcId === undefined ? undefined : find(state, "vpc", vpcId);
  const service = parseServiceHost(name);
  const notes: string[] = [];
  if (client?.asksVpc === false) {
    const servers = client.servers.length === 0 ? "no name servers" : client.servers.join(", ");
    notes.push(
      `programs ask ${servers} (${client.dhcpOptionsId}): they get these answers only if those ask the VPC's resolver`,
    );
  }
  const isOfHost = name.startsWith("ec2-") || name.endsWith(`.${privateDnsSuffix(vpc?.region ?? "")}`);
  if (vpc !== undefined && !vpc.enableDnsHostnames && vpc.enableDnsSupport && isOfHost) {
    notes.push(
      `enableDnsHostnames of ${vpc.id} is off: its instances have no public names, and its resolver does not know the private ones`,
    );
  }
  const hidden = hiddenEndpoint(vpc, state, name);
  if (hidden !== undefined) {
    notes.push(
      `enableDnsHostnames of ${vpc?.id} is off: ${name} is a private DNS name of ${hidden}, and does not lead there`,
    );
  }
  if (service?.regionNamed === false && service.service === "sts") {
    notes.push(
      `${name} names no region, so no endpoint has it as a private name; AWS_STS_REGIONAL_ENDPOINTS=regional makes clients call sts.REGION.amazonaws.com`,
    );
  } else if (service?.regionNamed === false && service.service !== "iam") {
    notes.push(`${name} names no region; clients that know theirs call ${service.service}.REGION.amazonaws.com`);
  }
  if (vpc !== undefined && service !== undefined && service.regionNamed && service.region !== vpc.region) {
    notes.push(`the name is of ${service.region}: endpoints of ${vpc.id} lead to services of ${vpc.region} alone`);
  }
  return notes;
}
