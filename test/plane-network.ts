/**
 * The network that both data planes are asked about, in one process: two VPCs with the same blocks, each with a subnet whose
 * routes go to an endpoint for S3 and one whose routes go to an internet gateway. The first has IPv6 too.
 */

import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { expect } from "vitest";
import { connecting, openTestPlane, type TestPlane } from "../src/dataplane/linux/testdata/plane.ts";
import { openUserspacePlane } from "../src/dataplane/userspace/plane.ts";
import { serviceAddress } from "../src/network/service-address.ts";
import type { Blueprint } from "../src/plan/blueprint.ts";
import { plan } from "../src/plan/plan.ts";
import { carryIpv6, dualStackVpc, egressOnlyGateway, giveIpv6, giveIpv6Block } from "./ipv6-builder.ts";
import type { PlaneKind } from "./on-plane.ts";
import { allowAll, regionBuilder, type RegionBuilder, type TestInstance } from "./region-builder.ts";

export const s3 = serviceAddress("s3", "us-east-1") ?? "";
export const s3Ipv6 = serviceAddress("s3", "us-east-1", 128) ?? "";

export interface PlaneNetwork {
  readonly build: RegionBuilder;
  readonly first: VpcParts;
  readonly second: VpcParts;
}

export interface VpcParts {
  readonly vpcId: string;
  readonly privateSubnet: string;
  readonly publicSubnet: string;
  readonly privateTable: string;
  readonly publicTable: string;
  readonly gateway: string;
  readonly endpoint: string;
  /** Its subnet's routes go to the endpoint. */
  readonly inPrivate: TestInstance;
  /** Its subnet's routes go to the internet gateway, and it has a public address. */
  readonly inPublic: TestInstance;
  /** In the public subnet, without a public address. */
  readonly nameless: TestInstance;
}

export interface Ipv6Parts {
  readonly egressOnly: string;
  readonly privateIp: string;
  readonly publicIp: string;
}

export function planeNetwork(): PlaneNetwork & { readonly ipv6: Ipv6Parts } {
  const build = regionBuilder();
  const dualStack = dualStackVpc(build, "10.0.0.0/16");
  const first = partsOf(build, dualStack);
  const second = partsOf(build, build.vpc("10.0.0.0/16"));
  giveIpv6Block(build, first.privateSubnet, 1);
  giveIpv6Block(build, first.publicSubnet, 2);
  carryIpv6(build, first.endpoint);
  build.route(first.publicTable, "::/0", first.gateway);
  const egressOnly = egressOnlyGateway(build, dualStack);
  const [privateIp, publicIp] = [giveIpv6(build, first.inPrivate), giveIpv6(build, first.inPublic)];
  return { build, first, second, ipv6: { egressOnly, privateIp, publicIp } };
}

function partsOf(build: RegionBuilder, vpcId: string): VpcParts {
  const [privateSubnet, publicSubnet] = [build.subnet(vpcId, "10.0.1.0/24"), build.subnet(vpcId, "10.0.2.0/24")];
  const [privateTable, publicTable] = [build.table(vpcId, privateSubnet), build.table(vpcId, publicSubnet)];
  const gateway = build.gateway(vpcId);
  build.route(publicTable, "0.0.0.0/0", gateway);
  const endpoint = build.endpoint(vpcId, "s3", privateTable);
  const inPrivate = build.instance(privateSubnet);
  const [inPublic, nameless] = [build.instance(publicSubnet, { publicIp: true }), build.instance(publicSubnet)];
  const open = allowAll(build, vpcId);
  for (const { eni } of [inPrivate, inPublic, nameless]) build.regroup(eni, open);
  const places = { vpcId, privateSubnet, publicSubnet, privateTable, publicTable };
  return { ...places, gateway, endpoint, inPrivate, inPublic, nameless };
}

export interface NetworkOnPlane extends TestPlane {
  /** Makes the plane hold what was built. */
  readonly hold: () => Promise<void>;
  /** Counts the flows of these interfaces from now on, and forgets what was counted. */
  readonly count: (...networkInterfaceIds: readonly string[]) => Promise<void>;
  /** Where a connection from an instance ends, as the service sees it; `nothing` without an answer. */
  readonly reached: (from: TestInstance, ip?: string, port?: number) => Promise<unknown>;
  /** A connection that stays open: its first line has come, and how it ends is the next. */
  readonly open: (from: TestInstance, ip?: string) => Promise<() => Promise<string>>;
  /** A server in an instance, for whoever connects: a line of JSON. */
  readonly serve: (at: TestInstance, port: number) => Promise<ChildProcess>;
}

export async function openOnPlane(kind: PlaneKind, { build }: PlaneNetwork): Promise<NetworkOnPlane> {
  const running =
    kind === "linux"
      ? await openTestPlane()
      : await openTestPlane(undefined, { open: (host) => openUserspacePlane(host, build.state) });
  let held: Blueprint | undefined;
  let logged: readonly string[] = [];
  const hold = async (): Promise<void> => {
    held = plan(build.state(), held);
    await running.plane.apply({ ...held, loggedInterfaceIds: logged });
  };
  return {
    ...running,
    hold,
    count: async (...networkInterfaceIds) => {
      logged = networkInterfaceIds.toSorted();
      await hold();
      await running.plane.readTraffic();
    },
    reached: async (from, ip = s3, port = 80) => {
      const before = running.arrivals.length;
      const { stdout, stderr } = await running.run(from.id, ...connecting(ip, port));
      expect(stderr).toBe("");
      const word = stdout.trim();
      if (word.startsWith("{")) return JSON.parse(word) as unknown;
      expect(running.arrivals).toHaveLength(before);
      return word;
    },
    open: async (from, ip = s3) => {
      const child = await running.start(from.id, ...connecting(ip, 80, true));
      const lines = linesOf(child);
      expect((await lines.next()).value).toMatch(/^{/);
      return async () => (await lines.next()).value as string;
    },
    serve: async (at, port) => {
      const listening = `require("node:net").createServer((socket) => socket.end(JSON.stringify({ clientIp: socket.remoteAddress }) + "\\n"))
        .listen(${port}, () => console.log("up"))`;
      const child = await running.start(at.id, process.execPath, "--eval", listening);
      await linesOf(child).next();
      return child;
    },
  };
}

function linesOf({ stdout }: ChildProcess): AsyncIterator<string> {
  if (stdout === null) throw new Error("the program has no standard output");
  return createInterface({ input: stdout })[Symbol.asyncIterator]();
}
