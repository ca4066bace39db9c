/**
 * netd: the process that owns every network namespace of the region. It runs as root of a user namespace of its own,
 * started by `unshare -Urn`, and does what the plane orders over IPC. When that channel closes, it ends the programs in
 * its instances and exits, and every namespace with it.
 */

import type { Server } from "node:net";
import type { Socket as UdpSocket } from "node:dgram";
import { forgetConnections, listConnections, type TrackedConnection } from "./conntrack.ts";
import type { Change } from "./diff.ts";
import { dumpKernel } from "./dump.ts";
import { InstanceInits } from "./instance-init.ts";
import { Kernel } from "./kernel.ts";
import type { ListenerObject } from "./kernel-object.ts";
import { bindInside, wrapListener } from "./listener.ts";
import { readMeters } from "./meter.ts";
import { type MadeNamespace, type Order, readOrder, type Report } from "./netd-message.ts";
import { Translator } from "./nat64.ts";
import { restore } from "./restore.ts";
import { Rounds } from "./round.ts";
import { alteredSettings } from "./setting.ts";
import { Watch } from "./watch.ts";

const kernel = new Kernel();
const watch = new Watch();
const inits = new InstanceInits();
const translator = new Translator();
/** One look costs a system call, however many namespaces there are. */
const LOOK_MS = 200;
/** Settings that the kernel tells nobody of are read, of every namespace within a minute. */
const ROUND_STEP_MS = 5000;
const ROUND_STEPS = 12;
const rounds = new Rounds(() => [...kernel.namespaces.keys()], ROUND_STEPS);
/** Orders are done one after another. */
let queue = Promise.resolve();

process.on("message", (message) => {
  const order = readOrder(message);
  // Programs that enter wait for no change of the network, nor for each other.
  if (order.kind === "start-init") void obey(order);
  else queue = queue.then(() => obey(order));
});
process.on("disconnect", end);
await report({ kind: "ready", pid: process.pid });
setInterval(() => {
  // Node tells nobody that the channel is gone while a socket that was handed over is not acknowledged.
  if (!process.connected) end();
  queue = queue.then(async () => {
    const namespaces = watch.take();
    if (namespaces.length > 0) await report({ kind: "drift", namespaces });
  });
}, LOOK_MS);
setInterval(() => {
  queue = queue.then(async () => {
    const namespaces = rounds.next().filter((name) => isAltered(name));
    if (namespaces.length > 0) await report({ kind: "drift", namespaces });
  });
}, ROUND_STEP_MS);

function end(): never {
  translator[Symbol.dispose]();
  kernel[Symbol.dispose]();
  process.exit(0);
}

function isAltered(name: string): boolean {
  const namespace = kernel.namespaces.get(name);
  return namespace !== undefined && namespace.inside(() => alteredSettings(namespace.role).length > 0);
}

async function obey(order: Order): Promise<void> {
  switch (order.kind) {
    case "perform": {
      const error = await errorOf(() => performAll(order.steps));
      await report({ kind: "done", id: order.id, made: hostsMadeBy(order.steps), ...error });
      // After the answer, which need not wait for it.
      watch.settle();
      return;
    }
    case "dump": {
      let objects: ReturnType<typeof dumpKernel> = [];
      const error = await errorOf(async () => {
        objects = dumpKernel(kernel, order.namespaces);
      });
      await report({ kind: "done", id: order.id, made: [], objects, ...error });
      return;
    }
    case "restore": {
      let restored: readonly string[] = [];
      const error = await errorOf(async () => {
        const names = order.namespaces ?? [...kernel.namespaces.keys()];
        restored = names.flatMap((name) => restore(name, kernel.namespaces.get(name)));
      });
      watch.settle();
      await report({ kind: "done", id: order.id, made: [], restored, ...error });
      return;
    }
    case "start-init": {
      let initPid = 0;
      const error = await errorOf(async () => {
        initPid = await inits.pidIn(() => kernel.get(order.namespace));
      });
      await report({ kind: "done", id: order.id, made: [], initPid, ...error });
      return;
    }
    case "read-meters": {
      let meters: ReturnType<typeof readMeters> = [];
      const error = await errorOf(async () => {
        meters = readMeters(kernel, order.namespaces);
      });
      await report({ kind: "done", id: order.id, made: [], meters, ...error });
      return;
    }
    case "list-connections": {
      let connections: readonly TrackedConnection[] = [];
      const error = await errorOf(async () => {
        connections = listConnections(kernel.get(order.namespace));
      });
      await report({ kind: "done", id: order.id, made: [], connections, ...error });
      return;
    }
    case "forget-connections": {
      const error = await errorOf(async () => forgetConnections(kernel.get(order.namespace), order.connections));
      await report({ kind: "done", id: order.id, made: [], ...error });
    }
  }
}

async function performAll(steps: readonly (readonly Change[])[]): Promise<void> {
  for (const step of steps) {
    const movesNamespaces = step.some(({ object }) => object.kind === "namespace");
    for (const listener of kernel.perform(step)) await handOver(listener);
    if (!movesNamespaces) continue;
    watch.follow(kernel.namespaces);
    translator.follow(kernel.namespaces);
  }
}

/** Of the instances' namespaces that were to be made those that there are, be it that a later change failed. */
function hostsMadeBy(steps: readonly (readonly Change[])[]): MadeNamespace[] {
  return steps.flat().flatMap(({ verb, object }): MadeNamespace[] => {
    if (verb !== "add" || object.kind !== "namespace" || object.role !== "host") return [];
    const made = kernel.namespaces.get(object.namespace);
    return made === undefined ? [] : [{ namespace: object.namespace, fd: made.fd, inode: made.inode }];
  });
}

/** Opens a socket inside and gives it away; our own copy is closed, or it would take connections from the services. */
async function handOver(listener: ListenerObject): Promise<void> {
  const socket = await wrapListener(listener, bindInside(kernel.get(listener.namespace), listener));
  await report({ kind: "listener", listener }, socket);
  socket.close();
}

/** Resolves when the message has left; a closed channel ends this process anyway. */
async function report(message: Report, handle?: Server | UdpSocket): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(message, handle, {}, () => resolve());
  });
}

async function errorOf(action: () => Promise<void>): Promise<{ error?: string }> {
  try {
    await action();
    return {};
  } catch (error) {
    return { error: messagesOf(error).join(": ") };
  }
}

function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return error.cause === undefined ? [error.message] : [error.message, ...messagesOf(error.cause)];
}
