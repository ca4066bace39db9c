"""VPCs, their blocks and attributes, subnets, tags, and what an account is given."""

from place import network, only


def story(ec2, region):
    account(ec2)
    default_vpc(ec2)
    blocks_and_attributes(ec2)
    subnets(ec2)
    tags(ec2)


def account(ec2):
    regions = [one["RegionName"] for one in ec2.describe_regions()["Regions"]]
    assert "us-east-1" in regions and "eu-west-1" in regions
    zones = ec2.describe_availability_zones(ZoneNames=["us-east-1a"])["AvailabilityZones"]
    assert [(zone["ZoneId"], zone["State"]) for zone in zones] == [("use1-az1", "available")], zones
    attributes = ec2.describe_account_attributes(AttributeNames=["default-vpc"])["AccountAttributes"]
    assert attributes[0]["AttributeValues"][0]["AttributeValue"].startswith("vpc-")


def default_vpc(ec2):
    [vpc] = ec2.describe_vpcs(Filters=only("is-default", "true"))["Vpcs"]
    subnets = ec2.describe_subnets(Filters=only("vpc-id", vpc["VpcId"]))["Subnets"]
    assert len(subnets) == 6 and all(one["DefaultForAz"] for one in subnets)
    ec2.refused("DefaultVpcAlreadyExists", "create_default_vpc")
    last = subnets[-1]
    ec2.delete_subnet(SubnetId=last["SubnetId"])
    again = ec2.create_default_subnet(AvailabilityZone=last["AvailabilityZone"])["Subnet"]
    assert again["CidrBlock"] == last["CidrBlock"]

    inside = only("attachment.vpc-id", vpc["VpcId"])
    [gateway] = ec2.describe_internet_gateways(Filters=inside)["InternetGateways"]
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
    for subnet in ec2.describe_subnets(Filters=only("vpc-id", vpc["VpcId"]))["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    assert ec2.describe_vpcs()["Vpcs"] == []
    assert ec2.create_default_vpc()["Vpc"]["IsDefault"] is True


def blocks_and_attributes(ec2):
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", InstanceTenancy="dedicated", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    vpc = made["VpcId"]
    ec2.wait("vpc_exists", VpcIds=[vpc])
    ec2.wait("vpc_available", VpcIds=[vpc])
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"] is True
    ec2.modify_vpc_tenancy(VpcId=vpc, InstanceTenancy="default")
    added = ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16")["CidrBlockAssociation"]
    [described] = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert [one["CidrBlock"] for one in described["CidrBlockAssociationSet"]] == ["10.0.0.0/16", "10.1.0.0/16"]
    assert described["InstanceTenancy"] == "default"
    ec2.disassociate_vpc_cidr_block(AssociationId=added["AssociationId"])
    assert ec2.describe_vpc_classic_link(VpcIds=[vpc])["Vpcs"][0]["ClassicLinkEnabled"] is False
    assert len(ec2.items("describe_vpc_classic_link_dns_support", "Vpcs")) == 2
    assert vpc in [one["VpcId"] for one in ec2.items("describe_vpcs", "Vpcs")]
    ec2.refused("DryRunOperation", "delete_vpc", VpcId=vpc, DryRun=True)
    ec2.delete_vpc(VpcId=vpc)
    ec2.refused("InvalidVpcID.NotFound", "describe_vpcs", VpcIds=[vpc])


def subnets(ec2):
    with network(ec2, subnets=2) as (vpc, first, second):
        ec2.wait("subnet_available", SubnetIds=[first, second])
        ec2.modify_subnet_attribute(SubnetId=first, MapPublicIpOnLaunch={"Value": True})
        [described] = ec2.describe_subnets(SubnetIds=[first])["Subnets"]
        assert described["MapPublicIpOnLaunch"] is True and described["AvailableIpAddressCount"] == 251
        ipv6 = ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)["Ipv6CidrBlockAssociation"]
        [whole] = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
        block = whole["Ipv6CidrBlock"].replace("::/56", "::/64")
        given = ec2.associate_subnet_cidr_block(SubnetId=first, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
        ec2.disassociate_subnet_cidr_block(AssociationId=given["AssociationId"])
        native = ec2.create_subnet(VpcId=vpc, Ipv6Native=True, Ipv6CidrBlock=block)["Subnet"]
        assert native["Ipv6Native"] is True and "CidrBlock" not in native, native
        found = ec2.items("describe_subnets", "Subnets", Filters=only("ipv6-native", "true"))
        assert [one["SubnetId"] for one in found] == [native["SubnetId"]]
        ec2.refused("InvalidParameterValue", "modify_subnet_attribute", SubnetId=native["SubnetId"], MapPublicIpOnLaunch={"Value": True})
        ec2.delete_subnet(SubnetId=native["SubnetId"])
        ec2.disassociate_vpc_cidr_block(AssociationId=ipv6["AssociationId"])
        found = ec2.items("describe_subnets", "Subnets", Filters=only("vpc-id", vpc))
        assert {one["SubnetId"] for one in found} == {first, second}
        ec2.refused("InvalidSubnet.Conflict", "create_subnet", VpcId=vpc, CidrBlock="10.0.0.0/25")


def tags(ec2):
    with network(ec2) as (vpc, subnet):
        ec2.create_tags(Resources=[vpc, subnet], Tags=[{"Key": "team", "Value": "blue"}, {"Key": "stage", "Value": ""}])
        assert [one["VpcId"] for one in ec2.describe_vpcs(Filters=only("tag:team", "bl*"))["Vpcs"]] == [vpc]
        ec2.delete_tags(Resources=[vpc], Tags=[{"Key": "stage"}])
        seen = ec2.items("describe_tags", "Tags")
        assert sorted((one["ResourceType"], one["Key"]) for one in seen) == [
            ("subnet", "stage"),
            ("subnet", "team"),
            ("vpc", "team"),
        ], seen
