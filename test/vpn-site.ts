/** The network behind a VPN connection: 192.168.0.0/16, by a static route. */

import {
  AttachVpnGatewayCommand,
  CreateCustomerGatewayCommand,
  CreateVpnConnectionCommand,
  CreateVpnConnectionRouteCommand,
  CreateVpnGatewayCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { given } from "../demo/account.ts";

export const siteCidr = "192.168.0.0/16";

export interface VpnSite {
  readonly vpnGatewayId: string;
  readonly vpnConnectionId: string;
}

/** A VPN gateway attached to the VPC, with a connection; no route table leads to it yet. */
export async function buildVpnSite(ec2: EC2Client, vpcId: string): Promise<VpnSite> {
  const { VpnGateway } = await ec2.send(new CreateVpnGatewayCommand({ Type: "ipsec.1" }));
  const vpnGatewayId = given(VpnGateway?.VpnGatewayId);
  await ec2.send(new AttachVpnGatewayCommand({ VpcId: vpcId, VpnGatewayId: vpnGatewayId }));
  const customer = new CreateCustomerGatewayCommand({ Type: "ipsec.1", PublicIp: "203.0.113.77", BgpAsn: 65_000 });
  const { CustomerGateway } = await ec2.send(customer);
  const { VpnConnection } = await ec2.send(
    new CreateVpnConnectionCommand({
      Type: "ipsec.1",
      CustomerGatewayId: given(CustomerGateway?.CustomerGatewayId),
      VpnGatewayId: vpnGatewayId,
      Options: { StaticRoutesOnly: true },
    }),
  );
  const vpnConnectionId = given(VpnConnection?.VpnConnectionId);
  const route = { VpnConnectionId: vpnConnectionId, DestinationCidrBlock: siteCidr };
  await ec2.send(new CreateVpnConnectionRouteCommand(route));
  return { vpnGatewayId, vpnConnectionId };
}
