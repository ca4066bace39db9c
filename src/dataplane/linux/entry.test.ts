/** What a program inside an instance sees, and what it cannot do. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decode, encode, type Packet } from "dns-packet";
import { afterAll, beforeAll, beforeEach, describe, expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import { type InsideProcess, startInside } from "../../cli/inside-process.ts";
import type { NameAsker } from "../plane.ts";
import { ipcNamespaceOf } from "./instance-init.ts";
import { linuxPlaneLack } from "./lack.ts";
import { blueprintOf, idsOf, serviceIp, vpcBlueprint } from "./testdata/blueprint.ts";
import { connecting, ended, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const { inPrivate, inPublic, vpcId } = idsOf(1);
const vpc = vpcBlueprint(1);
/** A busy machine takes its time. */
const patience = { timeout: 20_000 };
const folder = fileURLToPath(new URL(".", import.meta.url));

function answerDns(_client: NameAsker, query: Uint8Array): Uint8Array {
  const { id, questions = [] }: Packet = decode(Buffer.from(query));
  const answers = questions.map(({ name }) => ({ type: "A" as const, name, ttl: 5, data: serviceIp }));
  return encode({ type: "response", ...(id === undefined ? {} : { id }), flags: 0x0580, questions, answers });
}

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("a program inside", () => {
  let t: TestPlane;
  beforeAll(async () => {
    t = await openTestPlane(answerDns);
  });
  afterAll(async () => {
    await t[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await t.plane.apply(blueprintOf(vpc, vpcBlueprint(2)));
  });

  async function check(script: string, expected: Partial<{ status: number; stdout: string | RegExp }>): Promise<void> {
    const { status, stdout } = await t.run(inPrivate, "sh", "-c", script);
    if (expected.status !== undefined) expect(status).toBe(expected.status);
    if (expected.stdout !== undefined) expect(stdout).toMatch(expected.stdout);
  }

  test.each<[string, string, Partial<{ status: number; stdout: string | RegExp }>]>([
    ["its exit status comes out", "exit 7", { status: 7 }],
    ["it is the caller", "id -u; id -g", { stdout: `${process.getuid?.()}\n${process.getgid?.()}\n` }],
    ["it keeps the working folder", "pwd", { stdout: `${process.cwd()}\n` }],
    ["it has no capability", "grep Cap /proc/self/status", { stdout: /CapInh:\s0+\nCapPrm:\s0+\nCapEff:\s0+\n/ }],
    ["it can get none by a program", "grep NoNewPrivs /proc/self/status", { stdout: /\s1\n/ }],
    ["its VPC resolves names", "cat /etc/resolv.conf", { stdout: /^search ec2\.internal\nnameserver 10\.0\.0\.2\n/ }],
    ["nothing else resolves names", "cat /etc/nsswitch.conf", { stdout: /hosts: files dns\n/ }],
    [
      "it trusts the region",
      "cat /etc/ssl/certs/ca-certificates.crt || cat /etc/pki/tls/certs/ca-bundle.crt",
      { stdout: "a bundle\n" },
    ],
    ["variables name the bundle", 'cat "$AWS_CA_BUNDLE" "$CURL_CA_BUNDLE"', { stdout: "a bundle\na bundle\n" }],
    ["proxies are not passed in", 'echo "[$HTTPS_PROXY$AWS_ENDPOINT_URL]"', { stdout: "[]\n" }],
    ["it sees its own devices alone", "tail -n +3 /proc/net/dev | cut -d: -f1 | xargs", { stdout: "lo eth0\n" }],
    ["it may not change settings", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo $?", { stdout: /^[12]\n/ }],
    ["it may not undo its view of files", "umount /etc/hosts; echo $?", { stdout: /^(32|1)\n/ }],
  ])("%s", async (_name, script, expected) => {
    await check(script, expected);
  });

  test("a signal that ends it comes out", async () => {
    expect((await t.run(inPrivate, "sh", "-c", "kill -TERM $$")).signal).toBe("SIGTERM");
  });

  /** As the command line starts it. */
  async function adopted(...program: readonly string[]): Promise<InsideProcess> {
    const { command, environment } = (await t.plane.entry(inPrivate))!;
    const kept = Object.entries({ ...process.env, ...environment }).filter(([, value]) => value !== null);
    const way = { command, environment: Object.fromEntries(kept) as NodeJS.ProcessEnv };
    return startInside(way, program, { stdio: ["ignore", "pipe", "pipe"] });
  }

  test("adopted, it gets every signal first-hand and tells its end", async () => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"] as const) {
      const script = `trap "echo caught; exit 3" ${signal.slice(3)}; echo up; while :; do sleep 0.01; done`;
      const program = await adopted("sh", "-c", script);
      const [said] = (await once(program.child.stdout!, "data")) as [Buffer];
      expect(said.toString()).toBe("up\n");
      expect(program.kill(signal)).toBe(true);
      expect(await program.ended).toEqual({ status: 3 });
      expect(program.kill(signal)).toBe(false);
    }
    expect(await (await adopted("sh", "-c", "kill -TERM $$")).ended).toEqual({ signal: "SIGTERM" });
    expect(await (await adopted("sh", "-c", "exit 143")).ended).toEqual({ status: 143 });
    expect(await (await adopted("/not/here")).ended).toEqual({ status: 127 });
  });

  test("adopted, it is told to end while it is on its way", async () => {
    const program = await adopted("sleep", "1000");
    program.kill("SIGTERM");
    expect(await program.ended).toEqual({ signal: "SIGTERM" });
  });

  test("it sees the programs of its instance alone, and sends signals to these alone", async () => {
    const sleeper = await t.start(inPrivate, "sleep", "1000.5");
    const list = "for one in /proc/[0-9]*; do tr '\\0' ' ' < $one/cmdline; echo; done";
    const listed = async (place: string): Promise<string> => (await t.run(place, "sh", "-c", list)).stdout;
    await expect.poll(() => listed(inPrivate), patience).toContain("sleep 1000.5");
    expect(await listed(inPublic)).not.toContain("sleep");
    expect(await listed(inPublic)).not.toContain(process.execPath);
    const end = `for one in /proc/[0-9]*; do case "$(cat $one/cmdline)" in sleep*1000.5) kill -TERM "\${one#/proc/}"; esac; done`;
    const exit = once(sleeper, "exit");
    await t.run(inPublic, "sh", "-c", `kill -KILL ${sleeper.pid} ${process.pid} 1; kill -KILL -1`);
    await t.run(inPrivate, "sh", "-c", end);
    expect(await exit).toEqual([null, "SIGTERM"]);
  });

  test("what is left behind by its parent is buried, and the first process outlives all that programs do to it", async () => {
    const init = async (): Promise<string> =>
      /--pid=(\S+)/.exec((await t.plane.entry(inPrivate))!.command.join(" "))?.[1] ?? "";
    const before = await init();
    const orphan = "(sleep 0.01 & exec 1>&-) ; kill -INT 1; kill -TERM 1; kill -KILL 2; echo left";
    expect((await t.run(inPrivate, "sh", "-c", orphan)).stdout).toBe("left\n");
    const states = "cat /proc/[0-9]*/stat | grep -c ') Z 1 '; true";
    await expect.poll(async () => (await t.run(inPrivate, "sh", "-c", states)).stdout, patience).toBe("0\n");
    expect(await init()).toBe(before);
    // Ended from outside it takes its programs along, and the next one finds another.
    const sleeper = await t.start(inPrivate, "sh", "-c", "echo up; sleep 1000");
    await once(sleeper.stdout!, "data");
    const exit = once(sleeper, "exit");
    process.kill(Number(/\d+/.exec(before)![0]), "SIGKILL");
    expect(await exit).toEqual([null, "SIGKILL"]);
    await expect.poll(init, patience).not.toBe(before);
    expect((await t.run(inPrivate, "echo", "in")).stdout).toBe("in\n");
    // Whoever comes at once finds the same one.
    const pid = Number(/\d+/.exec(await init())![0]);
    process.kill(pid, "SIGKILL");
    await expect.poll(() => ipcNamespaceOf(pid), patience).toBe("");
    expect(new Set(await Promise.all([init(), init(), init()])).size).toBe(1);
  });

  test("low ports are for everyone", async () => {
    const script = `require("node:net").createServer().listen(80, () => { console.log("up"); process.exit(); });`;
    expect((await t.run(inPrivate, process.execPath, "--eval", script)).stdout).toBe("up\n");
  });

  const attempts = `
    import { Namespace } from "${folder}namespace.ts";
    import { openSync, readdirSync } from "node:fs";
    import { NetlinkSocket, NETLINK_NETFILTER, NETLINK_ROUTE } from "${folder}netlink-socket.ts";
    import { newAddress, putRoute } from "${folder}rtnetlink.ts";
    import { transaction, newTable } from "${folder}nftables.ts";
    import { openSocket, enterNamespace, leaveNamespaces } from "${folder}libc.ts";
    const netd = process.argv[1];
    const attempt = (name, action) => { try { action(); console.log(name, "done"); } catch (error) { console.log(name, error.code ?? error.message); } };
    const route = new NetlinkSocket(NETLINK_ROUTE);
    attempt("address", () => route.request([newAddress({ index: 2, ip: "10.0.1.99", bits: 24 })]));
    attempt("route", () => route.request([putRoute({ table: 254, cidrBlock: "0.0.0.0/0", metric: 0, by: { kind: "device", index: 2 } })]));
    attempt("nft", () => new NetlinkSocket(NETLINK_NETFILTER).transact(transaction([newTable("mine")])));
    attempt("raw", () => openSocket(2, 3, 255));
    attempt("packet", () => openSocket(17, 3, 0));
    attempt("namespaces", () => readdirSync("/proc/" + netd + "/fd"));
    attempt("router", () => enterNamespace(openSync("/proc/" + netd + "/ns/net"), 0));
    attempt("root", () => readdirSync("/proc/" + netd + "/root"));
    attempt("daemon", () => openSync("/proc/${process.pid}/ns/net"));
    attempt("own", () => leaveNamespaces(0x40000000));`;

  test("it cannot change its network nor reach another", async () => {
    const netd = /\/proc\/(\d+)\//.exec((await t.plane.entry(inPrivate))!.command.join(" "))![1]!;
    const { stdout } = await t.run(
      inPrivate,
      process.execPath,
      "--input-type=module-typescript",
      "--eval",
      attempts,
      netd,
    );
    const lines = stdout.trim().split("\n");
    expect(new Set(lines.map((line) => line.split(" ")[0])).size).toBe(10);
    // Of netd and the daemon it does not even see that they are there.
    for (const line of lines) {
      expect(line).toMatch(/^(namespaces|router|root|daemon) /.test(line) ? / ENOENT$/ : / (EPERM|EACCES)$/);
    }
  });

  test("even with every right over its network it cannot send as another", async () => {
    const entry = (await t.plane.entry(inPrivate))!;
    // Only the way in: root over the instance's network, which no program that was let in ever is.
    const way = entry.command.slice(0, entry.command.indexOf("--") + 1);
    const script = `
      import { connect } from "node:net";
      import { NetlinkSocket, NETLINK_ROUTE } from "${folder}netlink-socket.ts";
      import { newAddress } from "${folder}rtnetlink.ts";
      const route = new NetlinkSocket(NETLINK_ROUTE);
      const attempt = (localAddress) => new Promise((resolve) => {
        const socket = connect({ host: "${serviceIp}", port: 80, localAddress });
        const end = (word) => { socket.destroy(); console.log(localAddress, word); resolve(); };
        setTimeout(end, 500, "nothing");
        socket.on("data", () => end("answer")).on("error", (error) => end(error.code));
      });
      for (const ip of ["10.0.1.99", "10.0.2.5"]) {
        // Each right before it is used: soon it is taken away again.
        route.request([newAddress({ index: 2, ip, bits: 32 })]);
        await attempt(ip);
      }
      await attempt("10.0.1.5");
      process.exit();`;
    const before = t.arrivals.length;
    const [command = "", ...words] = [...way, process.execPath, "--input-type=module-typescript", "--eval", script];
    const { stdout, stderr } = await ended(spawn(command, words));
    expect([stdout, stderr]).toEqual(["10.0.1.99 nothing\n10.0.2.5 nothing\n10.0.1.5 answer\n", ""]);
    expect(t.arrivals.slice(before).map(({ path }) => path.sourceIp)).toEqual(["10.0.1.5"]);
  });

  const resolving = [
    process.execPath,
    "--eval",
    `require("node:dns").resolve4("s3.amazonaws.com", (error, ips) => console.log(error?.code ?? ips[0]))`,
  ];

  test("names are answered by its own VPC's resolver", async () => {
    const before = t.queries.length;
    expect((await t.run(inPrivate, ...resolving)).stdout).toBe(`${serviceIp}\n`);
    expect((await t.run(idsOf(2).inPublic, ...resolving)).stdout).toBe(`${serviceIp}\n`);
    expect(t.queries.slice(before)).toMatchObject([
      { vpcId, transport: "udp" },
      { vpcId: idsOf(2).vpcId, transport: "udp" },
    ]);
  });

  test.each(["10.0.0.2", "169.254.169.253"])(
    "names are answered over streams at %s, several to a connection",
    async (ip) => {
      const before = t.queries.length;
      const query = encode({ id: 7, questions: [{ type: "A", name: "s3.amazonaws.com" }] });
      const framed = Buffer.concat([Buffer.from([0, query.length]), query]).toString("hex");
      const script = `
      const socket = require("node:net").connect(53, "${ip}");
      const framed = Buffer.from("${framed}", "hex");
      socket.write(Buffer.concat([framed, framed.subarray(0, 5)]));
      let got = Buffer.alloc(0);
      socket.on("data", (data) => {
        if (got.length === 0) socket.write(framed.subarray(5));
        got = Buffer.concat([got, data]);
        const size = 2 + got.readUInt16BE(0);
        if (got.length === 2 * size) { console.log(got.subarray(2, size).toString("hex")); process.exit(); }
      });`;
      const { stdout } = await t.run(inPublic, process.execPath, "--eval", script);
      expect(decode(Buffer.from(stdout.trim(), "hex"))).toMatchObject({ id: 7, answers: [{ data: serviceIp }] });
      expect(t.queries.slice(before)).toMatchObject([
        { vpcId, transport: "tcp" },
        { vpcId, transport: "tcp" },
      ]);
    },
  );

  test("without DNS support nothing answers, and the service is reached all the same", async () => {
    await t.plane.apply(blueprintOf({ ...vpc, resolverIps: [] }));
    const before = t.queries.length;
    expect((await t.run(inPrivate, ...connecting("10.0.0.2", 53))).stdout).not.toMatch(/^{/);
    expect((await t.run(inPrivate, ...connecting(serviceIp))).stdout).toMatch(/^{/);
    expect(t.queries).toHaveLength(before);
    expect((await t.run(inPrivate, "cat", "/etc/resolv.conf")).stdout).toMatch(/^nameserver 10\.0\.0\.2$/m);
  });

  test("the files of the machine itself are as they were", () => {
    expect(readFileSync("/etc/resolv.conf", "utf8")).not.toContain("nameserver 10.0.0.2\n");
    expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain("/etc/resolv.conf");
  });
});
