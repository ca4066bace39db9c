"""Two ways to call a service with one vocabulary: boto3, and the AWS CLI's own code in this process.

A story calls `ec2.create_vpc(CidrBlock="10.0.0.0/16")`, `ec2.wait("vpc_available", VpcIds=[vpc])`,
`ec2.items("describe_vpcs", "Vpcs")` and `ec2.refused("InvalidVpcID.NotFound", "delete_vpc", VpcId=vpc)`. What was called
with success is kept, so that the end can say what no story has called.
"""

import contextlib
import functools
import io
import json
import os
import re
import tempfile

import boto3
import botocore.exceptions
import botocore.session
from awscli.clidriver import create_clidriver
from botocore import xform_name
from botocore.config import Config

REGION = "us-east-1"
FOLDER = tempfile.TemporaryDirectory()

# A call without effect for each service.
HARMLESS = {
    "ec2": ["describe-regions"],
    "elbv2": ["describe-account-limits"],
    "iam": ["get-account-summary"],
    "sns": ["list-topics"],
    "ssm": ["get-parameters", "--names", "/nowhere"],
    "sts": ["get-caller-identity"],
}


class Record:
    """Operations, waiters and paginators that have worked."""

    def __init__(self):
        self.operations, self.waiters, self.paginators = set(), set(), set()


@functools.cache
def sized(service):
    """The operations whose pages have a size that callers choose."""
    session = botocore.session.get_session()
    paginators = session.get_paginator_model(service)._paginator_config
    return {xform_name(name) for name, paginator in paginators.items() if "limit_key" in paginator}


class Caller:
    """What both ways share. A subclass has `_call(operation, arguments)`, which returns (error code, answer)."""

    def __init__(self, service, record):
        self.record = record
        self.service = service

    def __getattr__(self, operation):
        def call(**arguments):
            code, answer = self._call(operation, arguments)
            assert code is None, f"{operation}: {code}: {answer}"
            self.record.operations.add(operation)
            return answer

        return call

    def refused(self, expected, operation, **arguments):
        code, answer = self._call(operation, arguments)
        assert code == expected, f"{operation}: {expected} was expected, not {code}: {answer}"

    def page_size(self, operation, size):
        """How paginators are told the size of a page; nothing where the service decides it."""
        return {"PageSize": size} if operation in sized(self.service) else {}


def boto_client(service, url, account, **more):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 1}, **more),
    )


class Boto(Caller):
    def __init__(self, url, account, record, service="ec2"):
        super().__init__(service, record)
        self.client = boto_client(service, url, account)

    def _call(self, operation, arguments):
        try:
            return None, getattr(self.client, operation)(**arguments)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]

    def wait(self, waiter, **arguments):
        self.client.get_waiter(waiter).wait(**arguments)
        self.record.waiters.add(waiter)

    def items(self, operation, member, **arguments):
        """Those of all pages."""
        paginator = self.client.get_paginator(operation)
        pages = list(paginator.paginate(**arguments, PaginationConfig=self.page_size(operation, 5)))
        self.record.operations.add(operation)
        self.record.paginators.add(operation)
        return [item for page in pages for item in page[member]]


class CommandLine(Caller):
    def __init__(self, url, account, record, service="ec2"):
        super().__init__(service, record)
        self.before = ["--endpoint-url", url, "--region", REGION, "--output", "json", service]
        self.driver = create_clidriver()
        self.driver.session.set_credentials(account, "test")
        # What every command reads first is read once: each runs in a copy of this process.
        self._main(HARMLESS[service])

    def _main(self, words):
        out, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(complaints):
            status = self.driver.main([*self.before, *words])
        return status, out.getvalue(), complaints.getvalue()

    def _run(self, words):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            with os.fdopen(writing, "w") as answer:
                json.dump(self._main(words), answer)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            ended = answer.read()
        os.waitpid(child, 0)
        return json.loads(ended)

    def _call(self, operation, arguments):
        if operation in ("describe_nat_gateways", "describe_flow_logs") and "Filters" in arguments:
            # boto3 gives these another name than the API has, the command line does not.
            arguments = {**arguments, "Filter": arguments["Filters"]}
            del arguments["Filters"]
        status, out, complaints = self._run([xform_dashes(operation), *flags(arguments)])
        if status == 0:
            return None, json.loads(out) if out.strip() else {}
        refusal = re.search(r"An error occurred \(([^)]+)\) when calling the \w+ operation", complaints)
        return (refusal.group(1) if refusal else f"status {status}"), complaints

    def wait(self, waiter, **arguments):
        status, _, complaints = self._run(["wait", xform_dashes(waiter), *flags(arguments)])
        assert status == 0, f"wait {waiter}: {complaints}"
        self.record.waiters.add(waiter)

    def items(self, operation, member, **arguments):
        """The command line puts the pages together itself."""
        answer = getattr(self, operation)(**arguments, **self.page_size(operation, 5))
        self.record.paginators.add(operation)
        return answer[member]


def xform_dashes(name):
    return name.replace("_", "-")


def flags(arguments):
    """The options of the command line that say what boto3's arguments say."""
    words = []
    if "MinCount" in arguments:
        arguments = {**arguments, "Count": f"{arguments['MinCount']}:{arguments['MaxCount']}"}
        del arguments["MinCount"], arguments["MaxCount"]
    for name, value in arguments.items():
        option = xform_name(name, "-")
        if name == "Egress":
            words.append("--egress" if value else "--ingress")
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, (dict, list)):
            words += [f"--{option}", json.dumps(value)]
        elif isinstance(value, bytes):
            path = os.path.join(FOLDER.name, option)
            with open(path, "wb") as file:
                file.write(value)
            words += [f"--{option}", f"fileb://{path}"]
        else:
            words += [f"--{option}", str(value)]
    return words
