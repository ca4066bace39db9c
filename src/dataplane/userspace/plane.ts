/**
 * The data plane for machines that forbid user namespaces: a proxy on the loopback interface. Every instance has its own
 * credentials; a connection is resolved and routed by the pure functions and handed to the service with its path.
 * It steers the programs that honour proxy settings, and says what it cannot enforce.
 */

import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { join } from "node:path";
import type { State } from "../../model/state.ts";
import type { Blueprint, VpcBlueprint } from "../../plan/blueprint.ts";
import type { DataPlane, Entry, PlaneHost } from "../plane.ts";
import { connectionsOf } from "./connection.ts";
import { goesOn } from "./dial.ts";
import { FlowTally } from "./flow-tally.ts";
import { notEnforced } from "./lack.ts";
import { openListeners } from "./listener.ts";
import { preloadText } from "./preload.ts";
import { openProxy } from "./proxy.ts";
import { pythonText } from "./python.ts";
import { openSocketPairs } from "./socket-pair.ts";

/** Its way in is known at once. */
export interface UserspacePlane extends DataPlane {
  readonly entry: (placeId: string) => Entry | undefined;
}

/** Listens on a free port of the loopback interface. `state` is asked anew for every connection. */
export async function openUserspacePlane(host: PlaneHost, state: () => State): Promise<UserspacePlane> {
  const folder = mkdtempSync(join(host.folder, "userspace-"));
  const hooks = writeHooks(folder);
  const pairs = await openSocketPairs();
  const tokens = new Map<string, string>();
  const tally = new FlowTally();
  const proxy = openProxy({ host, state, tokens, pairs, tally, listeners: openListeners() });
  let stopped = false;
  const failed = new Promise<Error>((resolve) => {
    proxy.server.once("close", () => {
      if (!stopped) resolve(new Error("the proxy stopped listening"));
    });
  });
  proxy.server.listen(0, "127.0.0.1");
  await once(proxy.server, "listening");
  let placeIds: ReadonlySet<string> = new Set();

  function entry(placeId: string): Entry | undefined {
    if (!placeIds.has(placeId)) return undefined;
    const token = tokens.get(placeId) ?? randomBytes(16).toString("hex");
    tokens.set(placeId, token);
    const url = `http://${placeId}:${token}@127.0.0.1:${portOf(proxy.server)}`;
    return { command: [], environment: environmentOf(url, host, hooks) };
  }

  return {
    kind: "userspace",
    notEnforced,
    notCarried: [],
    // Nothing to set up: every new connection is decided on the newest state. Open ones are looked at again.
    apply: (blueprint: Blueprint) => {
      proxy.cut((flow) => !goesOn(state(), flow));
      tally.log(blueprint.loggedInterfaceIds ?? []);
      placeIds = new Set(blueprint.vpcs.flatMap(placesIn));
      proxy.endGone((placeId) => placeIds.has(placeId));
      return Promise.resolve();
    },
    entry,
    connections: (vpcIds) => {
      const open = proxy.open().flatMap(({ flow, number }) => connectionsOf(flow, number));
      return Promise.resolve(open.filter(({ vpcId }) => vpcIds.includes(vpcId)));
    },
    // What no rule allows any longer is over; what one still allows was not asked about.
    forget: (connections) => {
      const numbers = new Set(connections.map(({ sourcePort }) => sourcePort));
      proxy.cut((_flow, number) => numbers.has(number));
      return Promise.resolve();
    },
    readTraffic: () => Promise.resolve(tally.read()),
    failed,
    [Symbol.asyncDispose]: async () => {
      stopped = true;
      const closed = new Promise<void>((resolve) => proxy.server.close(() => resolve()));
      proxy.destroyAll();
      await closed;
      await pairs[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Instances, and hosts behind the VPN gateway. */
function placesIn({ hosts, vpnGateway }: VpcBlueprint): string[] {
  const outside = (vpnGateway?.sites ?? []).flatMap((site) => site.hosts);
  return [...hosts.map((one) => one.instanceId), ...outside.map((one) => one.hostId)];
}

/** What programs of Node and Python load when they start, so that they use the proxy and tell it where they listen. */
interface Hooks {
  readonly nodeFile: string;
  /** In front of Python's other folders. */
  readonly pythonFolder: string;
}

function writeHooks(folder: string): Hooks {
  const hooks = { nodeFile: join(folder, "preload.cjs"), pythonFolder: join(folder, "python") };
  writeFileSync(hooks.nodeFile, preloadText());
  mkdirSync(hooks.pythonFolder);
  // Python loads a module of this name by itself. Source: its documentation of the module `site`.
  writeFileSync(join(hooks.pythonFolder, "sitecustomize.py"), pythonText);
  return hooks;
}

/** The caller's own endpoints, which lead past the instance's network. */
const ownEndpoints = ["", "_EC2", "_IAM", "_S3", "_STS"].map((service) => `AWS_ENDPOINT_URL${service}`);

/** Programs read these names in either case, and some only one of them. */
function environmentOf(proxyUrl: string, host: PlaneHost, hooks: Hooks): Entry["environment"] {
  return {
    HTTP_PROXY: proxyUrl,
    HTTPS_PROXY: proxyUrl,
    http_proxy: proxyUrl,
    https_proxy: proxyUrl,
    ALL_PROXY: null,
    all_proxy: null,
    NO_PROXY: "",
    no_proxy: "",
    ...Object.fromEntries(ownEndpoints.map((name) => [name, null])),
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
    AWS_EC2_METADATA_DISABLED: null,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: null,
    AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: null,
    AWS_CA_BUNDLE: host.caBundleFile,
    SSL_CERT_FILE: host.caBundleFile,
    CURL_CA_BUNDLE: host.caBundleFile,
    REQUESTS_CA_BUNDLE: host.caBundleFile,
    GIT_SSL_CAINFO: host.caBundleFile,
    NODE_EXTRA_CA_CERTS: host.caFile,
    // For Node's own fetch, which has no agents.
    NODE_USE_ENV_PROXY: "1",
    NODE_OPTIONS: `--require ${JSON.stringify(hooks.nodeFile)}`,
    PYTHONPATH: hooks.pythonFolder,
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
