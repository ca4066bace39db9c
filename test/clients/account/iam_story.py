"""IAM: users, groups, roles, policies, keys, the account, and the simulator."""

import base64
import csv
import io
import json

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READ = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}
WRITE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*"}]}
VIEW = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TAGS = [{"Key": "team", "Value": "blue"}]


def story(region):
    iam = region.iam
    account(iam)
    users_and_groups(iam)
    keys(iam, region)
    roles_and_profiles(iam)
    policies(iam)
    linked_roles(iam)
    simulator(iam)
    everything_at_once(iam)


def account(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="blue-team")
    iam.create_account_alias(AccountAlias="red-team")
    assert iam.items("list_account_aliases", "AccountAliases") == ["red-team"]
    iam.refused("NoSuchEntity", "delete_account_alias", AccountAlias="blue-team")
    iam.delete_account_alias(AccountAlias="red-team")

    iam.refused("NoSuchEntity", "get_account_password_policy")
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireSymbols=True, MaxPasswordAge=90)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 12,
        "RequireSymbols": True,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": True,
        "MaxPasswordAge": 90,
    }
    iam.create_user(UserName="pat")
    iam.refused("PasswordPolicyViolation", "create_login_profile", UserName="pat", Password="long-enough")
    profile = iam.create_login_profile(UserName="pat", Password="long-enough-!", PasswordResetRequired=True)
    assert profile["LoginProfile"]["PasswordResetRequired"] is True
    iam.refused("EntityAlreadyExists", "create_login_profile", UserName="pat", Password="long-enough-!")
    iam.update_login_profile(UserName="pat", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="pat")["LoginProfile"]["PasswordResetRequired"] is False
    iam.refused("DeleteConflict", "delete_user", UserName="pat")
    iam.delete_login_profile(UserName="pat")
    iam.refused("NoSuchEntity", "get_login_profile", UserName="pat")
    iam.delete_user(UserName="pat")
    iam.delete_account_password_policy()
    iam.refused("NoSuchEntity", "delete_account_password_policy")
    assert iam.get_account_summary()["SummaryMap"]["Users"] == 0


def users_and_groups(iam):
    for name in ("ann", "bob", "cid"):
        iam.create_user(UserName=name, Path="/staff/", Tags=TAGS)
        iam.wait("user_exists", UserName=name)
    assert [one["UserName"] for one in iam.items("list_users", "Users", PathPrefix="/staff/")] == ["ann", "bob", "cid"]
    iam.update_user(UserName="cid", NewUserName="cyd")
    assert iam.get_user(UserName="cyd")["User"]["Tags"] == TAGS
    iam.tag_user(UserName="cyd", Tags=[{"Key": "desk", "Value": "4"}])
    iam.untag_user(UserName="cyd", TagKeys=["team"])
    assert iam.items("list_user_tags", "Tags", UserName="cyd") == [{"Key": "desk", "Value": "4"}]
    iam.create_group(GroupName="crew")
    iam.refused("EntityAlreadyExists", "create_group", GroupName="crew")
    iam.add_user_to_group(GroupName="crew", UserName="ann")
    assert [one["UserName"] for one in iam.items("get_group", "Users", GroupName="crew")] == ["ann"]
    iam.update_group(GroupName="crew", NewGroupName="hands")
    assert [one["GroupName"] for one in iam.items("list_groups_for_user", "Groups", UserName="ann")] == ["hands"]
    assert [one["GroupName"] for one in iam.items("list_groups", "Groups")] == ["hands"]
    iam.put_group_policy(GroupName="hands", PolicyName="read", PolicyDocument=json.dumps(READ))
    assert iam.get_group_policy(GroupName="hands", PolicyName="read")["PolicyDocument"] == READ
    assert iam.items("list_group_policies", "PolicyNames", GroupName="hands") == ["read"]
    iam.attach_group_policy(GroupName="hands", PolicyArn=VIEW)
    attached = iam.items("list_attached_group_policies", "AttachedPolicies", GroupName="hands")
    assert attached == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": VIEW}], attached
    iam.refused("DeleteConflict", "delete_group", GroupName="hands")
    iam.detach_group_policy(GroupName="hands", PolicyArn=VIEW)
    iam.delete_group_policy(GroupName="hands", PolicyName="read")
    iam.remove_user_from_group(GroupName="hands", UserName="ann")
    iam.delete_group(GroupName="hands")

    iam.put_user_policy(UserName="ann", PolicyName="read", PolicyDocument=json.dumps(READ))
    assert iam.get_user_policy(UserName="ann", PolicyName="read")["PolicyDocument"] == READ
    assert iam.items("list_user_policies", "PolicyNames", UserName="ann") == ["read"]
    iam.attach_user_policy(UserName="ann", PolicyArn=VIEW)
    assert len(iam.items("list_attached_user_policies", "AttachedPolicies", UserName="ann")) == 1
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=VIEW)
    assert iam.get_user(UserName="ann")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == VIEW
    iam.delete_user_permissions_boundary(UserName="ann")
    iam.refused("DeleteConflict", "delete_user", UserName="ann")
    iam.detach_user_policy(UserName="ann", PolicyArn=VIEW)
    iam.delete_user_policy(UserName="ann", PolicyName="read")
    for operation, member in [
        ("list_mfa_devices", "MFADevices"),
        ("list_ssh_public_keys", "SSHPublicKeys"),
        ("list_signing_certificates", "Certificates"),
    ]:
        assert iam.items(operation, member, UserName="ann") == []
    assert iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"] == []
    assert iam.items("list_virtual_mfa_devices", "VirtualMFADevices") == []
    for name in ("ann", "bob", "cyd"):
        iam.delete_user(UserName=name)


def keys(iam, region):
    iam.create_user(UserName="dan")
    key = iam.create_access_key(UserName="dan")["AccessKey"]
    never = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert never["UserName"] == "dan"
    assert never["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}, never
    region.as_user(key).get_caller_identity()
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "us-east-1") and used["LastUsedDate"]
    iam.update_access_key(UserName="dan", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    [listed] = iam.items("list_access_keys", "AccessKeyMetadata", UserName="dan")
    assert listed["Status"] == "Inactive"
    iam.refused("ReportNotPresent", "get_credential_report")
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    content = iam.get_credential_report()["Content"]
    # The command line shows bytes in Base64.
    text = content if isinstance(content, bytes) else base64.b64decode(content)
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "dan"], rows
    assert rows[1]["access_key_1_active"] == "false" and rows[1]["access_key_1_last_used_service"] == "sts"
    iam.refused("DeleteConflict", "delete_user", UserName="dan")
    iam.delete_access_key(UserName="dan", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="dan")


def roles_and_profiles(iam):
    made = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST), Description="d", Tags=TAGS)
    assert made["Role"]["AssumeRolePolicyDocument"] == TRUST
    iam.wait("role_exists", RoleName="app")
    assert [one["RoleName"] for one in iam.items("list_roles", "Roles")] == ["app"]
    iam.update_role(RoleName="app", MaxSessionDuration=7200)
    assert iam.update_role_description(RoleName="app", Description="e")["Role"]["Description"] == "e"
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=json.dumps(TRUST))
    role = iam.get_role(RoleName="app")["Role"]
    assert (role["MaxSessionDuration"], role["RoleLastUsed"]) == (7200, {}), role
    iam.tag_role(RoleName="app", Tags=[{"Key": "tier", "Value": "web"}])
    iam.untag_role(RoleName="app", TagKeys=["team"])
    assert iam.items("list_role_tags", "Tags", RoleName="app") == [{"Key": "tier", "Value": "web"}]
    iam.put_role_policy(RoleName="app", PolicyName="read", PolicyDocument=json.dumps(READ))
    assert iam.get_role_policy(RoleName="app", PolicyName="read")["PolicyDocument"] == READ
    assert iam.items("list_role_policies", "PolicyNames", RoleName="app") == ["read"]
    iam.attach_role_policy(RoleName="app", PolicyArn=VIEW)
    assert len(iam.items("list_attached_role_policies", "AttachedPolicies", RoleName="app")) == 1
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=VIEW)
    iam.delete_role_permissions_boundary(RoleName="app")
    iam.create_instance_profile(InstanceProfileName="web", Tags=TAGS)
    iam.wait("instance_profile_exists", InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
    assert iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]["Roles"][0]["RoleName"] == "app"
    assert len(iam.items("list_instance_profiles", "InstanceProfiles")) == 1
    assert len(iam.items("list_instance_profiles_for_role", "InstanceProfiles", RoleName="app")) == 1
    iam.tag_instance_profile(InstanceProfileName="web", Tags=[{"Key": "tier", "Value": "web"}])
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["team"])
    assert iam.items("list_instance_profile_tags", "Tags", InstanceProfileName="web") == [{"Key": "tier", "Value": "web"}]
    iam.refused("DeleteConflict", "delete_role", RoleName="app")
    iam.refused("DeleteConflict", "delete_instance_profile", InstanceProfileName="web")
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="web")
    iam.detach_role_policy(RoleName="app", PolicyArn=VIEW)
    iam.delete_role_policy(RoleName="app", PolicyName="read")
    iam.delete_role(RoleName="app")


def policies(iam):
    arn = iam.create_policy(PolicyName="files", PolicyDocument=json.dumps(READ), Tags=TAGS)["Policy"]["Arn"]
    iam.wait("policy_exists", PolicyArn=arn)
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(WRITE))["PolicyVersion"]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == WRITE
    assert [one["VersionId"] for one in iam.items("list_policy_versions", "Versions", PolicyArn=arn)] == ["v2", "v1"]
    iam.refused("DeleteConflict", "delete_policy_version", PolicyArn=arn, VersionId="v2")
    iam.refused("DeleteConflict", "delete_policy", PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "tier", "Value": "web"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["team"])
    assert iam.items("list_policy_tags", "Tags", PolicyArn=arn) == [{"Key": "tier", "Value": "web"}]
    assert [one["PolicyName"] for one in iam.items("list_policies", "Policies", Scope="Local")] == ["files"]
    iam.create_user(UserName="eve")
    iam.attach_user_policy(UserName="eve", PolicyArn=arn)
    holders = iam.items("list_entities_for_policy", "PolicyUsers", PolicyArn=arn)
    assert [one["UserName"] for one in holders] == ["eve"]
    iam.refused("DeleteConflict", "delete_policy", PolicyArn=arn)
    iam.detach_user_policy(UserName="eve", PolicyArn=arn)
    iam.delete_user(UserName="eve")
    iam.delete_policy(PolicyArn=arn)
    iam.refused("NoSuchEntity", "get_policy", PolicyArn=arn)


def linked_roles(iam):
    role = iam.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForElasticLoadBalancing"
    assert role["Path"] == "/aws-service-role/elasticloadbalancing.amazonaws.com/"
    iam.refused("InvalidInput", "create_service_linked_role", AWSServiceName="elasticloadbalancing.amazonaws.com")
    iam.refused("UnmodifiableEntity", "delete_role", RoleName=role["RoleName"])
    iam.refused("UnmodifiableEntity", "attach_role_policy", RoleName=role["RoleName"], PolicyArn=VIEW)
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    iam.refused("NoSuchEntity", "get_role", RoleName=role["RoleName"])


def simulator(iam):
    """The policy, the action and the answer are those of the AWS CLI's own example."""
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )
    key = {"ContextKeyName": "aws:CurrentTime", "ContextKeyType": "date"}
    asked = {"PolicyInputList": [document], "ActionNames": ["dynamodb:CreateBackup"]}
    late = [{**key, "ContextKeyValues": ["2019-04-25T11:00:00Z"]}]
    [result] = iam.items("simulate_custom_policy", "EvaluationResults", **asked, ContextEntries=late)
    [match] = result["MatchedStatements"]
    assert (result["EvalDecision"], result["EvalResourceName"]) == ("allowed", "*"), result
    assert match["SourcePolicyId"] == "PolicyInputList.1"
    assert (match["StartPosition"], match["EndPosition"]) == ({"Line": 1, "Column": 38}, {"Line": 1, "Column": 167})
    early = [{**key, "ContextKeyValues": ["2014-04-25T11:00:00Z"]}]
    [result] = iam.simulate_custom_policy(**asked, ContextEntries=early)["EvaluationResults"]
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])
    [result] = iam.simulate_custom_policy(**asked)["EvaluationResults"]
    assert result["MissingContextValues"] == ["aws:CurrentTime"]
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[document])["ContextKeyNames"] == ["aws:CurrentTime"]
    iam.refused("InvalidInput", "simulate_custom_policy", PolicyInputList=["{}"], ActionNames=["s3:GetObject"])

    arn = iam.create_user(UserName="fay")["User"]["Arn"]
    iam.put_user_policy(UserName="fay", PolicyName="read", PolicyDocument=json.dumps(READ))
    deny = json.dumps({"Statement": {"Effect": "Deny", "Action": "s3:GetObjectAcl", "Resource": "*"}})
    results = iam.items(
        "simulate_principal_policy",
        "EvaluationResults",
        PolicySourceArn=arn,
        PolicyInputList=[deny],
        ActionNames=["s3:GetObject", "s3:PutObject", "s3:GetObjectAcl"],
        ResourceArns=["arn:aws:s3:::docs/a"],
    )
    assert [one["EvalDecision"] for one in results] == ["allowed", "implicitDeny", "explicitDeny"], results
    assert [one["SourcePolicyId"] for one in results[0]["MatchedStatements"]] == ["read"]
    assert iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"] == []
    iam.refused("NoSuchEntity", "simulate_principal_policy", PolicySourceArn=f"{arn}x", ActionNames=["s3:GetObject"])
    iam.delete_user_policy(UserName="fay", PolicyName="read")
    iam.delete_user(UserName="fay")


def everything_at_once(iam):
    iam.create_group(GroupName="crew")
    iam.create_user(UserName="gil", Tags=TAGS)
    iam.add_user_to_group(GroupName="crew", UserName="gil")
    iam.attach_user_policy(UserName="gil", PolicyArn=VIEW)
    iam.put_user_policy(UserName="gil", PolicyName="read", PolicyDocument=json.dumps(READ))
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(TRUST))
    details = iam.get_account_authorization_details()
    # The command line puts the pages together and says nothing of them.
    assert details.get("IsTruncated", False) is False
    [user], [group], [role] = (details[f"{kind}DetailList"] for kind in ("User", "Group", "Role"))
    assert user["UserPolicyList"] == [{"PolicyName": "read", "PolicyDocument": READ}]
    assert (user["GroupList"], user["Tags"], group["GroupName"]) == (["crew"], TAGS, "crew")
    assert role["AssumeRolePolicyDocument"] == TRUST and role["InstanceProfileList"] == []
    [policy] = details["Policies"]
    assert policy["Arn"] == VIEW and policy["PolicyVersionList"][0]["IsDefaultVersion"] is True
    roles = iam.items("get_account_authorization_details", "RoleDetailList", Filter=["Role"])
    assert [one["RoleName"] for one in roles] == ["app"]
    iam.delete_role(RoleName="app")
    iam.delete_user_policy(UserName="gil", PolicyName="read")
    iam.detach_user_policy(UserName="gil", PolicyArn=VIEW)
    iam.remove_user_from_group(GroupName="crew", UserName="gil")
    iam.delete_user(UserName="gil")
    iam.delete_group(GroupName="crew")
