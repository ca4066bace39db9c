"""A tour of IAM and STS by boto3: prints one JSON document of what it saw."""

import json
import os

import boto3
from botocore.exceptions import ClientError

url = os.environ["REGION_URL"]


def session(key="test", secret="test", token=None):
    return boto3.session.Session(
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token, region_name="us-east-1"
    )


def refused(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], type(error).__name__]
    return "no error"


root = session()
iam = root.client("iam", endpoint_url=url)
sts = root.client("sts", endpoint_url=url)
account = sts.get_caller_identity()["Account"]
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
}
allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]}

seen = {"account": account}
for name in ["c", "a", "b"]:
    iam.create_user(UserName=name, Tags=[{"Key": "n", "Value": name}])
iam.get_waiter("user_exists").wait(UserName="a")
pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
seen["users"] = [user["UserName"] for page in pages for user in page["Users"]]
seen["twice"] = refused(iam.create_user, UserName="a")
seen["nobody"] = refused(iam.get_user, UserName="nil")

role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust), Description="d")["Role"]
iam.get_waiter("role_exists").wait(RoleName="app")
seen["trust"] = iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"] == trust
policy = iam.create_policy(PolicyName="lists", PolicyDocument=json.dumps(allow))["Policy"]
iam.get_waiter("policy_exists").wait(PolicyArn=policy["Arn"])
iam.attach_role_policy(RoleName="app", PolicyArn=policy["Arn"])
version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
seen["document"] = version["Document"] == allow
seen["attached"] = iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"]
iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(allow))
seen["inline"] = iam.get_role_policy(RoleName="app", PolicyName="p")["PolicyDocument"] == allow
iam.create_instance_profile(InstanceProfileName="web")
iam.get_waiter("instance_profile_exists").wait(InstanceProfileName="web")
iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
seen["profile"] = [r["RoleName"] for r in iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]["Roles"]]

given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="tour")
keys = given["Credentials"]
held = session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
seen["session"] = held.client("sts", endpoint_url=url).get_caller_identity()["Arn"]
seen["session lists"] = len(held.client("iam", endpoint_url=url).list_users()["Users"])
seen["session may not"] = refused(held.client("iam", endpoint_url=url).delete_user, UserName="a")
seen["conflict"] = refused(iam.delete_role, RoleName="app")
seen["iterated"] = sorted(user.name for user in root.resource("iam", endpoint_url=url).users.all())
print(json.dumps(seen))
