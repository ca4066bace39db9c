"""What filters packets: security groups with their rules, network ACLs, prefix lists that rules name, flow logs."""

from place import network, only


def story(ec2, region):
    groups(ec2)
    acls(ec2)
    prefix_lists(ec2)
    flow_logs(ec2)


def web(port=443, **peer):
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}


def groups(ec2):
    with network(ec2) as (vpc, _):
        group, other = (
            ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("web", "db")
        )
        ec2.wait("security_group_exists", GroupIds=[group, other])
        inbound = web(IpRanges=[{"CidrIp": "10.0.0.0/16", "Description": "inside"}])
        [rule] = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inbound])["SecurityGroupRules"]
        ec2.refused("InvalidPermission.Duplicate", "authorize_security_group_ingress", GroupId=group, IpPermissions=[inbound])
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[web(5432, UserIdGroupPairs=[{"GroupId": other}])])
        changed = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443, "CidrIpv4": "10.0.0.0/16"}
        rules = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}]
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=rules)
        moved = web(8443, IpRanges=[{"CidrIp": "10.0.0.0/16", "Description": "from inside"}])
        ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[moved])
        outward = web(5432, UserIdGroupPairs=[{"GroupId": other, "Description": "to the database"}])
        ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[outward])
        found = ec2.items("describe_security_group_rules", "SecurityGroupRules", Filters=only("group-id", group))
        assert sorted(one.get("Description", "") for one in found) == ["", "from inside", "to the database"], found
        assert len(ec2.items("describe_security_groups", "SecurityGroups", Filters=only("vpc-id", vpc))) == 3
        ec2.refused("DependencyViolation", "delete_security_group", GroupId=other)
        assert ec2.describe_security_group_references(GroupId=[other])["SecurityGroupReferenceSet"] == []
        assert ec2.items("describe_stale_security_groups", "StaleSecurityGroupSet", VpcId=vpc) == []
        assert len(ec2.items("get_security_groups_for_vpc", "SecurityGroupForVpcs", VpcId=vpc)) == 3
        ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[moved])
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[outward])
        for one in (group, other):
            ec2.delete_security_group(GroupId=one)
        ec2.refused("InvalidGroup.NotFound", "describe_security_groups", GroupIds=[group])


def acls(ec2):
    with network(ec2) as (vpc, subnet):
        acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
        entry = {"NetworkAclId": acl, "RuleNumber": 100, "Egress": False, "CidrBlock": "0.0.0.0/0", "Protocol": "6"}
        ec2.create_network_acl_entry(**entry, RuleAction="allow", PortRange={"From": 443, "To": 443})
        ec2.replace_network_acl_entry(**entry, RuleAction="deny", PortRange={"From": 80, "To": 80})
        [before] = ec2.describe_network_acls(Filters=only("association.subnet-id", subnet))["NetworkAcls"]
        [association] = before["Associations"]
        moved = {"AssociationId": association["NetworkAclAssociationId"], "NetworkAclId": acl}
        back = ec2.replace_network_acl_association(**moved)["NewAssociationId"]
        found = ec2.items("describe_network_acls", "NetworkAcls", Filters=only("vpc-id", vpc))
        [own] = [one for one in found if one["NetworkAclId"] == acl]
        assert [one["RuleAction"] for one in own["Entries"] if one["RuleNumber"] == 100] == ["deny"]
        ec2.replace_network_acl_association(AssociationId=back, NetworkAclId=before["NetworkAclId"])
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
        ec2.delete_network_acl(NetworkAclId=acl)


def prefix_lists(ec2):
    assert {"com.amazonaws.us-east-1.s3"} <= {one["PrefixListName"] for one in ec2.items("describe_prefix_lists", "PrefixLists")}
    made = ec2.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24", "Description": "one"}]
    )["PrefixList"]
    offices = made["PrefixListId"]
    ec2.modify_managed_prefix_list(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": "198.51.100.0/24"}])
    ec2.restore_managed_prefix_list_version(PrefixListId=offices, PreviousVersion=1, CurrentVersion=2)
    entries = ec2.items("get_managed_prefix_list_entries", "Entries", PrefixListId=offices)
    assert entries == [{"Cidr": "192.0.2.0/24", "Description": "one"}]
    with network(ec2) as (vpc, _):
        group = ec2.create_security_group(GroupName="offices", Description="offices", VpcId=vpc)["GroupId"]
        peer = [{"PrefixListId": offices}]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web(PrefixListIds=peer)])
        held = ec2.items("get_managed_prefix_list_associations", "PrefixListAssociations", PrefixListId=offices)
        assert [one["ResourceId"] for one in held] == [group]
        ec2.delete_security_group(GroupId=group)
    lists = ec2.items("describe_managed_prefix_lists", "PrefixLists", Filters=only("prefix-list-name", "offices"))
    assert [one["Version"] for one in lists] == [3]
    ec2.delete_managed_prefix_list(PrefixListId=offices)


def flow_logs(ec2):
    with network(ec2) as (vpc, _):
        made = ec2.create_flow_logs(
            ResourceIds=[vpc],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName="flow-logs",
            DeliverLogsPermissionArn="arn:aws:iam::888888888888:role/flow-logs",
        )
        assert made["Unsuccessful"] == []
        found = ec2.items("describe_flow_logs", "FlowLogs")
        assert [one["FlowLogId"] for one in found] == made["FlowLogIds"] and found[0]["ResourceId"] == vpc
        assert ec2.delete_flow_logs(FlowLogIds=made["FlowLogIds"])["Unsuccessful"] == []
