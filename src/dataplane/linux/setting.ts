/**
 * The settings below /proc/sys/net of a namespace: those that it is made with, and what somebody made of them. They are seen
 * from inside alone. Source: kernel documentation, "IP Sysctl".
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { NamespaceRole } from "./kernel-object.ts";

/** The path below /proc/sys/net, and the value as it reads back. */
export type Setting = readonly [string, string];

const FORWARDERS: ReadonlySet<NamespaceRole> = new Set<NamespaceRole>([
  "router",
  "internet-gateway",
  "egress-only-internet-gateway",
  "nat-gateway",
  "vpn-gateway",
  "on-premises-router",
  "internet",
]);

/** `1` where packets pass through. */
export function forwardingOf(role: NamespaceRole): string {
  return FORWARDERS.has(role) ? "1" : "0";
}

/**
 * IPv4 settings of a new namespace are copies of the machine's own, so each that matters is set. Of IPv6 a device does
 * nothing by itself: it makes no address, asks for none, believes no router and doubts none of its addresses.
 */
export function settingsOf(role: NamespaceRole): readonly Setting[] {
  const forwards = forwardingOf(role);
  const common: readonly Setting[] = [
    ["ipv4/conf/all/rp_filter", "0"],
    ["ipv4/conf/default/rp_filter", "0"],
    ["ipv4/conf/all/arp_ignore", "0"],
    ["ipv4/conf/default/arp_ignore", "0"],
    ["ipv4/conf/all/arp_filter", "0"],
    ["ipv4/ip_forward", forwards],
    ["ipv6/conf/all/disable_ipv6", "0"],
    ["ipv6/conf/all/forwarding", forwards],
    // The translator's devices are for its socket alone, which hears everything before the kernel looks at it.
    ["ipv6/conf/default/disable_ipv6", role === "translator" ? "1" : "0"],
    ["ipv6/conf/default/addr_gen_mode", "1"],
    ["ipv6/conf/default/accept_ra", "0"],
    ["ipv6/conf/default/autoconf", "0"],
    ["ipv6/conf/default/accept_dad", "0"],
    ["ipv6/conf/default/accept_redirects", "0"],
  ];
  switch (role) {
    case "translator":
      return common;
    case "router":
    case "internet-gateway":
    case "egress-only-internet-gateway":
    case "nat-gateway":
    case "vpn-gateway":
    case "on-premises-router":
      return [...common, ["ipv4/conf/all/send_redirects", "0"]];
    case "internet":
      return [...common, ["ipv4/conf/all/send_redirects", "0"], ["core/somaxconn", "4096"]];
    case "endpoint":
      // Source: AWS PrivateLink guide, "Interface endpoint properties and limitations": TCP alone, so no ping.
      return [
        ...common,
        ["core/somaxconn", "4096"],
        ["ipv4/icmp_echo_ignore_all", "1"],
        ["ipv6/icmp/echo_ignore_all", "1"],
      ];
    case "host":
      return [...common, ["ipv4/ip_unprivileged_port_start", "0"], ["ipv4/ping_group_range", "0\t0"]];
  }
}

/** Of a connection that took another way before, a router's tracking saw only a part; groups still know whose it is. */
export function trackingSettingsOf(role: NamespaceRole): readonly Setting[] {
  return role === "router" ? [["netfilter/nf_conntrack_tcp_be_liberal", "1"]] : [];
}

/** Those of the namespace that the thread is in. */
export function writeSettings(settings: readonly Setting[]): void {
  for (const [setting, value] of settings) {
    const file = fileOf(setting);
    // A kernel without IPv6 has none of its settings.
    if (isOfIpv6(setting) && !existsSync(file)) continue;
    try {
      writeFileSync(file, value);
    } catch (cause) {
      throw new Error(`set ${file} to ${value}`, { cause });
    }
  }
}

/** Those of the namespace that the thread is in which have another value. */
export function alteredSettings(role: NamespaceRole): readonly Setting[] {
  return [...settingsOf(role), ...trackingSettingsOf(role)].filter(([setting, value]) => {
    const found = readSetting(setting);
    return found !== undefined && found !== value;
  });
}

function readSetting(setting: string): string | undefined {
  try {
    return readFileSync(fileOf(setting), "utf8").trim();
  } catch (error) {
    if (isOfIpv6(setting)) return undefined;
    throw error;
  }
}

function isOfIpv6(setting: string): boolean {
  return setting.startsWith("ipv6/");
}

function fileOf(setting: string): string {
  return `/proc/sys/net/${setting}`;
}
