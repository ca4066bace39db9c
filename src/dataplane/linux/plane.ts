/**
 * The data plane on the Linux kernel: a VPC is network namespaces, and a path is the namespace of the socket that accepted
 * the connection. This side compares blueprints, orders netd, and accepts.
 */

import type { MetadataClient } from "../../network/metadata-client.ts";
import type { OpenConnection } from "../../network/untracked.ts";
import type { TrafficReading } from "../../network/traffic-count.ts";
import type { Blueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import type { DataPlane, Entry, PlaneHost } from "../plane.ts";
import { type Change, type Difference, diffObjects, diffParts } from "./diff.ts";
import { routerOf } from "./device.ts";
import { Doors } from "./door.ts";
import { INTERNET } from "./gateway-object.ts";
import { namespaceOfInstance } from "./host-object.ts";
import { entryOf, type EntryFiles, PUBLIC_VIEW, removeEntryFiles, viewOfHost, writeEntryFiles } from "./entry.ts";
import { driftLines } from "./drift.ts";
import { withoutIpv6 } from "./ipv4-blueprint.ts";
import { type Door, type KernelObject, keyOf } from "./kernel-object.ts";
import type { MadeNamespace } from "./netd-message.ts";
import { NetdClient, type NetdEvents } from "./netd-client.ts";
import { foundNodes, NOTHING, objectsOf, type Wanted } from "./part.ts";
import { ipcNamespaceOf } from "./instance-init.ts";
import { notKept, type ProcessSpace, processSpace } from "./process-space.ts";
import { endProgramsIn } from "./program.ts";
import { joinedReadings, TrafficReader } from "./traffic.ts";
import { wantedParts } from "./wanted.ts";

export interface LinuxPlaneOptions {
  /** Why the machine carries no IPv6; absent where it does. */
  readonly ipv6Lack?: string;
}

/** A plane that holds nothing yet; rejects when netd does not come up. */
export async function openLinuxPlane(host: PlaneHost, options: LinuxPlaneOptions = {}): Promise<DataPlane> {
  return LinuxPlane.open(host, options);
}

interface PlaneParts extends LinuxPlaneOptions {
  readonly doors: Doors;
  readonly instances: Map<string, MadeNamespace>;
  readonly netd: NetdClient;
  readonly processSpace: ProcessSpace;
}

/** The first process of an instance: while it runs, its IPC namespace has this name. */
interface InstanceInit {
  readonly pid: number;
  readonly inode: string;
}

class LinuxPlane implements DataPlane {
  readonly kind = "linux";
  readonly notEnforced: readonly string[];
  readonly notCarried: readonly string[];
  readonly failed: Promise<Error>;
  readonly #host: PlaneHost;
  readonly #doors: Doors;
  readonly #netd: NetdClient;
  /** Namespaces of instances by their name. */
  readonly #instances: Map<string, MadeNamespace>;
  readonly #processSpace: ProcessSpace;
  /** By the name of their instance's namespace. */
  readonly #inits = new Map<string, InstanceInit>();
  /** What the kernel holds; absent while that is not known. */
  #held: Wanted | undefined = NOTHING;
  #vpcs: readonly VpcBlueprint[] = [];
  readonly #entryFiles: EntryFiles = new Map();
  readonly #traffic = new TrafficReader();
  /** Readings that a change of the network would have made impossible, not handed on yet. */
  readonly #readBefore: TrafficReading[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(host: PlaneHost, parts: PlaneParts) {
    this.#host = host;
    const { ipv6Lack } = parts;
    this.notCarried = ipv6Lack === undefined ? [] : [`IPv6: ${ipv6Lack}`];
    this.#doors = parts.doors;
    this.#netd = parts.netd;
    this.#instances = parts.instances;
    this.#processSpace = parts.processSpace;
    this.notEnforced = notKept(parts.processSpace);
    this.failed = new Promise((resolve) => {
      void parts.netd.ended.then((reason) => {
        this.#close();
        if (!this.#disposed) resolve(new Error(reason));
      });
    });
  }

  static async open(host: PlaneHost, options: LinuxPlaneOptions): Promise<LinuxPlane> {
    let named = (client: MetadataClient): MetadataClient => client;
    const acceptMetadata: PlaneHost["acceptMetadata"] = (socket, client) => host.acceptMetadata(socket, named(client));
    const doors = new Doors({ ...host, acceptMetadata });
    const instances = new Map<string, MadeNamespace>();
    let drifted: NetdEvents["onDrift"] = () => {};
    const space = processSpace();
    const netd = await NetdClient.start({
      onListener: (listener, handle) => doors.open(listener, handle),
      onDrift: (namespaces) => drifted(namespaces),
      onMade: (made) => made.forEach((one) => instances.set(one.namespace, one)),
      onLine: host.log,
    });
    const plane = new LinuxPlane(host, { ...options, doors, instances, netd, processSpace: await space });
    named = (client) => plane.#withOwnAddress(client);
    drifted = (namespaces) => plane.#queueMending(namespaces);
    return plane;
  }

  apply(blueprint: Blueprint): Promise<void> {
    const applied = this.#queue.then(() => this.#apply(blueprint));
    this.#queue = applied.catch(() => {});
    return applied;
  }

  async entry(instanceId: string, hostName?: string): Promise<Entry | undefined> {
    const made = this.#instances.get(namespaceOfInstance(instanceId));
    const view = this.#viewOf(instanceId);
    if (made === undefined || view === undefined) return undefined;
    const way = { netdPid: this.#netd.pid, fd: made.fd, view, ...(hostName !== undefined && { hostName }) };
    if (this.#processSpace === "shared") return entryOf(this.#host, way);
    const initPid = await this.#initOf(made.namespace);
    return entryOf(this.#host, { ...way, initPid, ownProc: this.#processSpace === "own" });
  }

  /** Started by netd where it is the first time, or where somebody has ended it. */
  async #initOf(namespace: string): Promise<number> {
    const known = this.#inits.get(namespace);
    if (known !== undefined && ipcNamespaceOf(known.pid) === known.inode) return known.pid;
    const pid = await this.#netd.startInit(namespace);
    this.#inits.set(namespace, { pid, inode: ipcNamespaceOf(pid) });
    return pid;
  }

  /** With an address by which the instance is known, where it asked from its link-local one. */
  #withOwnAddress(client: MetadataClient): MetadataClient {
    const { sourceIp, vpcId } = client;
    if (!sourceIp.startsWith("169.254.")) return client;
    const vpc = this.#vpcs.find((one) => one.vpcId === vpcId);
    const own = vpc?.hosts.find((host) => host.linkLocalIp === sourceIp)?.ips[0];
    return own === undefined ? client : { ...client, sourceIp: own };
  }

  /** Whose names a program there sees. */
  #viewOf(hostId: string): string | undefined {
    for (const { hosts, vpcId } of this.#vpcs) {
      const own = hosts.filter((host) => host.instanceId === hostId);
      if (own.length > 0)
        return viewOfHost(
          vpcId,
          own.flatMap((host) => host.ips),
        );
    }
    const sites = this.#vpcs.flatMap(({ vpnGateway }) => vpnGateway?.sites ?? []);
    return sites.some(({ hosts }) => hosts.some((host) => host.hostId === hostId)) ? PUBLIC_VIEW : undefined;
  }

  /** In its turn: the meters are those of the network that is known here. */
  readTraffic(): Promise<TrafficReading> {
    const read = this.#queue.then(async () => {
      const meters = await this.#netd.readMeters();
      return joinedReadings([...this.#readBefore.splice(0), this.#traffic.read(meters, this.#vpcs)]);
    });
    this.#queue = read.catch(() => {});
    return read;
  }

  async connections(vpcIds: readonly string[]): Promise<readonly OpenConnection[]> {
    const lists = this.#routersOf(vpcIds).map(async ({ vpcId, router }) =>
      (await this.#netd.listConnections(router)).map((one) => ({ vpcId, ...one })),
    );
    return (await Promise.all(lists)).flat();
  }

  async forget(connections: readonly OpenConnection[]): Promise<void> {
    const routers = this.#routersOf([...new Set(connections.map(({ vpcId }) => vpcId))]);
    const orders = routers.map(({ vpcId, router }) =>
      this.#netd.forgetConnections(
        router,
        connections.filter((one) => one.vpcId === vpcId),
      ),
    );
    await Promise.all(orders);
  }

  #routersOf(vpcIds: readonly string[]): readonly { readonly vpcId: string; readonly router: string }[] {
    const held = this.#vpcs.filter(({ vpcId }) => vpcIds.includes(vpcId));
    return held.map((vpc) => ({ vpcId: vpc.vpcId, router: routerOf(vpc) }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#queue;
    await this.#netd[Symbol.asyncDispose]();
    removeEntryFiles(this.#host);
  }

  async #apply(whole: Blueprint): Promise<void> {
    const blueprint = this.notCarried.length === 0 ? whole : withoutIpv6(whole);
    const wanted = wantedParts(blueprint, this.#held);
    const held = this.#held ?? (await this.#readBack());
    const difference = diffParts(held, wanted);
    await this.#readLosing(blueprint);
    this.#held = undefined;
    // The files are written while netd is at work.
    const writing = async (): Promise<void> => writeEntryFiles(this.#host, blueprint.vpcs, this.#entryFiles);
    await Promise.all([this.#perform(difference), writing()]);
    this.#held = wanted;
    this.#vpcs = blueprint.vpcs;
    // Only flows have to be told of interfaces that are gone.
    this.#traffic.follow(blueprint.loggedInterfaceIds === undefined ? [] : blueprint.vpcs);
  }

  async #readLosing({ vpcs }: Blueprint): Promise<void> {
    const losing = this.#traffic.losing(vpcs);
    if (losing.length === 0) return;
    try {
      const meters = await this.#netd.readMeters(losing.map(routerOf));
      this.#readBefore.push(this.#traffic.read(meters, this.#vpcs));
    } catch (error) {
      // No reason to keep the network from changing.
      this.#host.log(`what was counted before a change could not be read: ${messageOf(error)}`);
    }
  }

  #queueMending(namespaces: readonly string[]): void {
    this.#queue = this.#queue.then(async () => {
      try {
        await this.#mend(namespaces);
      } catch (error) {
        // The next change reads everything back.
        this.#held = undefined;
        this.#host.log(`the network was changed by somebody else and could not be mended: ${messageOf(error)}`);
      }
    });
  }

  /** Somebody else changed something there: what differs from what should be is put right. */
  async #mend(namespaces: readonly string[]): Promise<void> {
    if (this.#held === undefined || this.#disposed) return;
    const there = new Set(namespaces);
    const isThere = (object: KernelObject): boolean => there.has(object.namespace) && object.kind !== "listener";
    const wanted = [...objectsOf(this.#held)].filter(([, object]) => isThere(object));
    for (const line of await this.#netd.restore(namespaces)) this.#host.log(line);
    const found = await this.#netd.dump(namespaces);
    const difference = diffObjects(new Map(found.map((object) => [keyOf(object), object])), new Map(wanted));
    for (const line of driftLines(difference)) this.#host.log(line);
    await this.#perform(difference);
  }

  async #perform({ make, clear }: Difference): Promise<void> {
    for (const change of make.flat()) this.#closeDoor(change);
    await this.#netd.perform(make);
    const leaving = clear.flat();
    for (const change of leaving) this.#closeDoor(change);
    this.#resetClientsOf(leaving.map(({ object }) => object));
    await this.#netd.perform(clear);
    for (const { object } of leaving) {
      if (object.kind !== "namespace") continue;
      this.#instances.delete(object.namespace);
      this.#inits.delete(object.namespace);
    }
  }

  #closeDoor({ verb, object }: Change): void {
    if (verb === "remove" && object.kind === "listener") this.#doors.close(object);
  }

  /** Connections of addresses that leave are reset now: afterwards nothing would tell either side. */
  #resetClientsOf(leaving: readonly KernelObject[]): void {
    const publicIps = new Set<string>();
    for (const object of leaving) {
      if (object.kind === "route" && object.namespace === INTERNET)
        publicIps.add(object.cidrBlock.replace(/\/\d+$/, ""));
    }
    if (publicIps.size === 0) return;
    this.#doors.reset((door: Door, remoteIp) => door.kind === "internet" && publicIps.has(remoteIp));
  }

  /** After a failure halfway only the kernel knows what it holds. */
  async #readBack(): Promise<Wanted> {
    for (const line of await this.#netd.restore()) this.#host.log(line);
    return foundNodes([...(await this.#netd.dump()), ...this.#doors.listeners()]);
  }

  /** When netd is gone: its namespaces live on in what others hold of them, so nothing may hold any. */
  #close(): void {
    this.#doors[Symbol.dispose]();
    endProgramsIn(new Set([...this.#instances.values()].map(({ inode }) => inode)));
    this.#instances.clear();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
export { lackOfMachine, linuxPlaneLack, type MachineLack } from "./lack.ts";
