/** Which way the routers of on-premises networks send packets. */

import { expect, test } from "vitest";
import { vpcBlueprint, withVpnGateway } from "./testdata/blueprint.ts";
import { objectsOfSite, objectsOfVpnGateway } from "./vpn-object.ts";

const vpc = withVpnGateway(vpcBlueprint(1), 1, 2);
const gateway = vpc.vpnGateway!;

/** The routes of a namespace's main table: the block and what becomes of packets. */
function routesOf(objects: ReturnType<typeof objectsOfSite>): readonly string[] {
  return objects.flatMap((one) => (one.kind === "route" ? `${one.cidrBlock} ${one.by.kind}` : [])).toSorted();
}

test("what another site has by a longer prefix goes to the gateway, the rest of the own blocks to nobody", () => {
  const [first, second] = gateway.sites;
  const wide = { ...first!, cidrBlocks: ["192.168.0.0/16"] };
  const narrow = { ...second!, cidrBlocks: ["192.168.1.0/24"] };
  const both = { ...gateway, sites: [wide, narrow] };
  expect(routesOf(objectsOfSite(vpc, both, wide))).toEqual([
    "0.0.0.0/0 gateway",
    "10.0.0.0/16 gateway",
    "192.168.0.0/16 blackhole",
    "192.168.1.0/24 gateway",
  ]);
  expect(routesOf(objectsOfSite(vpc, both, narrow))).toEqual([
    "0.0.0.0/0 gateway",
    "10.0.0.0/16 gateway",
    "192.168.0.0/16 gateway",
    "192.168.1.0/24 blackhole",
  ]);
});

test("blocks of the VPC stay the VPC's on both sides, whatever a connection says", () => {
  const site = { ...gateway.sites[0]!, cidrBlocks: ["10.0.0.0/16", "10.0.7.0/24", "10.0.0.0/8"] };
  const alone = { ...gateway, sites: [site] };
  expect(routesOf(objectsOfSite(vpc, alone, site))).toEqual([
    "0.0.0.0/0 gateway",
    "10.0.0.0/16 gateway",
    "10.0.0.0/8 blackhole",
  ]);
  expect(routesOf(objectsOfVpnGateway(vpc, alone))).toEqual(["10.0.0.0/16 gateway", "10.0.0.0/8 gateway"]);
});
