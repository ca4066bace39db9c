"""VPC endpoints of both sides: those that use a service, and the services that an account offers to another."""

import json

from place import main_table, network, only

S3 = "com.amazonaws.us-east-1.s3"


def story(ec2, region):
    services(ec2)
    gateway(ec2)
    interface(ec2)
    offered(ec2, region.stranger, region.elb)


def services(ec2):
    found = ec2.items("describe_vpc_endpoint_services", "ServiceDetails", Filters=only("service-name", S3))
    assert sorted(kind["ServiceType"] for one in found for kind in one["ServiceType"]) == ["Gateway", "Interface"]
    ec2.refused("InvalidServiceName", "describe_vpc_endpoint_services", ServiceNames=["com.amazonaws.us-east-1.nothing"])


def gateway(ec2):
    with network(ec2) as (vpc, _):
        table = main_table(ec2, vpc)
        made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=S3, RouteTableIds=[table])["VpcEndpoint"]
        endpoint = made["VpcEndpointId"]
        assert made["State"] == "available" and json.loads(made["PolicyDocument"])["Version"] == "2008-10-17"
        ec2.refused("RouteAlreadyExists", "create_vpc_endpoint", VpcId=vpc, ServiceName=S3, RouteTableIds=[table])
        [routes] = [one["Routes"] for one in ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]]
        assert [one.get("DestinationPrefixListId") for one in routes] == [None, "pl-63a5400a"]
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveRouteTableIds=[table])
        found = ec2.items("describe_vpc_endpoints", "VpcEndpoints", Filters=only("vpc-endpoint-id", endpoint))
        assert [one["RouteTableIds"] for one in found] == [[]]
        assert ec2.describe_vpc_endpoint_associations(VpcEndpointIds=[endpoint])["VpcEndpointAssociations"] == []
        ec2.refused("DependencyViolation", "delete_vpc", VpcId=vpc)
        assert ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"] == []
        again = ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])["Unsuccessful"]
        assert [one["Error"]["Code"] for one in again] == ["InvalidVpcEndpoint.NotFound"]


def interface(ec2):
    with network(ec2, subnets=2) as (vpc, first, second):
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        made = ec2.create_vpc_endpoint(
            VpcId=vpc,
            VpcEndpointType="Interface",
            ServiceName="com.amazonaws.us-east-1.sqs",
            SubnetIds=[first],
            PrivateDnsEnabled=True,
        )["VpcEndpoint"]
        endpoint = made["VpcEndpointId"]
        ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=[second])
        [described] = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
        assert sorted(described["SubnetIds"]) == sorted([first, second]) and len(described["NetworkInterfaceIds"]) == 2
        assert [one["GroupName"] for one in described["Groups"]] == ["default"]
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])


def offered(ec2, stranger, elb):
    with network(ec2) as (_, subnet), network(stranger, "10.9.0.0/16") as (theirs, their_subnet):
        balancer = elb.create_load_balancer(Name="shop", Type="network", Scheme="internal", Subnets=[subnet])
        arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        made = ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[arn], AcceptanceRequired=True)
        service, name = made["ServiceConfiguration"]["ServiceId"], made["ServiceConfiguration"]["ServiceName"]
        permission(ec2, stranger, service, name)
        endpoints = [
            stranger.create_vpc_endpoint(VpcId=theirs, VpcEndpointType="Interface", ServiceName=name, SubnetIds=[their_subnet])[
                "VpcEndpoint"
            ]["VpcEndpointId"]
            for _ in range(2)
        ]
        waiting = ec2.items("describe_vpc_endpoint_connections", "VpcEndpointConnections", Filters=only("service-id", service))
        assert {one["VpcEndpointState"] for one in waiting} == {"pendingAcceptance"} and len(waiting) == 2
        notifications(ec2, service)
        assert ec2.accept_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=endpoints[:1])["Unsuccessful"] == []
        assert ec2.reject_vpc_endpoint_connections(ServiceId=service, VpcEndpointIds=endpoints[1:])["Unsuccessful"] == []
        states = [one["State"] for one in stranger.describe_vpc_endpoints(VpcEndpointIds=endpoints)["VpcEndpoints"]]
        assert sorted(states) == ["available", "rejected"], states
        kept = ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service])["Unsuccessful"]
        assert [one["Error"]["Code"] for one in kept] == ["ExistingVpcEndpointConnections"], kept
        stranger.delete_vpc_endpoints(VpcEndpointIds=endpoints)
        assert ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service])["Unsuccessful"] == []
        elb.delete_load_balancer(LoadBalancerArn=arn)


def permission(ec2, stranger, service, name):
    principal = "arn:aws:iam::999999999999:root"
    stranger.refused("InvalidServiceName", "describe_vpc_endpoint_services", ServiceNames=[name])
    ec2.modify_vpc_endpoint_service_permissions(ServiceId=service, AddAllowedPrincipals=[principal])
    allowed = ec2.items("describe_vpc_endpoint_service_permissions", "AllowedPrincipals", ServiceId=service)
    assert [one["Principal"] for one in allowed] == [principal]
    found = stranger.items("describe_vpc_endpoint_services", "ServiceDetails", ServiceNames=[name])
    assert [one["AcceptanceRequired"] for one in found] == [True]
    ec2.modify_vpc_endpoint_service_configuration(ServiceId=service, PrivateDnsName="shop.example.com")
    ec2.start_vpc_endpoint_service_private_dns_verification(ServiceId=service)
    ec2.modify_vpc_endpoint_service_payer_responsibility(ServiceId=service, PayerResponsibility="ServiceOwner")
    own = ec2.items("describe_vpc_endpoint_service_configurations", "ServiceConfigurations", ServiceIds=[service])
    assert [one["PrivateDnsName"] for one in own] == ["shop.example.com"]


def notifications(ec2, service):
    topic = "arn:aws:sns:us-east-1:888888888888:endpoints"
    events = {"ConnectionEvents": ["Accept"]}
    made = ec2.create_vpc_endpoint_connection_notification(ServiceId=service, ConnectionNotificationArn=topic, **events)
    own = made["ConnectionNotification"]["ConnectionNotificationId"]
    ec2.modify_vpc_endpoint_connection_notification(ConnectionNotificationId=own, ConnectionEvents=["Accept", "Reject"])
    [found] = ec2.items("describe_vpc_endpoint_connection_notifications", "ConnectionNotificationSet")
    assert sorted(found["ConnectionEvents"]) == ["Accept", "Reject"]
    gone = ec2.delete_vpc_endpoint_connection_notifications(ConnectionNotificationIds=[own])
    assert gone["Unsuccessful"] == []
