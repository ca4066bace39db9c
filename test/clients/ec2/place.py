"""Where stories play: a VPC with subnets that goes when the story is over."""

import contextlib


@contextlib.contextmanager
def network(ec2, cidr="10.0.0.0/16", subnets=1):
    """The ids of a VPC and of its subnets, each in a zone of its own."""
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    start = cidr.split(".")[1]
    ids = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{start}.{at}.0/24", AvailabilityZone=f"us-east-1{'abcdef'[at]}")[
            "Subnet"
        ]["SubnetId"]
        for at in range(subnets)
    ]
    yield vpc, *ids
    for subnet in ids:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


@contextlib.contextmanager
def internet(ec2, vpc):
    """The id of an internet gateway that is attached to the VPC."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.wait("internet_gateway_exists", InternetGatewayIds=[gateway])
    yield gateway
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)


def only(name, *values):
    """The argument `Filters` with one filter."""
    return [{"Name": name, "Values": list(values)}]


def main_table(ec2, vpc):
    filters = [*only("vpc-id", vpc), *only("association.main", "true")]
    return ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
