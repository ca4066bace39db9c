"""boto3 as a story calls it; what was called with success is kept, so that the end can say what no story has called."""

import boto3
import botocore.exceptions
from botocore.config import Config

REGION = "us-east-1"


class Record:
    """Operations, waiters and paginators that have worked, each as `service.name`."""

    def __init__(self):
        self.operations, self.waiters, self.paginators = set(), set(), set()


def boto_client(service, url, keys):
    return boto3.client(service, endpoint_url=url, region_name=REGION, config=Config(retries={"max_attempts": 1}), **keys)


class Boto:
    def __init__(self, service, url, keys, record):
        self.service, self.record = service, record
        self.client = boto_client(service, url, keys)

    def __getattr__(self, operation):
        def call(**arguments):
            answer = getattr(self.client, operation)(**arguments)
            self.record.operations.add(f"{self.service}.{operation}")
            return answer

        return call

    def refused(self, expected, operation, **arguments):
        try:
            answer = getattr(self.client, operation)(**arguments)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == expected, f"{operation}: {expected} was expected, not {error}"
            return
        raise AssertionError(f"{operation}: {expected} was expected, not {answer}")

    def wait(self, waiter, **arguments):
        self.client.get_waiter(waiter).wait(**arguments)
        self.record.waiters.add(f"{self.service}.{waiter}")

    def items(self, operation, member, **arguments):
        """Those of all pages, which are as small as can be."""
        paginator = self.client.get_paginator(operation)
        size = {"PageSize": 2} if paginator._limit_key is not None else {}
        pages = list(paginator.paginate(**arguments, PaginationConfig=size))
        self.record.operations.add(f"{self.service}.{operation}")
        self.record.paginators.add(f"{self.service}.{operation}")
        return [item for page in pages for item in page[member]]
