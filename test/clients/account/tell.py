"""Tells every story to a region: `tell.py URL`. Its last line names what the stories have used, as JSON.

Fails with the traceback of the first sentence that is not true.
"""

import json
import re
import sys
import types

import botocore.exceptions
import botocore.session
from botocore import xform_name
from driver import Boto, Record, boto_client

import elbv2_story
import iam_story
import sts_story
import topic_story

ACCOUNT = "777777777777"
STORIES = [iam_story, sts_story, elbv2_story, topic_story]
SERVICES = ["iam", "sts", "elbv2", "sns", "ssm"]


def keys_of(given):
    """What boto3 calls the parts of an access key or of a session's credentials."""
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given.get("SessionToken"),
    }


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
    root = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
    for service in SERVICES:
        client = boto_client(service, "http://127.0.0.1", root)
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


def main(url):
    record = Record()
    root = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "test"}
    region = types.SimpleNamespace(
        account=ACCOUNT,
        ec2=boto_client("ec2", url, root),
        as_user=lambda given: boto_client("sts", url, keys_of(given)),
        encoded_refusal=lambda given: encoded_refusal(boto_client("ec2", url, keys_of(given))),
        **{service: Boto(service, url, root, record) for service in SERVICES},
    )
    for one in STORIES:
        one.story(region)
    used = {name: sorted(getattr(record, name)) for name in ("operations", "waiters", "paginators")}
    print(json.dumps({**used, "known": list(known())}))


main(*sys.argv[1:])
