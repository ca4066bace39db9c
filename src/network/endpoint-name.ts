/**
 * What the host names of interface endpoints lead to: the addresses of their interfaces.
 * Source: AWS PrivateLink guide, "DNS hostnames for VPC endpoints": the endpoint's own names are in the public DNS and lead
 * to private addresses; private names are for the endpoint's VPC. Source: Amazon S3 User Guide, "AWS PrivateLink for Amazon
 * S3": with the private names for inbound resolver endpoints alone, what asks from the VPC goes on to the gateway endpoint.
 *
 * ASSUMPTION: the name of an S3 endpoint leads to it with nothing in front too; AWS lists it with a star.
 */

import { isId } from "../base/id.ts";
import { parseIp } from "../base/ip.ts";
import { dnsEntriesOf, type EndpointDnsEntry } from "../model/endpoint-dns.ts";
import { type EndpointNameKind, recordWidths } from "../model/endpoint-record.ts";
import { allAddressesOf } from "../model/network-interface.ts";
import { privateDualStackNamesOf, privateNamesOf } from "../model/private-dns.ts";
import { find, findBy, type State } from "../model/state.ts";
import type { InterfaceVpcEndpoint } from "../model/vpc-endpoint.ts";
import type { Vpc } from "../model/vpc.ts";

export interface EndpointName {
  readonly vpcEndpointId: string;
  /** Of the endpoint's interfaces, of the families that its DNS record type has. */
  readonly ips: readonly string[];
  readonly by: string;
}

const publicSuffix = ".vpce.amazonaws.com";

/** `vpce-0a1b2c3d4e5f60718-a1b2c3d4.s3.us-east-1.vpce.amazonaws.com`, that of a zone, or a name below one of S3's. */
export function endpointOwnName(state: State, name: string): EndpointName | undefined {
  if (!name.endsWith(publicSuffix)) return undefined;
  const id = /(?:^|\.)(vpce-[0-9a-f]+)-/.exec(name)?.[1] ?? "";
  const endpoint = isId("vpce", id) ? find(state, "vpc-endpoint", id) : undefined;
  if (endpoint?.kind !== "Interface" || endpoint.state !== "available") return undefined;
  const entry = dnsEntriesOf(state, endpoint).find((one) => matches(one.dnsName, name));
  if (entry === undefined) return undefined;
  const where = entry.zoneName === undefined ? "" : ` in ${entry.zoneName}`;
  return { vpcEndpointId: id, ips: ipsOf(state, endpoint, "own", entry), by: `name of ${id}${where}` };
}

/**
 * A name of the service itself, in a VPC with an endpoint for it that has private DNS.
 * Source: Amazon VPC User Guide, "DNS attributes for your VPC": private DNS names need both attributes, also later on.
 */
export function endpointPrivateName(
  state: State,
  { enableDnsHostnames, id: vpcId }: Vpc,
  name: string,
): EndpointName | undefined {
  if (!enableDnsHostnames) return undefined;
  for (const endpoint of findBy(state, "vpc-endpoint", "vpcId", vpcId)) {
    if (endpoint.kind !== "Interface" || endpoint.state !== "available") continue;
    if (endpoint.inboundResolverOnly === true) continue;
    const kind = kindOfPrivateName(state, endpoint, name);
    if (kind === undefined) continue;
    return { vpcEndpointId: endpoint.id, ips: ipsOf(state, endpoint, kind), by: `private DNS name of ${endpoint.id}` };
  }
  return undefined;
}

function kindOfPrivateName(
  state: State,
  endpoint: InterfaceVpcEndpoint,
  name: string,
): Exclude<EndpointNameKind, "own"> | undefined {
  if (privateNamesOf(state, endpoint).some((one) => matches(one, name))) return "service";
  return privateDualStackNamesOf(state, endpoint).some((one) => matches(one, name)) ? "dual-stack" : undefined;
}

/** A name with a star in front stands for every name below its parent; of the endpoint's own for the parent too. */
function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  return name.endsWith(pattern.slice(1)) || (pattern.endsWith(publicSuffix) && name === pattern.slice(2));
}

function ipsOf(
  state: State,
  endpoint: InterfaceVpcEndpoint,
  kind: EndpointNameKind,
  entry?: EndpointDnsEntry,
): readonly string[] {
  const { zoneName } = entry ?? {};
  const widths = recordWidths(endpoint.dnsRecordIpType, kind);
  return endpoint.attachments
    .filter((one) => zoneName === undefined || one.zoneName === zoneName)
    .flatMap(({ networkInterfaceId }) => {
      const holder = find(state, "network-interface", networkInterfaceId);
      return holder === undefined ? [] : allAddressesOf(holder);
    })
    .filter((ip) => widths.some((width) => parseIp(ip)?.width === width));
}
