/** Servers in instances: found by what Node and Python load when they start, reached as the model says. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { lackOfCurl, lackOfProgram, testWith } from "../../../test/need.ts";
import { allowAll, regionBuilder } from "../../../test/region-builder.ts";
import { authorizeSecurityGroup, revokeSecurityGroup } from "../../model/security-group-permission.ts";
import { plan } from "../../plan/plan.ts";
import { openUserspacePlane, type UserspacePlane } from "./plane.ts";

const build = regionBuilder();
const vpc = build.vpc("10.0.0.0/16");
const subnet = build.subnet(vpc, "10.0.1.0/24");
const [one, other, client] = [build.instance(subnet), build.instance(subnet), build.instance(subnet)];
const far = build.vpc("10.1.0.0/16");
const stranger = build.instance(build.subnet(far, "10.1.1.0/24"));
const vpn = build.vpn(vpc, "192.168.0.0/24");
const desk = build.onPremises(vpn.vpnConnectionId, "desk", "192.168.0.10");
build.route(build.mainTable(vpc), "192.168.0.0/16", vpn.vpnGatewayId);

const folder = mkdtempSync(join(tmpdir(), "underpass-server-"));
const started = new Set<ChildProcess>();
let plane: UserspacePlane;

beforeAll(async () => {
  const caFile = join(folder, "ca.pem");
  writeFileSync(caFile, "");
  const host = {
    accept: () => undefined,
    acceptMetadata: () => undefined,
    answerDns: () => undefined,
    log: () => undefined,
    caBundleFile: caFile,
    caFile,
    secretFolder: folder,
    folder,
  };
  plane = await openUserspacePlane(host, build.state);
  await plane.apply(plan(build.state()));
});
afterEach(async () => {
  for (const child of started) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  started.clear();
});
afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function spawnIn(placeId: string, program: string, words: readonly string[], more: object = {}): ChildProcess {
  const kept = Object.entries({ ...process.env, ...more, ...plane.entry(placeId)!.environment });
  const env = Object.fromEntries(kept.filter(([, value]) => value !== null)) as NodeJS.ProcessEnv;
  return spawn(program, words, { env, stdio: ["ignore", "pipe", "pipe"] });
}

/** The first line that a server prints once it listens. */
async function serve(placeId: string, program: string, words: readonly string[], more: object = {}): Promise<string> {
  const child = spawnIn(placeId, program, words, more);
  started.add(child);
  child.once("exit", () => started.delete(child));
  return (await createInterface({ input: child.stdout! })[Symbol.asyncIterator]().next()).value as string;
}

const node = (placeId: string, script: string): Promise<string> => serve(placeId, process.execPath, ["--eval", script]);
const answering = (word: string, where: string): string =>
  `const server = require("node:http").createServer((_, response) => response.end("${word}"));
   server.on("error", (error) => console.log(error.code)).listen(${where}, () => console.log(JSON.stringify(server.address())))`;

async function ran(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout!.on("data", (part: Buffer) => (text += part.toString()));
  await once(child, "close");
  return text;
}

const curl = (from: string, url: string): Promise<string> =>
  ran(spawnIn(from, "curl", ["--silent", "--max-time", "5", url]));

describe("servers", () => {
  const withCurl = testWith(lackOfCurl);

  withCurl("two instances serve the same port, each its own, and each itself by localhost", async () => {
    expect(await node(one.id, answering("one", "80"))).toBe('{"address":"::","family":"IPv6","port":80}');
    expect(await node(other.id, answering("other", `{ host: "0.0.0.0", port: 80 }`))).toBe(
      '{"address":"0.0.0.0","family":"IPv4","port":80}',
    );
    expect(await curl(client.id, `http://${one.ip}/`)).toBe("one");
    expect(await curl(client.id, `http://${other.ip}/`)).toBe("other");
    expect(await curl(one.id, "http://localhost/")).toBe("one");
    expect(await curl(other.id, `http://${other.ip}/`)).toBe("other");
    expect(await curl(client.id, "http://localhost/")).toMatch(/no server in i-\w+ that the proxy knows/);
  });

  withCurl("what listens on a loopback address is for its own instance, at its own port here too", async () => {
    const address = JSON.parse(await node(one.id, answering("mine", `0, "127.0.0.1"`))) as { port: number };
    expect(await curl(one.id, `http://127.0.0.1:${address.port}/`)).toBe("mine");
    expect(await curl(client.id, `http://${one.ip}:${address.port}/`)).toMatch(/no server in i-\w+ that the proxy/);
    const direct = createConnection({ host: "127.0.0.1", port: address.port });
    await once(direct, "connect");
    direct.destroy();
  });

  withCurl("a port is taken once in an instance, and free again when its server has ended", async () => {
    await node(one.id, answering("first", "8080"));
    expect(await node(one.id, answering("second", "8080"))).toBe("EADDRINUSE");
    const [first] = started;
    first!.kill("SIGKILL");
    await once(first!, "exit");
    await node(one.id, answering("third", "8080"));
    expect(await curl(client.id, `http://${one.ip}:8080/`)).toBe("third");
  });

  withCurl("the workers of a cluster share a port", async () => {
    const script = `const cluster = require("node:cluster");
      if (cluster.isPrimary) { cluster.fork(); cluster.on("message", () => console.log("up")); }
      else require("node:http").createServer((_, response) => response.end("worker")).listen(80, () => process.send("up"));`;
    const file = join(folder, "cluster.cjs");
    writeFileSync(file, script);
    expect(await serve(one.id, process.execPath, [file])).toBe("up");
    expect(await curl(client.id, `http://${one.ip}/`)).toBe("worker");
  });

  testWith(lackOfCurl ?? lackOfProgram("python3"))("Python's http.server, and a taken port", async () => {
    writeFileSync(join(folder, "hello"), "from python");
    const words = ["-u", "-m", "http.server", "--directory", folder, "8000"];
    expect(await serve(one.id, "python3", words)).toMatch(/^Serving HTTP on (0\.0\.0\.0|::) port 8000/);
    expect(await curl(client.id, `http://${one.ip}:8000/hello`)).toBe("from python");
    const bind = `import socket\ntry: socket.create_server(("", 8000))\nexcept OSError as error: print(error.errno == 98 or error.errno == 48)`;
    expect(await ran(spawnIn(one.id, "python3", ["-c", bind]))).toBe("True\n");
    const loopback = `import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[0])`;
    expect(await ran(spawnIn(one.id, "python3", ["-c", loopback]))).toBe("127.0.0.1\n");
  });

  testWith(lackOfProgram("python3"))("a module sitecustomize of the user's own is loaded too", async () => {
    writeFileSync(join(folder, "sitecustomize.py"), "own = 'loaded'\nimport builtins\nbuiltins.own = own\n");
    const { PYTHONPATH } = plane.entry(one.id)!.environment;
    const child = spawnIn(one.id, "sh", ["-c", `PYTHONPATH=${PYTHONPATH}:${folder} exec python3 -c 'print(own)'`]);
    expect(await ran(child)).toBe("loaded\n");
    rmSync(join(folder, "sitecustomize.py"));
  });

  withCurl("security groups are asked, and named where they drop", async () => {
    await node(one.id, answering("one", "80"));
    const own = allowAll(build, vpc);
    build.regroup(one.eni, own);
    expect(await curl(client.id, `http://${one.ip}/`)).toBe("one");
    const everywhere = { protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] } as const;
    const change = { groupId: own, isEgress: false, permissions: [everywhere] } as const;
    build.run(revokeSecurityGroup, { ...change, ruleIds: [] });
    expect(await curl(client.id, `http://${one.ip}/`)).toBe(
      `no answer from ${one.ip}: ${own} of ${one.eni} has no inbound rule for tcp 80 from ${client.ip}\n`,
    );
    build.run(authorizeSecurityGroup, { ...change, tags: [] });
    expect(await curl(client.id, `http://${one.ip}/`)).toBe("one");
  });

  withCurl("over peering connections, and over VPN connections both ways", async () => {
    const open = allowAll(build, vpc);
    build.regroup(one.eni, open);
    await node(one.id, answering("one", "80"));
    const unreached = await curl(stranger.id, `http://${one.ip}/`);
    expect(unreached).toBe(`no route to ${one.ip}: ${build.mainTable(far)} has no route to ${one.ip}\n`);
    const peering = build.peer(vpc, far);
    build.route(build.mainTable(far), "10.0.0.0/16", peering);
    expect(await curl(stranger.id, `http://${one.ip}/`)).toMatch(/^no answer .* have no route to 10\.1\.1\.\d+/);
    build.route(build.mainTable(vpc), "10.1.0.0/16", peering);
    expect(await curl(stranger.id, `http://${one.ip}/`)).toBe("one");
    await node(desk.id, answering("desk", "80"));
    expect(await curl(desk.id, `http://${one.ip}/`)).toBe("one");
    expect(await curl(one.id, `http://${desk.ip}/`)).toBe("desk");
    expect(await curl(stranger.id, `http://${desk.ip}/`)).toMatch(/^no route to /);
  });
});
