/** The trace of a connection that nobody opened: hop by hop, who said no, and what would help. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectedOutcome } from "../../test/differential/outcome.ts";
import { ports } from "../../test/differential/trial.ts";
import { openWorld } from "../../test/differential/world.ts";
import { dualStackVpc, egressOnlyGateway, giveIpv6, giveIpv6Block } from "../../test/ipv6-builder.ts";
import { allowAll, regionBuilder, secondInterface } from "../../test/region-builder.ts";
import { stopInstances } from "../model/instance-state.ts";
import { createNetworkAclEntry, defaultNetworkAclOf, deleteNetworkAclEntry } from "../model/network-acl.ts";
import { defaultSecurityGroupOf, createSecurityGroup } from "../model/security-group.ts";
import { authorizeSecurityGroup } from "../model/security-group-permission.ts";
import { rulesOfGroup } from "../model/security-group-rule.ts";
import { find } from "../model/state.ts";
import { createSubnet } from "../model/subnet.ts";
import { echoHost } from "../network/echo-host.ts";
import { serviceAddress } from "../network/service-address.ts";
import type { FlowTrace, Hop } from "./flow-trace.ts";
import { traceFlow } from "./trace-flow.ts";

const nowMs = 1_700_000_000_000;
const everything = [{ protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] }] as const;
const tcp22 = [
  { protocol: "tcp", fromPort: 22, toPort: 22, peers: [{ kind: "ipv4", cidrBlock: "0.0.0.0/0" }] },
] as const;

/** Two subnets with an instance each, of which `db` takes tcp 22 alone. */
function small() {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const subnets = ["10.0.1.0/24", "10.0.2.0/24"].map((cidr) => build.subnet(vpc, cidr)) as [string, string];
  const tables = subnets.map((subnet) => build.table(vpc, subnet)) as [string, string];
  const web = build.instance(subnets[0], { name: "web" });
  const db = build.instance(subnets[1], { name: "db" });
  const group = build.run(createSecurityGroup, { name: "db", description: "-", vpcId: vpc, tags: [] }).id;
  const [rule] = build.run(authorizeSecurityGroup, { groupId: group, isEgress: false, permissions: tcp22, tags: [] });
  build.regroup(db.eni, group);
  const acl = defaultNetworkAclOf(build.state(), vpc).id;
  return { build, vpc, subnets, tables, web, db, group, rule: rule!.id, acl, ...tracerOf(build) };
}

function tracerOf(build: ReturnType<typeof regionBuilder>) {
  const asked = (to: string, from = "web") => traceFlow(build.state(), { from, to }, nowMs);
  const trace = (to: string, from = "web"): FlowTrace => {
    const traced = asked(to, from);
    if (!traced.ok) throw new Error(traced.error);
    return traced.value;
  };
  return { asked, trace };
}

/** A hop in a few words. */
function words(hop: Hop): string {
  const leg = hop.leg === "request" ? "" : "back: ";
  switch (hop.kind) {
    case "filter":
      return `${leg}${hop.allowed ? "passes" : "dropped"} ${hop.direction} of ${hop.at} by ${hop.by}`;
    case "route":
      return `${leg}${hop.route.routeTableId} ${hop.route.chosen?.destination ?? "nothing"} to ${hop.route.chosen?.target ?? "nowhere"}`;
    case "gateway":
      return `${leg}by ${[hop.gatewayId, hop.vpnConnectionId, hop.vpcId, hop.sourceIp, hop.destinationIp].filter((one) => one !== undefined).join(" ")}`;
    case "interface":
      return `at ${hop.networkInterfaceId} of ${hop.instanceId ?? "nobody"}, ${hop.ip}`;
    case "host":
      return `at ${hop.name}, ${hop.ip}`;
    case "service":
      return `at ${hop.service ?? "nobody"}, ${hop.ip}`;
  }
}

describe("between two instances", () => {
  test("every hop there and back is told, with the rule that lets it pass", () => {
    const { acl, build, db, group, rule, subnets, tables, trace, vpc, web } = small();
    const own = defaultSecurityGroupOf(build.state(), vpc).id;
    const out = rulesOfGroup(build.state(), own).find((one) => one.isEgress)!.id;
    const traced = trace("db:22");
    expect(traced).toMatchObject({ atMs: nowMs, instanceId: web.id, to: "db:22", opens: "tcp 22", reachable: true });
    expect(traced).toMatchObject({ destinationIp: db.ip });
    expect([traced.unreachable, traced.advice]).toEqual([undefined, undefined]);
    expect(traced.hops.map(words)).toEqual([
      `at ${web.eni} of ${web.id}, ${web.ip}`,
      `passes egress of ${web.eni} by ${out} of ${own}`,
      `${tables[0]} 10.0.0.0/16 to local`,
      `passes egress of ${subnets[0]} by rule 100 of ${acl}`,
      `passes ingress of ${subnets[1]} by rule 100 of ${acl}`,
      `passes ingress of ${db.eni} by ${rule} of ${group}`,
      `at ${db.eni} of ${db.id}, ${db.ip}`,
      `back: passes egress of ${db.eni} by connection tracking`,
      `back: ${tables[1]} 10.0.0.0/16 to local`,
      `back: passes egress of ${subnets[1]} by rule 100 of ${acl}`,
      `back: passes ingress of ${subnets[0]} by rule 100 of ${acl}`,
      `back: passes ingress of ${web.eni} by connection tracking`,
    ]);
    expect(traced.hops.at(-1)).toMatchObject({ packet: `tcp 32768-60999 from ${db.ip} to ${web.ip}` });
  });

  test("a group without a rule ends it, and the rule that it lacks is advised", () => {
    const { build, db, group, trace, vpc, web } = small();
    const own = defaultSecurityGroupOf(build.state(), vpc).id;
    const traced = trace("db:5432");
    expect(traced).toMatchObject({
      reachable: false,
      unreachable: `${group} of ${db.eni} has no inbound rule for tcp 5432 from ${web.ip}`,
      advice: [
        `add an inbound rule to ${group}: tcp 5432 from ${own}: aws ec2 authorize-security-group-ingress --group-id ${group} ` +
          `--ip-permissions 'IpProtocol=tcp,FromPort=5432,ToPort=5432,UserIdGroupPairs=[{GroupId=${own}}]'`,
      ],
    });
    expect(words(traced.hops.at(-1)!)).toBe(`dropped ingress of ${db.eni} by no rule of ${group}`);
  });

  test("an ACL that drops the answers ends it on the way back", () => {
    const { acl, build, subnets, trace } = small();
    build.run(deleteNetworkAclEntry, { networkAclId: acl, ruleNumber: 100, isEgress: true });
    const cidr = { kind: "ipv4", cidrBlock: "0.0.0.0/0" } as const;
    const entry = { networkAclId: acl, isEgress: true, action: "allow", protocol: "6", cidr } as const;
    build.run(createNetworkAclEntry, { ...entry, ruleNumber: 70, ports: { from: 22, to: 22 } });
    const traced = trace("db:22");
    expect(traced.unreachable).toMatch(`outbound rule * of ${acl}, the ACL of ${subnets[1]}, denies the answers: `);
    expect(words(traced.hops.at(-1)!)).toBe(`back: dropped egress of ${subnets[1]} by rule * of ${acl}`);
    expect(traced.advice![0]).toMatch(/remembers no connection.* --egress .*From=1024,To=65535/);
  });

  test("protocols are told apart", () => {
    const { build, db, group, trace } = small();
    const of = (to: string) => [trace(to).opens, trace(to).reachable];
    expect([of(`${db.ip}/icmp`), of(`${db.ip}:22/udp`), of(`${db.id}/47`)]).toEqual([
      ["icmp type 8 code 0", false],
      ["udp 22", false],
      ["protocol 47", false],
    ]);
    const permissions = [{ protocol: "-1", peers: [{ kind: "ipv4", cidrBlock: "10.0.0.0/8" }] }] as const;
    build.run(authorizeSecurityGroup, { groupId: group, isEgress: false, permissions, tags: [] });
    expect([of(`${db.ip}/icmp`), of(`${db.ip}:22/udp`), of(`${db.id}/47`)].map(([, passes]) => passes)).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("one that is stopped, and an address that nobody has, answer nothing", () => {
    const { build, db, trace } = small();
    expect(trace("10.0.2.200:22")).toMatchObject({ reachable: false, unreachable: "nobody in the VPC has 10.0.2.200" });
    build.run(stopInstances, { instanceIds: [db.id] });
    expect(trace(`${db.id}:22`)).toMatchObject({
      unreachable: `${db.id} is stopped`,
      advice: [`start ${db.id}: aws ec2 start-instances --instance-ids ${db.id}`],
    });
    expect(trace("10.0.1.4:22", db.id)).toMatchObject({
      unreachable: `${db.id} is stopped`,
      hops: [],
      advice: [`start ${db.id}: aws ec2 start-instances --instance-ids ${db.id}`],
    });
  });

  test("to itself nothing is in the way", () => {
    const { trace, web } = small();
    expect(trace("web:9999")).toMatchObject({ reachable: true, hops: [{ ip: web.ip }, { ip: web.ip }] });
  });

  test("a second interface answers for itself", () => {
    const { build, db, subnets, trace } = small();
    const second = secondInterface(build, db, subnets[1]);
    expect(trace(`${second.ip}:22`).hops.find((hop) => hop.kind === "interface" && hop.ip === second.ip)).toMatchObject(
      {
        networkInterfaceId: second.id,
        instanceId: db.id,
      },
    );
  });
});

describe("to another VPC", () => {
  test("each step of peering is advised after the other", () => {
    const { build, db, tables, trace, vpc, web } = small();
    const far = build.vpc("10.1.0.0/16");
    const farSubnet = build.subnet(far, "10.1.1.0/24");
    const farTable = build.table(far, farSubnet);
    const other = build.instance(farSubnet, { name: "other" });
    build.regroup(other.eni, allowAll(build, far));
    expect(trace("other:80")).toMatchObject({
      unreachable: `${tables[0]} has no route to ${other.ip}`,
      advice: [
        `${vpc} and ${far} are not peered: aws ec2 create-vpc-peering-connection --vpc-id ${vpc} --peer-vpc-id ${far}`,
      ],
    });
    const pcx = build.peer(vpc, far);
    const lead = (block: string, table: string): string =>
      `lead ${block} to ${pcx} in ${table}: aws ec2 create-route --route-table-id ${table} ` +
      `--destination-cidr-block ${block} --vpc-peering-connection-id ${pcx}`;
    expect(trace(`${other.ip}:80`).advice).toEqual([lead("10.1.0.0/16", tables[0])]);
    build.route(tables[0], "10.1.0.0/16", pcx);
    const astray = trace("other:80");
    expect(astray).toMatchObject({
      unreachable: `the answers of ${other.eni} have no route to ${web.ip} in ${farTable}`,
      advice: [`the answers need a way back: ${lead("10.0.0.0/16", farTable)}`],
    });
    expect(astray.hops.slice(-2).map(words)).toEqual([
      `back: passes egress of ${other.eni} by connection tracking`,
      `back: ${farTable} nothing to nowhere`,
    ]);
    build.route(farTable, "10.0.0.0/16", pcx);
    const traced = trace("other:80");
    expect(traced.reachable).toBe(true);
    expect(traced.hops.map(words)).toContain(`by ${pcx} ${far}`);
    // The table of the other subnet has no route to the peer.
    expect(trace("db:22", "other").unreachable).toBe(
      `the answers of ${db.eni} have no route to ${other.ip} in ${tables[1]}`,
    );
  });

  test("with the same blocks there is none", () => {
    const { build, trace, vpc } = small();
    const far = build.vpc("10.0.0.0/16");
    const other = build.instance(build.subnet(far, "10.0.9.0/24"), { name: "other" });
    expect(trace("other:80").unreachable).toBe(`nobody in the VPC has ${other.ip}`);
    expect(trace("other:80").advice).toEqual([
      `the blocks of ${vpc} and ${far} overlap, so that they cannot be peered: call a public address of ${far}`,
    ]);
  });
});

describe("to the internet", () => {
  test("gateway, route and address are advised one after the other", () => {
    const { build, tables, trace, vpc, web } = small();
    const to = `${echoHost.name}:80`;
    expect(trace(to)).toMatchObject({
      name: { host: echoHost.name },
      destinationIp: echoHost.ips[32],
      unreachable: `${tables[0]} has no route to ${echoHost.ips[32]}`,
      advice: [`${vpc} has no internet gateway: aws ec2 create-internet-gateway`],
    });
    const gateway = build.gateway(vpc);
    expect(trace(to).advice).toEqual([
      `lead 0.0.0.0/0 to ${gateway} in ${tables[0]}: aws ec2 create-route --route-table-id ${tables[0]} ` +
        `--destination-cidr-block 0.0.0.0/0 --gateway-id ${gateway}`,
    ]);
    build.route(tables[0], "0.0.0.0/0", gateway);
    expect(trace(to)).toMatchObject({
      unreachable: `${web.eni} has no public address that ${gateway} could map`,
      advice: [`${web.eni} needs a public address: aws ec2 allocate-address --domain vpc`],
    });
  });

  test("a NAT gateway that is there is preferred, and its way is told from hop to hop", () => {
    const { acl, build, subnets, tables, trace, vpc, web } = small();
    const gateway = build.gateway(vpc);
    build.route(tables[1], "0.0.0.0/0", gateway);
    const nat = build.nat(subnets[1]);
    expect(trace(`${echoHost.ips[32]}:80`).advice).toEqual([
      `lead 0.0.0.0/0 to ${nat} in ${tables[0]}: aws ec2 create-route --route-table-id ${tables[0]} ` +
        `--destination-cidr-block 0.0.0.0/0 --nat-gateway-id ${nat}`,
    ]);
    build.route(tables[0], "0.0.0.0/0", nat);
    const traced = trace(`${echoHost.ips[32]}:80`);
    expect(traced).toMatchObject({ reachable: true });
    const texts = traced.hops.map(words).slice(2);
    const [natIp] = texts.flatMap((text) => new RegExp(`^by ${nat} (.*)$`).exec(text)?.[1] ?? []);
    expect(texts).toEqual([
      `${tables[0]} 0.0.0.0/0 to ${nat}`,
      `passes egress of ${subnets[0]} by rule 100 of ${acl}`,
      `passes ingress of ${subnets[1]} by rule 100 of ${acl}`,
      `by ${nat} ${natIp}`,
      `${tables[1]} 0.0.0.0/0 to ${gateway}`,
      `passes egress of ${subnets[1]} by rule 100 of ${acl}`,
      expect.stringMatching(new RegExp(`^by ${gateway} 54\\.`)),
      `at ${echoHost.name}, ${echoHost.ips[32]}`,
      `back: passes ingress of ${subnets[1]} by rule 100 of ${acl}`,
      `back: by ${nat}`,
      `back: ${tables[1]} 10.0.0.0/16 to local`,
      `back: passes egress of ${subnets[1]} by rule 100 of ${acl}`,
      `back: passes ingress of ${subnets[0]} by rule 100 of ${acl}`,
      `back: passes ingress of ${web.eni} by connection tracking`,
    ]);
  });

  test("what nobody has and what does not answer there is told apart", () => {
    const { build, subnets, tables, trace, vpc } = small();
    build.route(tables[0], "0.0.0.0/0", build.gateway(vpc));
    build.instance(subnets[0], { publicIp: true, name: "public" });
    const why = (to: string) => trace(to, "public").unreachable;
    expect(why("203.0.113.5:80")).toBe("nobody on the internet has 203.0.113.5");
    expect(why(`${echoHost.ips[32]}:22`)).toBe(`${echoHost.ips[32]} answers tcp 7, 80, 443 alone`);
    expect(why(`${echoHost.ips[32]}/icmp`)).toBe(`${echoHost.ips[32]} answers tcp 7, 80, 443 alone`);
    expect(why(`${echoHost.ips[32]}:7`)).toBeUndefined();
    expect(why("no.such.example:80")).toMatch(/^no\.such\.example does not resolve: /);
  });

  test("through an endpoint, and without one the endpoint is advised", () => {
    const { build, group, tables, trace, vpc } = small();
    const s3 = serviceAddress("s3", "us-east-1")!;
    expect(trace("s3.us-east-1.amazonaws.com:443").advice![0]).toMatch("aws ec2 create-vpc-endpoint");
    const endpoint = build.endpoint(vpc, "s3", tables[0]);
    expect(trace(`${s3}:443`).hops.map(words)).toEqual(
      expect.arrayContaining([`by ${endpoint}`, `at s3 of us-east-1, ${s3}`]),
    );
    build.attribute(vpc, "enableDnsHostnames", true);
    const subnetIds = [build.subnet(vpc, "10.0.7.0/24")];
    const door = build.interfaceEndpoint(vpc, "sts", { subnetIds, securityGroupIds: [group] });
    const sts = trace("sts.us-east-1.amazonaws.com:443");
    expect(sts.advice![0]).toMatch("authorize-security-group-ingress");
    expect(sts.hops.at(-1)).toMatchObject({ kind: "filter", direction: "ingress", allowed: false });
    build.run(authorizeSecurityGroup, { groupId: group, isEgress: false, permissions: everything, tags: [] });
    expect(trace("sts.us-east-1.amazonaws.com:443").reachable).toBe(true);
    expect(trace("sts.us-east-1.amazonaws.com:22").unreachable).toBe(`${door} for sts answers tcp 80, 443 alone`);
  });

  test("IPv6 leaves by an egress-only gateway", () => {
    const build = regionBuilder();
    const vpc = dualStackVpc(build, "10.0.0.0/16");
    const subnet = build.subnet(vpc, "10.0.1.0/24");
    const table = build.table(vpc, subnet);
    giveIpv6Block(build, subnet, 1);
    const web = build.instance(subnet, { name: "web" });
    const ip = giveIpv6(build, web);
    const { trace } = tracerOf(build);
    const to = `[${echoHost.ips[128]}]:80`;
    expect(trace(to).unreachable).toBe(`${table} has no route to ${echoHost.ips[128]}`);
    const gateway = egressOnlyGateway(build, vpc);
    expect(trace(to).advice).toEqual([
      `lead ::/0 to ${gateway} in ${table}: aws ec2 create-route --route-table-id ${table} ` +
        `--destination-ipv6-cidr-block ::/0 --egress-only-internet-gateway-id ${gateway}`,
    ]);
    expect(trace(`${echoHost.ips[128]}/icmp`).opens).toBe("icmpv6 type 128 code 0");
    expect(trace(`[${ip}]:1`).reachable).toBe(true);
  });

  test("an instance of IPv6 alone is called by that", () => {
    const build = regionBuilder();
    const vpc = dualStackVpc(build, "10.0.0.0/16");
    const [first = ""] = find(build.state(), "vpc", vpc)!.ipv6CidrBlocks.map(({ cidrBlock }) => cidrBlock);
    const subnet = build.run(createSubnet, {
      vpcId: vpc,
      ipv6CidrBlock: first.replace("/56", "/64"),
      tags: [],
    });
    const group = allowAll(build, vpc);
    for (const name of ["web", "db"]) build.regroup(build.instance(subnet.id, { name }).eni, group);
    const { asked, trace } = tracerOf(build);
    expect(trace("db:22")).toMatchObject({ reachable: true, destinationIp: expect.stringMatching(/^2600:1f1/) });
    expect(trace("db/icmpv6").opens).toBe("icmpv6 type 128 code 0");
    expect(asked("10.0.0.9:22")).toMatchObject({ ok: true, value: { reachable: false } });
  });

  test("the services of the VPC itself", () => {
    const { trace } = small();
    expect([trace("10.0.0.2:53/udp").reachable, trace("169.254.169.254:80").reachable]).toEqual([true, true]);
    expect(trace("10.0.0.2:80").unreachable).toBe("the VPC's resolver answers tcp and udp 53 alone");
  });
});

describe("on premises", () => {
  function site() {
    const made = small();
    const { vpnConnectionId, vpnGatewayId } = made.build.vpn(made.vpc, "192.168.0.0/16");
    const desk = made.build.onPremises(vpnConnectionId, "desk", "192.168.0.10");
    return { ...made, vpnConnectionId, vpnGatewayId, desk };
  }

  test("an instance reaches a host by a route to the VPN gateway, which is advised", () => {
    const { build, tables, trace, vpnConnectionId, vpnGatewayId } = site();
    expect(trace("desk:80").advice).toEqual([
      `lead 192.168.0.0/16 to ${vpnGatewayId} in ${tables[0]}: aws ec2 create-route --route-table-id ${tables[0]} ` +
        `--destination-cidr-block 192.168.0.0/16 --gateway-id ${vpnGatewayId}`,
    ]);
    build.route(tables[0], "192.168.0.0/16", vpnGatewayId);
    const traced = trace("desk:80");
    expect(traced.reachable).toBe(true);
    expect(traced.hops.map(words)).toEqual(
      expect.arrayContaining([`by ${vpnGatewayId} ${vpnConnectionId}`, "at desk, 192.168.0.10"]),
    );
  });

  test("a host reaches an instance, where the answers find back", () => {
    const { build, db, tables, trace, vpc, vpnConnectionId, vpnGatewayId } = site();
    const astray = trace("db:22", "desk");
    expect(astray).toMatchObject({ onPremisesHost: "desk", reachable: false });
    expect(astray.advice).toEqual([
      `the answers need a way back: lead 192.168.0.0/16 to ${vpnGatewayId} in ${tables[1]}: aws ec2 create-route ` +
        `--route-table-id ${tables[1]} --destination-cidr-block 192.168.0.0/16 --gateway-id ${vpnGatewayId}`,
    ]);
    build.route(tables[1], "192.168.0.0/16", vpnGatewayId);
    const traced = trace("db:22", "desk");
    expect(traced.reachable).toBe(true);
    expect(traced.hops.slice(0, 2).map(words)).toEqual([
      "at desk, 192.168.0.10",
      `by ${vpnGatewayId} ${vpnConnectionId} ${vpc}`,
    ]);
    expect(trace("db:5432", "desk").advice![0]).toMatch("authorize-security-group-ingress");
    expect(trace(`${db.ip}/icmp`, "desk").reachable).toBe(false);
  });
});

const { asked } = small();
test.each<[{ from?: unknown; to?: unknown }, string]>([
  [
    { to: "db" },
    "`db` names no port of tcp; one looks like db:5432, 10.0.3.4:53/udp, [2001:db8::7]:80 or 10.0.0.9/icmp",
  ],
  [
    { to: "db/udp" },
    "`db/udp` names no port of udp; one looks like db:5432, 10.0.3.4:53/udp, [2001:db8::7]:80 or 10.0.0.9/icmp",
  ],
  [{ to: "db:0" }, "`0` in `db:0` is no port: those are 1 to 65535"],
  [{ to: "db:65536" }, "`65536` in `db:65536` is no port: those are 1 to 65535"],
  [{ to: "db:22/icmp" }, "`db:22/icmp` names a port, and icmp has none"],
  [{ to: "db:22/sctp" }, "`sctp` in `db:22/sctp` is no protocol: tcp, udp, icmp, icmpv6, or a number to 255"],
  [{ to: "db/256" }, "`256` in `db/256` is no protocol: tcp, udp, icmp, icmpv6, or a number to 255"],
  [{ to: "db/icmpv6" }, "icmpv6 is for addresses of IPv6, and `db` is none"],
  [{ to: "bd:22" }, "`bd` is neither an instance, an on-premises host, an address nor a host name"],
  [{ to: "host:22" }, "`host` is the machine itself, which nothing in the region's networks reaches"],
  [{ to: ":22" }, "`:22` names no target; one looks like db:5432, 10.0.3.4:53/udp, [2001:db8::7]:80 or 10.0.0.9/icmp"],
  [{ to: 22 }, "`to` must be a string"],
  [{ from: "wbe" }, "no instance `wbe`"],
  [{ from: "host" }, "`host` is in none of the region's networks; trace from an instance or an on-premises host"],
])("%j is refused", (wish, error) => {
  const question = { from: "web", to: "db:22", ...wish } as { from: string; to: string };
  const { build } = small();
  expect(traceFlow(build.state(), question, nowMs)).toEqual({ ok: false, error });
});

test("no question crashes it", () => {
  const part = fc.constantFrom("db", "[", "]", ":", "/", "22", "tcp", "10.0.2.4", "::1", "icmp", ".", "host", "%");
  const text = fc.oneof(
    fc.string(),
    fc.array(part).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(text, (to) => {
      expect(typeof asked(to).ok).toBe("boolean");
    }),
    { numRuns: 500 },
  );
});

test("on generated networks it says of every flow what the data planes are held to", () => {
  const world = openWorld({ seed: 11, vpcs: 10 });
  const seen = { tcp: [0, 0], udp: [0, 0], ping: [0, 0] };
  for (let round = 0; round < 2; round++) {
    world.deal();
    for (const { from, trials } of world.flows()) {
      for (const { ip, kind, port } of trials) {
        if (kind === "protocol" || (kind !== "ping" && !ports[kind].some((one) => one === port))) continue;
        const trial = { kind, ip, port, sourcePort: kind === "ping" ? 0 : 40_000 };
        const expected = expectedOutcome(world.state(), from, trial, kind === "tcp" ? "connections" : "packets");
        const place = ip.includes(":") ? `[${ip}]` : ip;
        const to = kind === "ping" ? `${place}/icmp` : `${place}:${port}/${kind}`;
        const traced = traceFlow(world.state(), { from, to }, 0);
        if (!traced.ok) throw new Error(traced.error);
        const { hops, reachable, unreachable } = traced.value;
        expect(reachable).toBe(unreachable === undefined);
        const drops = hops.filter((hop) => hop.kind === "filter" && !hop.allowed);
        expect(drops.length === 0 || (drops.length === 1 && hops.at(-1) === drops[0])).toBe(true);
        // Answers to one port may pass where those to another would not.
        const isOfAPort = drops.some(({ leg }) => leg === "reply") || expected === undefined;
        if (isOfAPort && kind !== "tcp") continue;
        expect([from, to, unreachable, reachable]).toEqual([from, to, unreachable, expected?.outcome !== "nothing"]);
        const counts = seen[kind];
        counts[reachable ? 1 : 0] = (counts[reachable ? 1 : 0] ?? 0) + 1;
      }
    }
  }
  expect(Math.min(...seen.tcp)).toBeGreaterThan(100);
  expect(Math.min(...seen.udp, ...seen.ping)).toBeGreaterThan(5);
});
