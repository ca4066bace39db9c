/** Instances with more than one interface. Each rule with its place in the Amazon EC2 User Guide or in Amazon Linux. */

import { expect, test } from "vitest";
import { giveIpv6Block, dualStackVpc } from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder, secondInterface } from "../../test/region-builder.ts";
import { allocateAddress, associateAddress } from "../model/elastic-ip.ts";
import { assignIpv6Addresses } from "../model/interface-address.ts";
import { detachNetworkInterface } from "../model/interface-attachment.ts";
import { createSecurityGroup } from "../model/security-group.ts";
import { find } from "../model/state.ts";
import { dropText } from "./drop-text.ts";
import { findInstance, instancesBehind } from "./path-origin.ts";
import { type Reach, reach } from "./reach.ts";
import { serviceAddress } from "./service-address.ts";

const s3 = serviceAddress("s3", "us-east-1")!;

/** An instance on a private subnet with an endpoint, and with a second interface on a public one. */
function twoLegged() {
  const build = regionBuilder();
  const vpc = dualStackVpc(build, "10.0.0.0/16");
  const [inner = "", outer = ""] = [1, 2].map((third) => build.subnet(vpc, `10.0.${third}.0/24`));
  giveIpv6Block(build, outer, 2);
  const endpoint = build.endpoint(vpc, "s3", build.table(vpc, inner));
  const gateway = build.gateway(vpc);
  const outerTable = build.table(vpc, outer);
  build.route(outerTable, "0.0.0.0/0", gateway);
  const instance = build.instance(inner);
  const second = secondInterface(build, instance, outer);
  const { id: allocationId, publicIp } = build.run(allocateAddress, { tags: [] });
  build.run(associateAddress, { allocationId, networkInterfaceId: second.id, allowReassociation: false });
  return { build, vpc, inner, outer, outerTable, endpoint, gateway, instance, second, publicIp };
}

type Made = ReturnType<typeof twoLegged>;

function from({ build, instance }: Made, destinationIp: string, sourceIp?: string): Reach {
  const source = sourceIp === undefined ? {} : { sourceIp };
  return reach(build.state(), instance.id, { destinationIp, ...source, opens: { kind: "tcp", port: 443 } });
}

test("a packet leaves by the interface whose address it has, else by the primary one", () => {
  const made = twoLegged();
  const { endpoint, gateway, instance, outerTable, publicIp, second } = made;
  expect(from(made, s3).exit).toMatchObject({
    kind: "gateway-endpoint",
    vpcEndpointId: endpoint,
    sourceIp: instance.ip,
  });
  expect(from(made, s3, second.ip)).toMatchObject({
    route: { routeTableId: outerTable, chosen: { target: gateway } },
    exit: { kind: "internet", sourceIp: publicIp },
  });
  expect(from(made, s3, "10.0.2.200").exit).toMatchObject({ reason: `10.0.2.200 is none of ${instance.id}` });
});

test("also to what stands on the subnet of the other: routes are looked up by the source alone", () => {
  const made = twoLegged();
  const { build, instance, outer, second } = made;
  const near = build.instance(outer);
  const sources = [from(made, near.ip), from(made, near.ip, second.ip)].map(({ filters }) => filters[0]?.verdict);
  expect(sources).toMatchObject([{ networkInterfaceId: instance.eni }, { networkInterfaceId: second.id }]);
});

test("each has the groups and the network ACL of its own", () => {
  const made = twoLegged();
  const { build, inner, instance, outer, second, vpc } = made;
  const near = build.instance(inner);
  build.regroup(second.id, allowAll({ run: build.run, state: build.state }, vpc));
  const asked = (ip: string) => reach(build.state(), near.id, { destinationIp: ip, opens: { kind: "tcp", port: 22 } });
  const closed = build.run(createSecurityGroup, { name: "closed", description: "-", vpcId: vpc, tags: [] }).id;
  build.regroup(instance.eni, closed);
  expect(dropText(asked(instance.ip).dropped!)).toMatch(`${closed} of ${instance.eni} has no inbound rule`);
  expect(asked(second.ip)).toMatchObject({ exit: { networkInterfaceId: second.id } });
  expect([asked(second.ip).dropped, asked(second.ip).astray]).toEqual([undefined, undefined]);
  const borders = asked(second.ip).filters.flatMap(({ verdict }) =>
    verdict.kind === "network-acl" ? verdict.subnetId : [],
  );
  expect(borders).toEqual([inner, outer, outer, inner]);
});

test("what is for another interface of the same instance does not leave it", () => {
  const made = twoLegged();
  const { instance, second } = made;
  expect(from(made, second.ip)).toMatchObject({ exit: { kind: "local", networkInterfaceId: second.id }, filters: [] });
  expect(from(made, instance.ip, second.ip).exit).toEqual({ kind: "local", networkInterfaceId: instance.eni });
});

test("a route to one of them does not lead to the other", () => {
  const made = twoLegged();
  const { build, instance, second, vpc } = made;
  const third = build.subnet(vpc, "10.0.3.0/24");
  const near = build.instance(third);
  build.route(build.table(vpc, third), "10.0.2.0/24", instance.eni);
  expect(
    reach(build.state(), near.id, { destinationIp: second.ip, opens: { kind: "tcp", port: 22 } }).exit,
  ).toMatchObject({ reason: expect.stringContaining(`source/destination check of ${instance.eni}`) });
});

test("where a program does not choose, an instance speaks by the first one that has the family", () => {
  const made = twoLegged();
  const { build, gateway, instance, outerTable, second } = made;
  build.route(outerTable, "::/0", gateway);
  const ipv6 = serviceAddress("s3", "us-east-1", 128)!;
  expect(from(made, ipv6).exit).toMatchObject({ reason: `${instance.id} has no address of IPv6` });
  const [ip = ""] = build.run(assignIpv6Addresses, { networkInterfaceId: second.id, addresses: [], count: 1 });
  for (const chosen of [undefined, ip]) {
    expect(from(made, ipv6, chosen).exit).toMatchObject({ kind: "internet", sourceIp: ip });
  }
});

test("the instance is known by each of its addresses, as long as it has the interface", () => {
  const { build, instance, publicIp, second } = twoLegged();
  const path = { kind: "internet", sourceIp: publicIp, destinationIp: s3 } as const;
  expect(findInstance(build.state(), path)?.id).toBe(instance.id);
  const attachmentId = find(build.state(), "network-interface", second.id)?.attachment?.id ?? "";
  build.run(detachNetworkInterface, { attachmentId });
  expect(findInstance(build.state(), path)).toBeUndefined();
});

test("behind a NAT gateway are those that one of their interfaces leads to it", () => {
  const { build, inner, instance, outer, outerTable, vpc } = twoLegged();
  const nat = build.nat(outer);
  const third = build.subnet(vpc, "10.0.3.0/24");
  build.route(build.table(vpc, third), "0.0.0.0/0", nat);
  const gateway = find(build.state(), "natgateway", nat)!;
  const ids = (): string[] => instancesBehind(build.state(), gateway, "203.0.113.9").map((one) => one.id);
  expect(ids()).toEqual([]);
  secondInterface(build, instance, third, 2);
  build.instance(inner);
  expect([ids(), outerTable]).toEqual([[instance.id], outerTable]);
});
