/** Which open connections a change of security groups cuts: the example of the EC2 User Guide and the exceptions to it. */

import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { modifyNetworkInterfaceAttribute } from "../model/interface-attachment.ts";
import { authorizeSecurityGroup, type PeerInput, revokeSecurityGroup } from "../model/security-group-permission.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { rulesOfGroup } from "../model/security-group-rule.ts";
import { serviceAddress } from "./service-address.ts";
import { isCut, vpcsWithLostRules } from "./untracked.ts";

const s3 = serviceAddress("s3", "us-east-1")!;
const everyone: PeerInput = { kind: "ipv4", cidrBlock: "0.0.0.0/0" };
const someone: PeerInput = { kind: "ipv4", cidrBlock: "203.0.113.1/32" };
const [tcp, udp] = [6, 17];

interface Rule {
  readonly protocol: string;
  readonly ports?: readonly [number, number];
  readonly peer: PeerInput;
}

const all: Rule = { protocol: "-1", peer: everyone };
const ssh: Rule = { protocol: "tcp", ports: [22, 22], peer: someone };
const http: Rule = { protocol: "tcp", ports: [80, 80], peer: everyone };

/** A server behind an internet gateway, in a group with these rules. */
function guide(rules: { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] }) {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const subnet = build.subnet(vpc, "10.0.1.0/24");
  const gateway = build.gateway(vpc);
  build.route(build.mainTable(vpc), "0.0.0.0/0", gateway);
  const server = build.instance(subnet, { publicIp: true });
  const permissionOf = ({ protocol, ports, peer }: Rule) => ({
    protocol,
    ...(ports && { fromPort: ports[0], toPort: ports[1] }),
    peers: [peer],
  });
  const makeGroup = ({ ingress, egress }: typeof rules): string => {
    const name = `group ${build.state().revision}`;
    const { id: groupId } = build.run(createSecurityGroup, { name, description: name, vpcId: vpc, tags: [] });
    const ruleIds = rulesOfGroup(build.state(), groupId).map((rule) => rule.id);
    build.run(revokeSecurityGroup, { groupId, isEgress: true, permissions: [], ruleIds });
    build.run(authorizeSecurityGroup, { groupId, isEgress: false, permissions: ingress.map(permissionOf), tags: [] });
    build.run(authorizeSecurityGroup, { groupId, isEgress: true, permissions: egress.map(permissionOf), tags: [] });
    return groupId;
  };
  const groupId = makeGroup(rules);
  const wear = (id: string): unknown =>
    build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId: server.eni, securityGroupIds: [id] });
  wear(groupId);
  const revoke = (isEgress: boolean, rule: Rule): unknown =>
    build.run(revokeSecurityGroup, { groupId, isEgress, permissions: [permissionOf(rule)], ruleIds: [] });
  const opened = { vpcId: vpc, sourcePort: 40_000 };
  const inward = (destinationPort: number, protocol = tcp) => ({
    ...opened,
    protocol,
    sourceIp: "203.0.113.1",
    destinationIp: server.ip,
    destinationPort,
  });
  const outward = (destinationIp: string, sourceIp = server.ip) => ({
    ...opened,
    protocol: tcp,
    sourceIp,
    destinationIp,
    destinationPort: 443,
  });
  return { build, vpc, subnet, server, makeGroup, wear, revoke, inward, outward };
}

type Guide = ReturnType<typeof guide>;

/** Whether the change cuts the connection; that the VPC is looked at for it is part of the answer. */
function cuts({ build, vpc }: Guide, connection: Parameters<typeof isCut>[2], change: () => unknown): boolean {
  const before = build.state();
  change();
  const isLookedAt = vpcsWithLostRules(before, build.state()).includes(vpc);
  const isOver = isCut(before, build.state(), connection);
  if (isOver) expect(isLookedAt).toBe(true);
  return isOver;
}

describe("connections to a server", () => {
  test("one that everyone may open goes with its rule", () => {
    const made = guide({ ingress: [ssh, http], egress: [all] });
    expect(cuts(made, made.inward(80), () => made.revoke(false, http))).toBe(true);
  });

  test("one that few may open is tracked, and stays", () => {
    const made = guide({ ingress: [ssh, http], egress: [all] });
    expect(cuts(made, made.inward(22), () => made.revoke(false, ssh))).toBe(false);
  });

  test("without a rule that lets every answer out it is tracked, and stays", () => {
    for (const egress of [[], [http], [{ ...all, peer: someone }]]) {
      const made = guide({ ingress: [http], egress });
      expect(cuts(made, made.inward(80), () => made.revoke(false, http))).toBe(false);
    }
  });

  test("the answers' rule is of the same protocol, or of all", () => {
    const ports = [0, 65_535] as const;
    const rows = [
      [{ protocol: "tcp", ports, peer: everyone }, true],
      [{ protocol: "udp", ports, peer: everyone }, false],
    ] as const;
    for (const [egress, expected] of rows) {
      const made = guide({ ingress: [http], egress: [egress] });
      expect(cuts(made, made.inward(80), () => made.revoke(false, http))).toBe(expected);
    }
  });

  test("it stays while another rule allows it", () => {
    const made = guide({ ingress: [http, { ...http, ports: [1, 100] }], egress: [all] });
    expect(cuts(made, made.inward(80), () => made.revoke(false, http))).toBe(false);
  });

  test("UDP is like TCP, and other protocols are always tracked", () => {
    for (const [protocol, expected] of [
      [udp, true],
      [1, false],
    ] as const) {
      const made = guide({ ingress: [all], egress: [all] });
      expect(cuts(made, made.inward(80, protocol), () => made.revoke(false, all))).toBe(expected);
    }
  });

  test("it goes with the group too, and stays when that only lets no answer out any more", () => {
    const made = guide({ ingress: [http], egress: [all] });
    const other = made.makeGroup({ ingress: [ssh], egress: [all] });
    expect(cuts(made, made.inward(80), () => made.wear(other))).toBe(true);
    const again = guide({ ingress: [http], egress: [all] });
    expect(cuts(again, again.inward(80), () => again.revoke(true, all))).toBe(false);
  });
});

describe("connections of an instance", () => {
  test("one to the internet goes with the rule that let it out", () => {
    const made = guide({ ingress: [all], egress: [all] });
    expect(cuts(made, made.outward(s3), () => made.revoke(true, all))).toBe(true);
  });

  test("those through a gateway endpoint of S3 too", () => {
    const made = guide({ ingress: [all], egress: [all] });
    made.build.endpoint(made.vpc, "s3", made.build.mainTable(made.vpc));
    expect(cuts(made, made.outward(s3), () => made.revoke(true, all))).toBe(true);
  });

  test("those through a NAT gateway, and what it sends itself, are tracked", () => {
    const made = guide({ ingress: [all], egress: [all] });
    const inside = made.build.subnet(made.vpc, "10.0.2.0/24");
    const nat = made.build.nat(made.subnet);
    made.build.route(made.build.table(made.vpc, inside), "0.0.0.0/0", nat);
    const behind = made.build.instance(inside);
    const [group] = made.build.state().tables["network-interface"].byId.get(made.server.eni)!.securityGroupIds;
    made.build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId: behind.eni, securityGroupIds: [group!] });
    expect(cuts(made, made.outward(s3, behind.ip), () => made.revoke(true, all))).toBe(false);
  });

  test("nothing is looked at where rules come, or narrow ones go", () => {
    const made = guide({ ingress: [ssh], egress: [all] });
    const before = made.build.state();
    made.revoke(false, ssh);
    expect(vpcsWithLostRules(before, made.build.state())).toEqual([]);
    expect(vpcsWithLostRules(before, before)).toEqual([]);
  });
});
