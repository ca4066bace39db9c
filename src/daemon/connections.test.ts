import { describe, expect, test } from "vitest";
import { allowAll, regionBuilder } from "../../test/region-builder.ts";
import { deleteOnPremisesHost } from "../model/on-premises-host.ts";
import { find } from "../model/state.ts";
import { deleteVpnConnection } from "../model/vpn-connection.ts";
import { detachVpnGateway } from "../model/vpn-gateway.ts";
import { pathFromOnPremises, walkFromOnPremises } from "../network/on-premises.ts";
import type { Path } from "../network/path.ts";
import { serviceAddress } from "../network/service-address.ts";
import { pathOf } from "../network/path-origin.ts";
import { walk } from "../network/walk.ts";
import { stillHolds } from "./connections.ts";

const s3 = serviceAddress("s3", "us-east-1")!;

/** An instance behind a NAT gateway, one with a public address, one with neither; an S3 endpoint on no table yet. */
function made() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const [hidden, open] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  const [hiddenTable, openTable] = [build.table(vpc, hidden), build.table(vpc, open)];
  build.route(openTable, "0.0.0.0/0", build.gateway(vpc));
  const nat = build.nat(open);
  build.route(hiddenTable, "0.0.0.0/0", nat);
  const endpoint = build.endpoint(vpc, "s3");
  const [behind, outside] = [build.instance(hidden), build.instance(open, { publicIp: true })];
  const pathFrom = (instanceId: string): Path =>
    pathOf(find(build.state(), "instance", instanceId)!, walk(build.state(), instanceId, s3), s3)!;
  return { build, nat, endpoint, hiddenTable, openTable, behind, outside, pathFrom };
}

type Made = ReturnType<typeof made>;

function check(from: (now: Made) => string, act: (now: Made) => unknown, expected: boolean): void {
  const now = made();
  const path = now.pathFrom(from(now));
  expect(stillHolds(now.build.state(), path)).toBe(true);
  act(now);
  expect(stillHolds(now.build.state(), path)).toBe(expected);
}

describe("a connection with an address of its own", () => {
  test.each<[string, (now: Made) => unknown, boolean]>([
    [
      "goes on while another's routes change",
      ({ build, endpoint, hiddenTable }) => build.reroute(endpoint, [hiddenTable]),
      true,
    ],
    [
      "ends when the endpoint takes over",
      ({ build, endpoint, openTable }) => build.reroute(endpoint, [openTable]),
      false,
    ],
    ["ends with its route", ({ build, openTable }) => build.unroute(openTable, "0.0.0.0/0"), false],
    ["ends with its instance", ({ build, outside }) => build.terminate(outside.id), false],
  ])("%s", (_what, act, expected) => check((now) => now.outside.id, act, expected));
});

describe("a connection through a NAT gateway", () => {
  test.each<[string, (now: Made) => unknown, boolean]>([
    ["goes on while others go", ({ build, outside }) => build.terminate(outside.id), true],
    [
      "ends when the endpoint takes over the gateway's own table",
      ({ build, endpoint, openTable }) => build.reroute(endpoint, [openTable]),
      false,
    ],
    [
      "ends when nobody comes through it any more",
      ({ build, endpoint, hiddenTable }) => build.reroute(endpoint, [hiddenTable]),
      false,
    ],
    ["ends with the last instance behind it", ({ build, behind }) => build.terminate(behind.id), false],
    ["ends with the gateway", ({ build, nat }) => build.dropNat(nat), false],
  ])("%s", (_what, act, expected) => check((now) => now.behind.id, act, expected));

  test("from the endpoint's side too", () => {
    const now = made();
    now.build.reroute(now.endpoint, [now.openTable]);
    const path = now.pathFrom(now.behind.id);
    expect(path).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId: now.endpoint });
    expect(stillHolds(now.build.state(), path)).toBe(true);
    now.build.reroute(now.endpoint, [], [now.openTable]);
    expect(stillHolds(now.build.state(), path)).toBe(false);
  });
});

test("the host has no way that could change", () => {
  expect(stillHolds(made().build.state(), { kind: "host", sourceIp: "127.0.0.1" })).toBe(true);
});

describe("a connection to an interface endpoint over a peering connection", () => {
  function peered() {
    const build = regionBuilder();
    const [vpc, far] = [build.vpc("10.0.0.0/16"), build.vpc("10.1.0.0/16")];
    const subnet = build.subnet(vpc, "10.0.1.0/24");
    const [near, away] = [build.instance(subnet), build.instance(build.subnet(far, "10.1.1.0/24"))];
    const wish = { subnetIds: [subnet], securityGroupIds: [allowAll(build, vpc)], inboundResolverOnly: false };
    const vpcEndpointId = build.interfaceEndpoint(vpc, "s3", wish);
    const pcx = build.peer(vpc, far);
    build.route(build.mainTable(vpc), "10.1.0.0/16", pcx);
    build.route(build.mainTable(far), "10.0.0.0/16", pcx);
    const endpoint = find(build.state(), "vpc-endpoint", vpcEndpointId);
    const eniId = endpoint?.kind === "Interface" ? endpoint.attachments[0]!.networkInterfaceId : "";
    const ip = find(build.state(), "network-interface", eniId)!.privateIpAddress!;
    const pathFrom = ({ id }: { readonly id: string }): Path =>
      pathOf(find(build.state(), "instance", id)!, walk(build.state(), id, ip), ip)!;
    return { build, pcx, far, vpcEndpointId, paths: [pathFrom(near), pathFrom(away)] };
  }

  type Peered = ReturnType<typeof peered>;

  test.each<[string, (now: Peered) => unknown, boolean[]]>([
    [
      "ends with the peering connection, one from the VPC itself goes on",
      ({ build, pcx }) => build.unpeer(pcx),
      [true, false],
    ],
    ["ends with its route", ({ build, far }) => build.unroute(build.mainTable(far), "10.0.0.0/16"), [true, false]],
    ["ends with the endpoint", ({ build, vpcEndpointId }) => build.deleteEndpoint(vpcEndpointId), [false, false]],
  ])("%s", (_what, act, expected) => {
    const now = peered();
    expect(now.paths.map((path) => stillHolds(now.build.state(), path))).toEqual([true, true]);
    act(now);
    expect(now.paths.map((path) => stillHolds(now.build.state(), path))).toEqual(expected);
  });
});

describe("a connection to an interface endpoint from on premises", () => {
  function connected() {
    const build = regionBuilder();
    const vpc = build.vpc("10.0.0.0/16");
    const subnet = build.subnet(vpc, "10.0.1.0/24");
    const wish = { subnetIds: [subnet], securityGroupIds: [allowAll(build, vpc)] };
    const vpcEndpointId = build.interfaceEndpoint(vpc, "s3", wish);
    const { vpnConnectionId, vpnGatewayId } = build.vpn(vpc, "192.168.0.0/16");
    const desk = build.onPremises(vpnConnectionId, "desk", "192.168.0.10");
    build.onPremises(vpnConnectionId, "printer", "192.168.0.11");
    const endpoint = find(build.state(), "vpc-endpoint", vpcEndpointId);
    const eniId = endpoint?.kind === "Interface" ? endpoint.attachments[0]!.networkInterfaceId : "";
    const ip = find(build.state(), "network-interface", eniId)!.privateIpAddress!;
    const path = pathFromOnPremises(desk, walkFromOnPremises(build.state(), desk, ip), ip)!;
    return { build, vpc, vpcEndpointId, vpnConnectionId, vpnGatewayId, path };
  }

  test.each<[string, (now: ReturnType<typeof connected>) => unknown, boolean]>([
    ["goes on when another host goes", ({ build }) => build.run(deleteOnPremisesHost, "printer"), true],
    ["ends with its host", ({ build }) => build.run(deleteOnPremisesHost, "desk"), false],
    [
      "ends with the VPN connection",
      ({ build, vpnConnectionId }) => build.run(deleteVpnConnection, { vpnConnectionId }),
      false,
    ],
    [
      "ends when the VPN gateway is detached",
      ({ build, vpc, vpnGatewayId }) => build.run(detachVpnGateway, { vpnGatewayId, vpcId: vpc }),
      false,
    ],
    ["ends with the endpoint", ({ build, vpcEndpointId }) => build.deleteEndpoint(vpcEndpointId), false],
  ])("%s", (_what, act, expected) => {
    const now = connected();
    expect(stillHolds(now.build.state(), now.path)).toBe(true);
    act(now);
    expect(stillHolds(now.build.state(), now.path)).toBe(expected);
  });
});
