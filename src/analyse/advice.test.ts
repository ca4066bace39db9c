/** What a trace says where the network stops a request, and what it advises: the pains that users of endpoints tell of. */

import { describe, expect, test } from "vitest";
import { dualStackVpc, ipv6OnlySubnet } from "../../test/ipv6-builder.ts";
import { regionBuilder } from "../../test/region-builder.ts";
import { createNetworkAclEntry, defaultNetworkAclOf, deleteNetworkAclEntry } from "../model/network-acl.ts";
import { prefixListOfService } from "../model/prefix-list.ts";
import { defaultSecurityGroupOf } from "../model/security-group.ts";
import { authorizeSecurityGroup, revokeSecurityGroup } from "../model/security-group-permission.ts";
import { serviceAddress } from "../network/service-address.ts";
import { modifySubnetAttribute } from "../model/subnet.ts";
import { detachVpnGateway } from "../model/vpn-gateway.ts";
import { networkOf } from "../network/vpc-network.ts";
import type { RequestTrace } from "./request-trace.ts";
import { traceDry, traceOf } from "./trace.ts";
import { wayOf } from "./way.ts";

const nowMs = 1_700_000_000_000;
const s3 = serviceAddress("s3", "us-east-1")!;
const pl = prefixListOfService("us-east-1", "com.amazonaws.us-east-1.s3")!;
const everything = [{ protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] }] as const;

/** A private subnet whose table has the endpoint, another one behind a NAT gateway without it. */
function account() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const subnets = ["10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24"].map((cidr) => build.subnet(vpc, cidr));
  const [withEndpoint, behindNat, open] = subnets.map((subnet) => build.table(vpc, subnet)) as [string, string, string];
  build.route(open, "0.0.0.0/0", build.gateway(vpc));
  const nat = build.nat(subnets[2]!);
  build.route(behindNat, "0.0.0.0/0", nat);
  const endpoint = build.endpoint(vpc, "s3", withEndpoint);
  const [inside, behind] = [build.instance(subnets[0]!), build.instance(subnets[1]!)];
  const group = defaultSecurityGroupOf(build.state(), vpc).id;
  const acl = defaultNetworkAclOf(build.state(), vpc).id;
  build.bucket("docs");
  const trace = (from: string): RequestTrace => {
    const traced = traceDry(
      build.state(),
      { from, action: "s3:GetObject", target: "s3://docs/x", accessKeyId: "test" },
      nowMs,
    );
    if (!traced.ok) throw new Error(traced.error);
    return traced.value;
  };
  return { build, vpc, subnets, withEndpoint, behindNat, open, nat, endpoint, inside, behind, group, acl, trace };
}

describe("an instance of IPv6 alone", () => {
  test("is led to names of IPv4 by DNS64 and then by a NAT gateway", () => {
    const build = regionBuilder();
    const vpc = dualStackVpc(build, "10.0.0.0/16");
    const [dual, only] = [build.subnet(vpc, "10.0.1.0/24"), ipv6OnlySubnet(build, vpc, 1)];
    build.route(build.mainTable(vpc), "0.0.0.0/0", build.gateway(vpc));
    const [table, nat] = [build.table(vpc, only), build.nat(dual)];
    const { id } = build.instance(only);
    build.bucket("docs");
    const trace = (): RequestTrace => {
      const question = { from: id, action: "s3:GetObject", target: "s3://docs/x", accessKeyId: "test" };
      const traced = traceDry(build.state(), question, nowMs);
      if (!traced.ok) throw new Error(traced.error);
      return traced.value;
    };
    expect(trace().advice).toEqual([
      `${id} has no IPv4; DNS64 of ${only} gives such names addresses of IPv6: ` +
        `aws ec2 modify-subnet-attribute --subnet-id ${only} --enable-dns64`,
    ]);
    build.run(modifySubnetAttribute, { subnetId: only, enableDns64: true });
    expect(trace().advice).toEqual([
      `addresses that DNS64 gives lead through a NAT gateway in a subnet with IPv4: aws ec2 create-route ` +
        `--route-table-id ${table} --destination-ipv6-cidr-block 64:ff9b::/96 --nat-gateway-id ${nat}`,
    ]);
    build.route(table, "64:ff9b::/96", nat);
    expect(trace()).toMatchObject({ path: { kind: "internet" } });
    expect(trace().advice).toBeUndefined();
  });
});

describe("a security group without an outbound rule", () => {
  test("is named with the rule that it lacks: the prefix list's", () => {
    const { build, group, inside, trace } = account();
    build.run(revokeSecurityGroup, { groupId: group, isEgress: true, permissions: everything, ruleIds: [] });
    const traced = trace(inside.id);
    expect(traced.path).toBeUndefined();
    expect(traced.unreachable).toBe(`${group} of ${inside.eni} has no outbound rule for tcp 443 to ${s3}`);
    expect(traced.filters).toEqual([
      {
        leg: "request",
        at: inside.eni,
        direction: "egress",
        allowed: false,
        by: `no rule of ${group}`,
        packet: `tcp 443 from ${inside.ip} to ${s3}`,
      },
    ]);
    expect(traced.advice).toEqual([
      `add an outbound rule to ${group}: tcp 443 to ${pl.id} (${pl.name}): aws ec2 authorize-security-group-egress ` +
        `--group-id ${group} --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,PrefixListIds=[{PrefixListId=${pl.id}}]'`,
    ]);
  });

  test("what is advised helps", () => {
    const { build, group, inside, trace } = account();
    build.run(revokeSecurityGroup, { groupId: group, isEgress: true, permissions: everything, ruleIds: [] });
    const peers = [{ kind: "prefix-list", prefixListId: pl.id }] as const;
    const permissions = [{ protocol: "tcp", fromPort: 443, toPort: 443, peers }];
    const [rule] = build.run(authorizeSecurityGroup, { groupId: group, isEgress: true, permissions, tags: [] });
    const traced = trace(inside.id);
    expect(traced.path).toMatchObject({ kind: "gateway-endpoint" });
    expect([traced.filters![0]!.by, traced.advice]).toEqual([`${rule!.id} of ${group}`, undefined]);
  });
});

describe("a network ACL", () => {
  const check = (isEgress: boolean, advice: (acl: string) => string): void => {
    const { build, acl, inside, trace } = account();
    build.run(deleteNetworkAclEntry, { networkAclId: acl, ruleNumber: 100, isEgress });
    expect(trace(inside.id).advice).toEqual([advice(acl)]);
  };

  test("that lets nothing out is told the block of the service: it cannot name a prefix list", () =>
    check(true, (acl) =>
      expect.stringMatching(
        new RegExp(
          `^add an outbound rule to ${acl}: allow tcp 443 to [0-9./]+: aws ec2 create-network-acl-entry --network-acl-id ` +
            `${acl} --egress --rule-number 100 --protocol tcp --port-range From=443,To=443 --cidr-block [0-9./]+ --rule-action allow$`,
        ),
      ),
    ));

  test("that lets no answer in is told the ephemeral ports", () =>
    check(false, (acl) =>
      expect.stringMatching(
        new RegExp(
          `^a network ACL remembers no connection, so the answers need a rule of their own: add an inbound rule to ${acl}: ` +
            `allow tcp 1024-65535 from [0-9./]+: aws ec2 create-network-acl-entry --network-acl-id ${acl} --ingress ` +
            `--rule-number 100 --protocol tcp --port-range From=1024,To=65535 --cidr-block [0-9./]+ --rule-action allow$`,
        ),
      ),
    ));

  test("a rule that denies is named, and the new one goes before it", () => {
    const { build, acl, inside, subnets, trace } = account();
    const cidr = { kind: "ipv4", cidrBlock: "0.0.0.0/0" } as const;
    for (const ruleNumber of [40, 39]) {
      const action = ruleNumber === 40 ? "deny" : "allow";
      const ports = ruleNumber === 40 ? { from: 443, to: 443 } : { from: 22, to: 22 };
      build.run(createNetworkAclEntry, {
        networkAclId: acl,
        ruleNumber,
        isEgress: true,
        action,
        protocol: "6",
        cidr,
        ports,
      });
    }
    const traced = trace(inside.id);
    expect(traced.unreachable).toBe(
      `outbound rule 40 of ${acl}, the ACL of ${subnets[0]}, denies tcp 443 from ${inside.ip} to ${s3}`,
    );
    expect(traced.advice![0]).toMatch(/with a number under 40: .* --rule-number 38 /);
  });
});

describe("a gateway endpoint that is not on the subnet's table", () => {
  test("the NAT gateway takes the packets silently; the trace says so", () => {
    const { behind, behindNat, endpoint, nat, open, subnets, trace, withEndpoint } = account();
    const traced = trace(behind.id);
    expect(traced).toMatchObject({
      path: { kind: "internet" },
      route: { routeTableId: behindNat, chosen: { target: nat } },
      nats: [{ natGatewayId: nat, subnetId: subnets[2], route: { routeTableId: open } }],
      advice: [
        `${endpoint} for com.amazonaws.us-east-1.s3 is on ${withEndpoint} alone, not on ${behindNat}: ` +
          `aws ec2 modify-vpc-endpoint --vpc-endpoint-id ${endpoint} --add-route-table-ids ${behindNat}`,
      ],
    });
  });

  test("without any route", () => {
    const { build, behind, behindNat, endpoint, trace } = account();
    build.unroute(behindNat, "0.0.0.0/0");
    const traced = trace(behind.id);
    expect(traced.unreachable).toBe(`${behindNat} has no route to ${s3}`);
    expect(traced.advice![0]).toContain(`--vpc-endpoint-id ${endpoint} --add-route-table-ids ${behindNat}`);
  });

  test("where there is none", () => {
    const { build, behind, behindNat, endpoint, trace, vpc } = account();
    build.deleteEndpoint(endpoint);
    expect(trace(behind.id).advice).toEqual([
      `${vpc} has no gateway endpoint for com.amazonaws.us-east-1.s3: aws ec2 create-vpc-endpoint --vpc-id ${vpc} ` +
        `--service-name com.amazonaws.us-east-1.s3 --route-table-ids ${behindNat}`,
    ]);
  });

  test("a longer route wins over the endpoint's", () => {
    const { build, endpoint, inside, nat, trace, withEndpoint } = account();
    build.route(withEndpoint, `${s3}/32`, nat);
    expect(trace(inside.id).advice).toEqual([
      `the route ${s3}/32 to ${nat} of ${withEndpoint} wins over that of ${endpoint}: delete it, or make it wider`,
    ]);
  });
});

describe("on premises", () => {
  function desk() {
    const made = account();
    const { vpnGatewayId, vpnConnectionId } = made.build.vpn(made.vpc, "192.168.0.0/16");
    made.build.route(made.withEndpoint, "192.168.0.0/16", vpnGatewayId);
    const host = made.build.onPremises(vpnConnectionId, "desk", "192.168.0.10");
    return { ...made, host, vpnGatewayId };
  }

  test("a gateway endpoint is not reached: an interface endpoint is advised, then its name", () => {
    const { build, endpoint, host, group, subnets, trace, vpc } = desk();
    const [subnetId = ""] = networkOf(build.state(), vpc)?.subnets.map((one) => one.id) ?? [];
    expect(trace("desk")).toMatchObject({
      unreachable: `${endpoint} is a gateway endpoint: it serves only its own VPC; use an interface endpoint`,
      advice: [
        `${vpc} has no interface endpoint for com.amazonaws.us-east-1.s3, and gateway endpoints serve their own VPC alone: ` +
          `aws ec2 create-vpc-endpoint --vpc-id ${vpc} --vpc-endpoint-type Interface --service-name com.amazonaws.us-east-1.s3 ` +
          `--subnet-ids ${subnetId} --no-private-dns-enabled`,
      ],
    });
    const made = build.interfaceEndpoint(vpc, "s3", { subnetIds: [subnets[0]!], privateDnsEnabled: false });
    build.run(authorizeSecurityGroup, { groupId: group, isEgress: false, permissions: everything, tags: [] });
    const [line = ""] = trace("desk").advice ?? [];
    expect(line).toMatch(
      `call s3 by a name of ${made}, which leads into ${vpc}: --endpoint-url https://bucket.${made}-`,
    );
    const name = line.replace(/.*https:\/\/bucket/, "docs.bucket");
    expect(wayOf(build.state(), host, name)).toMatchObject({
      path: { kind: "interface-endpoint", vpcEndpointId: made, sourceIp: host.ip },
    });
    expect(wayOf(build.state(), host, name).advice).toBeUndefined();
  });

  test("what no endpoint could change is not advised", () => {
    const { build, host, vpnGatewayId, vpc } = desk();
    expect(wayOf(build.state(), host, "iam.amazonaws.com").advice).toBeUndefined();
    expect(wayOf(build.state(), host, "s3.eu-west-1.amazonaws.com").advice).toEqual([
      `${serviceAddress("s3", "eu-west-1")} is s3 of eu-west-1: endpoints of ${vpc} serve us-east-1 alone`,
    ]);
    build.run(detachVpnGateway, { vpnGatewayId, vpcId: vpc });
    expect(wayOf(build.state(), host, "s3.us-east-1.amazonaws.com").advice).toBeUndefined();
  });
});

test("behind a NAT gateway the service does not know the instance: those that it may be are shown", () => {
  const { build, behind, nat, open, trace } = account();
  const { path } = trace(behind.id);
  const traced = traceOf({
    requestId: "A1B2",
    atMs: nowMs,
    service: "s3",
    method: "GET",
    target: "/",
    host: "s3.us-east-1.amazonaws.com",
    path: path!,
    state: build.state(),
    asks: [],
    status: 200,
    durationMs: 1,
  });
  expect(traced.instanceId).toBeUndefined();
  expect(traced.candidateIds).toEqual([behind.id]);
  expect(traced.nats).toMatchObject([{ natGatewayId: nat, route: { routeTableId: open } }]);
  expect(traced.name).toMatchObject({ ips: [s3] });
});
