/** The way of IPv6 through a VPC. Source: Amazon VPC User Guide, "Egress-only internet gateways", "Internet gateways". */

import { describe, expect, test } from "vitest";
import {
  carryIpv6,
  dualStackVpc,
  egressOnlyGateway,
  giveIpv6,
  giveIpv6Block,
  nextIp,
} from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder } from "../../test/region-builder.ts";
import { prefixListOfService } from "../model/prefix-list.ts";
import { all, find } from "../model/state.ts";
import { authorizeSecurityGroup, revokeSecurityGroup } from "../model/security-group-permission.ts";
import { createManagedPrefixList } from "../model/managed-prefix-list.ts";
import { createRoute } from "../model/route.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { createNetworkAclEntry, networkAclOfSubnet } from "../model/network-acl.ts";
import { rulesOfGroup } from "../model/security-group-rule.ts";
import { embeddedIn } from "./dns64.ts";
import { dropText } from "./drop-text.ts";
import { reach } from "./reach.ts";
import { serviceAddress } from "./service-address.ts";
import { findInstance, instancesBehind, natGatewayOf, pathOf } from "./path-origin.ts";
import { walk } from "./walk.ts";

const s3 = serviceAddress("s3", "us-east-1", 128)!;
const s3Elsewhere = serviceAddress("s3", "eu-west-1", 128)!;
const ec2 = serviceAddress("ec2", "us-east-1", 128)!;

/** A dual-stack VPC with a public and a private subnet, and an instance in each. */
function network() {
  const build = regionBuilder();
  const vpcId = dualStackVpc(build, "10.0.0.0/16");
  const [publicSubnet, privateSubnet] = [build.subnet(vpcId, "10.0.1.0/24"), build.subnet(vpcId, "10.0.2.0/24")];
  giveIpv6Block(build, publicSubnet, 1);
  giveIpv6Block(build, privateSubnet, 2);
  const [publicTable, privateTable] = [build.table(vpcId, publicSubnet), build.table(vpcId, privateSubnet)];
  const outside = build.instance(publicSubnet);
  const inside = build.instance(privateSubnet);
  const outsideIp = giveIpv6(build, outside);
  const insideIp = giveIpv6(build, inside);
  const gateway = build.gateway(vpcId);
  build.route(publicTable, "::/0", gateway);
  return {
    build,
    vpcId,
    publicSubnet,
    privateSubnet,
    publicTable,
    privateTable,
    outside,
    inside,
    outsideIp,
    insideIp,
    gateway,
  };
}

describe("routes", () => {
  test("an internet gateway maps nothing: the instance's own address is seen outside", () => {
    const { build, outside, outsideIp, gateway } = network();
    const walked = walk(build.state(), outside.id, s3);
    expect(walked.exit).toEqual({ kind: "internet", internetGatewayId: gateway, sourceIp: outsideIp });
    const path = pathOf(find(build.state(), "instance", outside.id)!, walked, s3)!;
    expect(path).toEqual({ kind: "internet", sourceIp: outsideIp, destinationIp: s3, gatewayId: gateway });
    expect(findInstance(build.state(), path)?.id).toBe(outside.id);
  });

  test("without a route there is no way, whatever IPv4 has", () => {
    const { build, inside, privateTable, gateway } = network();
    build.route(privateTable, "0.0.0.0/0", gateway);
    expect(walk(build.state(), inside.id, s3).exit).toEqual({
      kind: "none",
      reason: `${privateTable} has no route to ${s3}`,
    });
  });

  test("an egress-only gateway takes IPv6 out, until it is gone", () => {
    const { build, vpcId, inside, insideIp, privateTable } = network();
    const egress = egressOnlyGateway(build, vpcId);
    build.route(privateTable, "::/0", egress);
    const exit = { kind: "internet", internetGatewayId: egress, sourceIp: insideIp };
    expect(walk(build.state(), inside.id, s3).exit).toEqual(exit);
    expect(() => build.route(privateTable, "0.0.0.0/0", egress)).toThrow("InvalidParameterValue");
  });

  test("a dual-stack endpoint takes S3 of the region, and only a dual-stack one does", () => {
    const { build, vpcId, inside, insideIp, privateTable } = network();
    const endpoint = build.endpoint(vpcId, "s3", privateTable);
    expect(walk(build.state(), inside.id, s3).exit.kind).toBe("none");
    carryIpv6(build, endpoint);
    const walked = walk(build.state(), inside.id, s3);
    expect(walked.exit).toEqual({ kind: "gateway-endpoint", vpcEndpointId: endpoint, sourceIp: insideIp });
    const list = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3", 128)!;
    expect(walked.route?.chosen?.destination).toBe(list.id);
    const path = pathOf(find(build.state(), "instance", inside.id)!, walked, s3)!;
    expect(findInstance(build.state(), path)?.id).toBe(inside.id);
    for (const other of [s3Elsewhere, ec2]) expect(walk(build.state(), inside.id, other).exit.kind).toBe("none");
  });

  test("DynamoDB has no ranges of IPv6, so its endpoints carry none", () => {
    const { build, vpcId, privateTable } = network();
    const endpoint = build.endpoint(vpcId, "dynamodb", privateTable);
    expect(() => carryIpv6(build, endpoint)).toThrow("The IP address type dualstack is not supported");
  });

  test("a NAT gateway takes the prefix of NAT64 alone", () => {
    const { build, publicSubnet, inside, privateTable } = network();
    const nat = build.nat(publicSubnet);
    expect(() => build.route(privateTable, "::/0", nat)).toThrow("cannot have a NAT gateway as its target");
    build.route(privateTable, "64:ff9b::/96", nat);
    for (const ip of ["64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::e000:1"]) {
      expect(walk(build.state(), inside.id, ip).exit).toEqual({ kind: "none", reason: `${nat} translates no ${ip}` });
    }
  });

  test("customers' prefix lists of IPv6 are destinations too", () => {
    const { build, vpcId, inside, insideIp, privateTable } = network();
    const entries = [{ cidrBlock: "2600:1fa0::/32" }, { cidrBlock: "2001:db8::/32" }];
    const wish = { name: "outside", addressFamily: "IPv6", maxEntries: 2, entries, tags: [] } as const;
    const { id: prefixListId } = build.run(createManagedPrefixList, wish);
    const egress = egressOnlyGateway(build, vpcId);
    build.run(createRoute, {
      routeTableId: privateTable,
      destination: { kind: "prefix-list", prefixListId },
      target: { kind: "egress-only-internet-gateway", egressOnlyInternetGatewayId: egress },
    });
    const walked = walk(build.state(), inside.id, "2001:db8::9");
    expect(walked.exit).toEqual({ kind: "internet", internetGatewayId: egress, sourceIp: insideIp });
    expect(walked.route?.chosen).toMatchObject({ destination: prefixListId, cidrBlock: "2001:db8::/32" });
    expect(walk(build.state(), inside.id, "2001:db9::9").exit.kind).toBe("none");
  });

  test("inside the VPC the local route leads to the interface, by any of its addresses", () => {
    const { build, inside, outside, outsideIp } = network();
    const second = giveIpv6(build, outside, nextIp(outsideIp));
    for (const ip of [outsideIp, second]) {
      const { exit } = walk(build.state(), inside.id, ip);
      expect(exit).toEqual({ kind: "local", networkInterfaceId: outside.eni });
    }
    expect(walk(build.state(), outside.id, second)).toEqual({
      exit: { kind: "local", networkInterfaceId: outside.eni },
    });
  });

  test("an instance without an address of IPv6 sends none", () => {
    const { build, publicSubnet } = network();
    const bare = build.instance(publicSubnet);
    expect(walk(build.state(), bare.id, s3).exit).toEqual({
      kind: "none",
      reason: `${bare.id} has no address of IPv6`,
    });
  });

  test.each([
    ["fd00:ec2::253", { kind: "vpc-service", service: "resolver" }],
    ["FD00:0EC2:0::0253", { kind: "vpc-service", service: "resolver" }],
    ["fd00:ec2::254", { kind: "none", reason: expect.stringMatching(/^HttpProtocolIpv6 is off/) }],
    ["fe80::2", { kind: "none", reason: "such an address is never routed" }],
  ])("%s takes no route table", (ip, exit) => {
    const { build, outside } = network();
    expect(walk(build.state(), outside.id, ip)).toEqual({ exit });
  });
});

describe("NAT64", () => {
  const s3Ipv4 = serviceAddress("s3", "us-east-1")!;

  /** A NAT gateway in the public subnet, with an ACL of its own there. */
  function translated() {
    const made = network();
    const { build, publicSubnet, publicTable, privateTable, gateway } = made;
    const nat = build.nat(publicSubnet);
    build.route(publicTable, "0.0.0.0/0", gateway);
    build.route(privateTable, "64:ff9b::/96", nat);
    const holder = [...all(build.state(), "network-interface")].find((one) => one.requester?.kind === "nat-gateway")!;
    return { ...made, nat, holder };
  }

  test("leads on by IPv4 from the gateway's own address, by its subnet's routes", () => {
    const { build, inside, gateway, nat, holder, privateTable, publicTable } = translated();
    const ip = embeddedIn(s3Ipv4)!;
    const walked = walk(build.state(), inside.id, ip);
    expect(walked).toMatchObject({
      route: { routeTableId: privateTable, chosen: { destination: "64:ff9b::/96", target: nat } },
      nats: [{ natGatewayId: nat, privateIp: holder.privateIpAddress, route: { routeTableId: publicTable } }],
      translatedIp: s3Ipv4,
      exit: { kind: "internet", internetGatewayId: gateway, sourceIp: holder.publicIpAddress },
    });
    const path = pathOf(find(build.state(), "instance", inside.id)!, walked, ip)!;
    expect(path).toEqual({ kind: "internet", sourceIp: holder.publicIpAddress, destinationIp: s3Ipv4 });
    expect(findInstance(build.state(), path)).toBeUndefined();
    const gatewayOfPath = natGatewayOf(build.state(), path)!;
    expect(gatewayOfPath.id).toBe(nat);
    expect(instancesBehind(build.state(), gatewayOfPath, s3Ipv4).map((one) => one.id)).toEqual([inside.id]);
    const endpoint = build.endpoint(holder.vpcId, "s3", publicTable);
    expect(walk(build.state(), inside.id, ip).exit).toMatchObject({
      vpcEndpointId: endpoint,
      sourceIp: holder.privateIpAddress,
    });
  });

  test("instances of the VPC are reached from the gateway's address, as their groups see it", () => {
    const { build, inside, outside, holder } = translated();
    const flow = { destinationIp: embeddedIn(outside.ip)!, opens: { kind: "ping" } } as const;
    const { dropped } = reach(build.state(), inside.id, flow);
    expect(dropText(dropped!)).toContain(`no inbound rule for icmp type 8 code 0 from ${holder.privateIpAddress}`);
    build.regroup(outside.eni, allowAll(build, holder.vpcId));
    const found = reach(build.state(), inside.id, flow);
    expect([found.dropped, found.astray, found.exit]).toEqual([
      undefined,
      undefined,
      { kind: "local", networkInterfaceId: outside.eni },
    ]);
  });

  test("either side of the gateway is filtered by its own family", () => {
    const { build, inside, insideIp, publicSubnet, holder } = translated();
    const { id: networkAclId } = networkAclOfSubnet(build.state(), publicSubnet);
    const asked = () =>
      reach(build.state(), inside.id, { destinationIp: embeddedIn(s3Ipv4)!, opens: { kind: "tcp", port: 443 } })
        .dropped;
    const deny = (
      ruleNumber: number,
      isEgress: boolean,
      cidr: { readonly kind: "ipv4" | "ipv6"; readonly cidrBlock: string },
    ) => build.run(createNetworkAclEntry, { networkAclId, ruleNumber, isEgress, action: "deny", protocol: "-1", cidr });
    expect(asked()).toBeUndefined();
    deny(50, true, { kind: "ipv4", cidrBlock: `${s3Ipv4}/32` });
    expect(dropText(asked()!)).toContain(`denies tcp 443 from ${holder.privateIpAddress} to ${s3Ipv4}`);
    deny(40, false, { kind: "ipv6", cidrBlock: `${insideIp}/128` });
    expect(dropText(asked()!)).toContain(`denies tcp 443 from ${insideIp} to ${embeddedIn(s3Ipv4)}`);
  });

  test("carries TCP, UDP and ICMPv6 alone", () => {
    const { build, inside, nat } = translated();
    const opens = { kind: "protocol", number: 50 } as const;
    const { dropped } = reach(build.state(), inside.id, { destinationIp: embeddedIn(s3Ipv4)!, opens });
    expect(dropText(dropped!)).toBe(`${nat} carries TCP, UDP and ICMP alone, not protocol 50`);
  });
});

describe("filters", () => {
  const ping = { kind: "ping" } as const;
  const https = { kind: "tcp", port: 443 } as const;

  test("groups: by block, by member, by prefix list, each family by itself", () => {
    const { build, vpcId, outside, inside, outsideIp, insideIp, privateTable } = network();
    const groupId = find(build.state(), "network-interface", outside.eni)!.securityGroupIds[0]!;
    // The default group lets its members in, and everything out.
    expect(reach(build.state(), inside.id, { destinationIp: outsideIp, opens: https }).dropped).toBeUndefined();
    const rules = rulesOfGroup(build.state(), groupId);
    const ruleIds = (isEgress: boolean): string[] =>
      rules.filter((one) => one.isEgress === isEgress).map((one) => one.id);
    for (const isEgress of [true, false]) {
      build.run(revokeSecurityGroup, { groupId, isEgress, permissions: [], ruleIds: ruleIds(isEgress) });
    }
    const { dropped } = reach(build.state(), outside.id, { destinationIp: s3, opens: https });
    expect(dropText(dropped!)).toBe(`${groupId} of ${outside.eni} has no outbound rule for tcp 443 to ${s3}`);
    carryIpv6(build, build.endpoint(vpcId, "s3", privateTable));
    const list = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3", 128)!;
    const allow = (
      isEgress: boolean,
      peer: Parameters<typeof authorizeSecurityGroup>[1]["permissions"][0]["peers"][0],
    ) =>
      build.run(authorizeSecurityGroup, {
        groupId,
        isEgress,
        permissions: [{ protocol: "-1", peers: [peer] }],
        tags: [],
      });
    allow(true, { kind: "prefix-list", prefixListId: list.id });
    expect(reach(build.state(), inside.id, { destinationIp: s3, opens: https }).dropped).toBeUndefined();
    allow(true, { kind: "ipv6", cidrBlock: `${outsideIp}/128` });
    allow(false, { kind: "ipv4", cidrBlock: "0.0.0.0/0" });
    const request = { destinationIp: outsideIp, opens: ping };
    expect(dropText(reach(build.state(), inside.id, request).dropped!)).toContain(
      `has no inbound rule for icmpv6 type 128 code 0 from ${insideIp}`,
    );
    allow(false, { kind: "security-group", groupId });
    expect(reach(build.state(), inside.id, request).dropped).toBeUndefined();
  });

  test("a group tells types of ICMPv6 apart, and those of ICMP are none of them", () => {
    const { build, vpcId, inside, outside, outsideIp } = network();
    const name = "pings";
    const { id: groupId } = build.run(createSecurityGroup, { name, description: name, vpcId, tags: [] });
    build.regroup(outside.eni, groupId);
    const pinged = () =>
      reach(build.state(), inside.id, { destinationIp: outsideIp, opens: ping }).dropped?.verdict.kind;
    const peers = [{ kind: "ipv6", cidrBlock: "::/0" }] as const;
    const allow = (protocol: string, type: number) => {
      const permissions = [{ protocol, fromPort: type, toPort: -1, peers }];
      build.run(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
    };
    allow("icmpv6", 129);
    allow("icmp", 8);
    expect(pinged()).toBe("security-group");
    allow("icmpv6", 128);
    expect(pinged()).toBeUndefined();
  });

  test("an ACL asks for each family by itself, and for the answers", () => {
    const { build, privateSubnet, inside, outsideIp } = network();
    const { id: networkAclId } = networkAclOfSubnet(build.state(), privateSubnet);
    const deny = { networkAclId, isEgress: false, action: "deny" } as const;
    const cidr = { kind: "ipv6", cidrBlock: "::/0" } as const;
    const icmp = { type: 129, code: -1 };
    build.run(createNetworkAclEntry, { ...deny, ruleNumber: 50, protocol: "58", cidr, icmp });
    const { dropped } = reach(build.state(), inside.id, { destinationIp: outsideIp, opens: ping });
    expect(dropped).toMatchObject({ leg: "reply", verdict: { ruleNumber: 50, networkAclId } });
    expect(reach(build.state(), inside.id, { destinationIp: outsideIp, opens: https }).dropped).toBeUndefined();
  });
});
