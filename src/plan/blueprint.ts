/**
 * All that the machine must hold for the network of a region, with no choice left open: a data plane makes it true.
 * Numbers (`key`, `group`, `table`) are small, stable as long as their resource lives, and unique within their scope.
 */

export interface Blueprint {
  /** The state's revision that it was planned from. */
  readonly revision: number;
  readonly vpcs: readonly VpcBlueprint[];
  /** Public CIDR blocks at which the internet answers as AWS: services of every region. */
  readonly internetCidrs: readonly string[];
  /** Interfaces whose flows are counted, sorted; absent for none. */
  readonly loggedInterfaceIds?: readonly string[];
}

export interface VpcBlueprint {
  readonly vpcId: string;
  /** 1 to 4094, unique in the region. */
  readonly key: number;
  /** Of both families, those of IPv4 first. */
  readonly cidrBlocks: readonly string[];
  /** Addresses where the VPC's resolver answers (VPC+2, 169.254.169.253, fd00:ec2::253); empty when enableDnsSupport is off. */
  readonly resolverIps: readonly string[];
  /** Whom programs inside ask for names, first things first: they may be asked where nothing answers. */
  readonly nameServers: readonly string[];
  /** The same of instances with IPv6 alone; absent in a VPC without it. */
  readonly ipv6NameServers?: readonly string[];
  /** What programs inside try behind a short name. */
  readonly searchDomains: readonly string[];
  readonly subnets: readonly SubnetBlueprint[];
  readonly routeTables: readonly RouteTableBlueprint[];
  readonly endpoints: readonly EndpointBlueprint[];
  readonly securityGroups: readonly SecurityGroupBlueprint[];
  readonly networkAcls: readonly NetworkAclBlueprint[];
  readonly natGateways: readonly NatGatewayBlueprint[];
  /** Absent when none is attached. */
  readonly internetGateway?: InternetGatewayBlueprint;
  /** Absent when the VPC has none. */
  readonly egressOnlyGateway?: EgressOnlyGatewayBlueprint;
  /** Those of one instance stand together, the primary one first. */
  readonly hosts: readonly HostBlueprint[];
  /** One for each VPC that packets reach by a peering connection. */
  readonly peers: readonly PeerBlueprint[];
  /** Absent when none is attached. */
  readonly vpnGateway?: VpnGatewayBlueprint;
  /** Interfaces of interface endpoints whose service is served here; on others nothing answers. */
  readonly endpointInterfaces: readonly EndpointInterfaceBlueprint[];
}

export interface SubnetBlueprint {
  readonly subnetId: string;
  /** Link group of its interfaces: 1 to 65535, unique in the VPC. */
  readonly group: number;
  /** Of IPv4; absent for a subnet of IPv6 alone. */
  readonly ipv4?: {
    readonly cidrBlock: string;
    /** The router's address: the first of the subnet. */
    readonly routerIp: string;
  };
  /** The `table` of the route table in force for this subnet. */
  readonly table: number;
  /** The `key` of its network ACL. */
  readonly networkAcl: number;
}

export interface RouteTableBlueprint {
  readonly routeTableId: string;
  /** Kernel table number and packet mark: 1000 to 65535, unique in the VPC. */
  readonly table: number;
  /** Without the local routes, which are those of `cidrBlocks`. No two with the same cidr and metric. */
  readonly routes: readonly RouteBlueprint[];
}

export interface RouteBlueprint {
  readonly cidrBlock: string;
  /** 10 static, 20 prefix list of an endpoint, 30 propagated: of routes with the same cidr the lowest wins. */
  readonly metric: 10 | 20 | 30;
  readonly target: TargetBlueprint;
}

export type TargetBlueprint =
  | { readonly kind: "internet-gateway" }
  | { readonly kind: "egress-only-internet-gateway" }
  | { readonly kind: "endpoint"; readonly vpcEndpointId: string }
  | { readonly kind: "host"; readonly networkInterfaceId: string }
  | { readonly kind: "nat-gateway"; readonly natGatewayId: string }
  | { readonly kind: "peer"; readonly vpcPeeringConnectionId: string }
  | { readonly kind: "vpn-gateway" }
  /** A target that is gone: packets are dropped. */
  | { readonly kind: "blackhole" };

/** A gateway endpoint: a namespace that answers for every address of the service. */
export interface EndpointBlueprint {
  readonly vpcEndpointId: string;
  /** 1 to 4094, unique in the VPC. */
  readonly key: number;
  /** The service's public CIDR blocks, which its namespace takes as its own. */
  readonly cidrBlocks: readonly string[];
}

/** An interface of an interface endpoint: it answers as the endpoint's service at its own addresses. */
export interface EndpointInterfaceBlueprint {
  readonly vpcEndpointId: string;
  /** As signatures name it. */
  readonly service: string;
  readonly networkInterfaceId: string;
  /** 1 to 4094, unique in the VPC. */
  readonly key: number;
  readonly group: number;
  /** At least one; of either family. */
  readonly ips: readonly string[];
  /** The `key`s of its security groups, ascending. */
  readonly securityGroups: readonly number[];
}

/** The router of another VPC, which takes only packets to itself: both VPCs name each other. */
export interface PeerBlueprint {
  readonly vpcPeeringConnectionId: string;
  readonly vpcId: string;
  /** The other VPC's. */
  readonly key: number;
  /** Whether both VPCs have IPv6 blocks. */
  readonly hasIpv6: boolean;
}

/** Takes packets to the sites behind it and theirs to the VPC's own interfaces. */
export interface VpnGatewayBlueprint {
  readonly vpnGatewayId: string;
  readonly sites: readonly SiteBlueprint[];
}

/** The on-premises network behind a VPN connection. */
export interface SiteBlueprint {
  readonly vpnConnectionId: string;
  /** 1 to 4094, unique among those of the gateway. */
  readonly key: number;
  /** Its static routes, of IPv4; no block is another site's too. */
  readonly cidrBlocks: readonly string[];
  readonly hosts: readonly SiteHostBlueprint[];
}

export interface SiteHostBlueprint {
  readonly hostId: string;
  /** 1 to 65535, unique in the site. */
  readonly key: number;
  readonly ip: string;
}

export interface InternetGatewayBlueprint {
  readonly internetGatewayId: string;
  /** One to one, each address once. */
  readonly addresses: readonly { readonly privateIp: string; readonly publicIp: string }[];
}

/** Takes IPv6 out of the VPC and its answers in. */
export interface EgressOnlyGatewayBlueprint {
  readonly egressOnlyInternetGatewayId: string;
}

/** An interface of a network host, which is an instance. */
export interface HostBlueprint {
  readonly instanceId: string;
  readonly networkInterfaceId: string;
  /** 0 for the primary interface: every instance has it, and others perhaps. */
  readonly deviceIndex: number;
  /** 1 to 64512, unique in the VPC. */
  readonly key: number;
  readonly group: number;
  /** At least one; those of IPv4 first, the primary one of each family first. */
  readonly ips: readonly string[];
  /** Of a primary interface without IPv4: from there the instance asks the metadata service at its address of IPv4. */
  readonly linkLocalIp?: string;
  readonly macAddress: string;
  /** The `key`s of its security groups, ascending. */
  readonly securityGroups: readonly number[];
}

/** What may enter and leave the interfaces of a group, in the direction in which a connection is opened; nothing else may. */
export interface SecurityGroupBlueprint {
  readonly securityGroupId: string;
  /** 1 to 65535, unique in the VPC. */
  readonly key: number;
  /** Addresses of every interface in the group, whoever has it. */
  readonly members: readonly string[];
  readonly ingress: readonly GroupRuleBlueprint[];
  readonly egress: readonly GroupRuleBlueprint[];
}

export interface GroupRuleBlueprint {
  /** `sgr-…` */
  readonly ruleId: string;
  readonly traffic: TrafficBlueprint;
  readonly peer: GroupPeerBlueprint;
}

export type GroupPeerBlueprint =
  | { readonly kind: "cidr"; readonly cidrBlock: string }
  /** The members of a group, this or another. */
  | { readonly kind: "group"; readonly key: number }
  | { readonly kind: "prefix-list"; readonly prefixListId: string; readonly cidrBlocks: readonly string[] };

export type TrafficBlueprint =
  | { readonly kind: "all" }
  /** Of the destination. */
  | { readonly kind: "tcp" | "udp"; readonly fromPort: number; readonly toPort: number }
  /** Absent: every type, every code. */
  | { readonly kind: "icmp" | "icmpv6"; readonly type?: number; readonly code?: number }
  | { readonly kind: "protocol"; readonly number: number };

/** What may cross the border of a subnet, packet by packet; nothing else may. Rules are in the order of their numbers. */
export interface NetworkAclBlueprint {
  readonly networkAclId: string;
  /** 1 to 65535, unique in the VPC. */
  readonly key: number;
  readonly ingress: readonly AclRuleBlueprint[];
  readonly egress: readonly AclRuleBlueprint[];
}

export interface AclRuleBlueprint {
  readonly ruleNumber: number;
  readonly action: "allow" | "deny";
  readonly traffic: TrafficBlueprint;
  /** The other end: of ingress the source, of egress the destination. */
  readonly cidrBlock: string;
}

/** Has no security groups; the network ACL of its subnet filters it. */
export interface NatGatewayBlueprint {
  readonly natGatewayId: string;
  /** 1 to 4094, unique in the VPC. */
  readonly key: number;
  /** Of its subnet, whose route table says where its packets go on. */
  readonly group: number;
  readonly networkInterfaceId: string;
  readonly privateIp: string;
  /** What the internet gateway maps its private address to; absent for a private NAT gateway. */
  readonly publicIp?: string;
}
