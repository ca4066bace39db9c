"""Drives the EC2 of a region with boto3: waiters, paginators and botocore's own parsing of answers and errors."""

import sys

import boto3
import botocore.exceptions
from botocore.config import Config

url = sys.argv[1]
ec2 = boto3.client(
    "ec2",
    endpoint_url=url,
    region_name="us-east-1",
    aws_access_key_id="555555555555",
    aws_secret_access_key="test",
    config=Config(retries={"max_attempts": 1}),
)


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise AssertionError(f"{code} was expected")


vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
ec2.get_waiter("subnet_available").wait(SubnetIds=[subnet])
table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
ec2.get_waiter("internet_gateway_exists").wait(InternetGatewayIds=[gateway])
assert ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)["Return"] is True
endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
endpoint_id = endpoint["VpcEndpoint"]["VpcEndpointId"]
assert ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"][0]["State"] == "available"
launched = ec2.run_instances(ImageId="ami-12345678", MinCount=7, MaxCount=7, SubnetId=subnet)
ids = [one["InstanceId"] for one in launched["Instances"]]
ec2.get_waiter("instance_running").wait(InstanceIds=ids)

pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
assert len(pages) == 2, pages
seen = [one["InstanceId"] for page in pages for r in page["Reservations"] for one in r["Instances"]]
assert sorted(seen) == sorted(ids)
owned = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["run*"]}])["Reservations"]
assert sum(len(one["Instances"]) for one in owned) == 7

ec2.create_tags(Resources=[vpc, endpoint_id], Tags=[{"Key": "team", "Value": "blue"}])
tags = [tag for page in ec2.get_paginator("describe_tags").paginate() for tag in page["Tags"]]
assert sorted(tag["ResourceType"] for tag in tags) == ["vpc", "vpc-endpoint"], tags
refused("DryRunOperation", ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.2.0/24", DryRun=True)
refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
refused("RouteAlreadyExists", ec2.create_vpc_endpoint, VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=["vpc-0123456789abcdef0"])

ec2.terminate_instances(InstanceIds=ids)
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids)
assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint_id])["Unsuccessful"] == []
refused("InvalidVpcEndpointId.NotFound", ec2.describe_vpc_endpoints, VpcEndpointIds=[endpoint_id])
ec2.disassociate_route_table(AssociationId=association)
ec2.delete_route_table(RouteTableId=table)
ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
ec2.delete_internet_gateway(InternetGatewayId=gateway)
ec2.delete_subnet(SubnetId=subnet)
ec2.delete_vpc(VpcId=vpc)
assert ec2.describe_vpcs()["Vpcs"] == []
print("done")
