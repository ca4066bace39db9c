"""What a VPC is joined to: VPCs of one's own and of another account, and networks on the premises."""

from place import main_table, network, only


def story(ec2, region):
    peering(ec2, region.stranger)
    vpn(ec2)


def peering(ec2, stranger):
    with network(ec2) as (mine, _), network(stranger, "10.9.0.0/16") as (theirs, _):
        asked = {"VpcId": mine, "PeerVpcId": theirs, "PeerOwnerId": "999999999999"}
        first = ec2.create_vpc_peering_connection(**asked)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        ec2.wait("vpc_peering_connection_exists", VpcPeeringConnectionIds=[first])
        stranger.reject_vpc_peering_connection(VpcPeeringConnectionId=first)
        second = ec2.create_vpc_peering_connection(**asked)["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        accepted = stranger.accept_vpc_peering_connection(VpcPeeringConnectionId=second)["VpcPeeringConnection"]
        assert accepted["Status"]["Code"] in ("active", "provisioning")
        options = {"RequesterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": True}}
        ec2.modify_vpc_attribute(VpcId=mine, EnableDnsHostnames={"Value": True})
        ec2.modify_vpc_peering_connection_options(VpcPeeringConnectionId=second, **options)
        table = main_table(ec2, mine)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", VpcPeeringConnectionId=second)
        found = ec2.items("describe_vpc_peering_connections", "VpcPeeringConnections", Filters=only("status-code", "active"))
        assert [one["VpcPeeringConnectionId"] for one in found] == [second]
        ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=second)
        ec2.wait("vpc_peering_connection_deleted", VpcPeeringConnectionIds=[second])


def vpn(ec2):
    with network(ec2) as (vpc, _):
        ours = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="198.51.100.7", BgpAsn=65010)["CustomerGateway"]
        customer = ours["CustomerGatewayId"]
        ec2.wait("customer_gateway_available", CustomerGatewayIds=[customer])
        gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
        ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
        table = main_table(ec2, vpc)
        ec2.enable_vgw_route_propagation(GatewayId=gateway, RouteTableId=table)
        made = ec2.create_vpn_connection(
            Type="ipsec.1", CustomerGatewayId=customer, VpnGatewayId=gateway, Options={"StaticRoutesOnly": True}
        )
        vpn = made["VpnConnection"]["VpnConnectionId"]
        ec2.wait("vpn_connection_available", VpnConnectionIds=[vpn])
        ec2.create_vpn_connection_route(VpnConnectionId=vpn, DestinationCidrBlock="192.168.0.0/16")
        [shown] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
        assert shown["PropagatingVgws"] == [{"GatewayId": gateway}]
        ec2.delete_vpn_connection_route(VpnConnectionId=vpn, DestinationCidrBlock="192.168.0.0/16")
        ec2.disable_vgw_route_propagation(GatewayId=gateway, RouteTableId=table)
        assert len(ec2.describe_customer_gateways(Filters=only("ip-address", "198.51.100.7"))["CustomerGateways"]) == 1
        assert len(ec2.describe_vpn_gateways(Filters=only("attachment.vpc-id", vpc))["VpnGateways"]) == 1
        assert len(ec2.describe_vpn_connections(VpnConnectionIds=[vpn])["VpnConnections"]) == 1
        ec2.delete_vpn_connection(VpnConnectionId=vpn)
        ec2.wait("vpn_connection_deleted", VpnConnectionIds=[vpn])
        ec2.detach_vpn_gateway(VpnGatewayId=gateway, VpcId=vpc)
        [loose] = ec2.describe_vpn_gateways(Filters=only("attachment.state", "detached"))["VpnGateways"]
        assert loose["VpcAttachments"] == [{"State": "detached", "VpcId": vpc}]
        ec2.delete_vpn_gateway(VpnGatewayId=gateway)
        ec2.delete_customer_gateway(CustomerGatewayId=customer)
