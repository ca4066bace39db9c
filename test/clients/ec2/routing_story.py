"""Route tables, routes, the gateways that routes lead to, and DHCP options."""

from place import internet, main_table, network, only


def story(ec2, region):
    tables(ec2)
    nat(ec2)
    ipv6_gateway(ec2)
    dhcp(ec2)


def tables(ec2):
    with network(ec2) as (vpc, subnet), internet(ec2, vpc) as gateway:
        first, second = (ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2))
        association = ec2.associate_route_table(RouteTableId=first, SubnetId=subnet)["AssociationId"]
        world = {"RouteTableId": first, "DestinationCidrBlock": "0.0.0.0/0"}
        assert ec2.create_route(**world, GatewayId=gateway)["Return"] is True
        interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        ec2.replace_route(**world, NetworkInterfaceId=interface)
        [table] = ec2.describe_route_tables(RouteTableIds=[first])["RouteTables"]
        assert table["Routes"][1]["NetworkInterfaceId"] == interface and table["Routes"][1]["State"] == "blackhole"
        ec2.delete_route(**world)
        ec2.refused("InvalidRoute.NotFound", "delete_route", **world)
        moved = ec2.replace_route_table_association(AssociationId=association, RouteTableId=second)["NewAssociationId"]
        found = ec2.items("describe_route_tables", "RouteTables", Filters=only("association.subnet-id", subnet))
        assert [one["RouteTableId"] for one in found] == [second]
        ec2.refused("DependencyViolation", "delete_route_table", RouteTableId=second)
        ec2.disassociate_route_table(AssociationId=moved)
        for table in (first, second):
            ec2.delete_route_table(RouteTableId=table)
        ec2.delete_network_interface(NetworkInterfaceId=interface)
        assert gateway in [one["InternetGatewayId"] for one in ec2.items("describe_internet_gateways", "InternetGateways")]


def nat(ec2):
    with network(ec2) as (vpc, subnet), internet(ec2, vpc):
        first, second = (ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2))
        made = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=first)["NatGateway"]["NatGatewayId"]
        ec2.wait("nat_gateway_available", NatGatewayIds=[made])
        more = ec2.associate_nat_gateway_address(NatGatewayId=made, AllocationIds=[second])["NatGatewayAddresses"]
        ec2.disassociate_nat_gateway_address(NatGatewayId=made, AssociationIds=[more[-1]["AssociationId"]])
        inner = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
        given = ec2.assign_private_nat_gateway_address(NatGatewayId=inner, PrivateIpAddressCount=1)
        second_ip = given["NatGatewayAddresses"][-1]["PrivateIp"]
        ec2.unassign_private_nat_gateway_address(NatGatewayId=inner, PrivateIpAddresses=[second_ip])
        found = ec2.items("describe_nat_gateways", "NatGateways", Filters=only("vpc-id", vpc))
        assert {one["ConnectivityType"] for one in found} == {"public", "private"}
        table = main_table(ec2, vpc)
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made)
        for gateway in (made, inner):
            ec2.delete_nat_gateway(NatGatewayId=gateway)
        ec2.wait("nat_gateway_deleted", NatGatewayIds=[made, inner])
        for allocation in (first, second):
            ec2.release_address(AllocationId=allocation)


def ipv6_gateway(ec2):
    with network(ec2) as (vpc, _):
        made = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
        gateway = made["EgressOnlyInternetGatewayId"]
        table = main_table(ec2, vpc)
        ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=gateway)
        found = ec2.items("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways")
        assert [one["Attachments"] for one in found] == [[{"State": "attached", "VpcId": vpc}]]
        ec2.delete_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0")
        ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway)


def dhcp(ec2):
    with network(ec2) as (vpc, _):
        settings = [{"Key": "domain-name", "Values": ["example.com"]}, {"Key": "domain-name-servers", "Values": ["10.0.0.2"]}]
        options = ec2.create_dhcp_options(DhcpConfigurations=settings)["DhcpOptions"]["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
        found = ec2.items("describe_dhcp_options", "DhcpOptions", Filters=only("value", "example.com"))
        assert [one["DhcpOptionsId"] for one in found] == [options]
        ec2.refused("DependencyViolation", "delete_dhcp_options", DhcpOptionsId=options)
        ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=vpc)
        ec2.delete_dhcp_options(DhcpOptionsId=options)
