/** Chooses the data plane, keeps it alive and keeps it true to the state. */

import type { ProgramTable } from "../api/underpass/program-table.ts";
import { answerDns } from "../dataplane/dns-answer.ts";
import { lackOfMachine, type MachineLack, openLinuxPlane } from "../dataplane/linux/plane.ts";
import type { DataPlane, PlaneHost } from "../dataplane/plane.ts";
import { openUserspacePlane } from "../dataplane/userspace/plane.ts";
import type { State } from "../model/state.ts";
import { isCut, vpcsWithLostRules } from "../network/untracked.ts";
import { resolveName } from "../network/resolve.ts";
import { networkOf } from "../network/vpc-network.ts";
import type { MetadataServer } from "../services/metadata/server.ts";
import type { CertificateAuthority } from "../wire/certificate.ts";
import type { DaemonOptions, Folders } from "./config.ts";
import type { Connections } from "./connections.ts";
import type { Front } from "./front.ts";
import type { CarryOut, Region } from "./region.ts";
import type { Traffic } from "./traffic.ts";

export interface RunningPlane extends AsyncDisposable {
  readonly entry: DataPlane["entry"];
  readonly readTraffic: DataPlane["readTraffic"];
  readonly status: () => PlaneStatus;
}

export interface PlaneStatus {
  readonly kind: DataPlane["kind"];
  readonly notEnforced: readonly string[];
  readonly notCarried: readonly string[];
  /** Why it is not the Linux one, where the user did not ask for that. */
  readonly because?: string;
}

export interface PlaneJoin {
  readonly options: DaemonOptions;
  readonly region: Region;
  readonly connections: Connections;
  readonly traffic: Traffic;
  readonly programs: ProgramTable;
  readonly front: Front;
  readonly metadata: MetadataServer;
  readonly authority: CertificateAuthority;
  readonly folders: Folders;
}

/** The machine cannot do what was asked for; the message says what it lacks. The command line exits with status 4. */
export class PlaneMissing extends Error {
  override readonly name = "PlaneMissing";
}

export async function openPlane(join: PlaneJoin): Promise<RunningPlane> {
  const { options, region } = join;
  const machine: MachineLack = options.dataplane === "userspace" ? {} : await lackOfMachine();
  const { plane: lack, ipv6: ipv6Lack } = machine;
  if (options.dataplane === "linux" && lack !== undefined) throw new PlaneMissing(lack);
  const userspace = options.dataplane === "userspace" || lack !== undefined;
  const machineOptions = ipv6Lack === undefined ? {} : { ipv6Lack };
  if (lack !== undefined) options.log(`userspace data plane, not kernel-enforced: ${lack}`);
  if (ipv6Lack !== undefined) options.log(`IPv6 is not carried: ${ipv6Lack}`);
  const open = (): Promise<DataPlane> =>
    userspace ? openUserspace(join) : openLinuxPlane(hostOf(join), machineOptions);

  let plane = await open();
  let stopped = false;

  /** A plane that ended by itself is opened again; the region's state is all it needs. */
  function watch(): void {
    void plane.failed.then(async (error) => {
      if (stopped) return;
      options.log(`the data plane stopped (${error.message}); starting it again`);
      join.connections.resetAll();
      try {
        plane = await open();
        watch();
        await region.carryOut(carry);
      } catch (cause) {
        options.log(
          `the data plane could not be started again: ${cause instanceof Error ? cause.message : String(cause)}`,
        );
      }
    });
  }

  let carried: State | undefined;

  async function carry(...[blueprint, state]: Parameters<CarryOut>): Promise<void> {
    join.traffic.follow(state);
    await plane.apply(blueprint);
    if (carried !== undefined) await cutUntracked(carried, state);
    carried = state;
    join.connections.resetStale(state);
    join.programs.endStale(state);
  }

  async function cutUntracked(before: State, after: State): Promise<void> {
    const vpcIds = vpcsWithLostRules(before, after);
    if (vpcIds.length === 0) return;
    const open = await plane.connections(vpcIds);
    const lost = open.filter((one) => isCut(before, after, one));
    if (lost.length === 0) return;
    await plane.forget(lost);
    options.log(`untracked connections that lost their security group rule and were cut: ${lost.length}`);
  }

  watch();
  await region.carryOut(carry);
  return {
    entry: (instanceId, hostName) => plane.entry(instanceId, hostName),
    readTraffic: () => plane.readTraffic(),
    status: () => ({
      kind: plane.kind,
      notEnforced: plane.notEnforced,
      notCarried: plane.notCarried,
      ...(lack === undefined ? {} : { because: lack }),
    }),
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      await plane[Symbol.asyncDispose]();
    },
  };
}

function hostOf({ authority, folders, front, metadata, options, region }: PlaneJoin): PlaneHost {
  return {
    accept: front.accept,
    acceptMetadata: metadata.accept,
    answerDns: ({ sourceIp, vpcId }, query, transport) => {
      const state = region.state();
      const subnetId = networkOf(state, vpcId ?? "")?.interfaceByIp.get(sourceIp)?.subnetId;
      return answerDns((question) => resolveName(state, vpcId, { ...question, subnetId }), query, transport);
    },
    log: options.log,
    caBundleFile: authority.bundleFile,
    caFile: authority.caFile,
    secretFolder: folders.state,
    folder: folders.run,
  };
}

function openUserspace(join: PlaneJoin): Promise<DataPlane> {
  return openUserspacePlane(hostOf(join), (): State => join.region.state());
}
