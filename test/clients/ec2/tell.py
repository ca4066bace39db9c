"""Tells every story to a region: `tell.py boto3|cli URL`. Its last line names what the stories have used, as JSON.

Fails with the traceback of the first sentence that is not true.
"""

import json
import pathlib
import sys
import types

import boto3
import botocore.session
from botocore import xform_name
sys.path.append(str(pathlib.Path(__file__).parent.parent))

from driver import Boto, CommandLine, Record, boto_client

import endpoint_story
import filter_name
import filter_story
import instance_story
import neighbour_story
import routing_story
import vpc_story

ACCOUNT, STRANGER = "888888888888", "999999999999"
STORIES = [vpc_story, routing_story, filter_story, instance_story, endpoint_story, neighbour_story]


def left(ec2):
    """What the stories should have taken away again."""
    answers = [
        ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["false"]}])["Vpcs"],
        ec2.describe_vpc_endpoints()["VpcEndpoints"],
        ec2.describe_network_interfaces()["NetworkInterfaces"],
        ec2.describe_addresses()["Addresses"],
    ]
    return [one for answer in answers for one in answer]


def known():
    """botocore's names: operations by method, and the waiters and paginators of each operation."""
    session = botocore.session.get_session()
    waiters = session.get_waiter_model("ec2")
    client = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    return [
        {
            "service": "ec2",
            "operation": name,
            "method": xform_name(name),
            "paginated": client.can_paginate(xform_name(name)),
            "waiters": [xform_name(one) for one in waiters.waiter_names if waiters.get_waiter(one).operation == name],
        }
        for name in session.get_service_model("ec2").operation_names
    ]


def main(way, url):
    record = Record()
    caller = {"boto3": Boto, "cli": CommandLine}[way]
    ec2 = caller(url, ACCOUNT, record)
    region = types.SimpleNamespace(
        stranger=caller(url, STRANGER, record),
        elb=boto_client("elbv2", url, ACCOUNT),
        iam=boto_client("iam", url, ACCOUNT),
    )
    for one in STORIES:
        one.story(ec2, region)
    assert left(ec2) == [], left(ec2)
    client = boto_client("ec2", url, ACCOUNT)
    [default] = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    more = {name: {"VpcId": default["VpcId"]} for name in ("DescribeStaleSecurityGroups", "GetSecurityGroupsForVpc")}
    more["DescribeVpcEndpointServicePermissions"] = {"ServiceId": "vpce-svc-0123456789abcdef0"}
    served = [one["operation"] for one in known() if one["method"] in record.operations]
    not_taken = filter_name.refused(client, served, more) if way == "boto3" else []
    assert not_taken == [], not_taken
    used = {name: sorted(getattr(record, name)) for name in ("operations", "waiters", "paginators")}
    print(json.dumps({**used, "known": known()}))


main(*sys.argv[1:])
