"""Elastic Load Balancing v2: a network load balancer with what belongs to it."""


def story(region):
    elb, ec2 = region.elbv2, region.ec2
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zones = {
        zone: ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in [("us-east-1a", "10.0.1.0/24"), ("us-east-1b", "10.0.2.0/24")]
    }
    first, second = zones.values()
    group = ec2.create_security_group(GroupName="lb", Description="lb", VpcId=vpc)["GroupId"]
    [balancer] = elb.create_load_balancer(
        Name="front", Type="network", Scheme="internal", Subnets=[first], SecurityGroups=[group]
    )["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    assert (balancer["Type"], balancer["Scheme"], balancer["IpAddressType"]) == ("network", "internal", "ipv4")
    for waiter in ("load_balancer_exists", "load_balancer_available"):
        elb.wait(waiter, LoadBalancerArns=[arn])
    assert [one["LoadBalancerName"] for one in elb.items("describe_load_balancers", "LoadBalancers")] == ["front"]
    elb.set_subnets(LoadBalancerArn=arn, Subnets=[first, second])
    elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[group])
    assert elb.set_ip_address_type(LoadBalancerArn=arn, IpAddressType="ipv4")["IpAddressType"] == "ipv4"
    cross = {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[cross])
    assert cross in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    elb.describe_capacity_reservation(LoadBalancerArn=arn)
    targets(elb, ec2, arn, vpc, first)
    elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "blue"}, {"Key": "tier", "Value": "web"}])
    elb.remove_tags(ResourceArns=[arn], TagKeys=["team"])
    [described] = elb.describe_tags(ResourceArns=[arn])["TagDescriptions"]
    assert described["Tags"] == [{"Key": "tier", "Value": "web"}]
    limits = {one["Name"]: one["Max"] for one in elb.items("describe_account_limits", "Limits")}
    assert limits["network-load-balancers"] == "50", limits
    elb.delete_load_balancer(LoadBalancerArn=arn)
    elb.wait("load_balancers_deleted", LoadBalancerArns=[arn])
    elb.refused("LoadBalancerNotFound", "describe_load_balancers", LoadBalancerArns=[arn])
    ec2.delete_security_group(GroupId=group)
    for subnet in zones.values():
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def targets(elb, ec2, balancer, vpc, subnet):
    made = elb.create_target_group(Name="web", Protocol="TCP", Port=80, VpcId=vpc, TargetType="instance")
    group = made["TargetGroups"][0]["TargetGroupArn"]
    [listener] = elb.create_listener(
        LoadBalancerArn=balancer,
        Protocol="TCP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"]
    named = listener["ListenerArn"]
    [instance] = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"]
    target = [{"Id": instance["InstanceId"]}]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance["InstanceId"]])
    elb.register_targets(TargetGroupArn=group, Targets=target)
    elb.wait("target_in_service", TargetGroupArn=group, Targets=target)
    [health] = elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert (health["Target"]["Port"], health["TargetHealth"]["State"]) == (80, "healthy"), health
    elb.refused("ResourceInUse", "delete_target_group", TargetGroupArn=group)
    elb.modify_target_group(TargetGroupArn=group, HealthCheckIntervalSeconds=10)
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "5"}
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
    assert delay in elb.describe_target_group_attributes(TargetGroupArn=group)["Attributes"]
    assert elb.items("describe_target_groups", "TargetGroups")[0]["LoadBalancerArns"] == [balancer]
    assert elb.items("describe_listeners", "Listeners", LoadBalancerArn=balancer)[0]["Port"] == 80
    idle = {"Key": "tcp.idle_timeout.seconds", "Value": "400"}
    elb.modify_listener_attributes(ListenerArn=named, Attributes=[idle])
    assert elb.describe_listener_attributes(ListenerArn=named)["Attributes"] == [idle]
    assert elb.modify_listener(ListenerArn=named, Port=81)["Listeners"][0]["Port"] == 81
    elb.deregister_targets(TargetGroupArn=group, Targets=target)
    elb.wait("target_deregistered", TargetGroupArn=group, Targets=target)
    elb.delete_listener(ListenerArn=named)
    elb.delete_target_group(TargetGroupArn=group)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance["InstanceId"]])
