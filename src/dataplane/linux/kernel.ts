/** Carries changes out: every change becomes a netlink message, a namespace or a socket, batched as far as order allows. */

import type { Change } from "./diff.ts";
import type { ElementObject, KernelObject, LinkObject, ListenerObject } from "./kernel-object.ts";
import { Namespace } from "./namespace.ts";
import type { Message } from "./netlink-message.ts";
import { transaction } from "./nftables.ts";
import { endProgramsIn } from "./program.ts";
import {
  changeLink,
  deleteAddress,
  deleteLink,
  deleteNeighbor,
  deleteNexthop,
  deleteRoute,
  deleteRule,
  newAddress,
  newLink,
  newRule,
  putNeighbor,
  putNexthop,
  putRoute,
  setLinkUp,
  startLink,
} from "./rtnetlink.ts";
import { changeElements } from "./ruleset.ts";

/** Unprivileged netlink sockets hold little; so many elements always fit. */
const ELEMENTS_PER_TRANSACTION = 400;

export class Kernel implements Disposable {
  readonly namespaces = new Map<string, Namespace>();

  /** Does one step as a whole; gives back the listeners that are now wanted, for the caller to open. */
  perform(step: readonly Change[]): ListenerObject[] {
    const queues = new Map<Namespace, Message[]>();
    const elements: Change[] = [];
    const listeners: ListenerObject[] = [];
    const links: LinkObject[] = [];
    for (const change of step) {
      const { verb, object } = change;
      if (object.kind === "namespace") {
        if (verb === "add") this.namespaces.set(object.namespace, new Namespace(object.role));
        else this.#remove(object.namespace);
      } else if (object.kind === "listener") {
        if (verb === "add") listeners.push(object);
      } else if (object.kind === "element") {
        elements.push(change);
      } else {
        if (object.kind === "link" && verb === "add") links.push(object);
        const namespace = this.get(object.namespace);
        const queue = queues.get(namespace) ?? [];
        queue.push(...this.#messagesOf(verb, object));
        queues.set(namespace, queue);
      }
    }
    for (const [namespace, messages] of queues) namespace.route.request(messages);
    for (const { peer } of links) this.get(peer.namespace).route.request([setLinkUp(peer.index)]);
    this.#changeElements(elements);
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

  #remove(name: string): void {
    const namespace = this.get(name);
    if (namespace.role === "host") endProgramsIn(new Set([namespace.inode]));
    namespace[Symbol.dispose]();
    this.namespaces.delete(name);
  }

  #messagesOf(
    verb: Change["verb"],
    object: Exclude<KernelObject, { kind: "namespace" | "listener" | "element" }>,
  ): Message[] {
    const removes = verb === "remove";
    switch (object.kind) {
      case "link":
        if (removes) return [deleteLink(object)];
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
      case "rule":
        return [removes ? deleteRule(object) : newRule(object)];
    }
  }

  #changeElements(changes: readonly Change[]): void {
    const groups = new Map<Namespace, Change[]>();
    for (const change of changes) {
      const namespace = this.get(change.object.namespace);
      const group = groups.get(namespace) ?? [];
      group.push(change);
      groups.set(namespace, group);
    }
    for (const [namespace, group] of groups) {
      for (let at = 0; at < group.length; at += ELEMENTS_PER_TRANSACTION) {
        const messages = group.slice(at, at + ELEMENTS_PER_TRANSACTION).flatMap(elementMessages);
        namespace.netfilter.transact(transaction(messages));
      }
    }
  }
}

function elementMessages({ verb, object }: Change): Message[] {
  const elements: ElementObject[] = object.kind === "element" ? [object] : [];
  switch (verb) {
    case "add":
      return [changeElements("add", elements)];
    case "remove":
      return [changeElements("remove", elements)];
    case "replace":
      // In one transaction: no packet meets the set without the element.
      return [changeElements("remove", elements), changeElements("add", elements)];
  }
}
