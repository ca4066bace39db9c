/** Somebody changes the namespaces by hand: it is found, told and mended, and nothing foreign stays. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, vi } from "vitest";
import { lackOfProgram, testWith } from "../../../test/need.ts";
import { linuxPlaneLack } from "./lack.ts";
import {
  blueprintOf,
  groupRules,
  idsOf,
  privateTable,
  serviceIp,
  vpcBlueprint,
  withGroup,
  withoutEndpoint,
} from "./testdata/blueprint.ts";
import { connecting, openTestPlane, type TestPlane } from "./testdata/plane.ts";

const lack = (await linuxPlaneLack()) ?? lackOfProgram("ip", "-V");
const test = testWith(lack);
const nftTest = testWith(lack ?? lackOfProgram("nft"));
const ids = idsOf(1);
const router = `router ${ids.vpcId}`;

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("drift", () => {
  let running: TestPlane;
  /** The words that lead into the router, and into the instance. */
  let inRouter: readonly string[];
  let inHost: readonly string[];
  beforeAll(async () => {
    running = await openTestPlane();
    await running.plane.apply(blueprintOf(vpcBlueprint(1)));
    const proc = /\/proc\/\d+/.exec((await running.plane.entry(ids.inPrivate))!.command.join(" "))![0];
    const ways = readdirSync(`${proc}/fd`).map((fd) => [
      "nsenter",
      `--user=${proc}/ns/user`,
      `--net=${proc}/fd/${fd}`,
      "--preserve-credentials",
    ]);
    const led = (link: string, address: string): readonly string[] =>
      ways.find((way) => {
        const { status, stdout } = run([...way, "ip", "-o", "addr"]);
        return status === 0 && stdout.includes(link) && stdout.includes(address);
      })!;
    inRouter = ways.find((way) => run([...way, "ip", "link"]).stdout.includes("eni1@"))!;
    inHost = led("eth0", "10.0.1.5/");
  });
  afterAll(async () => {
    await running[Symbol.asyncDispose]();
  });

  function run([command = "", ...words]: readonly string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync(command, words, { encoding: "utf8" });
  }

  /** Resolves when the log tells of it, and what is told after that. */
  async function check(by: readonly string[], told: string): Promise<void> {
    running.log.length = 0;
    const startMs = performance.now();
    const done = run(by);
    expect(done).toMatchObject({ status: 0, stderr: "" });
    await vi.waitFor(() => expect(running.log.join("\n")).toContain(told), { timeout: 20_000, interval: 20 });
    const ms = Math.round(performance.now() - startMs);
    // What comes after it in the queue comes after the mending.
    await running.plane.apply(blueprintOf(vpcBlueprint(1)));
    console.info(`${by.slice(4).join(" ")}: mended after ${ms} ms`);
    const { stdout } = await running.run(ids.inPrivate, ...connecting(serviceIp));
    expect(stdout).toContain("gateway-endpoint");
  }

  const setting = (path: string, value: string): readonly string[] => [
    "sh",
    "-c",
    `echo ${value} > /proc/sys/net/${path}`,
  ];
  const table = `${privateTable}`;
  test.each<[string, () => readonly string[], string]>([
    [
      "a route",
      () => [...inRouter, "ip", "route", "del", "52.216.0.0/15", "table", table],
      `drift: route ${router} ${table} 52.216.0.0/15 20 nexthop 4097 was gone; it is put back`,
    ],
    ["a rule", () => [...inRouter, "ip", "rule", "del", "fwmark", table], `drift: rule ${router}`],
    [
      "a nexthop, and its routes with it",
      () => [...inRouter, "ip", "nexthop", "del", "id", "4097"],
      `drift: nexthop ${router} 4097`,
    ],
    [
      "an address of an instance",
      () => [...inHost, "ip", "addr", "flush", "dev", "eth0"],
      `drift: address host ${ids.inPrivate} 2 10.0.1.5 24 was gone; it is put back`,
    ],
    ["a link", () => [...inRouter, "ip", "link", "del", "eni1"], `drift: link ${router} 65537`],
    [
      "a device that was taken down",
      () => [...inRouter, "ip", "link", "set", "eni1", "down"],
      `drift: eni1 of ${router} was down; it is up again`,
    ],
    [
      "a route that is not ours",
      () => [...inRouter, "ip", "route", "add", "blackhole", "52.216.10.0/24", "table", table],
      `drift: route ${router} ${table} 52.216.10.0/24 0 blackhole is not ours; it is taken away`,
    ],
    [
      "forwarding",
      () => [...inRouter, ...setting("ipv4/ip_forward", "0")],
      `drift: ipv4/ip_forward of ${router} was altered; it is as before`,
    ],
    [
      "a setting of one device",
      () => [...inRouter, ...setting("ipv4/conf/eni1/rp_filter", "1")],
      `drift: ipv4/conf/eni1/rp_filter of ${router} was altered; it is as before`,
    ],
    [
      "a setting that the kernel tells nobody of",
      () => [...inHost, ...setting("ipv4/conf/all/arp_ignore", "8")],
      `drift: ipv4/conf/all/arp_ignore of host ${ids.inPrivate} was altered; it is as before`,
    ],
  ])("%s", async (_what, by, told) => check(by(), told), 30_000);

  nftTest.each<[string, readonly string[], string]>([
    [
      "an element",
      ["delete", "element", "inet", "underpass", "interface_source", "{ eni1 . 10.0.1.5 }"],
      `drift: element ${router} interface_source 65537 10.0.1.5 was gone; it is put back`,
    ],
    [
      "the rules of a group",
      ["flush", "chain", "inet", "underpass", "sg1_out"],
      `drift: filter-rule ${router} sg1_out`,
    ],
    ["all rules", ["flush", "ruleset"], `drift: the rules of ${router} were altered; they are loaded again`],
    [
      "a rule that is not ours",
      ["insert", "rule", "inet", "underpass", "acl_out", "drop"],
      `drift: the rules of ${router} were altered; they are loaded again`,
    ],
    [
      "a rule that is not ours among those of a group",
      ["insert", "rule", "inet", "underpass", "sg1_out", "drop"],
      `drift: a rule in chain sg1_out of ${router} is not ours; it is taken away`,
    ],
    [
      "a chain that is not ours and sees every packet",
      ["add chain inet underpass mine { type filter hook forward priority 0; policy drop; }"],
      `drift: the rules of ${router} were altered; they are loaded again`,
    ],
    ["a table that is not ours", ["add", "table", "inet", "foreign"], "drift: table foreign"],
    [
      "a table of another family",
      ["add table ip foreign; add chain ip foreign stop { type filter hook forward priority 0; policy drop; }"],
      `drift: table foreign of ${router} is not ours; it is taken away`,
    ],
  ])("%s", async (_what, words, told) => check([...inRouter, "nft", ...words], told), 30_000);

  nftTest("a table in an instance", async () => {
    const table =
      "add table ip foreign; add chain ip foreign stop { type filter hook output priority 0; policy drop; }";
    await check([...inHost, "nft", table], `drift: table foreign of host ${ids.inPrivate} is not ours`);
  });

  nftTest("a rule that was put in another's place", async () => {
    const last = String.raw`nft -a list chain inet underpass classify | sed -n 's/.* handle \([0-9]*\)$/\1/p' | tail -1`;
    const replaced = `nft replace rule inet underpass classify handle $(${last}) meta mark set 7`;
    const told = `drift: the rules of ${router} were altered; they are loaded again`;
    await check([...inRouter, "sh", "-c", replaced], told);
  });

  nftTest.each<[string, readonly string[]]>([
    [
      "a rule that is an element",
      ["delete", "element", "inet", "underpass", "sg1_out_ports", "{ 6 . 80 . 0.0.0.0/0 }"],
    ],
    ["the rule that asks for such elements", ["flush", "chain", "inet", "underpass", "sg1_out"]],
    [
      "an element that is not ours",
      ["add", "element", "inet", "underpass", "sg1_out_ports", "{ 6 . 81 . 0.0.0.0/0 : drop }"],
    ],
  ])(
    "%s",
    async (_what, words) => {
      await running.plane.apply(blueprintOf(withGroup(vpcBlueprint(1), { egress: groupRules.slice(1, 2) })));
      await check([...inRouter, "nft", ...words], `drift: filter-rule ${router} sg1_out`);
    },
    30_000,
  );

  test("changes of our own are nobody's drift", async () => {
    await running.plane.apply(blueprintOf(withoutEndpoint(vpcBlueprint(1), ids.otherEndpoint), vpcBlueprint(2)));
    await running.plane.apply(blueprintOf(withGroup(vpcBlueprint(1), { egress: groupRules })));
    await running.plane.apply(blueprintOf(vpcBlueprint(1)));
    await check(
      [...inRouter, "ip", "route", "del", "54.231.0.0/16", "table", table],
      `drift: route ${router} ${table} 54.231.0.0/16`,
    );
    expect(running.log).toHaveLength(1);
  });
});
