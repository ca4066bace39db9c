/** The ways of instances with IPv6 alone. Source: Amazon VPC User Guide, "Subnet types", "DNS64 and NAT64". */

import { describe, expect, test } from "vitest";
import { carryIpv6, dualStackVpc, egressOnlyGateway, giveIpv6Block, ipv6OnlySubnet } from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder, secondInterface } from "../../test/region-builder.ts";
import { modifyInstanceMetadataOptions } from "../model/instance-attribute.ts";
import { find } from "../model/state.ts";
import { modifySubnetAttribute } from "../model/subnet.ts";
import { modifyVpcEndpoint } from "../model/vpc-endpoint.ts";
import { embeddedIn } from "./dns64.ts";
import { pathOf } from "./path-origin.ts";
import { reach } from "./reach.ts";
import { addressesOf, namePlaceOf, resolveAddresses, resolveName } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";
import { walk } from "./walk.ts";

const s3 = serviceAddress("s3", "us-east-1", 128)!;

/** A VPC with a dual-stack subnet and one of IPv6 alone, and an instance of IPv6 alone. */
function network() {
  const build = regionBuilder();
  const vpcId = dualStackVpc(build, "10.0.0.0/16");
  build.attribute(vpcId, "enableDnsHostnames", true);
  const dual = build.subnet(vpcId, "10.0.1.0/24");
  giveIpv6Block(build, dual, 1);
  const only = ipv6OnlySubnet(build, vpcId, 2);
  const table = build.table(vpcId, only);
  const instance = build.instance(only);
  return { build, vpcId, dual, only, table, instance };
}

describe("an instance of IPv6 alone", () => {
  test("sends no IPv4 at all", () => {
    const { build, instance, table } = network();
    build.route(table, "0.0.0.0/0", build.gateway(find(build.state(), "instance", instance.id)!.vpcId));
    for (const ip of ["198.51.100.7", "10.0.1.5", "169.254.169.253"]) {
      expect(walk(build.state(), instance.id, ip).exit).toEqual({
        kind: "none",
        reason: `${instance.id} has no address of IPv4`,
      });
    }
  });

  test("has the VPC's services over IPv6, the metadata service where it is turned on, and that over IPv4 too", () => {
    const { build, instance } = network();
    const exitTo = (ip: string): unknown => walk(build.state(), instance.id, ip).exit;
    expect(exitTo("169.254.169.254")).toEqual({ kind: "vpc-service", service: "instance-metadata" });
    expect(exitTo("fd00:ec2::253")).toEqual({ kind: "vpc-service", service: "resolver" });
    expect(exitTo("fd00:ec2::254")).toMatchObject({ kind: "none" });
    build.run(modifyInstanceMetadataOptions, { instanceId: instance.id, options: { httpProtocolIpv6: "enabled" } });
    expect(exitTo("fd00:ec2::254")).toEqual({ kind: "vpc-service", service: "instance-metadata" });
  });

  test("takes gateway endpoints, egress-only gateways and NAT64", () => {
    const { build, dual, instance, table, vpcId } = network();
    const exitTo = (ip: string): unknown => walk(build.state(), instance.id, ip).exit;
    const endpoint = build.endpoint(vpcId, "s3", table);
    carryIpv6(build, endpoint);
    expect(exitTo(s3)).toEqual({ kind: "gateway-endpoint", vpcEndpointId: endpoint, sourceIp: instance.ip });
    const egressOnly = egressOnlyGateway(build, vpcId);
    build.route(table, "::/0", egressOnly);
    expect(exitTo("2001:db8::7")).toEqual({ kind: "internet", internetGatewayId: egressOnly, sourceIp: instance.ip });
    const gateway = build.gateway(vpcId);
    build.route(build.mainTable(vpcId), "0.0.0.0/0", gateway);
    build.route(table, "64:ff9b::/96", build.nat(dual));
    const found = walk(build.state(), instance.id, embeddedIn("198.51.100.7")!);
    expect(found).toMatchObject({ exit: { kind: "internet", internetGatewayId: gateway }, nats: [{ subnetId: dual }] });
  });

  test("reaches interface endpoints of IPv6 alone in its own subnet, and those of both families elsewhere", () => {
    const { build, dual, instance, only, vpcId } = network();
    build.attribute(vpcId, "enableDnsHostnames", true);
    const securityGroupIds = [allowAll(build, vpcId)];
    const wish = { securityGroupIds, privateDnsEnabled: false };
    const id = build.interfaceEndpoint(vpcId, "s3", { ...wish, subnetIds: [only], ipAddressType: "ipv6" });
    const both = build.interfaceEndpoint(vpcId, "s3", { ...wish, subnetIds: [dual], ipAddressType: "dualstack" });
    for (const [endpoint, subnetId] of [
      [id, only],
      [both, dual],
    ] as const) {
      const held = find(build.state(), "vpc-endpoint", endpoint)!;
      if (held.kind !== "Interface") throw new Error("no interface endpoint");
      const eni = find(build.state(), "network-interface", held.attachments[0]!.networkInterfaceId)!;
      expect([eni.subnetId, eni.privateIpAddress === undefined]).toEqual([subnetId, endpoint === id]);
      const [ip] = eni.ipv6Addresses;
      const found = reach(build.state(), instance.id, { destinationIp: ip!, opens: { kind: "tcp", port: 443 } });
      const path = pathOf(find(build.state(), "instance", instance.id)!, found, ip!);
      expect(path).toMatchObject({ kind: "interface-endpoint", vpcEndpointId: endpoint, sourceIp: instance.ip });
    }
    const name = `${id}-${(find(build.state(), "vpc-endpoint", id) as { dnsLabel?: string }).dnsLabel}`;
    const host = `${name}.s3.us-east-1.vpce.amazonaws.com`;
    expect(addressesOf(resolveName(build.state(), vpcId, { name: host, type: "A" }))).toEqual([]);
    expect(addressesOf(resolveName(build.state(), vpcId, { name: host, type: "AAAA" }))).toHaveLength(1);
  });

  test("is called by its id, and its address by that name", () => {
    const { build, instance, vpcId } = network();
    const name = `${instance.id}.ec2.internal`;
    expect(addressesOf(resolveName(build.state(), vpcId, { name, type: "AAAA" }))).toEqual([instance.ip]);
    expect(addressesOf(resolveName(build.state(), vpcId, { name, type: "A" }))).toEqual([]);
  });

  test("is given addresses for names of IPv4 by the DNS64 of its subnet", () => {
    const { build, instance, only } = network();
    build.run(modifySubnetAttribute, { subnetId: only, enableDns64: true });
    const place = namePlaceOf(build.state(), find(build.state(), "instance", instance.id));
    const { ips } = resolveAddresses(build.state(), place, "s3.us-east-1.amazonaws.com");
    expect(ips[0]).toBe(embeddedIn(serviceAddress("s3", "us-east-1")!));
  });

  test("sends IPv4 by a further interface that has it", () => {
    const { build, dual, instance, vpcId } = network();
    build.route(build.mainTable(vpcId), "0.0.0.0/0", build.nat(dual, "private"));
    const { ip } = secondInterface(build, instance, dual);
    const other = build.instance(dual);
    expect(walk(build.state(), instance.id, other.ip).exit).toEqual({ kind: "local", networkInterfaceId: other.eni });
    expect(reach(build.state(), instance.id, { destinationIp: other.ip, opens: { kind: "ping" } }).filters[0]).toEqual(
      expect.objectContaining({ leg: "request" }),
    );
    expect(ip).toMatch(/^10\.0\.1\./);
  });
});

test("an endpoint is in subnets of IPv6 alone just where it has IPv6 alone itself", () => {
  const { build, dual, only, vpcId } = network();
  const wish = { securityGroupIds: [allowAll(build, vpcId)], privateDnsEnabled: false };
  const make = (subnetId: string, ipAddressType: "ipv4" | "ipv6" | "dualstack") => (): string =>
    build.interfaceEndpoint(vpcId, "s3", { ...wish, subnetIds: [subnetId], ipAddressType });
  expect(make(only, "ipv4")).toThrow(`The subnet ${only} does not support the IP address type ipv4.`);
  expect(make(only, "dualstack")).toThrow(`The subnet ${only} does not support the IP address type dualstack.`);
  expect(make(dual, "ipv6")).toThrow(`The subnet ${dual} does not support the IP address type ipv6.`);
  const id = make(only, "ipv6")();
  const add = { routeTableIds: [], subnets: [{ subnetId: dual }], securityGroupIds: [] };
  const remove = { routeTableIds: [], subnetIds: [], securityGroupIds: [] };
  const moved = build.attempt(modifyVpcEndpoint, { vpcEndpointId: id, add, remove });
  expect(moved).toMatchObject({ ok: false });
});
