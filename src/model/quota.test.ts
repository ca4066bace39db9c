/** Source: Amazon VPC User Guide, "Amazon VPC quotas"; EC2 API Reference, "Error codes for the Amazon EC2 API". */

import { describe, expect, test } from "vitest";
import { type RegionBuilder, regionBuilder } from "../../test/region-builder.ts";
import { createEgressOnlyInternetGateway } from "./egress-only-internet-gateway.ts";
import { allocateAddress } from "./elastic-ip.ts";
import { createNetworkInterface } from "./interface-attachment.ts";
import { createInternetGateway } from "./internet-gateway.ts";
import { createManagedPrefixList } from "./managed-prefix-list.ts";
import { createNatGateway } from "./nat-gateway.ts";
import { createNetworkAcl, createNetworkAclEntry } from "./network-acl.ts";
import { awsQuotas, localQuotas, noQuotas, type QuotaName, type Quotas } from "./quota.ts";
import { createRouteTable } from "./route-table.ts";
import { createRoute } from "./route.ts";
import { authorizeSecurityGroup } from "./security-group-permission.ts";
import { createSecurityGroup } from "./security-group.ts";
import { createSubnet } from "./subnet.ts";
import type { Outcome } from "./verb.ts";
import { acceptVpcPeeringConnection, createVpcPeeringConnection } from "./vpc-peering.ts";
import { createVpc } from "./vpc.ts";
import { createVpnConnection } from "./vpn-connection.ts";
import { createCustomerGateway, createVpnGateway } from "./vpn-gateway.ts";

interface Case {
  readonly quota: QuotaName;
  readonly code: string;
  /** Without room for one more, in a VPC with a subnet and an internet gateway; the numbers count what that holds. */
  readonly limit: number;
  readonly attempt: (build: RegionBuilder, at: Site) => Outcome<unknown>;
}

interface Site {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly gatewayId: string;
}

const noSecondary = { secondaryPrivateIpAddresses: [], ipv6Addresses: [] };

const cases: readonly Case[] = [
  {
    quota: "vpcsPerRegion",
    code: "VpcLimitExceeded",
    limit: 1,
    attempt: (build) => build.attempt(createVpc, { cidrBlock: "10.9.0.0/16", tags: [] }),
  },
  {
    quota: "subnetsPerVpc",
    code: "SubnetLimitExceeded",
    limit: 1,
    attempt: (build, { vpcId }) => build.attempt(createSubnet, { vpcId, cidrBlock: "10.0.9.0/24", tags: [] }),
  },
  {
    quota: "routeTablesPerVpc",
    code: "RouteTableLimitExceeded",
    limit: 1,
    attempt: (build, { vpcId }) => build.attempt(createRouteTable, { vpcId, tags: [] }),
  },
  {
    quota: "routesPerRouteTable",
    code: "RouteLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId, gatewayId }) =>
      build.attempt(createRoute, {
        routeTableId: build.mainTable(vpcId),
        destination: { kind: "cidr", cidrBlock: "0.0.0.0/0" },
        target: { kind: "gateway", gatewayId },
      }),
  },
  {
    quota: "internetGatewaysPerRegion",
    code: "InternetGatewayLimitExceeded",
    limit: 1,
    attempt: (build) => build.attempt(createInternetGateway, { tags: [] }),
  },
  {
    quota: "egressOnlyInternetGatewaysPerRegion",
    code: "EgressOnlyInternetGatewayLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId }) => build.attempt(createEgressOnlyInternetGateway, { vpcId, tags: [] }),
  },
  {
    quota: "natGatewaysPerZone",
    code: "NatGatewayLimitExceeded",
    limit: 1,
    attempt: (build, { subnetId }) => {
      build.nat(subnetId, "private");
      const input = { subnetId, connectivity: "private", secondaryAllocationIds: [], ...noSecondary } as const;
      return build.attempt(createNatGateway, { ...input, tags: [] });
    },
  },
  {
    quota: "elasticIpsPerRegion",
    code: "AddressLimitExceeded",
    limit: 0,
    attempt: (build) => build.attempt(allocateAddress, { tags: [] }),
  },
  {
    quota: "networkInterfacesPerRegion",
    code: "NetworkInterfaceLimitExceeded",
    limit: 0,
    attempt: (build, { subnetId }) =>
      build.attempt(createNetworkInterface, { subnetId, securityGroupIds: [], ...noSecondary, tags: [] }),
  },
  {
    quota: "securityGroupsPerRegion",
    code: "SecurityGroupLimitExceeded",
    limit: 1,
    attempt: (build, { vpcId }) => build.attempt(createSecurityGroup, newGroup(vpcId)),
  },
  {
    quota: "rulesPerSecurityGroup",
    code: "RulesPerSecurityGroupLimitExceeded",
    limit: 1,
    attempt: (build, { vpcId }) => {
      const groupId = build.run(createSecurityGroup, newGroup(vpcId)).id;
      const peers = ["10.1.0.0/16", "10.2.0.0/16"].map((cidrBlock) => ({ kind: "ipv4" as const, cidrBlock }));
      const permissions = [{ protocol: "-1", peers }];
      return build.attempt(authorizeSecurityGroup, { groupId, isEgress: false, permissions, tags: [] });
    },
  },
  {
    quota: "securityGroupsPerInterface",
    code: "SecurityGroupsPerInterfaceLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId, subnetId }) => {
      const groupId = build.run(createSecurityGroup, newGroup(vpcId)).id;
      const input = { subnetId, securityGroupIds: [groupId], ...noSecondary, tags: [] };
      return build.attempt(createNetworkInterface, input);
    },
  },
  {
    quota: "networkAclsPerVpc",
    code: "NetworkAclLimitExceeded",
    limit: 1,
    attempt: (build, { vpcId }) => build.attempt(createNetworkAcl, { vpcId, tags: [] }),
  },
  {
    quota: "entriesPerNetworkAcl",
    code: "NetworkAclEntryLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId }) => {
      const networkAclId = build.run(createNetworkAcl, { vpcId, tags: [] }).id;
      const cidr = { kind: "ipv4", cidrBlock: "10.0.0.0/8" } as const;
      const entry = { ruleNumber: 100, isEgress: false, action: "allow", protocol: "-1", cidr } as const;
      return build.attempt(createNetworkAclEntry, { networkAclId, ...entry });
    },
  },
  {
    quota: "prefixListsPerRegion",
    code: "PrefixListLimitExceeded",
    limit: 0,
    attempt: (build) => {
      const input = { name: "offices", addressFamily: "IPv4", maxEntries: 1, entries: [] } as const;
      return build.attempt(createManagedPrefixList, { ...input, tags: [] });
    },
  },
  {
    quota: "pendingPeeringsPerRegion",
    code: "OutstandingVpcPeeringConnectionLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId }) => {
      const peerVpcId = build.vpc("10.1.0.0/16");
      return build.attempt(createVpcPeeringConnection, { vpcId, peerVpcId, tags: [] });
    },
  },
  {
    quota: "activePeeringsPerVpc",
    code: "ActiveVpcPeeringConnectionPerVpcLimitExceeded",
    limit: 0,
    attempt: (build, { vpcId }) => {
      const input = { vpcId, peerVpcId: build.vpc("10.1.0.0/16"), tags: [] };
      const vpcPeeringConnectionId = build.run(createVpcPeeringConnection, input).id;
      return build.attempt(acceptVpcPeeringConnection, { vpcPeeringConnectionId });
    },
  },
  {
    quota: "customerGatewaysPerRegion",
    code: "CustomerGatewayLimitExceeded",
    limit: 0,
    attempt: (build) => build.attempt(createCustomerGateway, { ipAddress: "203.0.113.9", tags: [] }),
  },
  {
    quota: "vpnGatewaysPerRegion",
    code: "VpnGatewayLimitExceeded",
    limit: 0,
    attempt: (build) => build.attempt(createVpnGateway, { tags: [] }),
  },
  ...(["vpnConnectionsPerRegion", "vpnConnectionsPerVpnGateway"] as const).map((quota) => ({
    quota,
    code: "VpnConnectionLimitExceeded",
    limit: 0,
    attempt: (build: RegionBuilder) => {
      const customerGatewayId = build.run(createCustomerGateway, { ipAddress: "203.0.113.9", tags: [] }).id;
      const vpnGatewayId = build.run(createVpnGateway, { tags: [] }).id;
      const input = { customerGatewayId, vpnGatewayId, staticRoutesOnly: true, tunnels: [], tags: [] };
      return build.attempt(createVpnConnection, input);
    },
  })),
];

function newGroup(vpcId: string) {
  return { name: "web", description: "web", vpcId, tags: [] };
}

function attemptWith({ attempt }: Case, quotas: Quotas): string {
  const build = regionBuilder({ quotas });
  const vpcId = build.vpc("10.0.0.0/16");
  const outcome = attempt(build, {
    vpcId,
    subnetId: build.subnet(vpcId, "10.0.0.0/24"),
    gatewayId: build.gateway(vpcId),
  });
  return outcome.ok ? "accepted" : outcome.error.code;
}

describe.each(cases)("$quota", (one) => {
  test(`one too many is refused as ${one.code}, and not with room for it`, () => {
    expect(attemptWith(one, { ...noQuotas, [one.quota]: one.limit })).toBe(one.code);
    expect(attemptWith(one, { ...noQuotas, [one.quota]: one.limit + 2 })).toBe("accepted");
    expect(attemptWith(one, awsQuotas)).toBe("accepted");
  });
});

test("the local quotas are AWS's but for counts that test suites meet", () => {
  const differ = Object.entries(localQuotas).filter(([name, quota]) => quota !== awsQuotas[name as QuotaName]);
  expect(differ.every(([name, quota]) => quota === Infinity && /Per(Region|Zone)$/.test(name))).toBe(true);
});
