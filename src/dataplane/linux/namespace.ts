/**
 * Network namespaces, each held by a descriptor alone: nothing of them is mounted anywhere, so nothing of them outlives
 * the process that made them. Only the main thread moves between them; Node's synchronous file calls run on it.
 * Source: Linux manual pages network_namespaces(7), setns(2); kernel documentation, "IP Sysctl".
 */

import { closeSync, existsSync, openSync, readlinkSync, writeFileSync } from "node:fs";
import type { NamespaceRole } from "./kernel-object.ts";
import { CLONE_NEWNET, enterNamespace, leaveNamespaces } from "./libc.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "./netlink-socket.ts";
import { transaction } from "./nftables.ts";
import type { PortMaps } from "./port-map.ts";
import { rulesetOf } from "./ruleset.ts";
import { setLinkUp } from "./rtnetlink.ts";
import { openMonitors } from "./watch.ts";

const HANDLE = "/proc/thread-self/ns/net";
const LOOPBACK = 1;
const FORWARDERS: ReadonlySet<NamespaceRole> = new Set<NamespaceRole>([
  "router",
  "internet-gateway",
  "egress-only-internet-gateway",
  "nat-gateway",
  "vpn-gateway",
  "on-premises-router",
  "internet",
]);

/** The namespace that this process started in. */
const homeFd = openSync(HANDLE, "r");

export class Namespace implements Disposable {
  readonly role: NamespaceRole;
  readonly fd: number;
  /** `net:[4026532001]`, as the kernel names it. */
  readonly inode: string;
  readonly route: NetlinkSocket;
  readonly netfilter: NetlinkSocket;
  /** What its maps of ports hold; read back by every dump. */
  readonly portMaps: PortMaps = new Map();
  /** Sockets that hear of every change in here. */
  readonly monitors: readonly number[];

  /** A new namespace with its loopback up, its settings and its rules. */
  constructor(role: NamespaceRole) {
    this.role = role;
    leaveNamespaces(CLONE_NEWNET);
    try {
      this.fd = openSync(HANDLE, "r");
      this.inode = readlinkSync(HANDLE);
      this.route = new NetlinkSocket(NETLINK_ROUTE);
      this.netfilter = new NetlinkSocket(NETLINK_NETFILTER);
      for (const [setting, value] of settingsOf(role)) writeSetting(setting, value);
      const rules = rulesetOf(role);
      if (rules.length > 0) this.netfilter.transact(transaction(rules));
      // Only rules that look at connections bring their settings.
      for (const [setting, value] of trackingSettingsOf(role)) writeSetting(setting, value);
      this.monitors = openMonitors(rules.length > 0);
    } finally {
      enterNamespace(homeFd, CLONE_NEWNET);
    }
    this.route.request([setLinkUp(LOOPBACK)]);
  }

  /** What `action` gives, run inside. It must not await. */
  inside<T>(action: () => T): T {
    enterNamespace(this.fd, CLONE_NEWNET);
    try {
      return action();
    } finally {
      enterNamespace(homeFd, CLONE_NEWNET);
    }
  }

  [Symbol.dispose](): void {
    this.route[Symbol.dispose]();
    this.netfilter[Symbol.dispose]();
    for (const fd of this.monitors) closeSync(fd);
    closeSync(this.fd);
  }
}

/**
 * IPv4 settings of a new namespace are copies of the machine's own, so each that matters is set. Of IPv6 a device does
 * nothing by itself: it makes no address, asks for none, believes no router and doubts none of its addresses.
 */
function settingsOf(role: NamespaceRole): (readonly [string, string])[] {
  const forwards = FORWARDERS.has(role) ? "1" : "0";
  const common = [
    ["ipv4/conf/all/rp_filter", "0"],
    ["ipv4/conf/default/rp_filter", "0"],
    ["ipv4/conf/all/arp_ignore", "0"],
    ["ipv4/conf/default/arp_ignore", "0"],
    ["ipv4/conf/all/arp_filter", "0"],
    ["ipv4/ip_forward", forwards],
    ["ipv6/conf/all/forwarding", forwards],
    ["ipv6/conf/default/disable_ipv6", "0"],
    ["ipv6/conf/default/addr_gen_mode", "1"],
    ["ipv6/conf/default/accept_ra", "0"],
    ["ipv6/conf/default/autoconf", "0"],
    ["ipv6/conf/default/accept_dad", "0"],
    ["ipv6/conf/default/accept_redirects", "0"],
  ] as const;
  switch (role) {
    case "router":
      // Of a connection that took another way before, tracking saw only a part; groups still know whose it is.
      return [...common, ["ipv4/conf/all/send_redirects", "0"], ["netfilter/nf_conntrack_tcp_be_liberal", "1"]];
    case "internet-gateway":
    case "egress-only-internet-gateway":
    case "nat-gateway":
    case "vpn-gateway":
    case "on-premises-router":
      return [...common, ["ipv4/conf/all/send_redirects", "0"]];
    case "internet":
      return [...common, ["ipv4/conf/all/send_redirects", "0"], ["core/somaxconn", "4096"]];
    case "endpoint":
      return [...common, ["core/somaxconn", "4096"]];
    case "host":
      return [...common, ["ipv4/ip_unprivileged_port_start", "0"], ["ipv4/ping_group_range", "0 0"]];
  }
}

/** Of a connection that took another way before, a router's tracking saw only a part; groups still know whose it is. */
function trackingSettingsOf(role: NamespaceRole): readonly (readonly [string, string])[] {
  return role === "router" ? [["netfilter/nf_conntrack_tcp_be_liberal", "1"]] : [];
}

function writeSetting(setting: string, value: string): void {
  const file = `/proc/sys/net/${setting}`;
  // A kernel without IPv6 has none of its settings.
  if (setting.startsWith("ipv6/") && !existsSync(file)) return;
  try {
    writeFileSync(file, value);
  } catch (cause) {
    throw new Error(`set ${file} to ${value}`, { cause });
  }
}
