"""Tells every story to a region: `tell.py boto3|cli URL`. Its last line names what the stories have used, as JSON.

Fails with the traceback of the first sentence that is not true.
"""

import json
import pathlib
import re
import sys
import types

import boto3
import botocore.exceptions
import botocore.session
from botocore import xform_name

sys.path.append(str(pathlib.Path(__file__).parent.parent))

from driver import Boto, CommandLine, Record, boto_client

import elbv2_story
import iam_story
import sts_story
import topic_story

ACCOUNTS = {"boto3": "777777777777", "cli": "666666666666"}
STORIES = [iam_story, sts_story, elbv2_story, topic_story]
SERVICES = ["iam", "sts", "elbv2", "sns", "ssm"]


def as_user(service, url, given):
    """A client with an access key or with the credentials of a session."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given.get("SessionToken"),
    )


def encoded_refusal(ec2):
    try:
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "UnauthorizedOperation", error
        return re.search(r"Encoded authorization failure message: (\S+)$", error.response["Error"]["Message"]).group(1)
    raise AssertionError("UnauthorizedOperation was expected")


def known():
    """botocore's names: operations by method, and the waiters and paginators of each operation."""
    session = botocore.session.get_session()
    for service in SERVICES:
        client = boto_client(service, "http://127.0.0.1", "none")
        waiters = {}
        if client.waiter_names:
            model = session.get_waiter_model(service)
            waiters = {xform_name(one): model.get_waiter(one).operation for one in model.waiter_names}
        for name in session.get_service_model(service).operation_names:
            method = xform_name(name)
            yield {
                "service": service,
                "operation": name,
                "method": f"{service}.{method}",
                "paginated": client.can_paginate(method),
                "waiters": [f"{service}.{one}" for one, operation in waiters.items() if operation == name],
            }


def main(way, url):
    caller, account = {"boto3": Boto, "cli": CommandLine}[way], ACCOUNTS[way]
    records = {service: Record() for service in SERVICES}
    region = types.SimpleNamespace(
        account=account,
        ec2=boto_client("ec2", url, account),
        as_user=lambda given: as_user("sts", url, given),
        encoded_refusal=lambda given: encoded_refusal(as_user("ec2", url, given)),
        **{service: caller(url, account, record, service) for service, record in records.items()},
    )
    for one in STORIES:
        one.story(region)
    used = {
        kind: sorted(f"{service}.{name}" for service, record in records.items() for name in getattr(record, kind))
        for kind in ("operations", "waiters", "paginators")
    }
    print(json.dumps({**used, "known": list(known())}))


main(*sys.argv[1:])
