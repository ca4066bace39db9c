/** What passes a peering connection. Each rule with its place in the Amazon VPC peering guide. */

import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { revokeSecurityGroup } from "../model/security-group-permission.ts";
import { rulesOfGroup } from "../model/security-group-rule.ts";
import { authorizeSecurityGroup } from "../model/security-group-permission.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { modifyNetworkInterfaceAttribute } from "../model/interface-attachment.ts";
import { modifyVpcPeeringConnectionOptions } from "../model/vpc-peering.ts";
import { dropText } from "./drop-text.ts";
import { reach } from "./reach.ts";
import { resolveName } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";

/** Two peered VPCs with an instance each and routes to each other; the second has doors of its own. */
function peered() {
  const build = regionBuilder();
  const [vpc, far] = [build.vpc("10.0.0.0/16"), build.vpc("10.1.0.0/16")];
  const [subnet, farSubnet] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(far, "10.1.1.0/24")];
  const [table, farTable] = [build.table(vpc, subnet), build.table(far, farSubnet)];
  const [one, other] = [build.instance(subnet), build.instance(farSubnet)];
  const pcx = build.peer(vpc, far);
  build.route(table, "10.1.0.0/16", pcx);
  build.route(farTable, "10.0.0.0/16", pcx);
  open(build, vpc, one.eni, { kind: "ipv4", cidrBlock: "0.0.0.0/0" });
  const groupId = open(build, far, other.eni, { kind: "ipv4", cidrBlock: "0.0.0.0/0" });
  return { build, vpc, far, subnet, table, farTable, one, other, pcx, groupId };
}

type Build = ReturnType<typeof regionBuilder>;

/** A group that lets TCP in from a peer, as the only one of an interface. */
function open(
  build: Build,
  vpcId: string,
  networkInterfaceId: string,
  peer: { kind: "ipv4"; cidrBlock: string } | { kind: "security-group"; groupId: string },
): string {
  const name = `group ${build.state().revision}`;
  const { id: groupId } = build.run(createSecurityGroup, { name, description: name, vpcId, tags: [] });
  const permissions = [{ protocol: "tcp", fromPort: 0, toPort: 65_535, peers: [peer] }];
  build.run(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
  build.run(modifyNetworkInterfaceAttribute, { networkInterfaceId, securityGroupIds: [groupId] });
  return groupId;
}

function fate(build: Build, from: { readonly id: string }, destinationIp: string): string {
  const found = reach(build.state(), from.id, { destinationIp, opens: { kind: "tcp", port: 80 } });
  if (found.dropped !== undefined) return dropText(found.dropped);
  if (found.astray !== undefined) return found.astray;
  return found.exit.kind === "none" ? found.exit.reason : JSON.stringify(found.exit);
}

describe("a peering connection", () => {
  test("carries packets where both sides have a route to it", () => {
    const { build, vpc, far, one, other, pcx, farTable } = peered();
    const there = { kind: "local", networkInterfaceId: other.eni };
    expect(reach(build.state(), one.id, { destinationIp: other.ip, opens: { kind: "tcp", port: 80 } })).toMatchObject({
      route: { chosen: { destination: "10.1.0.0/16", target: pcx, state: "active" } },
      peering: { vpcPeeringConnectionId: pcx, vpcId: far },
      exit: there,
    });
    expect(fate(build, other, one.ip)).toBe(JSON.stringify({ kind: "local", networkInterfaceId: one.eni }));
    build.unroute(farTable, "10.0.0.0/16");
    expect(fate(build, one, other.ip)).toBe(`the answers of ${other.eni} have no route to ${one.ip} in ${farTable}`);
    expect(vpc).not.toBe(far);
  });

  test("ends with the connection: its routes are blackholes", () => {
    const { build, one, other, pcx, table } = peered();
    build.unpeer(pcx);
    expect(fate(build, one, other.ip)).toBe(`the route 10.1.0.0/16 of ${table} is a blackhole: ${pcx}`);
  });

  test("is not transitive, and leads to no gateway, endpoint or resolver of the other side", () => {
    const { build, far, one, farTable, table, pcx } = peered();
    const third = build.vpc("10.2.0.0/16");
    const beyond = build.instance(build.subnet(third, "10.2.1.0/24"));
    const onward = build.peer(far, third);
    build.route(farTable, "10.2.0.0/16", onward);
    build.route(table, "10.2.0.0/16", pcx);
    expect(fate(build, one, beyond.ip)).toBe(`${beyond.ip} is outside ${far}: ${pcx} leads no further than that VPC`);
    const s3 = serviceAddress("s3", "us-east-1")!;
    build.route(farTable, "0.0.0.0/0", build.gateway(far));
    build.endpoint(far, "s3", farTable);
    build.route(table, "0.0.0.0/0", pcx);
    expect(fate(build, one, s3)).toBe(`${s3} is outside ${far}: ${pcx} leads no further than that VPC`);
    expect(fate(build, one, "10.1.0.2")).toBe('{"kind":"local"}');
  });

  test("rules of one side name groups of the other, while it is active", () => {
    const { build, far, one, other, pcx, table, farTable, vpc } = peered();
    const named = open(build, vpc, one.eni, { kind: "ipv4", cidrBlock: "0.0.0.0/0" });
    const groupId = open(build, far, other.eni, { kind: "security-group", groupId: named });
    expect(fate(build, one, other.ip)).toMatch(/"local"/);
    const stranger = build.instance(build.subnet(vpc, "10.0.2.0/24"));
    build.route(build.mainTable(vpc), "10.1.0.0/16", pcx);
    expect(fate(build, stranger, other.ip)).toBe(
      `${groupId} of ${other.eni} has no inbound rule for tcp 80 from ${stranger.ip}`,
    );
    build.unpeer(pcx);
    for (const [id, block] of [
      [table, "10.1.0.0/16"],
      [farTable, "10.0.0.0/16"],
    ] as const)
      build.unroute(id, block);
    const again = build.peer(vpc, far);
    build.route(table, "10.1.0.0/16", again);
    build.route(farTable, "10.0.0.0/16", again);
    expect(fate(build, one, other.ip)).toMatch(/"local"/);
    const ruleIds = rulesOfGroup(build.state(), groupId).flatMap((rule) => (rule.isEgress ? [] : rule.id));
    build.run(revokeSecurityGroup, { groupId, isEgress: false, permissions: [], ruleIds });
    expect(fate(build, one, other.ip)).toMatch(/no inbound rule/);
  });

  test("a private NAT gateway sends on into it with its own address", () => {
    const { build, vpc, one, other, pcx, table } = peered();
    const subnet = build.subnet(vpc, "10.0.9.0/24");
    const nat = build.nat(subnet, "private");
    build.route(build.table(vpc, subnet), "10.1.0.0/16", pcx);
    build.unroute(table, "10.1.0.0/16");
    build.route(table, "10.1.0.0/16", nat);
    expect(reach(build.state(), one.id, { destinationIp: other.ip, opens: { kind: "tcp", port: 80 } })).toMatchObject({
      nats: [{ natGatewayId: nat, route: { chosen: { target: pcx } } }],
      peering: { vpcPeeringConnectionId: pcx },
      exit: { kind: "local", networkInterfaceId: other.eni },
    });
  });

  test("public host names lead to private addresses where the side of the host allows it", () => {
    const { build, vpc, far, pcx } = peered();
    build.gateway(far);
    build.attribute(far, "enableDnsHostnames", true);
    const shown = build.instance(build.subnet(far, "10.1.5.0/24"), { publicIp: true });
    const name = `ec2-${shown.publicIp!.replaceAll(".", "-")}.compute-1.amazonaws.com`;
    const asked = (): unknown => resolveName(build.state(), vpc, { name, type: "A" });
    expect(asked()).toMatchObject({ records: [{ ip: shown.publicIp }] });
    build.run(modifyVpcPeeringConnectionOptions, { vpcPeeringConnectionId: pcx, accepterAllowsRemoteDns: true });
    expect(asked()).toMatchObject({ records: [{ ip: shown.ip }], by: `public host name, private address over ${pcx}` });
  });
});
