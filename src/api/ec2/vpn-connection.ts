/** VPN connections on the wire. Source: Amazon EC2 API Reference, "CreateVpnConnection" and the others below. */

import type {
  CreateVpnConnectionRequest,
  CreateVpnConnectionResult,
  CreateVpnConnectionRouteRequest,
  DeleteVpnConnectionRequest,
  DeleteVpnConnectionRouteRequest,
  DescribeVpnConnectionsRequest,
  DescribeVpnConnectionsResult,
  VpnConnection as WireVpnConnection,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { find, type State } from "../../model/state.ts";
import {
  connectionStateOf,
  createVpnConnection,
  createVpnConnectionRoute,
  deleteVpnConnection,
  deleteVpnConnectionRoute,
  insideAddresses,
  type VpnConnection,
  type VpnTunnel,
} from "../../model/vpn-connection.ts";
import { type Deletable, isForgottenRemains } from "../../model/vpn-remains.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, never, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateVpnConnectionRequest, CreateVpnConnectionResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpn-connection"]);
  if (!tags.ok) return tags;
  if (input.Type !== "ipsec.1") {
    return fail("InvalidParameterValue", { message: `Value (${input.Type ?? ""}) for parameter type is invalid.` });
  }
  if (input.VpnGatewayId === undefined) {
    return input.TransitGatewayId === undefined
      ? fail("MissingParameter", { parameter: "vpnGatewayId" })
      : fail("UnsupportedOperation", { message: "VPN connections to transit gateways are not served by Underpass" });
  }
  const tunnels = (input.Options?.TunnelOptions ?? []).map((one) => ({
    ...(one.TunnelInsideCidr !== undefined && { insideCidr: one.TunnelInsideCidr }),
    ...(one.PreSharedKey !== undefined && { preSharedKey: one.PreSharedKey }),
  }));
  const wanted = {
    customerGatewayId: input.CustomerGatewayId ?? "",
    vpnGatewayId: input.VpnGatewayId,
    staticRoutesOnly: input.Options?.StaticRoutesOnly ?? false,
    tunnels,
    tags: tags.value["vpn-connection"],
  };
  const made = await call.run((state, context) => createVpnConnection(state, wanted, context));
  return made.ok ? ok({ VpnConnection: { ...wireConnection(call.state(), made.value), State: "pending" } }) : made;
};

const describe: Handler<DescribeVpnConnectionsRequest, DescribeVpnConnectionsResult> = async (input, call) => {
  const state = call.state();
  const listing = {
    kind: "vpn-connection",
    ids: input.VpnConnectionIds,
    filters: filtersIn(state),
    hidden: (one: Deletable) => isForgottenRemains(one, call.nowMs),
  } as const;
  const page = list(listing, { Filters: input.Filters }, call);
  return page.ok ? ok({ VpnConnections: page.value.items.map((one) => wireConnection(state, one)) }) : page;
};

const remove: Handler<DeleteVpnConnectionRequest, object> = async (input, call) => {
  const wanted = { vpnConnectionId: input.VpnConnectionId ?? "" };
  const done = await call.run((state, context) => deleteVpnConnection(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const createRoute: Handler<CreateVpnConnectionRouteRequest, object> = async (input, call) => {
  const wanted = {
    vpnConnectionId: input.VpnConnectionId ?? "",
    destinationCidrBlock: input.DestinationCidrBlock ?? "",
  };
  const done = await call.run((state, context) => createVpnConnectionRoute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const deleteRoute: Handler<DeleteVpnConnectionRouteRequest, object> = async (input, call) => {
  const wanted = {
    vpnConnectionId: input.VpnConnectionId ?? "",
    destinationCidrBlock: input.DestinationCidrBlock ?? "",
  };
  const done = await call.run((state, context) => deleteVpnConnectionRoute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

function wireConnection(state: State, connection: VpnConnection): WireVpnConnection {
  return {
    Category: "VPN",
    Options: {
      EnableAcceleration: false,
      StaticRoutesOnly: connection.staticRoutesOnly,
      LocalIpv4NetworkCidr: "0.0.0.0/0",
      RemoteIpv4NetworkCidr: "0.0.0.0/0",
      OutsideIpAddressType: "PublicIpv4",
      TunnelInsideIpVersion: "ipv4",
      TunnelOptions: connection.tunnels.map((tunnel) => ({
        OutsideIpAddress: tunnel.outsideIp,
        TunnelInsideCidr: tunnel.insideCidr,
        PreSharedKey: tunnel.preSharedKey,
      })),
    },
    Routes: connection.staticRoutes.map((DestinationCidrBlock) => ({ DestinationCidrBlock, State: "available" })),
    Tags: tagSet(connection.tags),
    // No customer's device speaks to the tunnels.
    VgwTelemetry: connection.tunnels.map((tunnel) => ({
      AcceptedRouteCount: 0,
      LastStatusChange: new Date(connection.createdAtMs),
      OutsideIpAddress: tunnel.outsideIp,
      Status: "DOWN",
      StatusMessage: "IPSEC IS DOWN",
    })),
    VpnConnectionId: connection.id,
    State: connectionStateOf(connection),
    CustomerGatewayConfiguration: configurationOf(state, connection),
    Type: "ipsec.1",
    CustomerGatewayId: connection.customerGatewayId,
    VpnGatewayId: connection.vpnGatewayId,
    GatewayAssociationState: "associated",
  };
}

/** What the customer's device is set up with. Source: AWS Site-to-Site VPN User Guide, "Example configuration files". */
function configurationOf(state: State, connection: VpnConnection): string {
  const customer = find(state, "customer-gateway", connection.customerGatewayId);
  const gateway = find(state, "vpn-gateway", connection.vpnGatewayId);
  const ends = {
    customerIp: customer?.ipAddress ?? "",
    customerAsn: customer?.bgpAsn ?? 0,
    asn: gateway?.amazonSideAsn ?? 0,
  };
  const tunnels = connection.tunnels.map((tunnel) => tunnelConfiguration(tunnel, ends)).join("");
  return `<?xml version="1.0" encoding="UTF-8"?>
<vpn_connection id="${connection.id}">
  <customer_gateway_id>${connection.customerGatewayId}</customer_gateway_id>
  <vpn_gateway_id>${connection.vpnGatewayId}</vpn_gateway_id>
  <vpn_connection_type>ipsec.1</vpn_connection_type>${
    connection.staticRoutesOnly ? "\n  <vpn_connection_attributes>NoBGPVPNConnection</vpn_connection_attributes>" : ""
  }${tunnels}
</vpn_connection>`;
}

interface Ends {
  readonly customerIp: string;
  readonly customerAsn: number;
  readonly asn: number;
}

function tunnelConfiguration(tunnel: VpnTunnel, ends: Ends): string {
  const inside = insideAddresses(tunnel);
  const address = (name: string, ip: string, netmask: string, bits: string): string =>
    `<${name}><ip_address>${ip}</ip_address><network_mask>${netmask}</network_mask><network_cidr>${bits}</network_cidr></${name}>`;
  const side = (name: string, outside: string, at: string, asn: number): string => `
    <${name}>
      <tunnel_outside_address><ip_address>${outside}</ip_address></tunnel_outside_address>
      ${address("tunnel_inside_address", at, "255.255.255.252", "30")}
      <bgp><asn>${asn}</asn><hold_time>30</hold_time></bgp>
    </${name}>`;
  return `
  <ipsec_tunnel>${side("customer_gateway", ends.customerIp, inside.customer, ends.customerAsn)}${side("vpn_gateway", tunnel.outsideIp, inside.amazon, ends.asn)}
    <ike>
      <authentication_protocol>sha1</authentication_protocol><encryption_protocol>aes-128-cbc</encryption_protocol>
      <lifetime>28800</lifetime><perfect_forward_secrecy>group2</perfect_forward_secrecy><mode>main</mode>
      <pre_shared_key>${tunnel.preSharedKey}</pre_shared_key>
    </ike>
    <ipsec>
      <protocol>esp</protocol><authentication_protocol>hmac-sha1-96</authentication_protocol>
      <encryption_protocol>aes-128-cbc</encryption_protocol><lifetime>3600</lifetime>
      <perfect_forward_secrecy>group2</perfect_forward_secrecy><mode>tunnel</mode>
      <clear_df_bit>true</clear_df_bit><fragmentation_before_encryption>true</fragmentation_before_encryption>
      <tcp_mss_adjustment>1379</tcp_mss_adjustment>
      <dead_peer_detection><interval>10</interval><retries>3</retries></dead_peer_detection>
    </ipsec>
  </ipsec_tunnel>`;
}

function filtersIn(state: State): FilterTable<VpnConnection> {
  return {
    ...tagFilters,
    "bgp-asn": (it) => [String(find(state, "customer-gateway", it.customerGatewayId)?.bgpAsn ?? "")],
    "customer-gateway-configuration": (it) => [configurationOf(state, it)],
    "customer-gateway-id": (it) => [it.customerGatewayId],
    "option.static-routes-only": (it) => [String(it.staticRoutesOnly)],
    "route.destination-cidr-block": (it) => it.staticRoutes,
    state: (it) => [connectionStateOf(it)],
    "transit-gateway-id": never,
    type: always("ipsec.1"),
    "vpn-connection-id": (it) => [it.id],
    "vpn-gateway-id": (it) => [it.vpnGatewayId],
  };
}

export const vpnConnectionActions: Actions = {
  CreateVpnConnection: action(create, (input, call) => [
    ...onNew(
      "CreateVpnConnection",
      {
        kind: "vpn-connection",
        tagSpecifications: input.TagSpecifications,
        keys: {
          "ec2:GatewayType": ["vgw"],
          "ec2:RoutingType": [input.Options?.StaticRoutesOnly === true ? "static" : "dynamic"],
        },
      },
      call,
    ),
    ...onExisting("CreateVpnConnection", "customer-gateway", [input.CustomerGatewayId], call),
    ...onExisting("CreateVpnConnection", "vpn-gateway", [input.VpnGatewayId], call),
  ]),
  DescribeVpnConnections: action(describe, (_, call) => onAnything("DescribeVpnConnections", call)),
  DeleteVpnConnection: action(remove, (input, call) =>
    onExisting("DeleteVpnConnection", "vpn-connection", [input.VpnConnectionId], call),
  ),
  CreateVpnConnectionRoute: action(createRoute, (input, call) =>
    onExisting("CreateVpnConnectionRoute", "vpn-connection", [input.VpnConnectionId], call),
  ),
  DeleteVpnConnectionRoute: action(deleteRoute, (input, call) =>
    onExisting("DeleteVpnConnectionRoute", "vpn-connection", [input.VpnConnectionId], call),
  ),
};
