/** Interface endpoints as ends of flows and as answers of the resolver. */

import { describe, expect, test } from "vitest";
import { dualStackVpc, giveIpv6, giveIpv6Block, retype } from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder } from "../../test/region-builder.ts";
import { dnsEntriesOf } from "../model/endpoint-dns.ts";
import { find } from "../model/state.ts";
import { dropText } from "./drop-text.ts";
import { reach } from "./reach.ts";
import { addressesOf, resolveName } from "./resolve.ts";
import { serviceAddress } from "./service-address.ts";
import { findInstance, pathOf } from "./path-origin.ts";

/** An S3 interface endpoint in one subnet, an instance in another, and one in a peered VPC. */
function made(wish: { readonly privateDnsEnabled?: boolean; readonly inboundResolverOnly?: boolean } = {}) {
  const build = regionBuilder();
  const [vpc, far] = [build.vpc("10.0.0.0/16"), build.vpc("10.1.0.0/16")];
  build.attribute(vpc, "enableDnsHostnames", true);
  const [a, b] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  const [inside, beyond] = [build.instance(a), build.instance(build.subnet(far, "10.1.1.0/24"))];
  const groupId = allowAll(build, vpc);
  const gateway = wish.inboundResolverOnly === true ? build.endpoint(vpc, "s3", build.mainTable(vpc)) : undefined;
  const options = { inboundResolverOnly: false, ...wish };
  const id = build.interfaceEndpoint(vpc, "s3", { subnetIds: [b], securityGroupIds: [groupId], ...options });
  const endpoint = find(build.state(), "vpc-endpoint", id)!;
  if (endpoint.kind !== "Interface") throw new Error("no interface endpoint");
  const eni = find(build.state(), "network-interface", endpoint.attachments[0]!.networkInterfaceId)!;
  const pcx = build.peer(vpc, far);
  build.route(build.mainTable(vpc), "10.1.0.0/16", pcx);
  build.route(build.mainTable(far), "10.0.0.0/16", pcx);
  return { build, vpc, far, inside, beyond, id, endpoint, eni, ip: eni.privateIpAddress!, gateway, b };
}

type Made = ReturnType<typeof made>;

const flowTo = (destinationIp: string) => ({ destinationIp, opens: { kind: "tcp", port: 443 } as const });

describe("an interface endpoint", () => {
  test("answers at its interface, for its VPC and for peers", () => {
    const { build, vpc, inside, beyond, id, eni, ip } = made();
    for (const from of [inside, beyond]) {
      const found = reach(build.state(), from.id, flowTo(ip));
      expect([found.dropped, found.astray]).toEqual([undefined, undefined]);
      expect(found.exit).toEqual({
        kind: "interface-endpoint",
        vpcEndpointId: id,
        vpcId: vpc,
        service: "s3",
        networkInterfaceId: eni.id,
        sourceIp: from.ip,
      });
      const path = pathOf(find(build.state(), "instance", from.id)!, found, ip)!;
      expect(path).toMatchObject({ kind: "interface-endpoint", vpcId: vpc, sourceIp: from.ip, destinationIp: ip });
      expect(findInstance(build.state(), path)?.id).toBe(from.id);
    }
  });

  test("has security groups", () => {
    const { build, vpc, inside, b } = made();
    const closed = build.interfaceEndpoint(vpc, "ec2", { subnetIds: [b] });
    const endpoint = find(build.state(), "vpc-endpoint", closed)!;
    const eniId = endpoint.kind === "Interface" ? endpoint.attachments[0]!.networkInterfaceId : "";
    const own = find(build.state(), "network-interface", eniId)!;
    const stranger = build.instance(b);
    expect(reach(build.state(), stranger.id, flowTo(own.privateIpAddress!)).dropped).toBeUndefined();
    build.regroup(inside.eni, allowAll(build, vpc));
    const { dropped } = reach(build.state(), inside.id, flowTo(own.privateIpAddress!));
    expect(dropText(dropped!)).toBe(
      `${own.securityGroupIds[0]} of ${own.id} has no inbound rule for tcp 443 from ${inside.ip}`,
    );
  });

  test("for a service that is not served accepts nothing, and says so", () => {
    const { build, vpc, inside, b } = made();
    const id = build.interfaceEndpoint(vpc, "sqs", { subnetIds: [b] });
    const endpoint = find(build.state(), "vpc-endpoint", id)!;
    const eniId = endpoint.kind === "Interface" ? endpoint.attachments[0]!.networkInterfaceId : "";
    const ip = find(build.state(), "network-interface", eniId)!.privateIpAddress!;
    expect(reach(build.state(), inside.id, flowTo(ip)).exit).toEqual({
      kind: "none",
      reason: `${id} accepts no connection: com.amazonaws.us-east-1.sqs is not served here`,
    });
  });
});

const s3 = serviceAddress("s3", "us-east-1")!;

describe("names of interface endpoints", () => {
  const asked = ({ build }: Made, vpcId: string | undefined, name: string): readonly string[] =>
    addressesOf(resolveName(build.state(), vpcId, { name, type: "A" }));

  test("the endpoint's own lead to its interfaces from anywhere", () => {
    const all = made();
    const [regional, zonal] = dnsEntriesOf(all.build.state(), all.endpoint).map((one) => one.dnsName);
    for (const pattern of [regional!, zonal!]) {
      for (const front of ["", "bucket.", "docs.bucket.", "accesspoint."]) {
        const name = pattern.replace("*.", front);
        expect([name, asked(all, all.vpc, name)]).toEqual([name, [all.ip]]);
        expect([name, asked(all, undefined, name)]).toEqual([name, [all.ip]]);
      }
    }
    expect(asked(all, all.vpc, regional!.replace("*.", "").replace(all.endpoint.dnsLabel, "00000000"))).toEqual([]);
  });

  test("private ones lead there in its VPC alone", () => {
    const all = made({ privateDnsEnabled: true });
    for (const name of ["s3.us-east-1.amazonaws.com", "docs.s3.us-east-1.amazonaws.com"]) {
      expect([name, asked(all, all.vpc, name)]).toEqual([name, [all.ip]]);
      expect([name, asked(all, all.far, name)]).toEqual([name, [s3]]);
      expect([name, asked(all, undefined, name)]).toEqual([name, [s3]]);
    }
  });

  test("private ones for inbound resolver endpoints alone leave the VPC to the gateway endpoint", () => {
    const all = made({ privateDnsEnabled: true, inboundResolverOnly: true });
    expect(asked(all, all.vpc, "s3.us-east-1.amazonaws.com")).toEqual([s3]);
    expect(reach(all.build.state(), all.inside.id, flowTo(s3)).exit).toMatchObject({ vpcEndpointId: all.gateway });
  });
});

describe("an interface endpoint over IPv6", () => {
  /** A dual-stack S3 endpoint, and an instance beside it and one in a peered VPC. */
  function dualStack() {
    const build = regionBuilder();
    const [vpc, far] = [dualStackVpc(build, "10.0.0.0/16"), dualStackVpc(build, "10.1.0.0/16")];
    build.attribute(vpc, "enableDnsHostnames", true);
    const [near, there] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(far, "10.1.1.0/24")];
    const [block, farBlock] = [giveIpv6Block(build, near, 1), giveIpv6Block(build, there, 1)];
    const [inside, beyond] = [build.instance(near), build.instance(there)];
    const sources = [inside, beyond].map((one) => ({ id: one.id, ip: giveIpv6(build, one) }));
    const securityGroupIds = [allowAll(build, vpc)];
    const wish = { subnetIds: [near], securityGroupIds, privateDnsEnabled: true, inboundResolverOnly: false } as const;
    const id = build.interfaceEndpoint(vpc, "s3", { ...wish, ipAddressType: "dualstack" });
    const pcx = build.peer(vpc, far);
    build.route(build.mainTable(vpc), farBlock, pcx);
    build.route(build.mainTable(far), block, pcx);
    const eni = () => {
      const endpoint = find(build.state(), "vpc-endpoint", id)!;
      if (endpoint.kind !== "Interface") throw new Error("no interface endpoint");
      return find(build.state(), "network-interface", endpoint.attachments[0]!.networkInterfaceId)!;
    };
    const both = (name: string): unknown =>
      ["A", "AAAA"].map((type) => {
        const answer = resolveName(build.state(), vpc, { name, type });
        return answer.kind === "records" ? addressesOf(answer) : answer.kind;
      });
    return { build, vpc, near, sources, id, eni, both, inside };
  }

  test("answers at its address, for its VPC and for peers, and its groups are asked", () => {
    const { build, vpc, near, sources, id, eni, inside } = dualStack();
    const [ip] = eni().ipv6Addresses;
    for (const { id: from, ip: sourceIp } of sources) {
      const found = reach(build.state(), from, flowTo(ip!));
      expect([found.dropped, found.astray]).toEqual([undefined, undefined]);
      const path = pathOf(find(build.state(), "instance", from)!, found, ip!)!;
      expect(path).toEqual({
        kind: "interface-endpoint",
        vpcEndpointId: id,
        vpcId: vpc,
        service: "s3",
        sourceIp,
        destinationIp: ip,
      });
      expect(findInstance(build.state(), path)?.id).toBe(from);
    }
    const closed = build.interfaceEndpoint(vpc, "ec2", { subnetIds: [near], ipAddressType: "dualstack" });
    const endpoint = find(build.state(), "vpc-endpoint", closed)!;
    const eniId = endpoint.kind === "Interface" ? endpoint.attachments[0]!.networkInterfaceId : "";
    const own = find(build.state(), "network-interface", eniId)!;
    build.regroup(inside.eni, allowAll(build, vpc));
    const { dropped } = reach(build.state(), inside.id, flowTo(own.ipv6Addresses[0]!));
    expect(dropText(dropped!)).toBe(
      `${own.securityGroupIds[0]} of ${own.id} has no inbound rule for tcp 443 from ${sources[0]!.ip}`,
    );
  });

  test("its names have records of the endpoint's type", () => {
    const { build, id, eni, both } = dualStack();
    const endpoint = find(build.state(), "vpc-endpoint", id)!;
    const [regional, zonal] = dnsEntriesOf(build.state(), endpoint).map((one) => one.dnsName.replace("*.", ""));
    const names = {
      own: [regional!, zonal!],
      usual: ["s3.us-east-1.amazonaws.com", "docs.s3.us-east-1.amazonaws.com"],
      dual: ["s3.dualstack.us-east-1.amazonaws.com", "docs.s3.dualstack.us-east-1.amazonaws.com"],
    };
    const [a, aaaa] = [[eni().privateIpAddress], [...eni().ipv6Addresses]];
    const expectAll = (own: unknown, usual: unknown, dual: unknown): void => {
      for (const [kind, answer] of Object.entries({ own, usual, dual })) {
        for (const name of names[kind as keyof typeof names]) expect([name, both(name)]).toEqual([name, answer]);
      }
    };
    const [all, ipv4, ipv6] = [
      [a, aaaa],
      [a, "no-data"],
      ["no-data", aaaa],
    ];
    expectAll(all, all, all);
    retype(build, id, { dnsRecordIpType: "service-defined" });
    expectAll(all, ipv4, all);
    retype(build, id, { dnsRecordIpType: "ipv6" });
    expectAll(ipv6, ipv6, ipv6);
    // With IPv4 alone the service's dual-stack names are none of the endpoint's.
    retype(build, id, { ipAddressType: "ipv4" });
    expect(eni().ipv6Addresses).toEqual([]);
    expectAll(ipv4, ipv4, [[s3], [serviceAddress("s3", "us-east-1", 128)]]);
    retype(build, id, { ipAddressType: "dualstack" });
    expect(eni().ipv6Addresses).toHaveLength(1);
    expectAll(ipv4, ipv4, ipv4);
  });

  test("has both families only in subnets that have both, and IPv6 alone in none", () => {
    const { build, vpc, id } = dualStack();
    const bare = build.subnet(vpc, "10.0.2.0/24");
    const make = (ipAddressType: "dualstack" | "ipv6"): unknown =>
      build.interfaceEndpoint(vpc, "sts", { subnetIds: [bare], ipAddressType });
    for (const type of ["dualstack", "ipv6"] as const) {
      expect(() => make(type)).toThrow(`The subnet ${bare} does not support the IP address type ${type}.`);
    }
    expect(() => retype(build, id, { ipAddressType: "ipv6" })).toThrow("does not support the IP address type ipv6");
  });
});
