/** What goes from VPC to VPC over the internet. Each rule with its place in the Amazon VPC User Guide. */

import { describe, expect, test } from "vitest";
import { dualStackVpc, egressOnlyGateway, giveIpv6, giveIpv6Block } from "../../test/ipv6-builder.ts";
import { allowAll, type RegionBuilder, regionBuilder, type TestInstance } from "../../test/region-builder.ts";
import { explainDns } from "../analyse/explain-dns.ts";
import { allocateAddress, associateAddress } from "../model/elastic-ip.ts";
import { assignPrivateIpAddresses } from "../model/interface-address.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { authorizeSecurityGroup } from "../model/security-group-permission.ts";
import { find, findBy } from "../model/state.ts";
import { dropText } from "./drop-text.ts";
import { reach } from "./reach.ts";

interface Side {
  readonly vpc: string;
  readonly subnet: string;
  readonly table: string;
  readonly gateway: string;
  readonly instance: TestInstance;
}

/** A public subnet with an instance that lets everything in; both VPCs have the same block, which must not matter. */
function side(build: RegionBuilder): Side {
  const vpc = dualStackVpc(build, "10.0.0.0/16");
  const subnet = build.subnet(vpc, "10.0.1.0/24");
  giveIpv6Block(build, subnet, 1);
  const table = build.table(vpc, subnet);
  const gateway = build.gateway(vpc);
  build.route(table, "0.0.0.0/0", gateway);
  const instance = build.instance(subnet, { publicIp: true });
  build.regroup(instance.eni, allowAll({ run: build.run, state: build.state }, vpc));
  return { vpc, subnet, table, gateway, instance };
}

function sides() {
  const build = regionBuilder();
  return { build, here: side(build), there: side(build) };
}

function found(build: RegionBuilder, { id }: TestInstance, destinationIp = "") {
  return reach(build.state(), id, { destinationIp, opens: { kind: "tcp", port: 80 } });
}

/** `arrives` or why not. */
function fate(build: RegionBuilder, from: TestInstance, destinationIp = ""): string {
  const { astray, dropped, exit } = found(build, from, destinationIp);
  if (dropped !== undefined) return dropText(dropped);
  return astray ?? (exit.kind === "none" ? exit.reason : exit.kind === "local" ? "arrives" : exit.kind);
}

/** A group of the instance's alone that lets TCP in from a block. */
function letIn(build: RegionBuilder, { vpc, instance }: Side, cidrBlock: string): string {
  const name = `from ${cidrBlock}`;
  const { id: groupId } = build.run(createSecurityGroup, { name, description: name, vpcId: vpc, tags: [] });
  const peers = [{ kind: "ipv4" as const, cidrBlock }];
  const permissions = [{ protocol: "tcp", fromPort: 80, toPort: 80, peers }];
  build.run(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
  build.regroup(instance.eni, groupId);
  return groupId;
}

describe("by its public address an instance is reached", () => {
  test("from another VPC through both internet gateways, and sees the caller's public address", () => {
    const { build, here, there } = sides();
    const reached = found(build, here.instance, there.instance.publicIp);
    expect(reached).toMatchObject({
      route: { chosen: { target: here.gateway } },
      overInternet: {
        fromGatewayId: here.gateway,
        toGatewayId: there.gateway,
        vpcId: there.vpc,
        sourceIp: here.instance.publicIp,
        privateIp: there.instance.ip,
      },
      exit: { kind: "local", networkInterfaceId: there.instance.eni },
    });
    expect([reached.dropped, reached.astray]).toEqual([undefined, undefined]);
    letIn(build, there, `${here.instance.publicIp}/32`);
    expect(fate(build, here.instance, there.instance.publicIp)).toBe("arrives");
    const groupId = letIn(build, there, `${here.instance.ip}/32`);
    expect(fate(build, here.instance, there.instance.publicIp)).toBe(
      `${groupId} of ${there.instance.eni} has no inbound rule for tcp 80 from ${here.instance.publicIp}`,
    );
  });

  test("within its own VPC too, and by itself: packets go out and come back", () => {
    const { build, here } = sides();
    const near = build.instance(here.subnet, { publicIp: true });
    const groupId = letIn(build, here, `${near.ip}/32`);
    const refused = `${groupId} of ${here.instance.eni} has no inbound rule for tcp 80 from`;
    expect(fate(build, near, here.instance.ip)).toBe("arrives");
    expect(fate(build, near, here.instance.publicIp)).toBe(`${refused} ${near.publicIp}`);
    letIn(build, here, `${near.publicIp}/32`);
    expect(fate(build, near, here.instance.publicIp)).toBe("arrives");
    expect(fate(build, here.instance, here.instance.publicIp)).toMatch(/no inbound rule/);
    letIn(build, here, `${here.instance.publicIp}/32`);
    expect(fate(build, here.instance, here.instance.publicIp)).toBe("arrives");
  });

  test("from behind a NAT gateway with that one's address; none is reached itself", () => {
    const { build, here, there } = sides();
    const nat = build.nat(here.subnet);
    const elastic = find(build.state(), "natgateway", nat)?.addresses[0]?.elastic?.publicIp;
    const inner = build.subnet(here.vpc, "10.0.2.0/24");
    build.route(build.table(here.vpc, inner), "0.0.0.0/0", nat);
    const hidden = build.instance(inner);
    expect(found(build, hidden, there.instance.publicIp)).toMatchObject({
      nats: [{ natGatewayId: nat }],
      overInternet: { fromGatewayId: here.gateway, sourceIp: elastic },
    });
    expect(fate(build, hidden, there.instance.publicIp)).toBe("arrives");
    expect(fate(build, there.instance, elastic)).toBe(`${nat} lets nothing in that is opened from outside`);
  });

  test("at an Elastic IP of a secondary address", () => {
    const { build, here, there } = sides();
    const { eni } = there.instance;
    const wish = { networkInterfaceId: eni, addresses: [], count: 1, allowReassignment: false };
    const [privateIpAddress = ""] = build.run(assignPrivateIpAddresses, wish);
    const { id: allocationId, publicIp } = build.run(allocateAddress, { tags: [] });
    const address = { allocationId, networkInterfaceId: eni, privateIpAddress, allowReassociation: false };
    build.run(associateAddress, address);
    expect(found(build, here.instance, publicIp).overInternet?.privateIp).toBe(privateIpAddress);
    expect(fate(build, here.instance, publicIp)).toBe("arrives");
  });

  test("only where its answers leave by the internet gateway", () => {
    const { build, here, there } = sides();
    build.route(there.table, `${here.instance.publicIp}/32`, build.nat(there.subnet));
    expect(fate(build, here.instance, there.instance.publicIp)).toMatch(
      `the answers of ${there.instance.eni} take the route ${here.instance.publicIp}/32 of ${there.table} to nat-`,
    );
    build.unroute(there.table, `${here.instance.publicIp}/32`);
    build.unroute(there.table, "0.0.0.0/0");
    expect(fate(build, here.instance, there.instance.publicIp)).toBe(
      `the answers of ${there.instance.eni} have no route to ${here.instance.publicIp} in ${there.table}`,
    );
  });

  test("and no longer than it has the address", () => {
    const { build, here, there } = sides();
    build.terminate(there.instance.id);
    expect(fate(build, here.instance, there.instance.publicIp)).toBe("internet");
  });

  test("which `dns` tells of its public name", () => {
    const { build, here, there } = sides();
    build.attribute(there.vpc, "enableDnsHostnames", true);
    const name = `ec2-${there.instance.publicIp?.replaceAll(".", "-")}.compute-1.amazonaws.com`;
    expect(explainDns(build.state(), { from: here.instance.id, name })).toMatchObject({
      value: {
        ways: [
          {
            ip: there.instance.publicIp,
            exit: `${there.instance.eni} of ${there.vpc} over the internet by ${here.gateway}, in by ${there.gateway}, as ${here.instance.publicIp}`,
          },
        ],
      },
    });
  });
});

describe("by an address of IPv6", () => {
  function withIpv6() {
    const { build, here, there } = sides();
    return {
      build,
      here,
      there,
      ips: [here, there].map(({ instance }) => giveIpv6(build, instance)) as [string, string],
    };
  }
  const open = (build: RegionBuilder, { vpc, instance }: Side): void => {
    const { id: groupId } = build.run(createSecurityGroup, { name: "v6", description: "-", vpcId: vpc, tags: [] });
    const permissions = [{ protocol: "-1", peers: [{ kind: "ipv6" as const, cidrBlock: "::/0" }] }];
    build.run(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
    build.regroup(instance.eni, groupId);
  };

  test("packets go from gateway to gateway as they are", () => {
    const { build, here, there, ips } = withIpv6();
    for (const one of [here, there]) {
      open(build, one);
      build.route(one.table, "::/0", one.gateway);
    }
    expect(found(build, here.instance, ips[1]).overInternet).toMatchObject({ sourceIp: ips[0], privateIp: ips[1] });
    expect(fate(build, here.instance, ips[1])).toBe("arrives");
  });

  test("an egress-only gateway opens the way out and none in", () => {
    const { build, here, there, ips } = withIpv6();
    const [out, back] = [egressOnlyGateway(build, here.vpc), egressOnlyGateway(build, there.vpc)];
    for (const one of [here, there]) open(build, one);
    build.route(here.table, "::/0", out);
    build.route(there.table, "::/0", there.gateway);
    expect(fate(build, here.instance, ips[1])).toBe("arrives");
    expect(fate(build, there.instance, ips[0])).toBe(
      `the answers of ${here.instance.eni} take the route ::/0 of ${here.table} to ${out}`,
    );
    build.terminate(here.instance.id);
    build.detach(here.gateway, here.vpc);
    build.unroute(there.table, "::/0");
    build.route(there.table, "::/0", back);
    const later = build.instance(here.subnet);
    const ip = giveIpv6(build, later);
    expect(fate(build, there.instance, ip)).toBe(`${out} of ${here.vpc} lets nothing in that is opened from outside`);
  });

  test("interfaces of endpoints are not reached from the internet", () => {
    const { build, here, there } = withIpv6();
    open(build, here);
    build.route(here.table, "::/0", here.gateway);
    build.interfaceEndpoint(there.vpc, "ec2", { subnetIds: [there.subnet], ipAddressType: "dualstack" });
    const holder = findBy(build.state(), "network-interface", "vpcId", there.vpc).find((one) => one.requester);
    expect(fate(build, here.instance, holder?.ipv6Addresses[0])).toBe(`${holder?.id} is not reached from the internet`);
  });
});
