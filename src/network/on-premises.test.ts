/** What passes a VPN connection, from the VPC and from the hosts behind it. */

import { describe, expect, test } from "vitest";
import { allowAll, regionBuilder } from "../../test/region-builder.ts";
import { deleteOnPremisesHost } from "../model/on-premises-host.ts";
import { all, find } from "../model/state.ts";
import { createVpnConnection, createVpnConnectionRoute, deleteVpnConnectionRoute } from "../model/vpn-connection.ts";
import { detachVpnGateway, setRoutePropagation } from "../model/vpn-gateway.ts";
import { dropText } from "./drop-text.ts";
import { onPremisesHostBehind, pathFromOnPremises, reachFromOnPremises, walkFromOnPremises } from "./on-premises.ts";
import { type Reach, reach } from "./reach.ts";
import { serviceAddress } from "./service-address.ts";
import { walk } from "./walk.ts";

/** A VPC with an instance and a route to a VPN gateway, and a host behind its connection. */
function made() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const subnet = build.subnet(vpc, "10.0.1.0/24");
  const table = build.table(vpc, subnet);
  const instance = build.instance(subnet);
  const { vpnGatewayId, vpnConnectionId } = build.vpn(vpc, "192.168.0.0/16");
  build.route(table, "192.168.0.0/16", vpnGatewayId);
  const desk = build.onPremises(vpnConnectionId, "desk", "192.168.0.10");
  build.regroup(instance.eni, allowAll(build, vpc));
  return { build, vpc, subnet, table, instance, vpnGatewayId, vpnConnectionId, desk };
}

type Made = ReturnType<typeof made>;

const to = (destinationIp: string) => ({ destinationIp, opens: { kind: "tcp", port: 80 } as const });

function fate(found: Reach): string {
  if (found.dropped !== undefined) return dropText(found.dropped);
  return found.astray ?? (found.exit.kind === "none" ? found.exit.reason : found.exit.kind);
}

const out = ({ build, instance }: Made, ip: string): string => fate(reach(build.state(), instance.id, to(ip)));
const into = ({ build, desk }: Made, ip: string): string => fate(reachFromOnPremises(build.state(), desk, to(ip)));

describe("from the VPC", () => {
  test("a static route leads to the host, through the VPC's filters", () => {
    const it = made();
    const { build, instance, desk, vpnConnectionId, vpnGatewayId } = it;
    const found = reach(build.state(), instance.id, to(desk.ip));
    expect(found).toMatchObject({
      route: { chosen: { target: vpnGatewayId, origin: "static" } },
      exit: { kind: "on-premises", vpnGatewayId, vpnConnectionId, hostId: desk.id },
    });
    expect(found.filters.map(({ leg, verdict }) => [leg, verdict.kind])).toEqual([
      ["request", "security-group"],
      ["request", "network-acl"],
      ["reply", "network-acl"],
    ]);
    expect(out(it, "192.168.0.11")).toBe(`nobody has 192.168.0.11 behind ${vpnConnectionId}`);
  });

  test("so does a propagated one, and only what the connection has a static route to", () => {
    const it = made();
    const { build, table, vpnConnectionId, vpnGatewayId, vpc, desk } = it;
    build.unroute(table, "192.168.0.0/16");
    expect(out(it, desk.ip)).toBe(`${table} has no route to ${desk.ip}`);
    build.run(setRoutePropagation, { routeTableId: table, vpnGatewayId, enabled: true });
    expect(walk(build.state(), it.instance.id, desk.ip)).toMatchObject({
      route: { chosen: { origin: "propagated" } },
      exit: { kind: "on-premises" },
    });
    build.route(table, "192.168.0.0/16", vpnGatewayId);
    build.run(deleteVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock: "192.168.0.0/16" });
    expect(out(it, desk.ip)).toBe(
      `no VPN connection of ${vpnGatewayId} that is available has a static route to ${desk.ip}`,
    );
    build.run(detachVpnGateway, { vpnGatewayId, vpcId: vpc });
    expect(out(it, desk.ip)).toBe(`the route 192.168.0.0/16 of ${table} is a blackhole: ${vpnGatewayId}`);
    expect(into(it, it.instance.ip)).toBe(`${vpnGatewayId} is attached to no VPC`);
  });
});

describe("from on premises", () => {
  test("instances are reached where their groups let it in and their subnet has a route back", () => {
    const it = made();
    const { build, instance, table, vpc, desk } = it;
    expect(into(it, instance.ip)).toBe("local");
    build.regroup(instance.eni, defaultGroup(it));
    expect(into(it, instance.ip)).toMatch(/has no inbound rule for tcp 80 from 192\.168\.0\.10$/);
    build.regroup(instance.eni, allowAll(build, vpc));
    build.unroute(table, "192.168.0.0/16");
    expect(into(it, instance.ip)).toBe(`the answers of ${instance.eni} have no route to ${desk.ip} in ${table}`);
  });

  test("interface endpoints are reached; the source is the host's address", () => {
    const it = made();
    const { build, vpc, subnet, desk } = it;
    const id = build.interfaceEndpoint(vpc, "s3", { subnetIds: [subnet], securityGroupIds: [allowAll(build, vpc)] });
    const [eni] = [...all(build.state(), "network-interface")].filter((one) => one.requester?.kind === "vpc-endpoint");
    const ip = eni!.privateIpAddress!;
    expect(into(it, ip)).toBe("interface-endpoint");
    const path = pathFromOnPremises(desk, walkFromOnPremises(build.state(), desk, ip), ip)!;
    expect(path).toEqual({
      kind: "interface-endpoint",
      vpcEndpointId: id,
      vpcId: vpc,
      service: "s3",
      sourceIp: desk.ip,
      destinationIp: ip,
    });
    expect(onPremisesHostBehind(build.state(), path)).toBe(desk);
  });

  test("another site is reached where the gateway has a static route to both", () => {
    const it = made();
    const { build, desk, vpnConnectionId, vpnGatewayId } = it;
    const far = secondSite(it, "192.168.1.0/24");
    const { ip } = build.onPremises(far, "till", "192.168.1.10");
    expect(into(it, ip)).toBe("on-premises");
    build.run(createVpnConnectionRoute, { vpnConnectionId: far, destinationCidrBlock: "192.168.0.8/29" });
    const namesake = build.onPremises(far, "other-desk", desk.ip);
    expect(into(it, ip)).toBe(`the answers stay behind ${far}, where other-desk has ${desk.ip} too`);
    build.run(deleteOnPremisesHost, namesake.id);
    build.run(deleteVpnConnectionRoute, { vpnConnectionId: far, destinationCidrBlock: "192.168.0.8/29" });
    expect(into(it, ip)).toBe("on-premises");
    build.run(createVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock: "172.20.0.0/16" });
    build.run(deleteVpnConnectionRoute, { vpnConnectionId, destinationCidrBlock: "192.168.0.0/16" });
    expect(into(it, ip)).toBe(
      `${vpnConnectionId} has no static route to ${desk.ip} by which ${vpnGatewayId} would send the answers`,
    );
  });

  test("neither gateway endpoints, gateways and peers nor the resolver are", () => {
    const it = made();
    const { build, vpc, table, vpnGatewayId } = it;
    const s3 = serviceAddress("s3", "us-east-1")!;
    const beyond = `${s3} is outside ${vpc}: ${vpnGatewayId} leads no further than that VPC`;
    build.route(table, "0.0.0.0/0", build.gateway(vpc));
    expect(into(it, s3)).toBe(beyond);
    const endpoint = build.endpoint(vpc, "s3", table);
    expect(into(it, s3)).toBe(
      `${endpoint} is a gateway endpoint: it serves only its own VPC; use an interface endpoint`,
    );
    const far = build.vpc("10.1.0.0/16");
    build.route(table, "10.1.0.0/16", build.peer(vpc, far));
    expect(into(it, build.instance(build.subnet(far, "10.1.1.0/24")).ip)).toMatch(/leads no further than that VPC$/);
    expect(into(it, "10.0.0.2")).toBe(`the resolver of ${vpc} answers inside the VPC alone`);
    expect(into(it, "2001:db8::1")).toMatch(/VPN connections carry alone$/);
  });
});

/** Another connection of the same gateway. */
function secondSite({ build, vpnConnectionId, vpnGatewayId }: Made, destinationCidrBlock: string): string {
  const { customerGatewayId = "" } = find(build.state(), "vpn-connection", vpnConnectionId) ?? {};
  const wish = { customerGatewayId, vpnGatewayId, staticRoutesOnly: true, tunnels: [], tags: [] };
  const { id } = build.run(createVpnConnection, wish);
  build.run(createVpnConnectionRoute, { vpnConnectionId: id, destinationCidrBlock });
  return id;
}

function defaultGroup({ build, vpc }: Made): string {
  return [...all(build.state(), "security-group")].find((one) => one.vpcId === vpc && one.name === "default")!.id;
}
