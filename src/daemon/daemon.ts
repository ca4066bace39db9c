/** Starts and stops a region: opens the store, the services, the data plane and the front, and joins them. */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { ec2Service } from "../api/ec2/service.ts";
import { elbv2Service } from "../api/elbv2/service.ts";
import { iamService } from "../api/iam/service.ts";
import { queryServer } from "../api/query-server.ts";
import { snsService } from "../api/sns/service.ts";
import { ssmService } from "../api/ssm/service.ts";
import { stsService } from "../api/sts/service.ts";
import { ProgramTable } from "../api/underpass/program-table.ts";
import type { OnPremisesVerbs } from "../api/underpass/on-premises.ts";
import { type InstanceEntry, ownApi, type Status } from "../api/underpass/server.ts";
import { instanceHostName } from "../model/host-name.ts";
import { guestHostName } from "../network/guest-host-name.ts";
import type { Instance } from "../model/instance.ts";
import { profileOfInstance } from "../model/instance-session.ts";
import { expiredSessions } from "../model/session.ts";
import { usualCredentialRules } from "../model/credential.ts";
import { openKeyUse } from "../model/key-use.ts";
import { createOnPremisesHost, deleteOnPremisesHost } from "../model/on-premises-host.ts";
import { find, kinds, type State } from "../model/state.ts";
import { usualSettings } from "../model/verb.ts";
import { openMetadataServer } from "../services/metadata/server.ts";
import { openObjectStore } from "../services/s3/store/object-store.ts";
import { s3Server } from "../services/s3/server.ts";
import { openCertificateAuthority } from "../wire/certificate.ts";
import type { DaemonOptions, Folders } from "./config.ts";
import { coverageOf } from "./coverage.ts";
import { openConnections } from "./connections.ts";
import { figuresOf } from "./figures.ts";
import { type FlowLogOptions, openFlowLogs } from "./flow-log.ts";
import { type Front, openFront } from "./front.ts";
import { temporaryFolder } from "./janitor.ts";
import { openJournal } from "./journal.ts";
import { openPlane, type RunningPlane } from "./plane.ts";
import { openRegion, type Region } from "./region.ts";
import { resetRegion } from "./reset.ts";
import type { MetadataRecord } from "../analyse/metadata-record.ts";
import type { RequestRecord } from "../analyse/request-record.ts";
import { openRequestLog } from "./request-log.ts";
import { openMemoryStore, type Store } from "./store.ts";
import { nothingCounted, openTraffic } from "./traffic.ts";

export interface Daemon {
  /** `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly status: () => Status;
  /** Answers what has begun, then ends all; resolves when nothing is left. */
  readonly stop: () => Promise<void>;
}

const rememberedRequests = 10_000;
/** Kept apart: a program that asks the metadata service all the time must not drive out the rest. */
const rememberedMetadataRequests = 1000;

/** Throws a `StoreError` for a folder that cannot be used and a `PortTaken` for a port that cannot. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  await using started = new AsyncDisposableStack();
  const { store, folders } = openState(options, started);
  const { state, messages } = store.load();
  for (const message of messages) options.log(message);
  const objects = started.use(
    await openObjectStore(
      options.stateFolder === undefined ? ":memory:" : join(folders.state, "s3"),
      join(folders.run, "s3"),
    ),
  );
  const authority = await openCertificateAuthority(join(folders.state, "ca"), folders.run);
  const { policyDelayMs, settings = usualSettings } = options;
  const region = openRegion({ store, initial: state, nowMs: Date.now, policyDelayMs, settings });
  const requests = openRequestLog<RequestRecord>(rememberedRequests);
  const metadataLog = openRequestLog<MetadataRecord>(rememberedMetadataRequests);
  const connections = openConnections();
  const programs = new ProgramTable(Date.now);
  const { credentials = usualCredentialRules } = options;
  const shared = {
    control: region,
    record: requests.add,
    log: options.log,
    nowMs: Date.now,
    credentials,
    keyUse: openKeyUse(),
  };
  const s3 = s3Server({ ...shared, store: objects });
  let plane: RunningPlane | undefined = undefined;
  const traffic = openTraffic(async () => (await plane?.readTraffic()) ?? nothingCounted, Date.now);
  const status = (): Status => statusOf(options, region.state(), { front, plane, openConnections: connections.size() });
  const services = [ec2Service, iamService, stsService, elbv2Service, snsService, ssmService];
  const front: Front = openFront({
    query: queryServer({ ...shared, services, defaultVpcs: options.defaultVpcs ?? true }),
    s3,
    own: ownApi({
      state: region.state,
      status,
      entry: async (instanceId) => plane && (await entryInto(plane, region.state, instanceId)),
      onPremises: onPremisesVerbs(region),
      findRequest: requests.find,
      lastRequests: requests.last,
      followRequests: requests.follow,
      metadataRequests: metadataLog,
      nowMs: Date.now,
      credentials,
      programs,
      coverage: () => coverageOf(services),
      figures: () => figuresOf(region.state, { traffic, connections, nowMs: Date.now }),
      reset: () => resetRegion(region, objects),
    }),
    connections,
    secureContextFor: authority.secureContextFor,
    log: options.log,
  });
  await listen(front, options);
  started.defer(() => closeFront(front, connections.resetAll));
  const metadata = started.use(openMetadataServer({ ...shared, record: metadataLog.add, tokenKey: randomBytes(32) }));
  plane = started.use(
    await openPlane({ options, region, connections, traffic, programs, front, metadata, authority, folders }),
  );
  started.use(sweepSessions(region));
  started.use(openFlowLogs({ ...flowLogOptions(options), traffic, state: region.state, store: objects }));
  const running = started.move();
  return {
    endpoint: endpointOf(front, options),
    status,
    stop: () => running.disposeAsync(),
  };
}

function flowLogOptions(options: DaemonOptions): Pick<FlowLogOptions, "nowMs" | "log" | "intervalMs" | "folder"> {
  const { flowLogIntervalMs: intervalMs, flowLogFolder: folder, log } = options;
  return {
    nowMs: Date.now,
    log,
    ...(intervalMs !== undefined && { intervalMs }),
    ...(folder !== undefined && { folder }),
  };
}

/** Forgets expired sessions, once a minute. */
function sweepSessions(region: Region): Disposable {
  const timer = setInterval(() => {
    // Looked at first, so that an idle region writes nothing.
    if (expiredSessions(region.state(), Date.now()).length === 0) return;
    void region.run(
      (state, { nowMs }) => ({ ok: true, value: { changes: expiredSessions(state, nowMs), value: undefined } }),
      { accountId: "000000000000", region: "aws-global" },
    );
  }, 60_000);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function onPremisesVerbs(region: Region): OnPremisesVerbs {
  // The hosts belong to the account of their VPN connection, whoever asks.
  const anybody = { accountId: "000000000000", region: "aws-global" };
  return {
    add: (input) => region.run((state, context) => createOnPremisesHost(state, input, context), anybody),
    remove: (named) => region.run((state) => deleteOnPremisesHost(state, named), anybody),
  };
}

async function entryInto(
  plane: RunningPlane,
  stateNow: () => State,
  instanceId: string,
): Promise<InstanceEntry | undefined> {
  const state = stateNow();
  const instance = find(state, "instance", instanceId);
  // What the plane holds is an instance, or a host on premises, which has no role.
  const hostName =
    instance === undefined ? find(state, "on-premises-host", instanceId)?.name : hostNameOf(state, instance);
  const entry = await plane.entry(instanceId, hostName);
  if (entry === undefined || hostName === undefined) return undefined;
  const role = instance && profileOfInstance(state, instance).role;
  return {
    instanceId,
    ...entry,
    ...(process.getuid && { userId: process.getuid() }),
    ...(role && { roleName: role.name }),
  };
}

function hostNameOf(state: State, instance: Instance): string | undefined {
  const primary = find(state, "network-interface", instance.networkInterfaceIds[0] ?? "");
  // Of several domains a machine's own name has the first.
  return primary && guestHostName(state, instance.vpcId, instanceHostName(instance, primary)).split(" ")[0];
}

/** The store with its folders; those of an ephemeral region go with the process. */
function openState(
  options: DaemonOptions,
  started: AsyncDisposableStack,
): { readonly store: Store; readonly folders: Folders } {
  if (options.stateFolder === undefined) {
    const folder = temporaryFolder();
    started.defer(folder.remove);
    return {
      store: started.use(openMemoryStore()),
      folders: { state: folder.path, run: emptyFolder(join(folder.path, "run")) },
    };
  }
  // The store first: its lock says that no other daemon uses the folder that is emptied here.
  const store = started.use(openJournal(options.stateFolder));
  const run = emptyFolder(join(options.stateFolder, "run"));
  started.defer(() => rmSync(run, { recursive: true, force: true }));
  return { store, folders: { state: options.stateFolder, run } };
}

function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { mode: 0o700 });
  return path;
}

/** A port that another program holds; the message says what to do. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

async function listen(front: Front, options: DaemonOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    front.server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "EADDRINUSE"
          ? new PortTaken(
              `port ${options.port} on ${options.host} is taken; if a region runs there \`underpass status --endpoint http://${options.host}:${options.port}\` shows it, else give \`--port\` another`,
              { cause },
            )
          : new Error(`listen on ${options.host} port ${options.port}`, { cause }),
      );
    });
    front.server.listen(options.port, options.host, resolve);
  });
}

async function closeFront(front: Front, resetAll: () => void): Promise<void> {
  const closed = new Promise<void>((resolve) => front.server.close(() => resolve()));
  resetAll();
  front.server.closeAllConnections();
  await closed;
}

function endpointOf(front: Front, options: DaemonOptions): string {
  const address = front.server.address() as AddressInfo | null;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  return `http://${host}:${address?.port ?? options.port}`;
}

function statusOf(
  options: DaemonOptions,
  state: State,
  now: { readonly front: Front; readonly plane: RunningPlane | undefined; readonly openConnections: number },
): Status {
  return {
    version,
    region: options.region,
    endpoint: endpointOf(now.front, options),
    processId: process.pid,
    state: options.stateFolder ?? "memory",
    accountId: (options.credentials ?? usualCredentialRules).defaultAccountId,
    credentials: options.credentials?.unknownKeys === "root" ? "any" : "checked",
    revision: state.revision,
    dataplane: now.plane?.status() ?? {
      kind: "userspace",
      notEnforced: [],
      notCarried: [],
      because: "the data plane is starting",
    },
    counts: Object.fromEntries(kinds.map((kind) => [kind, state.tables[kind].byId.size])),
    openConnections: now.openConnections,
  };
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
