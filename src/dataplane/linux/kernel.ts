/** Carries changes out: every change becomes a netlink message, a namespace or a socket, batched as far as order allows. */

import type { Change } from "./diff.ts";
import { elementMessages, filterMessages, type ListedRule, readListedRule } from "./filter-change.ts";
import type { KernelObject, ListenerObject } from "./kernel-object.ts";
import { Namespace } from "./namespace.ts";
import { decodeAttributes, type Message } from "./netlink-message.ts";
import { batchesOf } from "./netlink-socket.ts";
import { getRules, transaction } from "./nftables.ts";
import { endProgramsIn } from "./program.ts";
import {
  changeLink,
  deleteAddress,
  deleteLinks,
  deleteNeighbor,
  deleteNexthop,
  deleteRoute,
  deleteRoutes,
  deleteRule,
  newAddress,
  newLink,
  newRule,
  putNeighbor,
  putNexthop,
  putRoute,
  putRoutes,
  setLinkUp,
  startLink,
} from "./rtnetlink.ts";
import { TABLE } from "./ruleset.ts";

/** Unprivileged netlink sockets hold little; so many elements always fit. */
const ELEMENTS_PER_TRANSACTION = 400;

export class Kernel implements Disposable {
  readonly namespaces = new Map<string, Namespace>();

  /** Does one step as a whole; gives back the listeners that are now wanted, for the caller to open. */
  perform(step: readonly Change[]): ListenerObject[] {
    const elements: Change[] = [];
    const filters: Change[] = [];
    const devices: Change[] = [];
    const listeners: ListenerObject[] = [];
    for (const change of step) {
      const { verb, object } = change;
      if (object.kind === "element") elements.push(change);
      else if (object.kind === "listener") listeners.push(...(verb === "add" ? [object] : []));
      else if (isFilter(object)) filters.push(change);
      else if (object.kind !== "namespace") devices.push(change);
      else if (verb === "add") this.namespaces.set(object.namespace, new Namespace(object.role));
    }
    this.#changeDevices(devices);
    this.#changeFilters(filters);
    this.#changeElements(elements);
    this.#removeNamespaces(step);
    return listeners;
  }

  get(name: string): Namespace {
    const namespace = this.namespaces.get(name);
    if (namespace === undefined) throw new Error(`no namespace ${name}`);
    return namespace;
  }

  [Symbol.dispose](): void {
    const hosts = [...this.namespaces.values()].filter(({ role }) => role === "host");
    endProgramsIn(new Set(hosts.map(({ inode }) => inode)));
    for (const namespace of this.namespaces.values()) namespace[Symbol.dispose]();
    this.namespaces.clear();
  }

  /** Links, addresses, neighbours, nexthops, routes and rules: a batch for each namespace. */
  #changeDevices(changes: readonly Change[]): void {
    for (const [namespace, group] of this.#byNamespace(changes)) {
      const doomed = group.flatMap(({ verb, object }) => (verb === "remove" && object.kind === "link" ? [object] : []));
      const messages = group.flatMap(({ verb, object }) => this.#messagesOf(verb, object));
      namespace.route.request([...(doomed.length === 0 ? [] : deleteLinks(doomed)), ...messages]);
    }
    for (const { verb, object } of changes) {
      if (verb === "add" && object.kind === "link") {
        this.get(object.peer.namespace).route.request([setLinkUp(object.peer.index)]);
      }
    }
  }

  #removeNamespaces(changes: readonly Change[]): void {
    const names = changes.flatMap(({ verb, object }) =>
      verb === "remove" && object.kind === "namespace" ? [object.namespace] : [],
    );
    const hosts = names.map((name) => this.get(name)).filter(({ role }) => role === "host");
    endProgramsIn(new Set(hosts.map(({ inode }) => inode)));
    for (const name of names) {
      this.get(name)[Symbol.dispose]();
      this.namespaces.delete(name);
    }
  }

  #messagesOf(verb: Change["verb"], object: KernelObject): Message[] {
    const removes = verb === "remove";
    switch (object.kind) {
      case "link":
        // All doomed links of a namespace go together, before anything else.
        if (removes) return [];
        if (verb === "replace") return [changeLink(object)];
        return [newLink(object, this.get(object.peer.namespace).fd), ...startLink(object)];
      case "address":
        return [removes ? deleteAddress(object) : newAddress(object)];
      case "neighbor":
        return [removes ? deleteNeighbor(object) : putNeighbor(object)];
      case "nexthop":
        return [removes ? deleteNexthop(object) : putNexthop(object)];
      case "route":
        return [removes ? deleteRoute(object) : putRoute(object)];
      case "route-list":
        return removes ? deleteRoutes(object) : putRoutes(object);
      case "rule":
        return [removes ? deleteRule(object) : newRule(object)];
      case "namespace":
      case "listener":
      case "set":
      case "chain":
      case "filter-rule":
      case "element":
        return [];
    }
  }

  /** As one transaction for each namespace, unless there is more than fits. */
  #changeFilters(changes: readonly Change[]): void {
    for (const [{ netfilter, portMaps }, group] of this.#byNamespace(changes)) {
      const list = (chain: string): ListedRule[] =>
        netfilter
          .dump(getRules(TABLE, chain))
          .flatMap(({ body }) => readListedRule(decodeAttributes(body.subarray(4))) ?? []);
      for (const batch of batchesOf(filterMessages(group, portMaps, list))) netfilter.transact(transaction(batch));
    }
  }

  #changeElements(changes: readonly Change[]): void {
    for (const [{ netfilter, role }, group] of this.#byNamespace(changes)) {
      for (let at = 0; at < group.length; at += ELEMENTS_PER_TRANSACTION) {
        const messages = group
          .slice(at, at + ELEMENTS_PER_TRANSACTION)
          .flatMap(({ verb, object }) => (object.kind === "element" ? elementMessages(role, verb, object) : []));
        netfilter.transact(transaction(messages));
      }
    }
  }

  #byNamespace(changes: readonly Change[]): Map<Namespace, Change[]> {
    const groups = new Map<Namespace, Change[]>();
    for (const change of changes) {
      const namespace = this.get(change.object.namespace);
      const group = groups.get(namespace);
      if (group === undefined) groups.set(namespace, [change]);
      else group.push(change);
    }
    return groups;
  }
}

function isFilter(object: KernelObject): boolean {
  return object.kind === "set" || object.kind === "chain" || object.kind === "filter-rule";
}
