/** The trace of a flow as text: what was asked, what the answer is, and the hops there and back, one a line. */

import type { FlowTrace, Hop } from "../analyse/flow-trace.ts";
import type { RouteRef } from "../network/walk.ts";
import { labelled, labelWidth, type Line, routeCells } from "./trace-text.ts";

/** The whole story, without a final line break. */
export function formatFlow(trace: FlowTrace): string {
  const {
    advice = [],
    destinationIp,
    hops,
    instanceId,
    name,
    onPremisesHost,
    opens,
    reachable,
    to,
    unreachable,
  } = trace;
  const lines: Line[] = [
    ["to", [to, destinationIp === undefined || to.includes(destinationIp) ? "" : `at ${destinationIp}`].join(" ")],
    ...(opens === undefined ? [] : [["opens", opens] as const]),
    ["at", new Date(trace.atMs).toISOString()],
    ["from", instanceId ?? `${onPremisesHost ?? "nowhere"}, on premises`],
    ["answer", reachable ? "the network lets it pass, and its answers" : `does not pass: ${unreachable ?? "-"}`],
    ...labelled("advice", advice),
    ...(name === undefined ? [] : [["name", nameText(name)] as const]),
    ...labelled("there", hopRows(hops.filter(({ leg }) => leg === "request"))),
    ...labelled("back", hopRows(hops.filter(({ leg }) => leg === "reply"))),
  ];
  return lines.map(([label, text]) => `${label.padEnd(labelWidth)}${text}`.trimEnd()).join("\n");
}

function nameText({ by, host, ips }: NonNullable<FlowTrace["name"]>): string {
  return `${host} ${ips.length === 0 ? "does not resolve" : `is ${ips.join(", ")}`} (${by})`;
}

function hopRows(hops: readonly Hop[]): readonly string[] {
  const rows = hops.map((hop) => ({ kind: kindText(hop), texts: hopTexts(hop) }));
  const width = Math.max(0, ...rows.map(({ kind }) => kind.length));
  return rows.flatMap(({ kind, texts }) => texts.map((text, at) => `${(at === 0 ? kind : "").padEnd(width)}  ${text}`));
}

function kindText(hop: Hop): string {
  switch (hop.kind) {
    case "filter":
      return hop.allowed ? "passes" : "dropped";
    case "route":
      return "route";
    case "gateway":
      return "through";
    case "interface":
    case "host":
    case "service":
      return "at";
  }
}

function routeText(route: RouteRef): string {
  const [destination, target, ...facts] = routeCells(route);
  return `${destination} ${target} (${facts.filter((one) => one !== "").join(", ")})`;
}

function hopTexts(hop: Hop): readonly string[] {
  switch (hop.kind) {
    case "filter":
      return [`${hop.direction} of ${hop.at}, by ${hop.by}: ${hop.packet}`];
    case "route": {
      const { beaten, chosen, routeTableBy, routeTableId } = hop.route;
      const table = `in ${routeTableId} by ${routeTableBy}`;
      if (chosen === undefined) return [`none ${table} holds the address`];
      return [`${routeText(chosen)} ${table}`, ...beaten.map((one) => `  beats ${routeText(one)}`)];
    }
    case "gateway": {
      const { destinationIp, gatewayId, sourceIp, vpcId, vpnConnectionId } = hop;
      const does = [
        vpnConnectionId === undefined ? "" : `over ${vpnConnectionId}`,
        vpcId === undefined ? "" : `into ${vpcId}`,
        sourceIp === undefined ? "" : `as ${sourceIp}`,
        destinationIp === undefined ? "" : `to ${destinationIp}`,
      ];
      return [[gatewayId, ...does.filter((one) => one !== "")].join(" ")];
    }
    case "interface": {
      const { instanceId, ip, networkInterfaceId, subnetId, vpcId } = hop;
      return [
        `${ip}, ${networkInterfaceId}${instanceId === undefined ? "" : ` of ${instanceId}`} in ${subnetId} of ${vpcId}`,
      ];
    }
    case "host":
      return [`${hop.ip}, ${hop.name} behind ${hop.vpnConnectionId}`];
    case "service":
      return [`${hop.ip}, ${hop.service ?? "which nobody has"}`];
  }
}
