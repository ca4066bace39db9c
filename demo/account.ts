/** What the demo builds in its account, through the ordinary APIs: a VPC with two subnets, a user, two buckets. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { userPolicy } from "./policy.ts";
import type { Inside } from "./region.ts";

export interface Account {
  readonly ec2: EC2Client;
  readonly s3: S3Client;
  readonly vpcId: string;
  readonly internetGatewayId: string;
  readonly privateTableId: string;
  readonly publicTableId: string;
  readonly inPrivate: Inside;
  readonly inPublic: Inside;
}

export const docsBucket = "demo-docs";
export const otherBucket = "demo-other";
export const packagesBucket = "packages.us-east-1.amazonaws.com";
/** A file large enough to be under way for as long as the demo wants: the Node that runs it. */
export const largeKey = "bin/node";
export const smallKey = "README.md";

export async function buildAccount(endpoint: string): Promise<Account> {
  const config = { endpoint, region: "us-east-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } };
  const ec2 = new EC2Client(config);
  const s3 = new S3Client({ ...config, forcePathStyle: true });
  const network = await buildNetwork(ec2);
  const credentials = await buildUser(new IAMClient(config));
  await fillBuckets(s3);
  const launch = async (subnetId: string, publicAddress: boolean): Promise<Inside> => {
    const { Instances } = await ec2.send(
      new RunInstancesCommand({
        ImageId: "ami-00000000000000000",
        InstanceType: "t3.micro",
        MinCount: 1,
        MaxCount: 1,
        NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnetId, AssociatePublicIpAddress: publicAddress }],
      }),
    );
    return { instanceId: given(Instances?.[0]?.InstanceId), credentials };
  };
  return {
    ec2,
    s3,
    ...network,
    inPrivate: await launch(network.privateSubnetId, false),
    inPublic: await launch(network.publicSubnetId, true),
  };
}

async function buildNetwork(
  ec2: EC2Client,
): Promise<
  Omit<Account, "ec2" | "s3" | "inPrivate" | "inPublic"> & { privateSubnetId: string; publicSubnetId: string }
> {
  const vpcId = given((await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }))).Vpc?.VpcId);
  const gateway = await ec2.send(new CreateInternetGatewayCommand({}));
  const internetGatewayId = given(gateway.InternetGateway?.InternetGatewayId);
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: internetGatewayId, VpcId: vpcId }));
  const subnetWithTable = async (cidrBlock: string): Promise<{ subnetId: string; tableId: string }> => {
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: vpcId, CidrBlock: cidrBlock, AvailabilityZone: "us-east-1a" }),
    );
    const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId: vpcId }));
    const [subnetId, tableId] = [given(Subnet?.SubnetId), given(RouteTable?.RouteTableId)];
    await ec2.send(new AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: tableId }));
    return { subnetId, tableId };
  };
  const privateSide = await subnetWithTable("10.0.1.0/24");
  const publicSide = await subnetWithTable("10.0.2.0/24");
  await ec2.send(
    new CreateRouteCommand({
      RouteTableId: publicSide.tableId,
      DestinationCidrBlock: "0.0.0.0/0",
      GatewayId: internetGatewayId,
    }),
  );
  return {
    vpcId,
    internetGatewayId,
    privateTableId: privateSide.tableId,
    publicTableId: publicSide.tableId,
    privateSubnetId: privateSide.subnetId,
    publicSubnetId: publicSide.subnetId,
  };
}

async function buildUser(iam: IAMClient): Promise<Inside["credentials"]> {
  await iam.send(new CreateUserCommand({ UserName: "app" }));
  await iam.send(
    new PutUserPolicyCommand({ UserName: "app", PolicyName: "use-s3", PolicyDocument: JSON.stringify(userPolicy) }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "app" }));
  return { accessKeyId: given(AccessKey?.AccessKeyId), secretAccessKey: given(AccessKey?.SecretAccessKey) };
}

/** Real files: this project's own documents, and the program that runs the demo. */
async function fillBuckets(s3: S3Client): Promise<void> {
  const root = join(import.meta.dirname, "..");
  const documents = [
    "README.md",
    "ARCHITECTURE.md",
    ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => join("docs", file)),
  ];
  for (const bucket of [docsBucket, otherBucket, packagesBucket])
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  for (const file of documents)
    await s3.send(new PutObjectCommand({ Bucket: docsBucket, Key: file, Body: readFileSync(join(root, file)) }));
  for (const bucket of [otherBucket, packagesBucket]) {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: smallKey, Body: readFileSync(join(root, smallKey)) }));
  }
  await s3.send(new PutObjectCommand({ Bucket: docsBucket, Key: largeKey, Body: readFileSync(process.execPath) }));
}

export function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the region left out what AWS always answers");
  return value;
}
