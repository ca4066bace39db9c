import { describe, expect, test } from "vitest";
import { carryIpv6, dualStackVpc, egressOnlyGateway, giveIpv6, giveIpv6Block } from "../../test/ipv6-builder.ts";
import { regionBuilder } from "../../test/region-builder.ts";
import { unassignIpv6Addresses } from "../model/interface-address.ts";
import { find } from "../model/state.ts";
import { embeddedIn } from "../network/dns64.ts";
import { serviceAddress } from "../network/service-address.ts";
import { pathOf } from "../network/path-origin.ts";
import { walk } from "../network/walk.ts";
import { stillHolds } from "./connections.ts";

const ipv6 = serviceAddress("s3", "us-east-1", 128)!;

/** By the internet gateway, with an egress-only one and a dual-stack endpoint that nobody uses yet. */
function check(act: (now: ReturnType<typeof network>) => unknown, expected: boolean): void {
  const now = network();
  const { build, one } = now;
  const path = pathOf(find(build.state(), "instance", one.id)!, walk(build.state(), one.id, ipv6), ipv6)!;
  expect(stillHolds(build.state(), path)).toBe(true);
  act(now);
  expect(stillHolds(build.state(), path)).toBe(expected);
}

function network() {
  const build = regionBuilder();
  const vpc = dualStackVpc(build, "10.0.0.0/16");
  const subnet = build.subnet(vpc, "10.0.1.0/24");
  giveIpv6Block(build, subnet, 1);
  const table = build.table(vpc, subnet);
  const gateway = build.gateway(vpc);
  build.route(table, "::/0", gateway);
  const endpoint = build.endpoint(vpc, "s3");
  const one = build.instance(subnet);
  const ip = giveIpv6(build, one);
  return { build, vpc, table, gateway, endpoint, one, ip };
}

type Now = ReturnType<typeof network>;
describe("a connection over IPv6", () => {
  test.each<[string, (now: Now) => unknown, boolean]>([
    ["goes on while IPv4 changes", ({ build, table, gateway }) => build.route(table, "0.0.0.0/0", gateway), true],
    ["goes on while an endpoint takes IPv4", ({ build, endpoint, table }) => build.reroute(endpoint, [table]), true],
    [
      "ends when the endpoint takes IPv6 too",
      ({ build, endpoint, table }) => {
        carryIpv6(build, endpoint);
        build.reroute(endpoint, [table]);
      },
      false,
    ],
    [
      "ends when another gateway takes over, though the address stays",
      ({ build, vpc, table }) => {
        build.unroute(table, "::/0");
        build.route(table, "::/0", egressOnlyGateway(build, vpc));
      },
      false,
    ],
    [
      "ends with its address",
      ({ build, one, ip }) => build.run(unassignIpv6Addresses, { networkInterfaceId: one.eni, addresses: [ip] }),
      false,
    ],
  ])("%s", (_what, act, expected) => check(act, expected));

  test("through NAT64 ends with the last route that leads there", () => {
    const { build, vpc, table, gateway, one } = network();
    const open = build.subnet(vpc, "10.0.2.0/24");
    build.route(build.table(vpc, open), "0.0.0.0/0", gateway);
    build.route(table, "64:ff9b::/96", build.nat(open));
    const ip = embeddedIn(serviceAddress("s3", "us-east-1")!)!;
    const path = pathOf(find(build.state(), "instance", one.id)!, walk(build.state(), one.id, ip), ip)!;
    expect(stillHolds(build.state(), path)).toBe(true);
    build.unroute(table, "64:ff9b::/96");
    expect(stillHolds(build.state(), path)).toBe(false);
  });
});
