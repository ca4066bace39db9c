/** `underpass top`: what goes through the endpoints, and what the filters dropped. */

import { setTimeout as after } from "node:timers/promises";
import type { EndpointCounts, Figures } from "../api/underpass/figures.ts";
import type { DropCount } from "../network/traffic-count.ts";
import { lastRuleNumber } from "../network/traffic-count.ts";
import { ask, type ClientOptions } from "./client.ts";
import { type OutputOptions, printJson } from "./output.ts";

export interface TopOptions extends ClientOptions, OutputOptions {
  /** Seconds. */
  readonly interval: number;
  readonly once?: boolean;
}

const clearScreen = "\x1b[H\x1b[2J";

/** On a terminal anew after each interval until Ctrl-C, else once. */
export async function top(options: TopOptions): Promise<number> {
  const first = await ask<Figures>(options, "figures");
  if (options.output === "json") {
    printJson(first);
    return 0;
  }
  const goesOn = process.stdout.isTTY && options.once !== true;
  if (!goesOn) {
    console.log(topText(first));
    return 0;
  }
  for (let [before, now]: [Figures | undefined, Figures] = [undefined, first]; ;) {
    process.stdout.write(`${clearScreen}${topText(now, before)}\n`);
    await after(options.interval * 1000);
    [before, now] = [now, await ask<Figures>(options, "figures")];
  }
}

/** With rates where there are figures from before. */
export function topText(now: Figures, before?: Figures): string {
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  const rows = now.endpoints.flatMap(({ vpcEndpointId, serviceName, subnets, ...counts }) => {
    const earlier = before?.endpoints.find((one) => one.vpcEndpointId === vpcEndpointId);
    const rowsOfSubnets = subnets.map(({ subnetId, networkInterfaceId, ...own }) => {
      const ownBefore = earlier?.subnets.find((one) => one.subnetId === subnetId);
      return [`  ${subnetId}`, `  ${networkInterfaceId}`, ...cellsOf(own, ownBefore, seconds)];
    });
    // One subnet's figures are those of the endpoint.
    const more = subnets.length > 1 ? rowsOfSubnets : [];
    return [[vpcEndpointId, serviceName, ...cellsOf(counts, earlier, seconds)], ...more];
  });
  const unit = seconds > 0 ? "/s" : "";
  const head = ["ENDPOINT", "SERVICE", "ACTIVE", `NEW${unit}`, `IN${unit}`, `OUT${unit}`, "RESETS", "DROPS"];
  const endpoints = rows.length === 0 ? ["no endpoints"] : tableOf([head, ...rows]);
  const endpointOf = new Map(
    now.endpoints.flatMap(({ vpcEndpointId, subnets }) =>
      subnets.map(({ networkInterfaceId }) => [networkInterfaceId, vpcEndpointId] as const),
    ),
  );
  const holderText: HolderText = (networkInterfaceId) => {
    const vpcEndpointId = endpointOf.get(networkInterfaceId);
    return vpcEndpointId === undefined ? networkInterfaceId : `${networkInterfaceId} of ${vpcEndpointId}`;
  };
  const drops = now.drops.toSorted((a, b) => b.packets - a.packets);
  const dropped =
    drops.length === 0
      ? ["nothing was dropped"]
      : tableOf([["PACKETS", "DROPPED BY"], ...drops.map((drop) => dropRow(drop, holderText))]);
  return [...endpoints, "", ...dropped].join("\n");
}

/** What an interface is called in a sentence. */
type HolderText = (networkInterfaceId: string) => string;

function cellsOf(now: EndpointCounts, before: EndpointCounts | undefined, seconds: number): string[] {
  const rate = (value: (one: EndpointCounts) => number): number => {
    const all = value(now);
    return seconds > 0 ? (all - (before === undefined ? 0 : value(before))) / seconds : all;
  };
  return [
    `${now.activeConnections}`,
    `${Math.round(rate((one) => one.newConnections))}`,
    bytesText(rate((one) => one.bytesIn)),
    bytesText(rate((one) => one.bytesOut)),
    `${now.rstPacketsReceived}`,
    `${now.packetsDropped}`,
  ];
}

function dropRow(drop: DropCount, holderText: HolderText): string[] {
  return [`${drop.packets}`, dropText(drop, holderText)];
}

function dropText(drop: DropCount, holderText: HolderText): string {
  const way = drop.direction === "egress" ? "outbound" : "inbound";
  switch (drop.kind) {
    case "network-acl-rule": {
      const rule = drop.ruleNumber === lastRuleNumber ? "the last rule" : `rule ${drop.ruleNumber}`;
      return `${way} ${rule} of ${drop.networkAclId}`;
    }
    case "security-group":
      return `the security groups of ${holderText(drop.networkInterfaceId)}, ${way}${endText(drop)}`;
    case "network-acl":
      return `the network ACL at ${holderText(drop.networkInterfaceId)}, ${way}${endText(drop)}`;
    case "source-check":
      return `the source check of ${drop.networkInterfaceId}`;
    case "no-route":
      return `no route that leads to anybody, from ${holderText(drop.networkInterfaceId)}`;
  }
}

function endText({
  direction,
  vpcEndpointId,
}: {
  readonly direction: string;
  readonly vpcEndpointId?: string;
}): string {
  if (vpcEndpointId === undefined) return "";
  return `, ${direction === "egress" ? "to" : "from"} ${vpcEndpointId}`;
}

/** `1.5 MiB`. */
function bytesText(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let [value, at] = [bytes, 0];
  for (; value >= 1024 && at < units.length - 1; at++) value /= 1024;
  return `${at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

function tableOf(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
