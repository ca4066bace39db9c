import { expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { formatDestination, routesOf } from "./route.ts";
import { routeTableOfSubnet } from "./route-table.ts";
import { find } from "./state.ts";

type Region = ReturnType<typeof regionBuilder>;

/** The routes of a table, one line each. */
function linesOf(region: Region, routeTableId: string): string[] {
  const table = find(region.state(), "route-table", routeTableId)!;
  return routesOf(region.state(), table).map((route) => {
    const id = Object.values(route.target)[1] ?? "";
    return `${formatDestination(route.destination)} ${route.origin} ${route.state} ${id.replace(/-.*/, "")}`.trim();
  });
}

test("a new table has the local route alone", () => {
  const region = regionBuilder();
  const vpc = region.vpc("10.0.0.0/16");
  expect(linesOf(region, region.table(vpc))).toEqual(["10.0.0.0/16 local active"]);
});

test("endpoints put their routes on the tables that they name, and take them along", () => {
  const region = regionBuilder();
  const vpc = region.vpc("10.0.0.0/16");
  const [one, two] = [region.table(vpc), region.table(vpc)];
  const s3 = region.endpoint(vpc, "s3", one);
  region.endpoint(vpc, "dynamodb", one, two);
  expect(linesOf(region, one).slice(1).toSorted()).toEqual([
    "pl-02cd2c6b endpoint active vpce",
    "pl-63a5400a endpoint active vpce",
  ]);
  region.reroute(s3, [two], [one]);
  expect(linesOf(region, one).slice(1)).toEqual(["pl-02cd2c6b endpoint active vpce"]);
  region.deleteEndpoint(s3);
  expect(linesOf(region, two).slice(1)).toEqual(["pl-02cd2c6b endpoint active vpce"]);
});

test("a route is a blackhole while its target is gone, and works again when it is back", () => {
  const region = regionBuilder();
  const vpc = region.vpc("10.0.0.0/16");
  const subnet = region.subnet(vpc, "10.0.0.0/24");
  const table = region.table(vpc, subnet);
  const gateway = region.gateway(vpc);
  const instance = region.instance(subnet);
  region.route(table, "0.0.0.0/0", gateway);
  region.route(table, "10.0.0.0/24", instance.id);
  const fixed = (): string[] => linesOf(region, table).slice(1);
  expect(fixed()).toEqual(["0.0.0.0/0 static active igw", "10.0.0.0/24 static active eni"]);
  region.terminate(instance.id);
  region.detach(gateway, vpc);
  expect(fixed()).toEqual(["0.0.0.0/0 static blackhole igw", "10.0.0.0/24 static blackhole eni"]);
});

test("a static route for a range of the service stands beside the endpoint's", () => {
  const region = regionBuilder();
  const vpc = region.vpc("10.0.0.0/16");
  const table = region.table(vpc);
  const gateway = region.gateway(vpc);
  region.endpoint(vpc, "s3", table);
  region.route(table, "52.216.0.7/15", gateway);
  expect(linesOf(region, table).slice(1)).toEqual([
    "52.216.0.0/15 static active igw",
    "pl-63a5400a endpoint active vpce",
  ]);
});

test("a subnet has its own table, or else the main one", () => {
  const region = regionBuilder();
  const vpc = region.vpc("10.0.0.0/16");
  const [own, plain] = [region.subnet(vpc, "10.0.0.0/24"), region.subnet(vpc, "10.0.1.0/24")];
  const table = region.table(vpc, own);
  expect(routeTableOfSubnet(region.state(), own)).toMatchObject({ table: { id: table }, by: "subnet association" });
  expect(routeTableOfSubnet(region.state(), plain)).toMatchObject({
    table: { id: region.mainTable(vpc) },
    by: "main route table",
  });
});
