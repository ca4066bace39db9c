"""What boto3 sees of the service. Prints "ok" when all is as it is at AWS."""

import hashlib
import http.client
import socket
import sys
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

endpoint = sys.argv[1]


def client(**config):
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=Config(**config))


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response
    raise AssertionError(f"{call} should have been refused as {code}")


s3 = client(s3={"addressing_style": "path"})
s3.create_bucket(Bucket="boto")
s3.put_object(Bucket="boto", Key="a b/ü+&.txt", Body=b"text", Metadata={"k": "v"}, ContentType="text/x")
got = s3.get_object(Bucket="boto", Key="a b/ü+&.txt")
assert got["Body"].read() == b"text" and got["Metadata"] == {"k": "v"} and got["ContentType"] == "text/x"
assert got["ETag"] == '"%s"' % hashlib.md5(b"text").hexdigest()

for algorithm in ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]:
    try:
        s3.put_object(Bucket="boto", Key=algorithm, Body=b"text" * 1000, ChecksumAlgorithm=algorithm)
    except Exception as error:  # Some algorithms need a package that is not everywhere.
        assert "Missing Dependency" in str(error), error
        continue
    head = s3.head_object(Bucket="boto", Key=algorithm, ChecksumMode="ENABLED")
    assert head["Checksum" + algorithm], head
    s3.get_object(Bucket="boto", Key=algorithm)["Body"].read()

signed = client(s3={"payload_signing_enabled": True, "addressing_style": "path"}, request_checksum_calculation="when_required")
signed.put_object(Bucket="boto", Key="signed", Body=b"signed")
assert s3.get_object(Bucket="boto", Key="signed")["Body"].read() == b"signed"

# The listing is decoded by the client from its percent encoding.
assert [one["Key"] for one in s3.list_objects_v2(Bucket="boto", Prefix="a b/")["Contents"]] == ["a b/ü+&.txt"]
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="boto", PaginationConfig={"PageSize": 2})
keys = [one["Key"] for page in pages for one in page["Contents"]]
assert keys == sorted(keys) and len(keys) >= 3, keys
old = s3.get_paginator("list_objects").paginate(Bucket="boto", PaginationConfig={"PageSize": 2})
assert [one["Key"] for page in old for one in page["Contents"]] == keys

presigner = client(signature_version="s3v4", s3={"addressing_style": "path"})
url = presigner.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "a b/ü+&.txt"}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"text"
put = presigner.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "presigned"}, ExpiresIn=60)
urllib.request.urlopen(urllib.request.Request(put, data=b"by url", method="PUT"))
assert s3.get_object(Bucket="boto", Key="presigned")["Body"].read() == b"by url"

# Signature version 2, which boto3 presigns with when nobody asks for another.
def send(method, url, body=None, headers={}):
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request(method, parts.path + "?" + parts.query, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


plain = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
name = {"Bucket": "boto", "Key": "a b/ü+&.txt"}
disposition = {"ResponseContentDisposition": 'attachment; filename="ä b"'}
old_url = plain.generate_presigned_url("get_object", Params={**name, **disposition})
assert "AWSAccessKeyId=" in old_url and "X-Amz-" not in old_url, old_url
assert send("GET", old_url) == (200, "text")
assert send("PUT", old_url, b"x")[0] == 403
status, text = send("GET", old_url.replace("filename", "pathname"))
assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in text, text
late = plain.generate_presigned_url("get_object", Params=name, ExpiresIn=-1)
status, text = send("GET", late)
assert status == 403 and "<Code>AccessDenied</Code><Message>Request has expired</Message>" in text, text
old_put = plain.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "v2", "ContentType": "text/x", "Metadata": {"k": "v"}, "Tagging": "a=1"})
assert send("PUT", old_put, b"by old url", {"Content-Type": "text/html"})[0] == 403
assert send("PUT", old_put, b"by old url", {"Content-Type": "text/x"}) == (200, "")
got = s3.get_object(Bucket="boto", Key="v2")
assert got["Body"].read() == b"by old url" and got["Metadata"] == {"k": "v"} and got["TagCount"] == 1, got
status, text = send("GET", plain.generate_presigned_url("list_objects_v2", Params={"Bucket": "boto", "Prefix": "v2"}))
assert status == 200 and "<Key>v2</Key>" in text, text
old_header = client(signature_version="s3", s3={"addressing_style": "path"})
old_header.put_object(Bucket="boto", Key="v2", Body=b"by old header")
assert old_header.get_object(Bucket="boto", Key="v2")["Body"].read() == b"by old header"
old_header.delete_object(Bucket="boto", Key="v2")
try:
    urllib.request.urlopen(url.replace("boto", "boto2"))
    raise AssertionError("a presigned URL is for one object")
except urllib.error.HTTPError as error:
    assert error.code in (403, 404), error

refused("NoSuchKey", s3.get_object, Bucket="boto", Key="none")
refused("404", s3.head_object, Bucket="boto", Key="none")
refused("NoSuchBucket", s3.get_object, Bucket="none", Key="none")
refused("PreconditionFailed", s3.put_object, Bucket="boto", Key="signed", Body=b"x", IfNoneMatch="*")
refused("304", s3.get_object, Bucket="boto", Key="signed", IfNoneMatch=s3.head_object(Bucket="boto", Key="signed")["ETag"])
range_error = refused("InvalidRange", s3.get_object, Bucket="boto", Key="signed", Range="bytes=100-")
assert range_error["Error"]["ActualObjectSize"] == "6", range_error

# Not every machine resolves names under localhost.
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest: resolve("127.0.0.1" if host.endswith("localhost") else host, *rest)
hosted = boto3.client("s3", endpoint_url=endpoint.replace("127.0.0.1", "localhost"), region_name="us-east-1", config=Config(s3={"addressing_style": "virtual"}))
assert hosted.get_object(Bucket="boto", Key="signed")["Body"].read() == b"signed"
hosted_url = hosted.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "signed"})
assert "//boto.localhost" in hosted_url and "AWSAccessKeyId=" in hosted_url, hosted_url
assert send("GET", hosted_url) == (200, "signed")

objects = [{"Key": key} for key in keys + ["signed", "presigned"]]
assert "Errors" not in s3.delete_objects(Bucket="boto", Delete={"Objects": objects})
s3.delete_bucket(Bucket="boto")
print("ok")
