/** What the truth table of endpoint policies needs, built through the ordinary APIs: four doors, five callers, their buckets. */

import { type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { given } from "../../demo/account.ts";
import type { RegionProcess } from "../../demo/region-process.ts";
import type { Caller, Door } from "../../src/analyse/testdata/endpoint-case.ts";
import type { Answered, Wish } from "./s3-client.ts";

export const account = "111122223333";
export const otherAccount = "444455556666";

export interface World {
  readonly ec2: EC2Client;
  readonly iam: IAMClient;
  /** As the owner's root user, from the machine itself. */
  readonly s3Of: (accountId: string) => S3Client;
  readonly placeholders: Readonly<Record<string, string>>;
  /** Whose policy the cases set. */
  readonly vpcEndpointId: string;
  readonly credentials: Readonly<Record<Exclude<Caller, "anonymous">, NonNullable<Wish["credentials"]>>>;
  /** Makes a request from inside the instance behind that door. */
  readonly ask: (from: Door, wish: Wish) => Promise<Answered>;
  readonly close: () => Promise<void>;
}

/** The access key of an account's root user is its id. */
function rootOf(accountId: string) {
  return { accessKeyId: accountId, secretAccessKey: "test" };
}

export async function buildWorld(region: RegionProcess): Promise<World> {
  const config = (accountId: string) => ({
    endpoint: region.endpoint,
    region: "us-east-1",
    credentials: rootOf(accountId),
  });
  const ec2 = new EC2Client(config(account));
  const iam = new IAMClient(config(account));
  const network = await buildNetwork(ec2);
  const credentials = {
    user: await makeUser(iam, "ann"),
    stranger: await makeUser(new IAMClient(config(otherAccount)), "eve"),
    root: rootOf(account),
    role: await assumeRole(iam, region.endpoint),
  };
  const clients = new Map(
    Object.entries(network.instances).map(([door, instanceId]) => [door, startClient(region, instanceId)]),
  );
  const stores = new Map(
    [account, otherAccount].map((id) => [id, new S3Client({ ...config(id), forcePathStyle: true })]),
  );
  return {
    ec2,
    iam,
    s3Of: (accountId) => given(stores.get(accountId)),
    placeholders: {
      "<account>": account,
      "<other-account>": otherAccount,
      "<user>": `arn:aws:iam::${account}:user/ann`,
      "<role>": `arn:aws:iam::${account}:role/app`,
      ...network.placeholders,
    },
    vpcEndpointId: given(network.placeholders["<vpce>"]),
    credentials,
    ask: (from, wish) => given(clients.get(from)).ask(wish),
    close: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}

async function makeUser(iam: IAMClient, UserName: string): Promise<NonNullable<Wish["credentials"]>> {
  await iam.send(new CreateUserCommand({ UserName }));
  const everything = {
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Action: ["s3:*", "sts:*"], Resource: "*" },
  };
  const PolicyDocument = JSON.stringify(everything);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: given(AccessKey?.AccessKeyId), secretAccessKey: given(AccessKey?.SecretAccessKey) };
}

async function assumeRole(iam: IAMClient, endpoint: string): Promise<NonNullable<Wish["credentials"]>> {
  const trust = { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:user/ann` }, Action: "sts:AssumeRole" };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: trust });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "ann" }));
  const credentials = {
    accessKeyId: given(AccessKey?.AccessKeyId),
    secretAccessKey: given(AccessKey?.SecretAccessKey),
  };
  const sts = new STSClient({ endpoint, region: "us-east-1", credentials });
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "s1" }));
  return {
    accessKeyId: given(Credentials?.AccessKeyId),
    secretAccessKey: given(Credentials?.SecretAccessKey),
    sessionToken: given(Credentials?.SessionToken),
  };
}

async function buildNetwork(ec2: EC2Client) {
  const vpc = async (CidrBlock: string) => given((await ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId);
  const [vpcId, otherVpcId] = [await vpc("10.0.0.0/16"), await vpc("10.1.0.0/16")];
  const one = await subnetWithEndpoint(ec2, vpcId, "10.0.1.0/24");
  const second = await subnetWithEndpoint(ec2, vpcId, "10.0.2.0/24");
  const elsewhere = await subnetWithEndpoint(ec2, otherVpcId, "10.1.0.0/24");
  const open = await subnet(ec2, vpcId, "10.0.3.0/24");
  const gateway = await ec2.send(new CreateInternetGatewayCommand({}));
  const GatewayId = given(gateway.InternetGateway?.InternetGatewayId);
  await ec2.send(new AttachInternetGatewayCommand({ InternetGatewayId: GatewayId, VpcId: vpcId }));
  await ec2.send(new CreateRouteCommand({ RouteTableId: open.tableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId }));
  const inside = await launch(ec2, one.subnetId, false);
  const instances: Readonly<Record<Door, string>> = {
    endpoint: inside.instanceId,
    "other-endpoint": (await launch(ec2, second.subnetId, false)).instanceId,
    "other-vpc": (await launch(ec2, elsewhere.subnetId, false)).instanceId,
    internet: (await launch(ec2, open.subnetId, true)).instanceId,
  };
  const placeholders: Readonly<Record<string, string>> = {
    "<vpc>": vpcId,
    "<other-vpc>": otherVpcId,
    "<vpce>": one.vpcEndpointId,
    "<other-vpce>": second.vpcEndpointId,
    "<ip>": inside.ip,
  };
  return { instances, placeholders };
}

async function subnet(
  ec2: EC2Client,
  VpcId: string,
  CidrBlock: string,
): Promise<{ subnetId: string; tableId: string }> {
  const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock }));
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const [subnetId, tableId] = [given(Subnet?.SubnetId), given(RouteTable?.RouteTableId)];
  await ec2.send(new AssociateRouteTableCommand({ SubnetId: subnetId, RouteTableId: tableId }));
  return { subnetId, tableId };
}

async function subnetWithEndpoint(ec2: EC2Client, VpcId: string, cidrBlock: string) {
  const made = await subnet(ec2, VpcId, cidrBlock);
  const RouteTableIds = [made.tableId];
  const ServiceName = "com.amazonaws.us-east-1.s3";
  const { VpcEndpoint } = await ec2.send(new CreateVpcEndpointCommand({ VpcId, ServiceName, RouteTableIds }));
  return { ...made, vpcEndpointId: given(VpcEndpoint?.VpcEndpointId) };
}

async function launch(
  ec2: EC2Client,
  SubnetId: string,
  isPublic: boolean,
): Promise<{ instanceId: string; ip: string }> {
  const { Instances } = await ec2.send(
    new RunInstancesCommand({
      ImageId: "ami-00000000000000000",
      InstanceType: "t3.micro",
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: isPublic }],
    }),
  );
  return { instanceId: given(Instances?.[0]?.InstanceId), ip: given(Instances?.[0]?.PrivateIpAddress) };
}

/** The program that stays inside an instance. */
function startClient(region: RegionProcess, instanceId: string) {
  const child: ChildProcess = region.exec(instanceId, [process.execPath, join(import.meta.dirname, "s3-client.ts")]);
  child.stderr?.pipe(process.stderr);
  const lines = createInterface({ input: given(child.stdout ?? undefined) })[Symbol.asyncIterator]();
  return {
    ask: async (wish: Wish): Promise<Answered> => {
      child.stdin?.write(`${JSON.stringify(wish)}\n`);
      const line = await lines.next();
      if (line.done === true)
        throw new Error("the program inside the instance ended without a word; its message is above");
      return JSON.parse(line.value) as Answered;
    },
    close: async () => {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}
