/** Our rules as the `nft` tool reads them from the kernel. */

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { lackOfProgram, testWith } from "../../../test/need.ts";
import { diffObjects } from "./diff.ts";
import { linuxPlaneLack } from "./lack.ts";
import { NetdClient } from "./netd-client.ts";
import {
  aclRules,
  blueprintOf,
  groupRules,
  vpcBlueprint,
  withAcl,
  withGroup,
  withNatGateway,
} from "./testdata/blueprint.ts";
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
      onDrift: () => {},
      onLine: console.warn,
    });
    const filtered = withGroup(withAcl(vpcBlueprint(1), { ingress: aclRules }), { egress: groupRules });
    await netd.perform(diffObjects(new Map(), wantedObjects(blueprintOf(withNatGateway(filtered)))).make);
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

  const only = (part: string): string | undefined => {
    const [one, ...more] = rulesets.filter((ruleset) => ruleset.includes(part));
    expect(more).toEqual([]);
    return one;
  };

  test("of a router stop spoofed sources and tell a subnet's route table", () => {
    check(only("chain spoof"), [
      "type filter hook prerouting priority -300; policy accept;",
      "iifgroup != 0 ip6 daddr ff02::/16 iif . ip6 saddr != @interface_source_ipv6 drop",
      "iifgroup != 0 iif . ip saddr != @interface_source counter update @drops",
      "type filter hook prerouting priority -150; policy accept;",
      "meta mark set iifgroup map @subnet_table",
      '"eni1" . 10.0.1.5',
      "1 : 0x000003e9",
    ]);
  });

  test("of a router lead through ACLs and groups in their order", () => {
    check(only("chain spoof"), [
      "type filter hook forward priority -20; policy accept;",
      "iifgroup . oifgroup @same_subnet accept",
      "iifgroup vmap @acl_out",
      "type filter hook forward priority -10; policy accept;",
      "oifgroup vmap @acl_in",
      "type filter hook forward priority 0; policy accept;",
      "ct state 0x2,0x4 accept",
      "ct state 0x1 counter goto refused_group_out",
      "meta mark set iif map @interface_group_0 meta mark vmap @group_out_0",
      "iifgroup != 0 iif != @groupless counter goto refused_group_out",
      "type filter hook forward priority 10; policy accept;",
      "meta mark set oif map @interface_group_4 meta mark vmap @group_in_4",
      "oifgroup != 0 oif != @groupless counter goto refused_group_in",
    ]);
  });

  test("of a group are what it says", () => {
    check(only("chain spoof"), [
      'meta nfproto 2 counter accept comment "sgr-a0000001"',
      'meta l4proto . th dport . ip daddr vmap @sg1_out_ports comment "sg1_out_ports"',
      '6 . 80 . 0.0.0.0/0 counter comment "sgr-a0000002" : accept',
      'ip daddr @sg1 meta l4proto 6 counter accept comment "sgr-a0000003"',
      'ip daddr @sg2 udp dport 1024-65535 counter accept comment "sgr-a0000004"',
      'ip daddr 10.0.0.0/9 icmp type 8 icmp code 0 counter accept comment "sgr-a0000005"',
      'ip daddr 10.0.1.5 icmp type 3 counter accept comment "sgr-a0000006"',
      'meta l4proto 1 counter accept comment "sgr-a0000007"',
      'meta nfproto 10 meta l4proto 47 counter accept comment "sgr-a0000008"',
      'ip daddr 10.0.0.0/8 meta l4proto 6 counter accept comment "sgr-a0000009"',
      'ip daddr @pl-00000001 tcp dport 443 counter accept comment "sgr-a000000a"',
      'ip daddr @pl-00000002 tcp dport 80-443 counter accept comment "sgr-a000000b"',
      'ip6 daddr @pl-00000002_ipv6 tcp dport 80-443 counter accept comment "sgr-a000000b 1"',
      "elements = { 10.0.0.0/8, 255.255.255.254/31 }",
      "elements = { 52.216.0.0/15, 54.231.0.0/16 }",
    ]);
  });

  test("of an ACL are in the order of their numbers, and the last denies", () => {
    const chain = only("chain spoof")?.match(/chain acl1_in {([^}]*)}/)?.[1];
    const lines = (chain ?? "").split("\n").map((line) => line.trim());
    expect(lines.filter((line) => line !== "")).toEqual([
      'ip saddr 52.216.0.0/15 tcp dport 80 counter goto refused_acl_in comment "1"',
      'ip saddr 10.0.0.0/16 icmp type 8 counter accept comment "90"',
      'meta nfproto 2 counter accept comment "100"',
      'meta nfproto 10 counter accept comment "110"',
      'meta nfproto 2 udp dport 1024-65535 counter goto refused_acl_in comment "32766"',
      'meta nfproto 2 counter goto refused_acl_in comment "*"',
      'meta nfproto 10 counter goto refused_acl_in comment "* ipv6"',
    ]);
  });

  test("of a NAT gateway give its own address, and take back nothing of that", () => {
    check(only("map translation"), [
      "ip saddr @own_address counter drop",
      "meta l4proto != 6 meta l4proto != 17 meta l4proto != 1 counter drop",
      "snat ip to oif map @translation",
      '"eth0" : 10.0.2.9',
    ]);
  });

  test("of an internet gateway translate one to one and keep in what has no public address", () => {
    check(only("map source_nat"), [
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
