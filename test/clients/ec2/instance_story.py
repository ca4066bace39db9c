"""Instances with their interfaces, addresses, keys and profiles."""

from place import internet, network, only

PUBLIC_KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ9ZkD7kQp7Qh1J0lQk0iUq7S6Zr7u4yq6kq9xq7QZ5c one@example.com"
IMAGE = "ami-0abcdef1234567890"


def story(ec2, region):
    catalogue(ec2)
    keys(ec2)
    life(ec2)
    attributes(ec2)
    profiles(ec2, region.iam)
    interfaces(ec2)
    addresses(ec2)


def catalogue(ec2):
    ec2.wait("image_exists", ImageIds=[IMAGE])
    ec2.wait("image_available", ImageIds=[IMAGE])
    assert [one["ImageId"] for one in ec2.items("describe_images", "Images", ImageIds=[IMAGE])] == [IMAGE]
    types = ec2.items("describe_instance_types", "InstanceTypes", Filters=only("instance-type", "t3.*"))
    assert {"t3.micro", "t3.large"} <= {one["InstanceType"] for one in types}
    offered = ec2.items("describe_instance_type_offerings", "InstanceTypeOfferings", LocationType="availability-zone")
    assert {one["Location"] for one in offered} >= {"us-east-1a", "us-east-1f"}
    assert ec2.items("describe_volumes", "Volumes") == []
    ec2.wait("volume_deleted", VolumeIds=["vol-0123456789abcdef0"])
    assert "AccountLevel" in ec2.get_instance_metadata_defaults()


def keys(ec2):
    made = ec2.create_key_pair(KeyName="made", KeyType="ed25519")
    assert made["KeyMaterial"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    ec2.import_key_pair(KeyName="brought", PublicKeyMaterial=PUBLIC_KEY)
    ec2.wait("key_pair_exists", KeyNames=["made", "brought"])
    assert [one["KeyName"] for one in ec2.describe_key_pairs(KeyPairIds=[made["KeyPairId"]])["KeyPairs"]] == ["made"]
    for name in ("made", "brought"):
        ec2.delete_key_pair(KeyName=name)
    ec2.refused("InvalidKeyPair.NotFound", "describe_key_pairs", KeyNames=["made"])


def launch(ec2, subnet, count=1, **more):
    made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=count, MaxCount=count, SubnetId=subnet, **more)
    return [one["InstanceId"] for one in made["Instances"]]


def end(ec2, ids):
    ec2.terminate_instances(InstanceIds=ids)
    ec2.wait("instance_terminated", InstanceIds=ids)


def life(ec2):
    with network(ec2) as (vpc, subnet):
        ids = launch(ec2, subnet, 7, UserData="#!/bin/sh\n")
        ec2.wait("instance_exists", InstanceIds=ids)
        ec2.wait("instance_running", InstanceIds=ids)
        ec2.wait("instance_status_ok", InstanceIds=ids)
        ec2.wait("system_status_ok", InstanceIds=ids)
        reservations = ec2.items("describe_instances", "Reservations", Filters=only("vpc-id", vpc))
        assert sorted(one["InstanceId"] for r in reservations for one in r["Instances"]) == sorted(ids)
        assert len(ec2.items("describe_instance_status", "InstanceStatuses")) == 7
        [stopped] = ec2.stop_instances(InstanceIds=ids[:1])["StoppingInstances"]
        assert stopped["PreviousState"] == {"Code": 16, "Name": "running"}
        ec2.wait("instance_stopped", InstanceIds=ids[:1])
        ec2.start_instances(InstanceIds=ids[:1])
        ec2.reboot_instances(InstanceIds=ids)
        assert ec2.monitor_instances(InstanceIds=ids[:1])["InstanceMonitorings"][0]["Monitoring"]["State"] in ("pending", "enabled")
        ec2.unmonitor_instances(InstanceIds=ids[:1])
        assert ec2.get_password_data(InstanceId=ids[0])["PasswordData"] == ""
        ec2.refused("DependencyViolation", "delete_subnet", SubnetId=subnet)
        end(ec2, ids)


def attributes(ec2):
    with network(ec2) as (_, subnet):
        [instance] = launch(ec2, subnet)
        ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": True})
        ec2.refused("OperationNotPermitted", "terminate_instances", InstanceIds=[instance])
        ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
        ec2.modify_instance_attribute(InstanceId=instance, SourceDestCheck={"Value": False})
        ec2.reset_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
        asked = ec2.describe_instance_attribute(InstanceId=instance, Attribute="sourceDestCheck")
        assert asked["SourceDestCheck"]["Value"] is True
        ec2.stop_instances(InstanceIds=[instance])
        ec2.wait("instance_stopped", InstanceIds=[instance])
        ec2.modify_private_dns_name_options(InstanceId=instance, EnableResourceNameDnsARecord=True)
        options = ec2.modify_instance_metadata_options(InstanceId=instance, HttpTokens="required")
        assert options["InstanceMetadataOptions"]["HttpTokens"] == "required"
        credits = ec2.items("describe_instance_credit_specifications", "InstanceCreditSpecifications", Filters=only("instance-id", instance))
        assert [one["CpuCredits"] for one in credits] == ["unlimited"]
        end(ec2, [instance])


def profiles(ec2, iam):
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust)
    for name in ("first", "second"):
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="web")
    with network(ec2) as (_, subnet):
        [instance] = launch(ec2, subnet)
        made = ec2.associate_iam_instance_profile(InstanceId=instance, IamInstanceProfile={"Name": "first"})
        association = made["IamInstanceProfileAssociation"]["AssociationId"]
        replaced = ec2.replace_iam_instance_profile_association(AssociationId=association, IamInstanceProfile={"Name": "second"})
        association = replaced["IamInstanceProfileAssociation"]["AssociationId"]
        found = ec2.items("describe_iam_instance_profile_associations", "IamInstanceProfileAssociations")
        assert [one["AssociationId"] for one in found] == [association], found
        ec2.disassociate_iam_instance_profile(AssociationId=association)
        end(ec2, [instance])
    for name in ("first", "second"):
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="web")
        iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role(RoleName="web")


def interfaces(ec2):
    with network(ec2) as (vpc, subnet):
        [instance] = launch(ec2, subnet)
        made = ec2.create_network_interface(SubnetId=subnet, Description="second")["NetworkInterface"]["NetworkInterfaceId"]
        ec2.wait("network_interface_available", NetworkInterfaceIds=[made])
        attached = ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=instance, DeviceIndex=1)["AttachmentId"]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=made, SourceDestCheck={"Value": False})
        ec2.reset_network_interface_attribute(NetworkInterfaceId=made, SourceDestCheck="true")
        asked = ec2.describe_network_interface_attribute(NetworkInterfaceId=made, Attribute="description")
        assert asked["Description"]["Value"] == "second"
        given = ec2.assign_private_ip_addresses(NetworkInterfaceId=made, SecondaryPrivateIpAddressCount=2)
        [first, _] = [one["PrivateIpAddress"] for one in given["AssignedPrivateIpAddresses"]]
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=made, PrivateIpAddresses=[first])
        found = ec2.items("describe_network_interfaces", "NetworkInterfaces", Filters=only("vpc-id", vpc))
        assert sorted(len(one["PrivateIpAddresses"]) for one in found) == [1, 2]
        ec2.detach_network_interface(AttachmentId=attached)
        ec2.wait("network_interface_available", NetworkInterfaceIds=[made])
        ipv6_addresses(ec2, vpc, subnet, made)
        ec2.delete_network_interface(NetworkInterfaceId=made)
        end(ec2, [instance])


def ipv6_addresses(ec2, vpc, subnet, interface):
    whole = ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)["Ipv6CidrBlockAssociation"]
    [block] = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
    own = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=block["Ipv6CidrBlock"].replace("/56", "/64"))
    given = ec2.assign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    assert ec2.unassign_ipv6_addresses(NetworkInterfaceId=interface, Ipv6Addresses=given)["UnassignedIpv6Addresses"] == given
    ec2.disassociate_subnet_cidr_block(AssociationId=own["Ipv6CidrBlockAssociation"]["AssociationId"])
    only = own["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    native = ec2.create_subnet(VpcId=vpc, Ipv6Native=True, Ipv6CidrBlock=only)["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=native)["NetworkInterface"]
    assert len(made["Ipv6Addresses"]) == 1 and "PrivateIpAddress" not in made, made
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    ec2.delete_subnet(SubnetId=native)
    ec2.disassociate_vpc_cidr_block(AssociationId=whole["AssociationId"])


def addresses(ec2):
    with network(ec2) as (vpc, subnet), internet(ec2, vpc):
        [instance] = launch(ec2, subnet)
        made = ec2.allocate_address(Domain="vpc")
        association = ec2.associate_address(InstanceId=instance, AllocationId=made["AllocationId"])["AssociationId"]
        [found] = ec2.describe_addresses(Filters=only("association-id", association))["Addresses"]
        assert found["PublicIp"] == made["PublicIp"] and found["InstanceId"] == instance
        ec2.modify_address_attribute(AllocationId=made["AllocationId"], DomainName="mail.example.com")
        named = ec2.items("describe_addresses_attribute", "Addresses", AllocationIds=[made["AllocationId"]], Attribute="domain-name")
        assert [one["PublicIp"] for one in named] == [made["PublicIp"]]
        ec2.reset_address_attribute(AllocationId=made["AllocationId"], Attribute="domain-name")
        ec2.refused("InvalidIPAddress.InUse", "release_address", AllocationId=made["AllocationId"])
        ec2.disassociate_address(AssociationId=association)
        ec2.release_address(AllocationId=made["AllocationId"])
        end(ec2, [instance])
