/**
 * The network of `bench/path.ts`: an instance whose way to S3 is a gateway endpoint, past a security group and a network
 * ACL with as many rules as AWS's quotas allow.
 */

import {
  AssociateRouteTableCommand,
  AuthorizeSecurityGroupEgressCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkAclsCommand,
  DescribePrefixListsCommand,
  type EC2Client,
  ReplaceNetworkAclAssociationCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";

export const [groupRules, aclRules] = [60, 20];

/** Resolves with the instance's id. */
export async function buildNetwork(ec2: EC2Client): Promise<string> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: "10.0.1.0/24" }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: Vpc?.VpcId }));
  await ec2.send(
    new AssociateRouteTableCommand({ SubnetId: Subnet?.SubnetId, RouteTableId: RouteTable?.RouteTableId }),
  );
  await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: Vpc?.VpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [RouteTable?.RouteTableId ?? ""],
    }),
  );
  await filterSubnet(ec2, Vpc?.VpcId ?? "", Subnet?.SubnetId ?? "");
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-00000000000000000",
      MinCount: 1,
      MaxCount: 1,
      SubnetId: Subnet?.SubnetId,
      SecurityGroupIds: [await makeGroup(ec2, Vpc?.VpcId ?? "")],
    }),
  );
  return Instances?.[0]?.InstanceId ?? "";
}

/** Of the rules only the last lets the service be reached, so that each is looked at. */
async function makeGroup(ec2: EC2Client, VpcId: string): Promise<string> {
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: "bench", Description: "bench", VpcId }),
  );
  const everything = { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  await ec2.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [everything] }));
  const { PrefixLists } = await ec2.send(
    new DescribePrefixListsCommand({
      Filters: [{ Name: "prefix-list-name", Values: ["com.amazonaws.us-east-1.s3"] }],
    }),
  );
  const others = Array.from({ length: groupRules - 1 }, (_, at) => ({
    IpProtocol: "tcp",
    FromPort: 7000 + at,
    ToPort: 7000 + at,
    IpRanges: [{ CidrIp: `172.16.${at}.0/24` }],
  }));
  const toService = {
    IpProtocol: "tcp",
    FromPort: 80,
    ToPort: 443,
    PrefixListIds: [{ PrefixListId: PrefixLists?.[0]?.PrefixListId }],
  };
  for (const IpPermissions of [others, [toService]]) {
    await ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions }));
  }
  return GroupId;
}

/** Gives the subnet an ACL whose last rules let all pass, so that each is looked at, for every packet. */
async function filterSubnet(ec2: EC2Client, VpcId: string, subnetId: string): Promise<void> {
  const { NetworkAcl } = await ec2.send(new CreateNetworkAclCommand({ VpcId }));
  for (const Egress of [true, false]) {
    for (let number = 1; number <= aclRules; number++) {
      const last = number === aclRules;
      await ec2.send(
        new CreateNetworkAclEntryCommand({
          NetworkAclId: NetworkAcl?.NetworkAclId,
          RuleNumber: number,
          Egress,
          Protocol: "-1",
          RuleAction: last ? "allow" : "deny",
          CidrBlock: last ? "0.0.0.0/0" : `172.17.${number}.0/24`,
        }),
      );
    }
  }
  const { NetworkAcls } = await ec2.send(
    new DescribeNetworkAclsCommand({ Filters: [{ Name: "association.subnet-id", Values: [subnetId] }] }),
  );
  const association = NetworkAcls?.[0]?.Associations?.find((one) => one.SubnetId === subnetId);
  await ec2.send(
    new ReplaceNetworkAclAssociationCommand({
      AssociationId: association?.NetworkAclAssociationId,
      NetworkAclId: NetworkAcl?.NetworkAclId,
    }),
  );
}
