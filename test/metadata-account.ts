/** An account for tests of what instances get from their metadata service: a role, its instance profile and two instances. */

import {
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
  RunInstancesCommand,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { given } from "../demo/account.ts";

export const roleName = "web";
export const profileName = "web-profile";
export const bucket = "instance-docs";
export const key = "hello.txt";

export interface MetadataAccount {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly routeTableId: string;
  readonly vpcEndpointId: string;
  /** Launches one instance into the subnet. */
  readonly launch: (wish: Partial<RunInstancesCommandInput>) => Promise<string>;
}

/** A VPC with an internet gateway and an endpoint for S3, whose bucket the role may read from an instance of that VPC. */
export async function buildMetadataAccount(endpoint: string): Promise<MetadataAccount> {
  const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const ec2 = new EC2Client(config);
  const iam = new IAMClient(config);
  const network = await buildNetwork(ec2);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: "hello from s3\n" }));
  await buildRole(iam, network.vpcId);
  return {
    ec2,
    iam,
    ...network,
    launch: async (wish) => {
      const base = { ImageId: "ami-0abcdef1234567890", InstanceType: "t3.micro", MinCount: 1, MaxCount: 1 } as const;
      const { Instances } = await ec2.send(new RunInstancesCommand({ ...base, SubnetId: network.subnetId, ...wish }));
      return given(Instances?.[0]?.InstanceId);
    },
  };
}

async function buildNetwork(ec2: EC2Client) {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16", AmazonProvidedIpv6CidrBlock: true }));
  const vpcId = given(Vpc?.VpcId);
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId: vpcId, EnableDnsHostnames: { Value: true } }));
  const ipv6 = given(Vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock).replace("/56", "/64");
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: "10.0.1.0/24", Ipv6CidrBlock: ipv6 }),
  );
  const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
  const gatewayId = given(InternetGateway?.InternetGatewayId);
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }));
  const { RouteTables } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
  );
  const routeTableId = given(RouteTables?.[0]?.RouteTableId);
  await ec2.send(
    new CreateRouteCommand({ RouteTableId: routeTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId: gatewayId }),
  );
  const { VpcEndpoint } = await ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: vpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [routeTableId],
    }),
  );
  return { vpcId, subnetId: given(Subnet?.SubnetId), routeTableId, vpcEndpointId: given(VpcEndpoint?.VpcEndpointId) };
}

async function buildRole(iam: IAMClient, vpcId: string): Promise<void> {
  const document = (...Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(
    new CreateRoleCommand({
      RoleName: roleName,
      AssumeRolePolicyDocument: document({
        Effect: "Allow",
        Principal: { Service: "ec2.amazonaws.com" },
        Action: "sts:AssumeRole",
      }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: roleName,
      PolicyName: "read",
      PolicyDocument: document({
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${bucket}/*`,
        Condition: {
          StringEquals: {
            "aws:Ec2InstanceSourceVpc": ["${aws:SourceVpc}", vpcId],
            "aws:Ec2InstanceSourcePrivateIPv4": "${aws:VpcSourceIp}",
            "ec2:RoleDelivery": "2.0",
          },
          ArnLike: { "ec2:SourceInstanceArn": "arn:aws:ec2:*:*:instance/i-*" },
        },
      }),
    }),
  );
  await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: profileName }));
  await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: profileName, RoleName: roleName }));
}
