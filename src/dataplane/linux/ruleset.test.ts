/** Our rules as the `nft` tool reads them from the kernel. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { lackOfProgram, testWith } from "../../../test/need.ts";
import { diffObjects } from "./diff.ts";
import { linuxPlaneLack } from "./lack.ts";
import { NetdClient } from "./netd-client.ts";
import { blueprintOf, vpcBlueprint } from "./testdata/blueprint.ts";
import { wantedObjects } from "./wanted.ts";

const lack = (await linuxPlaneLack()) ?? lackOfProgram("nft");
const test = testWith(lack);

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("rules", () => {
  let netd: NetdClient;
  let rulesets: string[];
  beforeAll(async () => {
    netd = await NetdClient.start({
      onListener: (_listener, handle) => handle.close(),
      onMade: () => {},
      onLine: console.warn,
    });
    await netd.perform(diffObjects(new Map(), wantedObjects(blueprintOf(vpcBlueprint(1)))).make);
    const proc = `/proc/${netd.pid}`;
    rulesets = readdirSync(`${proc}/fd`).flatMap((fd) => {
      const way = [`--user=${proc}/ns/user`, `--net=${proc}/fd/${fd}`, "--preserve-credentials"];
      const { status, stdout } = spawnSync("nsenter", [...way, "nft", "--numeric", "list", "ruleset"], {
        encoding: "utf8",
      });
      return status === 0 && stdout !== "" ? [stdout.replaceAll(/counter packets \d+ bytes \d+/g, "counter")] : [];
    });
  });
  afterAll(async () => {
    await netd[Symbol.asyncDispose]();
  });

  function check(ruleset: string | undefined, lines: readonly string[]): void {
    for (const line of lines) expect(ruleset).toContain(line);
  }

  test("of a router stop spoofed sources and tell a subnet's route table", () => {
    const [router, ...more] = rulesets.filter((ruleset) => ruleset.includes("chain spoof"));
    expect(more).toEqual([]);
    check(router, [
      "type filter hook prerouting priority -300; policy accept;",
      "iifgroup != 0 iif . ip saddr != @interface_source counter drop",
      "type filter hook prerouting priority -150; policy accept;",
      "meta mark set iifgroup map @subnet_table",
      '"eni1" . 10.0.1.5',
      "1 : 0x000003e9",
    ]);
  });

  test("of an internet gateway translate one to one and keep in what has no public address", () => {
    const [gateway, ...more] = rulesets.filter((ruleset) => ruleset.includes("chain guard"));
    expect(more).toEqual([]);
    check(gateway, [
      "type nat hook prerouting priority -100; policy accept;",
      'iif "internet" dnat ip to ip daddr map @destination_nat',
      "type nat hook postrouting priority 100; policy accept;",
      'oif "internet" snat ip to ip saddr map @source_nat',
      "type filter hook postrouting priority 300; policy accept;",
      'oif "internet" ip saddr != @public_address counter drop',
      "10.0.2.5 : 203.0.113.1",
      "203.0.113.1 : 10.0.2.5",
    ]);
  });
});
