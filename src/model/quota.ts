/**
 * How many there may be of each kind of resource.
 * Source: Amazon VPC User Guide, "Amazon VPC quotas"; AWS PrivateLink guide, "AWS PrivateLink quotas"; AWS Site-to-Site
 * VPN User Guide, "Site-to-Site VPN quotas"; Amazon EC2 User Guide, "Elastic IP address quota". All are AWS's defaults.
 */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { type Context, usualSettings } from "./verb.ts";

export interface Quotas {
  readonly vpcsPerRegion: number;
  readonly subnetsPerVpc: number;
  readonly routeTablesPerVpc: number;
  /** Without those of endpoints and those that are propagated. */
  readonly routesPerRouteTable: number;
  readonly internetGatewaysPerRegion: number;
  readonly egressOnlyInternetGatewaysPerRegion: number;
  readonly natGatewaysPerZone: number;
  readonly publicAddressesPerNatGateway: number;
  readonly privateAddressesPerNatGateway: number;
  readonly elasticIpsPerRegion: number;
  readonly networkInterfacesPerRegion: number;
  readonly securityGroupsPerRegion: number;
  /** In each direction, for each family of addresses. */
  readonly rulesPerSecurityGroup: number;
  readonly securityGroupsPerInterface: number;
  readonly networkAclsPerVpc: number;
  /** In each direction. */
  readonly entriesPerNetworkAcl: number;
  readonly prefixListsPerRegion: number;
  /** Requests that nobody has accepted yet, of an account in a region. */
  readonly pendingPeeringsPerRegion: number;
  readonly activePeeringsPerVpc: number;
  readonly customerGatewaysPerRegion: number;
  readonly vpnGatewaysPerRegion: number;
  readonly vpnConnectionsPerRegion: number;
  readonly vpnConnectionsPerVpnGateway: number;
  readonly gatewayEndpointsPerRegion: number;
  readonly gatewayEndpointsPerVpc: number;
  /** Interface and Gateway Load Balancer endpoints together. */
  readonly interfaceEndpointsPerVpc: number;
}

export type QuotaName = keyof Quotas;

export const awsQuotas: Quotas = {
  vpcsPerRegion: 5,
  subnetsPerVpc: 200,
  routeTablesPerVpc: 200,
  routesPerRouteTable: 500,
  internetGatewaysPerRegion: 5,
  egressOnlyInternetGatewaysPerRegion: 5,
  natGatewaysPerZone: 5,
  publicAddressesPerNatGateway: 2,
  privateAddressesPerNatGateway: 8,
  elasticIpsPerRegion: 5,
  networkInterfacesPerRegion: 5000,
  securityGroupsPerRegion: 2500,
  rulesPerSecurityGroup: 60,
  securityGroupsPerInterface: 5,
  networkAclsPerVpc: 200,
  entriesPerNetworkAcl: 20,
  prefixListsPerRegion: 100,
  pendingPeeringsPerRegion: 25,
  activePeeringsPerVpc: 50,
  customerGatewaysPerRegion: 50,
  vpnGatewaysPerRegion: 5,
  vpnConnectionsPerRegion: 50,
  vpnConnectionsPerVpnGateway: 10,
  gatewayEndpointsPerRegion: 20,
  gatewayEndpointsPerVpc: 255,
  interfaceEndpointsPerVpc: 50,
};

const unlimited = Number.POSITIVE_INFINITY;

/** AWS's, but for the smallest counts of an account: whole test suites share one account and do not always clean up. */
export const localQuotas: Quotas = {
  ...awsQuotas,
  vpcsPerRegion: unlimited,
  internetGatewaysPerRegion: unlimited,
  egressOnlyInternetGatewaysPerRegion: unlimited,
  natGatewaysPerZone: unlimited,
  elasticIpsPerRegion: unlimited,
  networkInterfacesPerRegion: unlimited,
  pendingPeeringsPerRegion: unlimited,
  customerGatewaysPerRegion: unlimited,
  vpnGatewaysPerRegion: unlimited,
  vpnConnectionsPerRegion: unlimited,
};

export const noQuotas: Quotas = Object.fromEntries(
  Object.keys(awsQuotas).map((name) => [name, unlimited]),
) as unknown as Quotas;

/** The quota that holds for a call; infinite for none. */
export function quotaOf(name: QuotaName, context: Pick<Context, "settings">): number {
  return (context.settings ?? usualSettings).quotas[name];
}

/** Fails when one more than those that are held would be too many. */
export function checkQuota(name: CountedQuota, held: number, context: Context): Result<void, ApiError> {
  const quota = quotaOf(name, context);
  return held < quota ? ok(undefined) : exceeded[name](quota);
}

/**
 * What AWS answers. Source: Amazon EC2 API Reference, "Error codes for the Amazon EC2 API".
 *
 * ASSUMPTION: the texts that refuse what is beyond a quota are AWS's where they are known in public (VPCs, subnets,
 * internet gateways, addresses), else worded like those; the code for egress-only internet gateways follows the others.
 */
const exceeded = {
  vpcsPerRegion: () => fail("VpcLimitExceeded", {}),
  subnetsPerVpc: () => fail("SubnetLimitExceeded", {}),
  routeTablesPerVpc: () => fail("RouteTableLimitExceeded", {}),
  routesPerRouteTable: () => fail("RouteLimitExceeded", {}),
  internetGatewaysPerRegion: () => fail("InternetGatewayLimitExceeded", {}),
  egressOnlyInternetGatewaysPerRegion: () => fail("EgressOnlyInternetGatewayLimitExceeded", {}),
  natGatewaysPerZone: (quota: number) => fail("NatGatewayLimitExceeded", { quota }),
  elasticIpsPerRegion: () => fail("AddressLimitExceeded", {}),
  networkInterfacesPerRegion: () => fail("NetworkInterfaceLimitExceeded", {}),
  networkAclsPerVpc: () => fail("NetworkAclLimitExceeded", {}),
  entriesPerNetworkAcl: () => fail("NetworkAclEntryLimitExceeded", {}),
  prefixListsPerRegion: (quota: number) =>
    fail("PrefixListLimitExceeded", { message: `You've reached the limit of ${quota} prefix lists in this Region` }),
  pendingPeeringsPerRegion: () => fail("OutstandingVpcPeeringConnectionLimitExceeded", {}),
  activePeeringsPerVpc: () => fail("ActiveVpcPeeringConnectionPerVpcLimitExceeded", {}),
  customerGatewaysPerRegion: () => fail("CustomerGatewayLimitExceeded", {}),
  vpnGatewaysPerRegion: () => fail("VpnGatewayLimitExceeded", {}),
  vpnConnectionsPerRegion: () => fail("VpnConnectionLimitExceeded", {}),
  vpnConnectionsPerVpnGateway: () => fail("VpnConnectionLimitExceeded", {}),
} satisfies Partial<Record<QuotaName, (quota: number) => Result<never, ApiError>>>;

export type CountedQuota = keyof typeof exceeded;
