import { Socket } from "node:net";
import { expect, test } from "vitest";
import { regionBuilder } from "../../../test/region-builder.ts";
import { revokeSecurityGroup } from "../../model/security-group-permission.ts";
import { defaultSecurityGroupOf } from "../../model/security-group.ts";
import { find } from "../../model/state.ts";
import { serviceAddress } from "../../network/service-address.ts";
import type { TrafficReading } from "../../network/traffic-count.ts";
import { dial } from "./dial.ts";
import { FlowTally } from "./flow-tally.ts";
import { openListeners } from "./listener.ts";

const s3 = serviceAddress("s3", "us-east-1")!;

/** What is told of one connection that an instance opens, from `subnets[at]`: without a route, behind a NAT gateway. */
function toldOf(at: 0 | 1, change?: (build: ReturnType<typeof regionBuilder>, vpcId: string) => void) {
  const build = regionBuilder();
  const vpcId = build.vpc("10.0.0.0/16");
  const [lonely, behindNat, open] = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"].map((cidr) =>
    build.subnet(vpcId, cidr),
  ) as [string, string, string];
  build.route(build.table(vpcId, open), "0.0.0.0/0", build.gateway(vpcId));
  const nat = build.nat(open);
  build.route(build.table(vpcId, behindNat), "0.0.0.0/0", nat);
  const instance = build.instance([lonely, behindNat][at]!);
  change?.(build, vpcId);
  const natEni = find(build.state(), "natgateway", nat)!.networkInterfaceId;
  const tally = new FlowTally();
  tally.log([instance.eni, natEni]);
  const region = { state: build.state(), listeners: openListeners() };
  const dialled = dial(region, instance.id, { host: s3, port: 443 });
  if (dialled.kind === "refused") tally.lose(dialled.lost!);
  else if (dialled.flow.kind === "service") tally.follow(dialled.flow, new Socket(), "bytesRead");
  const reading = tally.read();
  const names = new Map([
    [instance.eni, "instance"],
    [natEni, "nat"],
  ]);
  return { reading, flows: textsOf(reading, names), drops: reading.drops.map(({ kind }) => kind) };
}

function textsOf({ flows }: TrafficReading, names: ReadonlyMap<string, string>): string[] {
  return flows.map(({ networkInterfaceId, action, direction, sourceIp, destinationIp, door }) =>
    [names.get(networkInterfaceId), direction, action, sourceIp, destinationIp, door?.kind ?? "-"].join(" "),
  );
}

test("behind a NAT gateway both interfaces have the packets, with the addresses that they have there", () => {
  expect(toldOf(1).flows).toEqual([
    `instance egress ACCEPT 10.0.2.4 ${s3} interface`,
    `nat ingress ACCEPT 10.0.2.4 ${s3} -`,
    `nat egress ACCEPT 10.0.3.4 ${s3} internet-gateway`,
    `nat ingress ACCEPT ${s3} 10.0.3.4 -`,
    `nat egress ACCEPT ${s3} 10.0.2.4 interface`,
    `instance ingress ACCEPT ${s3} 10.0.2.4 -`,
  ]);
});

test("a packet without a route left its interface, unless the interface's own group dropped it", () => {
  expect(toldOf(0)).toMatchObject({ flows: [`instance egress ACCEPT 10.0.1.4 ${s3} -`], drops: ["no-route"] });
  const closed = toldOf(0, (build, vpcId) => {
    const groupId = defaultSecurityGroupOf(build.state(), vpcId).id;
    const permissions = [{ protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" } as const] }];
    build.run(revokeSecurityGroup, { groupId, isEgress: true, permissions, ruleIds: [] });
  });
  expect(closed).toMatchObject({ flows: [`instance egress REJECT 10.0.1.4 ${s3} -`], drops: ["security-group"] });
});
