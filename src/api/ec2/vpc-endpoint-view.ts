/** How answers show an endpoint; what AWS leaves out for a type is left out. */

import type {
  DnsEntry,
  GroupIdentifier,
  State as WireState,
  VpcEndpoint as WireVpcEndpoint,
} from "@aws-sdk/client-ec2";
import { RecentMap } from "../../base/recent-map.ts";
import { dnsEntriesOf } from "../../model/endpoint-dns.ts";
import { offerOf } from "../../model/endpoint-service-offer.ts";
import { find, type State } from "../../model/state.ts";
import type { EndpointIpAddressType, InterfaceVpcEndpoint, VpcEndpoint } from "../../model/vpc-endpoint.ts";
import { writeOnce } from "../../wire/xml-writer.ts";
import { tagSet } from "./tag-set.ts";

/** A gateway endpoint is shown by its document alone: it is written once for many answers. */
export function wireEndpoint(state: State, endpoint: VpcEndpoint): WireVpcEndpoint {
  if (endpoint.kind !== "Gateway") return freshEndpoint(state, endpoint);
  const known = shown.get(endpoint) ?? writeOnce(freshEndpoint(state, endpoint));
  shown.set(endpoint, known);
  return known;
}

const shown = new RecentMap<VpcEndpoint, WireVpcEndpoint>(5000);

function freshEndpoint(state: State, endpoint: VpcEndpoint): WireVpcEndpoint {
  return {
    VpcEndpointId: endpoint.id,
    VpcEndpointType: endpoint.kind,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    // On the wire in lower camel case, though the model's enum is not.
    State: endpoint.state as WireState,
    ...placeOf(state, endpoint),
    IpAddressType: addressTypeOf(endpoint),
    DnsEntries: wireDnsEntries(state, endpoint),
    RequesterManaged: false,
    CreationTimestamp: new Date(endpoint.createdAtMs),
    Tags: tagSet(endpoint.tags),
    OwnerId: endpoint.accountId,
    ServiceRegion: serviceRegionOf(state, endpoint),
  };
}

export function addressTypeOf(endpoint: VpcEndpoint): EndpointIpAddressType {
  return endpoint.ipAddressType ?? "ipv4";
}

export function wireDnsEntries(state: State, endpoint: VpcEndpoint): DnsEntry[] {
  return dnsEntriesOf(state, endpoint).map((one) => ({ DnsName: one.dnsName, HostedZoneId: one.hostedZoneId }));
}

function placeOf(state: State, endpoint: VpcEndpoint): Partial<WireVpcEndpoint> {
  if (endpoint.kind === "Gateway") {
    return {
      PolicyDocument: endpoint.policyDocument,
      RouteTableIds: [...endpoint.routeTableIds],
      SubnetIds: [],
      Groups: [],
      NetworkInterfaceIds: [],
      DnsOptions: { DnsRecordIpType: endpoint.dnsRecordIpType ?? "service-defined" },
      PrivateDnsEnabled: false,
    };
  }
  const place = {
    RouteTableIds: [],
    SubnetIds: endpoint.attachments.map((one) => one.subnetId),
    NetworkInterfaceIds: endpoint.attachments.map((one) => one.networkInterfaceId),
  };
  if (endpoint.kind === "GatewayLoadBalancer") return { ...place, Groups: [], PrivateDnsEnabled: false };
  const { inboundResolverOnly, dnsRecordIpType } = endpoint;
  return {
    PolicyDocument: endpoint.policyDocument,
    ...place,
    Groups: groupsOf(state, endpoint),
    DnsOptions: {
      DnsRecordIpType: dnsRecordIpType,
      ...(inboundResolverOnly !== undefined && { PrivateDnsOnlyForInboundResolverEndpoint: inboundResolverOnly }),
    },
    PrivateDnsEnabled: endpoint.privateDnsEnabled,
  };
}

function groupsOf(state: State, endpoint: InterfaceVpcEndpoint): GroupIdentifier[] {
  return endpoint.securityGroupIds.map((GroupId) => ({
    GroupId,
    GroupName: find(state, "security-group", GroupId)?.name,
  }));
}

function serviceRegionOf(state: State, endpoint: VpcEndpoint): string {
  return endpoint.kind === "Gateway" ? endpoint.region : (offerOf(state, endpoint)?.region ?? endpoint.region);
}
