/** Two VPCs with the same address blocks, made by hand, and the changes that tests make to them. */

import type {
  AclRuleBlueprint,
  Blueprint,
  GroupRuleBlueprint,
  NetworkAclBlueprint,
  RouteBlueprint,
  SecurityGroupBlueprint,
  TargetBlueprint,
  TrafficBlueprint,
  VpcBlueprint,
} from "../../../plan/blueprint.ts";

export const serviceCidrs = ["52.216.0.0/15", "54.231.0.0/16"];
export const serviceIp = "52.216.10.10";

export const idsOf = (n: number) =>
  ({
    vpcId: `vpc-0000000${n}`,
    endpoint: `vpce-0000000${n}`,
    otherEndpoint: `vpce-1000000${n}`,
    /** Its subnet's routes go to the endpoint. */
    inPrivate: `i-0000000${n}`,
    /** Its subnet's routes go to the internet gateway, and it has a public address. */
    inPublic: `i-1000000${n}`,
    /** In the public subnet, without a public address. */
    nameless: `i-2000000${n}`,
    publicIp: `203.0.113.${n}`,
    natGateway: `nat-0000000${n}`,
    natIp: `203.0.113.10${n}`,
    egressOnlyGateway: `eigw-0000000${n}`,
  }) as const;

const toGateway: TargetBlueprint = { kind: "internet-gateway" };
export const defaultRoute: RouteBlueprint = { cidrBlock: "0.0.0.0/0", metric: 10, target: toGateway };

export function endpointRoutes(vpcEndpointId: string): RouteBlueprint[] {
  return serviceCidrs.map((cidrBlock) => ({ cidrBlock, metric: 20, target: { kind: "endpoint", vpcEndpointId } }));
}

export const privateTable = 1001;
export const publicTable = 1002;

const everything: TrafficBlueprint = { kind: "all" };
const anywhere = { kind: "cidr", cidrBlock: "0.0.0.0/0" } as const;
export const ipv6Anywhere = { kind: "cidr", cidrBlock: "::/0" } as const;

/** Lets everything pass, in and out. */
const openGroup: SecurityGroupBlueprint = {
  securityGroupId: "sg-00000001",
  key: 1,
  members: [],
  ingress: [{ ruleId: "sgr-00000001", traffic: everything, peer: anywhere }],
  egress: [{ ruleId: "sgr-00000002", traffic: everything, peer: anywhere }],
};

const openRule: AclRuleBlueprint = { ruleNumber: 100, action: "allow", traffic: everything, cidrBlock: "0.0.0.0/0" };
const openAcl: NetworkAclBlueprint = { networkAclId: "acl-00000001", key: 1, ingress: [openRule], egress: [openRule] };

export function vpcBlueprint(n: number): VpcBlueprint {
  const ids = idsOf(n);
  const host = (instanceId: string, key: number, group: number, ip: string) => ({
    instanceId,
    networkInterfaceId: instanceId.replace("i-", "eni-"),
    deviceIndex: 0,
    key,
    group,
    ips: [ip],
    macAddress: `02:aa:00:00:00:0${key}`,
    securityGroups: [1],
  });
  return {
    vpcId: ids.vpcId,
    key: n,
    cidrBlocks: ["10.0.0.0/16"],
    resolverIps: ["10.0.0.2", "169.254.169.253"],
    nameServers: ["10.0.0.2"],
    searchDomains: ["ec2.internal"],
    subnets: [
      {
        subnetId: "subnet-00000001",
        group: 1,
        ipv4: { cidrBlock: "10.0.1.0/24", routerIp: "10.0.1.1" },
        table: privateTable,
        networkAcl: 1,
      },
      {
        subnetId: "subnet-00000002",
        group: 2,
        ipv4: { cidrBlock: "10.0.2.0/24", routerIp: "10.0.2.1" },
        table: publicTable,
        networkAcl: 1,
      },
    ],
    routeTables: [
      { routeTableId: "rtb-00000001", table: privateTable, routes: endpointRoutes(ids.endpoint) },
      { routeTableId: "rtb-00000002", table: publicTable, routes: [defaultRoute] },
    ],
    endpoints: [
      { vpcEndpointId: ids.endpoint, key: 1, cidrBlocks: serviceCidrs },
      { vpcEndpointId: ids.otherEndpoint, key: 2, cidrBlocks: serviceCidrs },
    ],
    securityGroups: [{ ...openGroup, members: ["10.0.1.5", "10.0.2.5", "10.0.2.6"] }],
    networkAcls: [openAcl],
    natGateways: [],
    internetGateway: {
      internetGatewayId: `igw-0000000${n}`,
      addresses: [{ privateIp: "10.0.2.5", publicIp: ids.publicIp }],
    },
    peers: [],
    endpointInterfaces: [],
    hosts: [
      host(ids.inPrivate, 1, 1, "10.0.1.5"),
      host(ids.inPublic, 2, 2, "10.0.2.5"),
      host(ids.nameless, 3, 2, "10.0.2.6"),
    ],
  };
}

/** With another interface of its first instance, on the public subnet and with a public address. */
export function withSecondInterface(vpc: VpcBlueprint, deviceIndex: number): VpcBlueprint {
  const [first] = vpc.hosts;
  if (first === undefined) return vpc;
  const own = { networkInterfaceId: `eni-9000000${vpc.key}`, deviceIndex, key: 4, group: 2 };
  const ip = "10.0.2.77";
  const second = { ...first, ...own, ips: [ip], macAddress: "02:cc:00:00:00:01" };
  const { internetGateway } = vpc;
  const mapped = { privateIp: ip, publicIp: `203.0.113.${100 + vpc.key}` };
  return {
    ...vpc,
    hosts: [first, second, ...vpc.hosts.slice(1)],
    ...(internetGateway && {
      internetGateway: { ...internetGateway, addresses: [...internetGateway.addresses, mapped] },
    }),
  };
}

/** Rules of every kind that a group can have, in both directions. */
export const groupRules: readonly GroupRuleBlueprint[] = [
  { ruleId: "sgr-a0000001", traffic: everything, peer: anywhere },
  { ruleId: "sgr-a0000002", traffic: { kind: "tcp", fromPort: 80, toPort: 80 }, peer: anywhere },
  { ruleId: "sgr-a0000003", traffic: { kind: "tcp", fromPort: 0, toPort: 65_535 }, peer: { kind: "group", key: 1 } },
  { ruleId: "sgr-a0000004", traffic: { kind: "udp", fromPort: 1024, toPort: 65_535 }, peer: { kind: "group", key: 2 } },
  {
    ruleId: "sgr-a0000005",
    traffic: { kind: "icmp", type: 8, code: 0 },
    peer: { kind: "cidr", cidrBlock: "10.0.0.0/9" },
  },
  { ruleId: "sgr-a0000006", traffic: { kind: "icmp", type: 3 }, peer: { kind: "cidr", cidrBlock: "10.0.1.5/32" } },
  { ruleId: "sgr-a0000007", traffic: { kind: "icmp" }, peer: { kind: "cidr", cidrBlock: "2001:db8::/33" } },
  { ruleId: "sgr-a000000c", traffic: { kind: "icmpv6", type: 128 }, peer: ipv6Anywhere },
  { ruleId: "sgr-a0000008", traffic: { kind: "protocol", number: 47 }, peer: { kind: "cidr", cidrBlock: "::/0" } },
  { ruleId: "sgr-a0000009", traffic: { kind: "protocol", number: 6 }, peer: { kind: "cidr", cidrBlock: "10.7.7.7/8" } },
  {
    ruleId: "sgr-a000000a",
    traffic: { kind: "tcp", fromPort: 443, toPort: 443 },
    peer: { kind: "prefix-list", prefixListId: "pl-00000001", cidrBlocks: serviceCidrs },
  },
  {
    ruleId: "sgr-a000000b",
    traffic: { kind: "tcp", fromPort: 80, toPort: 443 },
    peer: {
      kind: "prefix-list",
      prefixListId: "pl-00000002",
      cidrBlocks: ["10.0.0.0/9", "10.128.0.0/9", "10.3.0.0/16", "2001:db8::/32", "255.255.255.254/31"],
    },
  },
];

/** Rules in the order of their numbers. */
export const aclRules: readonly AclRuleBlueprint[] = [
  { ruleNumber: 1, action: "deny", traffic: { kind: "tcp", fromPort: 80, toPort: 80 }, cidrBlock: "52.216.0.0/15" },
  { ruleNumber: 90, action: "allow", traffic: { kind: "icmp", type: 8 }, cidrBlock: "10.0.0.0/16" },
  { ...openRule, ruleNumber: 100 },
  { ruleNumber: 110, action: "allow", traffic: everything, cidrBlock: "::/0" },
  {
    ruleNumber: 32_766,
    action: "deny",
    traffic: { kind: "udp", fromPort: 1024, toPort: 65_535 },
    cidrBlock: "0.0.0.0/0",
  },
];

/** With a NAT gateway in the public subnet. */
export function withNatGateway(vpc: VpcBlueprint): VpcBlueprint {
  const { natGateway: natGatewayId, natIp: publicIp } = idsOf(vpc.key);
  const networkInterfaceId = `eni-9000000${vpc.key}`;
  return {
    ...vpc,
    natGateways: [{ natGatewayId, key: 1, group: 2, networkInterfaceId, privateIp: "10.0.2.9", publicIp }],
  };
}

/** IPv6 blocks of the services and an address in one of them. */
const serviceIpv6Cidrs = ["2600:1fa0:8000::/39", "2600:1ff8::/40"];
export const serviceIpv6 = "2600:1fa0:8000::a";

/** Of the hosts of `vpcBlueprint` in their order. */
export const ipv6Of = (n: number): readonly string[] => [5, 6, 7].map((last) => `2600:1f10:0:${n}00::${last}`);

/** Dual-stack: the private subnet goes out by an egress-only gateway, the public one by the internet gateway. */
export function withIpv6(vpc: VpcBlueprint): VpcBlueprint {
  const [first] = vpc.endpoints;
  const rule: AclRuleBlueprint = { ruleNumber: 101, action: "allow", traffic: everything, cidrBlock: "::/0" };
  const ipv6Routes: RouteBlueprint[] = serviceIpv6Cidrs.map((cidrBlock) => ({
    cidrBlock,
    metric: 20,
    target: { kind: "endpoint", vpcEndpointId: first?.vpcEndpointId ?? "" },
  }));
  const outward = (target: TargetBlueprint): RouteBlueprint => ({ cidrBlock: "::/0", metric: 10, target });
  return {
    ...vpc,
    cidrBlocks: [...vpc.cidrBlocks, `2600:1f10:0:${vpc.key}00::/56`],
    resolverIps: [...vpc.resolverIps, "fd00:ec2::253"],
    endpoints: vpc.endpoints.map((one) =>
      one === first ? { ...one, cidrBlocks: [...one.cidrBlocks, ...serviceIpv6Cidrs] } : one,
    ),
    routeTables: vpc.routeTables.map((one) => ({
      ...one,
      routes:
        one.table === privateTable
          ? [...one.routes, ...ipv6Routes, outward({ kind: "egress-only-internet-gateway" })]
          : [...one.routes, outward(toGateway)],
    })),
    securityGroups: vpc.securityGroups.map((group) => ({
      ...group,
      members: [...group.members, ...ipv6Of(vpc.key)],
      ingress: [...group.ingress, { ruleId: "sgr-00000003", traffic: everything, peer: ipv6Anywhere }],
      egress: [...group.egress, { ruleId: "sgr-00000004", traffic: everything, peer: ipv6Anywhere }],
    })),
    networkAcls: vpc.networkAcls.map((acl) => ({
      ...acl,
      ingress: withRule(acl.ingress, rule),
      egress: withRule(acl.egress, rule),
    })),
    egressOnlyGateway: { egressOnlyInternetGatewayId: idsOf(vpc.key).egressOnlyGateway },
    hosts: vpc.hosts.map((host, at) => ({ ...host, ips: [...host.ips, ...ipv6Of(vpc.key).slice(at, at + 1)] })),
  };
}

function withRule(rules: readonly AclRuleBlueprint[], rule: AclRuleBlueprint): AclRuleBlueprint[] {
  return [...rules, rule].toSorted((a, b) => a.ruleNumber - b.ruleNumber);
}

/** With a VPN gateway and the networks behind two connections, whose keys are these. */
export function withVpnGateway(vpc: VpcBlueprint, ...keys: readonly number[]): VpcBlueprint {
  const id = (at: number): string => `0000${vpc.key}${at}`;
  const sites = keys.map((key, at) => ({
    vpnConnectionId: `vpn-${id(at)}`,
    key,
    cidrBlocks: [`192.168.${at}.0/24`, `172.${16 + at}.0.0/16`],
    hosts: keys.map((hostKey, host) => ({
      hostId: `onprem-${id(at)}${host}`,
      key: hostKey,
      ip: `192.168.${at}.${10 + host}`,
    })),
  }));
  return { ...vpc, vpnGateway: { vpnGatewayId: `vgw-${id(0)}`, sites } };
}

/** Both with a link to each other. */
export function peered(...[a, b]: readonly [VpcBlueprint, VpcBlueprint]): VpcBlueprint[] {
  const vpcPeeringConnectionId = "pcx-00000001";
  const hasIpv6 = [a, b].every((vpc) => vpc.cidrBlocks.some((cidrBlock) => cidrBlock.includes(":")));
  const withPeer = (vpc: VpcBlueprint, { vpcId, key }: VpcBlueprint): VpcBlueprint => ({
    ...vpc,
    peers: [{ vpcPeeringConnectionId, vpcId, key, hasIpv6 }],
  });
  return [withPeer(a, b), withPeer(b, a)];
}

/** The group of every interface with other rules. */
export function withGroup(vpc: VpcBlueprint, change: Partial<SecurityGroupBlueprint>): VpcBlueprint {
  return { ...vpc, securityGroups: vpc.securityGroups.map((group) => ({ ...group, ...change })) };
}

/** The ACL of every subnet with other rules. */
export function withAcl(vpc: VpcBlueprint, change: Partial<NetworkAclBlueprint>): VpcBlueprint {
  return { ...vpc, networkAcls: vpc.networkAcls.map((acl) => ({ ...acl, ...change })) };
}

export function blueprintOf(...vpcs: readonly VpcBlueprint[]): Blueprint {
  return { revision: 1, internetCidrs: [...serviceCidrs, ...serviceIpv6Cidrs], vpcs };
}

export function withRoutes(vpc: VpcBlueprint, table: number, routes: readonly RouteBlueprint[]): VpcBlueprint {
  return { ...vpc, routeTables: vpc.routeTables.map((one) => (one.table === table ? { ...one, routes } : one)) };
}

export function withoutEndpoint(vpc: VpcBlueprint, vpcEndpointId: string): VpcBlueprint {
  return { ...vpc, endpoints: vpc.endpoints.filter((endpoint) => endpoint.vpcEndpointId !== vpcEndpointId) };
}
