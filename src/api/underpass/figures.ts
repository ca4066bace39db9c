/**
 * Figures of the region's endpoints and filters, under the names of AWS's own metrics, and the same as OpenMetrics.
 * Source: PrivateLink guide, "CloudWatch metrics for AWS PrivateLink"; OpenMetrics specification 1.0, "Text format".
 */

import type { VpcEndpointType } from "../../model/service-catalogue.ts";
import type { DropCount } from "../../network/traffic-count.ts";

/** Counts since the region started. */
export interface Figures {
  readonly atMs: number;
  readonly endpoints: readonly EndpointFigures[];
  readonly drops: readonly DropCount[];
}

export interface EndpointFigures extends EndpointCounts {
  readonly vpcEndpointId: string;
  readonly endpointType: VpcEndpointType;
  readonly vpcId: string;
  readonly serviceName: string;
  /** Where the endpoint's interfaces are, of which its own figures are the sum; a gateway endpoint has none. */
  readonly subnets: readonly SubnetFigures[];
}

export interface SubnetFigures extends EndpointCounts {
  readonly subnetId: string;
  readonly networkInterfaceId: string;
}

export interface EndpointCounts {
  readonly activeConnections: number;
  readonly newConnections: number;
  /** To the service and back; AWS's BytesProcessed is their sum. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** By security groups and network ACLs: at its interfaces or, of a gateway endpoint, on the way to it and back. */
  readonly packetsDropped: number;
  readonly rstPacketsReceived: number;
}

export const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

export function openMetricsText({ endpoints, drops }: Figures): string {
  const places = endpoints.flatMap(placesOf);
  const ofEndpoints = (value: (counts: EndpointCounts) => number, more: Labels = {}): Sample[] =>
    places.map(({ labels, counts }) => ({ labels: { ...labels, ...more }, value: value(counts) }));
  return [
    ...family("endpoint_connections_active", "gauge", "Open connections through an endpoint.", [
      ...ofEndpoints((one) => one.activeConnections),
    ]),
    ...family("endpoint_connections", "counter", "Connections that were opened through an endpoint.", [
      ...ofEndpoints((one) => one.newConnections),
    ]),
    ...family("endpoint_bytes", "counter", "Bytes of packets through an endpoint: in to the service, out from it.", [
      ...ofEndpoints((one) => one.bytesIn, { direction: "in" }),
      ...ofEndpoints((one) => one.bytesOut, { direction: "out" }),
    ]),
    ...family("endpoint_resets", "counter", "TCP resets that an endpoint received from clients.", [
      ...ofEndpoints((one) => one.rstPacketsReceived),
    ]),
    ...family("endpoint_drops", "counter", "Packets to or from an endpoint that filters dropped.", [
      ...ofEndpoints((one) => one.packetsDropped),
    ]),
    ...family("filter_drops", "counter", "Packets that filters dropped at network interfaces.", dropSamples(drops)),
    ...family("network_acl_rule_drops", "counter", "Packets that a rule of a network ACL dropped.", ruleSamples(drops)),
    "# EOF\n",
  ].join("\n");
}

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

function family(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string[] {
  const full = `underpass_${name}`;
  const suffix = type === "counter" ? "_total" : "";
  return [
    `# TYPE ${full} ${type}`,
    `# HELP ${full} ${help}`,
    ...samples.map(({ labels, value }) => `${full}${suffix}{${labelText(labels)}} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replaceAll(/[\\"\n]/g, (one) => (one === "\n" ? "\\n" : `\\${one}`))}"`)
    .join(",");
}

/** A sample for each subnet, so that none is the sum of others. Source: PrivateLink guide, metrics, dimensions. */
function placesOf(endpoint: EndpointFigures): readonly { readonly labels: Labels; readonly counts: EndpointCounts }[] {
  const { vpcEndpointId, endpointType, vpcId, serviceName, subnets } = endpoint;
  const labels = {
    vpc_endpoint_id: vpcEndpointId,
    endpoint_type: endpointType,
    vpc_id: vpcId,
    service_name: serviceName,
  };
  if (endpointType === "Gateway") return [{ labels, counts: endpoint }];
  return subnets.map((counts) => ({ labels: { ...labels, subnet_id: counts.subnetId }, counts }));
}

function dropSamples(drops: readonly DropCount[]): Sample[] {
  return drops.flatMap((drop): Sample[] => {
    if (drop.kind === "network-acl-rule") return [];
    const { kind, vpcId, networkInterfaceId, direction, vpcEndpointId = "", packets } = drop;
    const labels = { filter: kind, vpc_id: vpcId, network_interface_id: networkInterfaceId, direction };
    return [{ labels: { ...labels, vpc_endpoint_id: vpcEndpointId }, value: packets }];
  });
}

function ruleSamples(drops: readonly DropCount[]): Sample[] {
  return drops.flatMap((drop): Sample[] => {
    if (drop.kind !== "network-acl-rule") return [];
    const { vpcId, networkAclId, ruleNumber, direction, packets } = drop;
    const labels = { vpc_id: vpcId, network_acl_id: networkAclId, rule_number: `${ruleNumber}`, direction };
    return [{ labels, value: packets }];
  });
}
