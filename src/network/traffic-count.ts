/** What a data plane counted of packets, in the terms of the VPC. Each count is what came since the reading before. */

export interface TrafficReading {
  /** At interfaces that have a flow log. */
  readonly flows: readonly FlowCount[];
  readonly drops: readonly DropCount[];
  readonly endpoints: readonly EndpointCount[];
  /** VPCs in which there were more flows than could be counted. */
  readonly overflown: readonly string[];
}

/** Packets of one flow in one direction at one interface. */
export interface FlowCount {
  readonly vpcId: string;
  readonly networkInterfaceId: string;
  readonly direction: "ingress" | "egress";
  readonly action: "ACCEPT" | "REJECT";
  /** IANA's number. */
  readonly protocol: number;
  readonly sourceIp: string;
  readonly destinationIp: string;
  /** 0 for protocols without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** The bits of FIN (1), SYN (2), RST (4) and, beside a SYN, ACK (16) that some packet had. */
  readonly tcpFlags: number;
  readonly packets: number;
  readonly bytes: number;
  /** Where packets that left the interface went. */
  readonly door?: FlowDoor;
}

export type FlowDoor =
  | { readonly kind: "internet-gateway" }
  | { readonly kind: "gateway-endpoint"; readonly vpcEndpointId: string }
  | { readonly kind: "vpc-peering-connection"; readonly vpcPeeringConnectionId: string }
  | { readonly kind: "vpn-gateway" }
  /** An interface of the same VPC: an instance's, or that of a NAT gateway. */
  | { readonly kind: "interface" };

/** What passed an endpoint. */
export interface EndpointCount {
  readonly vpcEndpointId: string;
  /** By which interface of an interface endpoint; absent for a gateway endpoint, which has none. */
  readonly networkInterfaceId?: string;
  /** To the service and back. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of TCP, that clients sent. */
  readonly resets: number;
}

/** Packets that a filter dropped, or that had no way to go. */
export type DropCount =
  | (DropAtInterface & { readonly kind: "security-group" | "network-acl" })
  /** The packet's source was not an address of its interface. */
  | (DropAtInterface & { readonly kind: "source-check" })
  /** No route of the interface's table led to anybody, or the one that held the packet was a blackhole. */
  | (DropAtInterface & { readonly kind: "no-route" })
  /** Counted at the interfaces as well. */
  | {
      readonly kind: "network-acl-rule";
      readonly vpcId: string;
      readonly networkAclId: string;
      /** 32767 for the last rule, the one with the asterisk. */
      readonly ruleNumber: number;
      readonly direction: "ingress" | "egress";
      readonly packets: number;
    };

interface DropAtInterface {
  readonly vpcId: string;
  readonly networkInterfaceId: string;
  readonly direction: "ingress" | "egress";
  /** The endpoint that the packet was on its way to or came from. */
  readonly vpcEndpointId?: string;
  readonly packets: number;
}

/** The last rule of every ACL. Source: EC2 API Reference, "NetworkAclEntry": the default entry has the number 32767. */
export const lastRuleNumber = 32_767;
