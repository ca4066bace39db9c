import { execFile, type ExecFileException } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lackOfAwsCli, lackOfBoto3, lackOfCurl, testWith } from "../../../test/need.ts";
import { regionBuilder } from "../../../test/region-builder.ts";
import { stillHolds } from "../../daemon/connections.ts";
import { createNetworkAclEntry, defaultNetworkAclOf, deleteNetworkAclEntry } from "../../model/network-acl.ts";
import { authorizeSecurityGroup, revokeSecurityGroup } from "../../model/security-group-permission.ts";
import { defaultSecurityGroupOf } from "../../model/security-group.ts";
import { find } from "../../model/state.ts";
import type { Path } from "../../network/path.ts";
import { serviceAddress } from "../../network/service-address.ts";
import { plan } from "../../plan/plan.ts";
import { openCertificateAuthority } from "../../wire/certificate.ts";
import { openUserspacePlane, type UserspacePlane } from "./plane.ts";

/** A VPC with an endpoint for one subnet, an internet gateway for the other, nothing for the third. */
const build = regionBuilder();
const vpc = build.vpc("10.0.0.0/16");
const subnets = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"].map((cidr) => build.subnet(vpc, cidr)) as [
  string,
  string,
  string,
];
const tables = subnets.map((subnet) => build.table(vpc, subnet)) as [string, string, string];
const gateway = build.gateway(vpc);
build.route(tables[1], "0.0.0.0/0", gateway);
let endpoint = build.endpoint(vpc, "s3", tables[0]);
const inside = build.instance(subnets[0]);
const outside = build.instance(subnets[1], { publicIp: true });
const lonely = build.instance(subnets[2]);
const s3 = serviceAddress("s3", "us-east-1")!;

const folder = mkdtempSync(join(tmpdir(), "underpass-userspace-"));
const accepted = new Map<Socket, Path>();
let acceptedCount = 0;
let plane: UserspacePlane;

/** What stands in for the services: says how a request arrived, in XML that S3 clients read too. */
const server = createServer({ keepAliveTimeout: 10_000 }, (request, response) => {
  let sizeBytes = 0;
  request.on("data", (chunk: Buffer) => (sizeBytes += chunk.length));
  request.on("end", () => {
    if (request.url === "/slow") {
      response.write("begun");
      return slow.resolve();
    }
    const { path, port } = paths.get(request.socket)!;
    const seen = { path, port, method: request.method, url: request.url, host: request.headers.host, sizeBytes };
    response.setHeader(
      "x-seen",
      JSON.stringify({ ...seen, headers: request.rawHeaders.filter((_, at) => at % 2 === 0) }),
    );
    const name = `${path.kind}.${path.sourceIp}`;
    response.end(
      `<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>x</ID></Owner>` +
        `<Buckets><Bucket><Name>${name}</Name><CreationDate>2024-01-01T00:00:00.000Z</CreationDate></Bucket></Buckets></ListAllMyBucketsResult>`,
    );
  });
});
const slow = Promise.withResolvers<void>();
const paths = new WeakMap<Socket, { readonly path: Path; readonly port: number }>();

beforeAll(async () => {
  const authority = await openCertificateAuthority(folder);
  plane = await openUserspacePlane(
    {
      acceptMetadata: (socket) => void socket.destroy(),
      accept: (socket, path, port) => {
        accepted.set(socket, path);
        acceptedCount += 1;
        socket.on("error", () => socket.destroy());
        socket.once("close", () => accepted.delete(socket));
        const carried =
          port === 443
            ? new TLSSocket(socket, {
                isServer: true,
                SNICallback: (name, done) => done(null, authority.secureContextFor(name)!),
              })
            : socket;
        carried.on("error", () => carried.destroy());
        paths.set(carried, { path, port });
        if (carried === socket) server.emit("connection", carried);
        else carried.once("secure", () => server.emit("connection", carried));
      },
      answerDns: () => undefined,
      log: () => undefined,
      caBundleFile: authority.bundleFile,
      caFile: authority.caFile,
      secretFolder: folder,
      folder,
    },
    build.state,
  );
  await plane.apply(plan(build.state()));
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
  server.closeAllConnections();
  // Their ends are told one turn later; a connection that stayed would stop the test here.
  while (accepted.size > 0) await new Promise(setImmediate);
  expect(readdirSync(folder).filter((name) => name.startsWith("userspace-"))).toEqual([]);
  rmSync(folder, { recursive: true });
});

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program inside an instance. */
function run(
  instanceId: string,
  program: string,
  words: readonly string[],
  more: Record<string, string> = {},
): Promise<Ran> {
  const entry = plane.entry(instanceId)!;
  const environment: NodeJS.ProcessEnv = {
    PATH: process.env["PATH"],
    HOME: folder,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    PYENV_VERSION: process.env["PYENV_VERSION"],
    ...more,
  };
  for (const [name, value] of Object.entries(entry.environment)) {
    if (value === null) delete environment[name];
    else environment[name] = value;
  }
  return new Promise((resolve) => {
    execFile(program, words, { env: environment }, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

const proxyOf = (instanceId: string): URL => new URL(plane.entry(instanceId)!.environment["HTTP_PROXY"]!);
const basic = (url: URL): string => `Basic ${Buffer.from(`${url.username}:${url.password}`).toString("base64")}`;

/** One CONNECT by hand: the status line and what follows it. */
async function tunnel(
  target: string,
  authorization: string,
): Promise<{ status: string; text: string; socket: Socket }> {
  const socket = connect({ host: "127.0.0.1", port: Number(proxyOf(inside.id).port) });
  socket.on("error", () => socket.destroy());
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\nProxy-Authorization: ${authorization}\r\n\r\n`);
  const [chunk] = (await once(socket, "data")) as [Buffer];
  const text = chunk.toString();
  return { status: text.split(" ")[1] ?? "", text: text.split("\r\n\r\n")[1] ?? "", socket };
}

describe("CONNECT", () => {
  const check = async (target: string, from: string, status: string, text: string): Promise<void> => {
    const made = await tunnel(target, basic(proxyOf(from)));
    made.socket.destroy();
    expect([made.status, made.text]).toEqual([status, text]);
  };

  test("an open way", () => check("s3.us-east-1.amazonaws.com:443", inside.id, "200", ""));
  test("no route", () =>
    check(
      "s3.us-east-1.amazonaws.com:443",
      lonely.id,
      "504",
      `no route to s3.us-east-1.amazonaws.com (${s3}): ${tables[2]} has no route to ${s3}\n`,
    ));
  test("an address without a name", () =>
    check(`${s3}:443`, lonely.id, "504", `no route to ${s3}: ${tables[2]} has no route to ${s3}\n`));
  test("a name that does not exist", () =>
    check(
      "example.com:443",
      outside.id,
      "502",
      "cannot resolve example.com: no rule of the resolver knows `example.com`\n",
    ));
  test("an address that is nobody's", () =>
    check(
      "8.8.8.8:443",
      outside.id,
      "504",
      "no answer from 8.8.8.8: behind the internet gateway only AWS's services and the echo host answer\n",
    ));
  test("another port", () =>
    check(
      "s3.us-east-1.amazonaws.com:22",
      inside.id,
      "502",
      `connection to s3.us-east-1.amazonaws.com (${s3}) refused: nothing listens on port 22\n`,
    ));
  test("another instance", () =>
    check(
      `${outside.ip}:80`,
      inside.id,
      "502",
      `connection to ${outside.ip} refused: no server in ${outside.id} that the proxy knows listens on port 80\n`,
    ));
  test("the resolver", () =>
    check(
      "169.254.169.253:53",
      inside.id,
      "502",
      "no way to 169.254.169.253: the userspace data plane does not carry the VPC's resolver\n",
    ));
  test("no port", () => check("s3.us-east-1.amazonaws.com", inside.id, "400", "CONNECT takes a host and a port\n"));
  test("an IPv6 address", () =>
    check("[ff02::1]:443", outside.id, "504", "no route to ff02::1: such an address is never routed\n"));
  test.each(["127.0.0.1", "[::1]", "localhost"])("itself: %s is not this machine", (host) =>
    check(
      `${host}:${proxyOf(inside.id).port}`,
      inside.id,
      "502",
      `connection to ${host === "[::1]" ? "::1" : "127.0.0.1"} refused: no server in ${inside.id} that the proxy knows listens on port ${proxyOf(inside.id).port}\n`,
    ),
  );

  test("whoever goes on after a refusal is let go", async () => {
    const openSockets = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;
    const before = openSockets();
    const { socket, status } = await tunnel(`${s3}:443`, basic(proxyOf(lonely.id)));
    expect(status).toBe("504");
    socket.end("a program that does not listen");
    if (!socket.closed) await once(socket, "close");
    // The other side hears of it some turns later; a connection that stayed would stop the test here.
    while (openSockets() > before) await new Promise(setImmediate);
  });

  test.each([
    ["none", ""],
    ["another token", `Basic ${Buffer.from(`${inside.id}:${"0".repeat(32)}`).toString("base64")}`],
    ["an unknown instance", `Basic ${Buffer.from("i-0:x").toString("base64")}`],
    ["another scheme", "Bearer x"],
    ["no base64", "Basic ?"],
  ])("credentials: %s", async (_what, authorization) => {
    const made = await tunnel("s3.us-east-1.amazonaws.com:443", authorization);
    expect(made.status).toBe("407");
  });
});

/** A request through the proxy in absolute form, on a given agent or an own connection. */
function viaProxy(
  from: string,
  url: string,
  options: { socket?: Socket; body?: string; headers?: Record<string, string> } = {},
): Promise<IncomingMessage & { text: string }> {
  const proxy = proxyOf(from);
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port: proxy.port,
        path: url,
        method: options.body === undefined ? "GET" : "PUT",
        setHost: false,
        headers: {
          host: new URL(url).host,
          "proxy-authorization": basic(proxy),
          connection: "keep-alive",
          ...options.headers,
        },
        ...(options.socket && { createConnection: () => options.socket }),
      },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve(Object.assign(response, { text })));
        response.on("error", reject);
      },
    );
    request.on("error", reject);
    request.end(options.body);
  });
}

const seen = (response: IncomingMessage): Record<string, unknown> =>
  JSON.parse(String(response.headers["x-seen"])) as Record<string, unknown>;

describe("plain HTTP", () => {
  test("a request arrives in origin form, with its path, and without what is the proxy's", async () => {
    const response = await viaProxy(inside.id, "http://docs.s3.us-east-1.amazonaws.com/a%20b?x=%2F&y", {
      body: "hello",
    });
    expect(seen(response)).toEqual({
      path: { kind: "gateway-endpoint", vpcEndpointId: endpoint, vpcId: vpc, sourceIp: inside.ip, destinationIp: s3 },
      port: 80,
      method: "PUT",
      url: "/a%20b?x=%2F&y",
      host: "docs.s3.us-east-1.amazonaws.com",
      sizeBytes: 5,
      headers: expect.not.arrayContaining(["proxy-authorization"]),
    });
  });

  test("one connection to the proxy carries several hosts, each by its own way", async () => {
    const socket = connect({ host: "127.0.0.1", port: Number(proxyOf(outside.id).port) });
    const hosts = [
      "s3.us-east-1.amazonaws.com",
      "ec2.us-east-1.amazonaws.com",
      "s3.us-east-1.amazonaws.com",
      "docs.s3.eu-west-1.amazonaws.com",
    ];
    const found: unknown[] = [];
    const before = acceptedCount;
    for (const host of hosts) {
      const one = seen(await viaProxy(outside.id, `http://${host}/`, { socket }));
      found.push([one["host"], (one["path"] as Path & { destinationIp: string }).destinationIp]);
    }
    socket.destroy();
    // The second request to S3 took the connection of the first.
    expect(acceptedCount - before).toBe(3);
    expect(found).toEqual([
      [hosts[0], s3],
      [hosts[1], serviceAddress("ec2", "us-east-1")],
      [hosts[2], s3],
      [hosts[3], serviceAddress("s3", "eu-west-1")],
    ]);
  });

  test("no route is a status with a sentence", async () => {
    const response = await viaProxy(lonely.id, "http://s3.us-east-1.amazonaws.com/");
    expect([response.statusCode, response.text]).toEqual([
      504,
      `no route to s3.us-east-1.amazonaws.com (${s3}): ${tables[2]} has no route to ${s3}\n`,
    ]);
  });

  test("unknown credentials, and what is no proxy request", async () => {
    const wrong = await viaProxy(inside.id, "http://s3.amazonaws.com/", {
      headers: { "proxy-authorization": "Basic eA==" },
    });
    expect([wrong.statusCode, wrong.headers["proxy-authenticate"]]).toEqual([407, 'Basic realm="instance"']);
    const bare = await fetch(`http://127.0.0.1:${proxyOf(inside.id).port}/`, {
      headers: { "proxy-authorization": basic(proxyOf(inside.id)) },
    });
    expect(bare.status).toBe(400);
  });
});

const bucketSeen = (from: typeof inside): string =>
  from === outside ? `internet.${outside.publicIp}` : `gateway-endpoint.${from.ip}`;

describe("programs", () => {
  const withCurl = testWith(lackOfCurl);

  for (const scheme of ["http", "https"]) {
    withCurl(`curl over ${scheme}`, async () => {
      for (const from of [inside, outside]) {
        const ran = await run(from.id, "curl", ["-sS", "--max-time", "10", `${scheme}://s3.us-east-1.amazonaws.com/`]);
        expect([ran.status, ran.stderr, ran.stdout.includes(`<Name>${bucketSeen(from)}<`)]).toEqual([0, "", true]);
      }
    });
  }
  withCurl("curl without a route fails and is told why", async () => {
    const ran = await run(lonely.id, "curl", ["-sSv", "--max-time", "10", "https://s3.us-east-1.amazonaws.com/"]);
    expect([ran.status, ran.stderr.includes("504"), ran.stderr.includes(`${tables[2]} has no route`)]).toEqual([
      56,
      true,
      true,
    ]);
  });
  withCurl("an upload over plain HTTP that waits for 100 Continue", async () => {
    const words = [
      "-sS",
      "--max-time",
      "10",
      "-H",
      "Expect: 100-continue",
      "-X",
      "PUT",
      "--data-binary",
      `@${process.execPath}`,
      "-o",
      "/dev/null",
      "-D",
      "-",
    ];
    const ran = await run(inside.id, "curl", [...words, "http://docs.s3.us-east-1.amazonaws.com/node"]);
    expect([ran.status, ran.stdout.split("\r\n")[0]]).toEqual([0, "HTTP/1.1 100 Continue"]);
  });

  testWith(lackOfAwsCli)("the AWS CLI", async () => {
    const ran = await run(inside.id, "aws", ["s3", "ls"]);
    expect([ran.status, ran.stderr, ran.stdout.trim().split(" ").at(-1)]).toEqual([0, "", bucketSeen(inside)]);
  });
  testWith(lackOfBoto3)("boto3", async () => {
    const ran = await run(outside.id, "python3", [
      "-c",
      "import boto3; print(boto3.client('s3').list_buckets()['Buckets'][0]['Name'])",
    ]);
    expect([ran.stderr, ran.stdout.trim()]).toEqual(["", bucketSeen(outside)]);
  });

  const sdk = `
    import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
    const s3 = new S3Client({ maxAttempts: 1 });
    try {
      for (let at = 0; at < 3; at++) console.log((await s3.send(new ListBucketsCommand())).Buckets[0].Name);
    } catch (error) { console.log(error.message); }`;
  const node = (from: string, program: string): Promise<Ran> =>
    run(from, process.execPath, ["--input-type=module", "--eval", program]);

  test("the AWS SDK for JavaScript v3", async () => {
    for (const from of [inside, outside]) {
      const ran = await node(from.id, sdk);
      expect([ran.stderr, ran.stdout]).toEqual(["", `${bucketSeen(from)}\n`.repeat(3)]);
    }
  });
  test("the SDK without a route is told why", async () => {
    const ran = await node(lonely.id, sdk);
    expect(ran.stdout).toContain(`no route to s3.us-east-1.amazonaws.com (${s3}): ${tables[2]} has no route`);
  });
  test("a Node program without the proxy's address goes its own way", async () => {
    const ran = await node(
      inside.id,
      `
      import { execFileSync } from "node:child_process";
      const { HTTPS_PROXY: _, ...env } = process.env;
      console.log(execFileSync(process.execPath, ["--print", "1 + 1"], { env }).toString());`,
    );
    expect([ran.stderr, ran.stdout.trim()]).toEqual(["", "2"]);
  });
  test("Node's own http, https and fetch", async () => {
    const ran = await node(
      inside.id,
      `
      import http from "node:http"; import https, { get } from "node:https";
      const ask = (get, url) => new Promise((done, fail) => get(url, (answer) => { let text = ""; answer.on("data", (part) => text += part); answer.on("end", () => done(text)); }).on("error", fail));
      const name = (text) => console.log(/<Name>(.*)<.Name>/.exec(text)[1]);
      name(await ask(http.get, "http://s3.us-east-1.amazonaws.com/"));
      name(await ask(https.get, "https://s3.us-east-1.amazonaws.com/"));
      name(await ask(get, { host: "s3.us-east-1.amazonaws.com", path: "/", agent: new https.Agent({ keepAlive: true }) }));
      name(await ask(get, { host: "s3.us-east-1.amazonaws.com", path: "/", agent: false }));
      name(await (await fetch("https://s3.us-east-1.amazonaws.com/")).text());
      process.exit();`,
    );
    expect([ran.stderr, ran.stdout]).toEqual(["", `${bucketSeen(inside)}\n`.repeat(5)]);
  });
});

describe("changes", () => {
  test("an open tunnel and an open download are cut when their way changes", async () => {
    const idle = await tunnel(`${s3}:80`, basic(proxyOf(inside.id)));
    const cut = new Promise((resolve) => idle.socket.once("close", resolve));
    const download = viaProxy(inside.id, "http://s3.us-east-1.amazonaws.com/slow");
    const failed = download.then(
      () => "ended",
      (error: Error) => error.message,
    );
    await slow.promise;
    build.reroute(endpoint, [tables[2]], [tables[0]]);
    await plane.apply(plan(build.state()));
    for (const [socket, path] of accepted) if (!stillHolds(build.state(), path)) socket.resetAndDestroy();
    await cut;
    expect(await failed).toMatch(/aborted|ECONNRESET|hang up/);
    expect((await tunnel(`${s3}:80`, basic(proxyOf(inside.id)))).status).toBe("504");
    expect((await tunnel(`${s3}:80`, basic(proxyOf(lonely.id)))).status).toBe("200");
    build.reroute(endpoint, [tables[0]], [tables[2]]);
  });

  test("an instance that is gone has no entry, and its credentials lead nowhere", async () => {
    const brief = build.instance(subnets[1], { publicIp: true });
    await plane.apply(plan(build.state()));
    const authorization = basic(proxyOf(brief.id));
    build.terminate(brief.id);
    await plane.apply(plan(build.state()));
    expect(plane.entry(brief.id)).toBeUndefined();
    const made = await tunnel(`${s3}:443`, authorization);
    expect([made.status, made.text]).toEqual(["504", `no route to ${s3}: ${brief.id} is terminated\n`]);
  });

  test("a new endpoint is taken at once", async () => {
    build.deleteEndpoint(endpoint);
    expect((await tunnel(`${s3}:443`, basic(proxyOf(inside.id)))).status).toBe("504");
    endpoint = build.endpoint(vpc, "s3", tables[0]);
    expect((await tunnel(`${s3}:443`, basic(proxyOf(inside.id)))).status).toBe("200");
  });
});

describe("filters", () => {
  /** Whether a tunnel is still open once the plane has the newest state. */
  async function survives(act: () => void): Promise<boolean> {
    const open = await tunnel(`${s3}:80`, basic(proxyOf(inside.id)));
    expect(open.status).toBe("200");
    const closed = new Promise<false>((resolve) => open.socket.once("close", () => resolve(false)));
    act();
    await plane.apply(plan(build.state()));
    // A round trip through the proxy: a reset sent before it has arrived after it.
    await tunnel(`${s3}:80`, basic(proxyOf(outside.id)));
    const lives = await Promise.race([closed, new Promise<true>((resolve) => setImmediate(() => resolve(true)))]);
    open.socket.destroy();
    return lives;
  }

  test("a security group is named where it drops, and what is open already goes on", async () => {
    const group = { groupId: defaultSecurityGroupOf(build.state(), vpc).id, isEgress: true } as const;
    const permissions = [{ protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] }] as const;
    expect(await survives(() => build.run(revokeSecurityGroup, { ...group, permissions, ruleIds: [] }))).toBe(true);
    const refused = await tunnel(`${s3}:443`, basic(proxyOf(inside.id)));
    expect([refused.status, refused.text]).toEqual([
      "504",
      `no answer from ${s3}: ${group.groupId} of ${inside.eni} has no outbound rule for tcp 443 to ${s3}\n`,
    ]);
    build.run(authorizeSecurityGroup, { ...group, permissions, tags: [] });
    expect((await tunnel(`${s3}:443`, basic(proxyOf(inside.id)))).status).toBe("200");
  });

  test("a network ACL drops what is open too", async () => {
    const { id: networkAclId } = defaultNetworkAclOf(build.state(), vpc);
    const rule = { networkAclId, ruleNumber: 50, isEgress: false } as const;
    const cidr = { kind: "ipv4", cidrBlock: "0.0.0.0/0" } as const;
    const ports = { from: 1024, to: 65_535 };
    const deny = (): unknown =>
      build.run(createNetworkAclEntry, { ...rule, action: "deny", protocol: "6", cidr, ports });
    expect(await survives(deny)).toBe(false);
    expect((await tunnel(`${s3}:443`, basic(proxyOf(inside.id)))).text).toBe(
      `no answer from ${s3}: inbound rule 50 of ${networkAclId}, the ACL of ${subnets[0]}, denies the answers: ` +
        `tcp 32768-60999 from ${s3} to ${inside.ip}\n`,
    );
    build.run(deleteNetworkAclEntry, rule);
    expect((await tunnel(`${s3}:443`, basic(proxyOf(inside.id)))).status).toBe("200");
  });

  test("through a NAT gateway with its address; cut when the route goes elsewhere", async () => {
    const nat = build.nat(subnets[1]);
    build.route(tables[2], "0.0.0.0/0", nat);
    await plane.apply(plan(build.state()));
    const open = await tunnel(`${s3}:80`, basic(proxyOf(lonely.id)));
    expect(open.status).toBe("200");
    const { publicIp } = find(build.state(), "natgateway", nat)!.addresses[0]!.elastic!;
    expect([...accepted.values()].at(-1)).toEqual({ kind: "internet", sourceIp: publicIp, destinationIp: s3 });
    const closed = new Promise((resolve) => open.socket.once("close", resolve));
    build.reroute(endpoint, [tables[2]]);
    await plane.apply(plan(build.state()));
    await closed;
    build.reroute(endpoint, [], [tables[2]]);
    build.unroute(tables[2], "0.0.0.0/0");
    build.dropNat(nat);
  });
});

test("it says that nothing is kernel-enforced, and takes the caller's own endpoint away", () => {
  expect(plane.kind).toBe("userspace");
  expect(plane.notEnforced.join("\n")).toContain("not kernel-enforced");
  expect(plane.notEnforced.join("\n")).toContain(
    "programs that ignore proxy settings reach the network of this machine",
  );
  const { environment, command } = plane.entry(inside.id)!;
  expect(command).toEqual([]);
  expect(environment).toMatchObject({ NO_PROXY: "", no_proxy: "", AWS_ENDPOINT_URL: null });
  expect(existsSync(environment["AWS_CA_BUNDLE"]!)).toBe(true);
});
