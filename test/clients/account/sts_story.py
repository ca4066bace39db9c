"""STS: who somebody is, and credentials for a while."""

import json


def story(region):
    sts, iam = region.sts, region.iam
    account = sts.get_caller_identity()
    assert account == {**account, "Account": region.account, "Arn": f"arn:aws:iam::{region.account}:root"}, account
    trust = {"Statement": {"Effect": "Allow", "Principal": {"AWS": region.account}, "Action": "sts:AssumeRole"}}
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="tale", DurationSeconds=900)
    assert given["AssumedRoleUser"]["AssumedRoleId"] == f"{role['RoleId']}:tale"
    assert given["Credentials"]["AccessKeyId"].startswith("ASIA")
    assert region.as_user(given["Credentials"]).get_caller_identity()["Arn"] == given["AssumedRoleUser"]["Arn"]
    assert iam.get_role(RoleName="app")["Role"]["RoleLastUsed"]["Region"] == "us-east-1"
    iam.delete_role(RoleName="app")

    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    assert sts.get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == region.account
    assert sts.get_session_token(DurationSeconds=900)["Credentials"]["SessionToken"]
    federated = sts.get_federation_token(Name="guest")
    assert federated["FederatedUser"]["Arn"] == f"arn:aws:sts::{region.account}:federated-user/guest"
    message = region.encoded_refusal(key)
    decoded = json.loads(sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])
    assert (decoded["allowed"], decoded["context"]["action"]) == (False, "ec2:CreateVpc"), decoded
    sts.refused("InvalidAuthorizationMessageException", "decode_authorization_message", EncodedMessage="nonsense")
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="ann")
