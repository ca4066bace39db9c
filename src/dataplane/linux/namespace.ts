/**
 * Network namespaces, each held by a descriptor alone: nothing of them is mounted anywhere, so nothing of them outlives
 * the process that made them. Only the main thread moves between them; Node's synchronous file calls run on it.
 * Source: Linux manual pages network_namespaces(7), setns(2).
 */

import { closeSync, openSync, readlinkSync } from "node:fs";
import { rememberFrame } from "./frame.ts";
import type { NamespaceRole } from "./kernel-object.ts";
import { CLONE_NEWNET, enterNamespace, leaveNamespaces } from "./libc.ts";
import { NETLINK_NETFILTER, NETLINK_ROUTE, NetlinkSocket } from "./netlink-socket.ts";
import { transaction } from "./nftables.ts";
import type { PortMaps } from "./port-map.ts";
import { rulesetOf } from "./ruleset.ts";
import { setLinkUp } from "./rtnetlink.ts";
import { settingsOf, trackingSettingsOf, writeSettings } from "./setting.ts";
import { openMonitors } from "./watch.ts";

const HANDLE = "/proc/thread-self/ns/net";
const LOOPBACK = 1;

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
      writeSettings(settingsOf(role));
      const rules = rulesetOf(role);
      if (rules.length > 0) {
        this.netfilter.transact(transaction(rules));
        rememberFrame(role, this.netfilter);
      }
      // Only rules that look at connections bring their settings.
      writeSettings(trackingSettingsOf(role));
      this.monitors = openMonitors();
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
