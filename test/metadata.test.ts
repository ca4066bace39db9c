/** The instance metadata service over both data planes, by the clients that people use, and the role credentials it gives. */

import { spawn, spawnSync } from "node:child_process";
import {
  AssociateDhcpOptionsCommand,
  AssociateIamInstanceProfileCommand,
  CreateDhcpOptionsCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DescribeInstancesCommand,
  DisassociateIamInstanceProfileCommand,
  ModifyInstanceMetadataOptionsCommand,
  type Instance,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect } from "vitest";
import { ended, type Ended, launcher, type RegionProcess, startRegionProcess } from "../demo/region-process.ts";
import type { MetadataRecord } from "../src/analyse/metadata-record.ts";
import { bucket, buildMetadataAccount, key, type MetadataAccount, profileName, roleName } from "./metadata-account.ts";
import { lackOfAwsCli, lackOfBoto3, lackOfCurl, lackOfHostname, testWith } from "./need.ts";
import { linuxTests, onEachPlane, toldBy } from "./on-plane.ts";

const base = "http://169.254.169.254";

onEachPlane("the metadata service", (dataplane) => {
  let region: RegionProcess;
  let account: MetadataAccount;
  /** With a role, tags, user data and a public address. */
  let web: Instance;
  /** Nothing of that, and tokens required. */
  let bare: Instance;

  beforeAll(async () => {
    region = await startRegionProcess({ dataplane });
    account = await buildMetadataAccount(region.endpoint);
    const webId = await account.launch({
      SubnetId: undefined,
      NetworkInterfaces: [
        { DeviceIndex: 0, SubnetId: account.subnetId, AssociatePublicIpAddress: true, Ipv6AddressCount: 1 },
      ],
      IamInstanceProfile: { Name: profileName },
      MetadataOptions: { InstanceMetadataTags: "enabled" },
      TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "Name", Value: "web" }] }],
      UserData: Buffer.from("#!/bin/sh\necho hello\n").toString("base64"),
      BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 1 } }],
    });
    const bareId = await account.launch({ MetadataOptions: { HttpTokens: "required" } });
    const { Reservations } = await account.ec2.send(new DescribeInstancesCommand({ InstanceIds: [webId, bareId] }));
    const found = Reservations!.flatMap((one) => one.Instances ?? []);
    web = found.find((one) => one.InstanceId === webId)!;
    bare = found.find((one) => one.InstanceId === bareId)!;
  }, 60_000);
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  const run = (from: Instance, ...program: string[]): Promise<Ended> =>
    // A busy machine may take longer than the second that botocore waits.
    ended(
      region.exec(from.InstanceId!, program, {
        HOME: "/nonexistent",
        AWS_METADATA_SERVICE_TIMEOUT: "10",
        AWS_METADATA_SERVICE_NUM_ATTEMPTS: "3",
      }),
    );

  /** Status and body of each request: method, path and headers, one after the other in one program. */
  async function ask(from: Instance, ...requests: (readonly [string, string, ...string[]])[]): Promise<string[]> {
    const one = ([method, path, ...headers]: readonly string[]): string =>
      `curl -s --max-time 10 -o - -w '|%{http_code}\u001e' -X ${method} ${headers.map((text) => `-H '${text}'`).join(" ")} "${base}${path}"`;
    const { stdout, stderr } = await run(from, "sh", "-c", requests.map(one).join("; "));
    expect(stderr).toBe("");
    return stdout.split("\u001e").slice(0, -1);
  }

  async function get(from: Instance, ...paths: string[]): Promise<string[]> {
    const answers = await ask(from, ...paths.map((path) => ["GET", `/latest/${path}`] as const));
    return answers.map((text) => text.replace(/\|200$/, ""));
  }

  const newToken = async (from: Instance, seconds = 60): Promise<string> => {
    const [text = ""] = await ask(from, [
      "PUT",
      "/latest/api/token",
      `X-aws-ec2-metadata-token-ttl-seconds: ${seconds}`,
    ]);
    return /^([\w-]{56})\|200$/.exec(text)![1]!;
  };

  testWith(lackOfCurl)("the tree says what the instance is", async () => {
    const mac = web.NetworkInterfaces![0]!.MacAddress!;
    const card = `meta-data/network/interfaces/macs/${mac}`;
    const expected: Record<string, unknown> = {
      "": "dynamic\nmeta-data\nuser-data",
      "../": expect.stringMatching(/^1\.0\n2007-01-19\n(.+\n)*latest$/),
      "dynamic/": "fws/\ninstance-identity/",
      "meta-data/block-device-mapping/": "ami\nebs1\nroot",
      "meta-data/block-device-mapping/root": "/dev/xvda",
      "meta-data/block-device-mapping/ebs1": "sdf",
      "meta-data/events/maintenance/": "history\nscheduled",
      "meta-data/events/maintenance/history": "[]",
      "meta-data/instance-id": web.InstanceId,
      "meta-data/ami-id": web.ImageId,
      "meta-data/instance-type": "t3.micro",
      "meta-data/local-ipv4": web.PrivateIpAddress,
      "meta-data/local-hostname": web.PrivateDnsName,
      "meta-data/hostname": web.PrivateDnsName,
      "meta-data/public-ipv4": web.PublicIpAddress,
      "meta-data/public-hostname": web.PublicDnsName,
      "meta-data/mac": mac,
      "meta-data/placement/": "availability-zone\navailability-zone-id\nregion",
      "meta-data/placement/availability-zone": web.Placement!.AvailabilityZone,
      "meta-data/placement/region": "us-east-1",
      "meta-data/security-groups": "default",
      "meta-data/network/interfaces/macs/": `${mac}/`,
      [`${card}/device-number`]: "0",
      [`${card}/interface-id`]: web.NetworkInterfaces![0]!.NetworkInterfaceId,
      [`${card}/subnet-id`]: account.subnetId,
      [`${card}/subnet-ipv4-cidr-block`]: "10.0.1.0/24",
      [`${card}/vpc-id`]: account.vpcId,
      [`${card}/vpc-ipv4-cidr-blocks`]: "10.0.0.0/16",
      [`${card}/local-ipv4s`]: web.PrivateIpAddress,
      [`${card}/public-ipv4s`]: web.PublicIpAddress,
      [`${card}/security-group-ids`]: web.SecurityGroups![0]!.GroupId,
      "meta-data/services/domain": "amazonaws.com",
      "meta-data/tags/instance/": "Name",
      "meta-data/tags/instance/Name": "web",
      "meta-data/iam/security-credentials/": roleName,
      "user-data": "#!/bin/sh\necho hello\n",
    };
    expect(await get(web, ...Object.keys(expected))).toEqual(Object.values(expected));
    const [document = "", info = ""] = await get(web, "dynamic/instance-identity/document", "meta-data/iam/info");
    expect(JSON.parse(document)).toMatchObject({
      accountId: "000000000000",
      instanceId: web.InstanceId,
      privateIp: web.PrivateIpAddress,
      region: "us-east-1",
      version: "2017-09-30",
    });
    expect(JSON.parse(info)).toMatchObject({ Code: "Success", InstanceProfileArn: web.IamInstanceProfile!.Arn });
  });

  testWith(lackOfCurl)("tokens are of one instance, for their time, and not for proxies", async () => {
    const ttl = "X-aws-ec2-metadata-token-ttl-seconds";
    const ownToken = await newToken(bare);
    const otherToken = await newToken(web);
    const path = "/latest/meta-data/instance-id";
    const answers = await ask(
      bare,
      ["GET", path],
      ["GET", path, `X-aws-ec2-metadata-token: ${ownToken}`],
      ["GET", path, `X-aws-ec2-metadata-token: ${otherToken}`],
      ["GET", path, `X-aws-ec2-metadata-token: ${ownToken.slice(0, -1)}_`],
      ["PUT", "/latest/api/token", `${ttl}: 60`, "X-Forwarded-For: 10.0.1.4"],
      ["PUT", "/latest/api/token"],
      ["PUT", "/latest/api/token", `${ttl}: 0`],
      ["PUT", "/latest/api/token", `${ttl}: 21601`],
      ["GET", "/latest/api/token"],
      ["POST", path],
      ["GET", "/latest/meta-data/nothing", `X-aws-ec2-metadata-token: ${ownToken}`],
      ["GET", "/latest/user-data", `X-aws-ec2-metadata-token: ${ownToken}`],
      ["GET", "/latest/meta-data/iam/info", `X-aws-ec2-metadata-token: ${ownToken}`],
      ["GET", "/latest/meta-data/tags/", `X-aws-ec2-metadata-token: ${ownToken}`],
    );
    const statuses = [401, 200, 401, 401, 403, 400, 400, 400, 405, 405, 404, 404, 404, 404];
    expect(answers.map((text) => Number(text.slice(-3)))).toEqual(statuses);
    expect(answers[1]).toBe(`${bare.InstanceId}|200`);
    // All of it can be looked up, but for the tokens.
    const lines = await region.own<MetadataRecord[]>("metadata-requests?last=14");
    expect(lines.map(({ status }) => status)).toEqual(statuses);
    expect(lines.map(({ version }) => version)).toEqual([1, 2, 2, 2, 2, 2, 2, 2, 1, 1, 2, 2, 2, 2]);
    expect(new Set(lines.map(({ instanceId }) => instanceId))).toEqual(new Set([bare.InstanceId]));
    expect(lines.slice(0, 5).map(({ reason }) => reason)).toEqual([
      "HttpTokens is required, and there is no token",
      undefined,
      "the token is none of this instance's, or has expired",
      "the token is none of this instance's, or has expired",
      "it came through a proxy: it has an X-Forwarded-For header",
    ]);
    expect(JSON.stringify(lines)).not.toContain(ownToken.slice(8, 24));
    const command = [launcher, "logs", "--metadata", "-n", "14", "--endpoint", region.endpoint];
    const { stdout } = await ended(spawn(process.execPath, command));
    const shown = stdout.split("\n");
    expect(shown).toHaveLength(15);
    expect(shown[0]).toMatch(
      new RegExp(`${bare.InstanceId} +IMDSv1 +401 .* GET ${path} +HttpTokens is required, and there is no token$`),
    );
  });

  testWith(lackOfCurl)("it answers as its options say, at once", async () => {
    const change = (options: object): Promise<unknown> =>
      account.ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: web.InstanceId, ...options }));
    await change({ HttpEndpoint: "disabled" });
    expect(await ask(web, ["GET", "/latest/meta-data/"])).toEqual([expect.stringMatching(/\|403$/)]);
    await change({ HttpEndpoint: "enabled", HttpTokens: "required" });
    expect(await ask(web, ["GET", "/latest/meta-data/"])).toEqual([expect.stringMatching(/\|401$/)]);
    await change({ HttpTokens: "optional" });
    expect(await get(web, "meta-data/instance-id")).toEqual([web.InstanceId]);
    const tag = (Key: string): Promise<unknown> =>
      account.ec2.send(new CreateTagsCommand({ Resources: [web.InstanceId!], Tags: [{ Key, Value: "" }] }));
    await expect(tag("with space")).rejects.toThrow("'with space' is not a valid tag key.");
    await change({ InstanceMetadataTags: "disabled" });
    await tag("with space");
    expect((await get(web, "meta-data/tags/"))[0]).toMatch(/\|404$/);
    await expect(change({ InstanceMetadataTags: "enabled" })).rejects.toThrow("'with space' is not a valid tag key.");
    await account.ec2.send(new DeleteTagsCommand({ Resources: [web.InstanceId!], Tags: [{ Key: "with space" }] }));
    await change({ InstanceMetadataTags: "enabled" });
  });

  // Python alone lets a program see how far a packet could have gone.
  linuxTests(dataplane, () => toldBy(region), lackOfHostname)(
    "hostName",
    "it is called as the service says",
    async () => {
      const [told] = await get(web, "meta-data/local-hostname");
      expect(told).toMatch(/^ip-10-.*\.ec2\.internal$/);
      expect((await run(web, "hostname")).stdout).toBe(`${told}\n`);
      // Its own name is nothing that a program in there could change, and no other's.
      expect((await run(web, "hostname", "other")).status).not.toBe(0);
      expect((await run(bare, "hostname")).stdout).toBe(`${bare.PrivateDnsName}\n`);
      const [label] = told!.split(".");
      const associate = (DhcpOptionsId: string) =>
        account.ec2.send(new AssociateDhcpOptionsCommand({ DhcpOptionsId, VpcId: account.vpcId }));
      for (const [domain, all, first] of [
        ["corp.example", `${label}.corp.example`, `${label}.corp.example`],
        ["one.example two.example", `${label}.one.example two.example`, `${label}.one.example`],
        [undefined, label, label],
      ]) {
        const { DhcpOptions } = await account.ec2.send(
          new CreateDhcpOptionsCommand({
            DhcpConfigurations: [
              { Key: "domain-name-servers", Values: ["AmazonProvidedDNS"] },
              ...(domain === undefined ? [] : [{ Key: "domain-name", Values: [domain] }]),
            ],
          }),
        );
        await associate(DhcpOptions!.DhcpOptionsId!);
        expect(await get(web, "meta-data/local-hostname", "meta-data/hostname")).toEqual([all, all]);
        expect((await run(web, "hostname")).stdout).toBe(`${first}\n`);
      }
      await associate("default");
      const { Reservations } = await account.ec2.send(new DescribeInstancesCommand({ InstanceIds: [web.InstanceId!] }));
      expect(Reservations![0]!.Instances![0]!.PrivateDnsName).toBe(told);
      expect(spawnSync("hostname", { encoding: "utf8" }).stdout).not.toContain("ip-10-");
    },
  );

  linuxTests(dataplane, () => toldBy(region), lackOfBoto3)(
    "hopLimit",
    "a token goes no further than its hop limit, and over IPv6 only where that is asked for",
    async () => {
      const program = `
import socket, sys
def ask(family, ip, request):
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(2 if sys.argv[1] == "near" and request.startswith("PUT") else 20)
    try:
        s.connect((ip, 80))
        level, option = (socket.IPPROTO_IP, 21) if family == socket.AF_INET else (socket.IPPROTO_IPV6, 73)
        s.setsockopt(level, option, 2)
        s.sendall((request + " HTTP/1.1\\r\\nhost: x\\r\\nX-aws-ec2-metadata-token-ttl-seconds: 60\\r\\n\\r\\n").encode())
        return s.recv(15).decode().strip()
    except OSError as error:
        return type(error).__name__
for family, ip in ((socket.AF_INET, "169.254.169.254"), (socket.AF_INET6, "fd00:ec2::254")):
    print(ask(family, ip, "PUT /latest/api/token"), ask(family, ip, "GET /latest/"), sep=",")
`;
      const answers = async (reach: "near" | "far"): Promise<string> =>
        (await run(web, "python3", "-c", program, reach)).stdout;
      const change = (options: object): Promise<unknown> =>
        account.ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: web.InstanceId, ...options }));
      expect(await answers("near")).toBe("TimeoutError,HTTP/1.1 200 OK\nConnectionResetError,ConnectionResetError\n");
      await change({ HttpPutResponseHopLimit: 2, HttpProtocolIpv6: "enabled" });
      expect(await answers("far")).toBe("HTTP/1.1 200 OK,HTTP/1.1 200 OK\nHTTP/1.1 200 OK,HTTP/1.1 200 OK\n");
      await change({ HttpPutResponseHopLimit: 1 });
      expect(await answers("near")).toBe("TimeoutError,HTTP/1.1 200 OK\nTimeoutError,HTTP/1.1 200 OK\n");
    },
    60_000,
  );

  testWith(lackOfAwsCli)(
    "the AWS CLI needs no keys",
    async () => {
      const { stdout, stderr, status } = await run(
        web,
        "sh",
        "-c",
        `aws s3 cp --only-show-errors s3://${bucket}/${key} - && aws sts get-caller-identity --query Arn --output text`,
      );
      expect([stderr, status]).toEqual(["", 0]);
      expect(stdout).toBe(`hello from s3\narn:aws:sts::000000000000:assumed-role/${roleName}/${web.InstanceId}\n`);
      // Where there is no role the caller's own credentials come along.
      expect((await run(bare, "sh", "-c", "echo $AWS_ACCESS_KEY_ID")).stdout).toBe("test\n");
    },
    60_000,
  );

  testWith(lackOfBoto3)(
    "boto3 needs no keys, and its requests say which instance sent them",
    async () => {
      const program = `
import boto3
session = boto3.Session()
print(session.get_credentials().method, session.get_credentials().access_key[:4])
print(session.client("s3").get_object(Bucket="${bucket}", Key="${key}")["Body"].read().decode().strip())
`;
      const { stdout, stderr } = await run(web, "python3", "-c", program);
      expect([stdout, stderr]).toEqual(["iam-role ASIA\nhello from s3\n", ""]);
      const [last] = (await region.own<{ requestId: string; operation: string }[]>("requests?last=1")).slice(-1);
      const trace = await region.own<object>(`requests/${last!.requestId}`);
      const text = JSON.stringify(trace).toLowerCase();
      expect(text).toContain("aws:ec2instancesourcevpc");
      expect(text).toContain(`:instance/${web.InstanceId}`);
    },
    60_000,
  );

  testWith(lackOfCurl)(
    "what was issued outlives the association, as at AWS; nothing more is issued",
    async () => {
      const path = `meta-data/iam/security-credentials/${roleName}`;
      const [first = "", second = ""] = await get(web, path, path);
      expect(JSON.parse(first)).toMatchObject({ Code: "Success", Type: "AWS-HMAC" });
      // The same ones, until they near their end.
      expect(second).toBe(first);
      const given = await region.own<MetadataRecord[]>("metadata-requests?last=2");
      expect(given).toMatchObject([
        { instanceId: web.InstanceId, version: 1, status: 200, roleName },
        { instanceId: web.InstanceId, version: 1, status: 200, roleName },
      ]);
      expect(JSON.stringify(given)).not.toMatch(/ASIA|SecretAccessKey/);
      const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(first) as Record<string, string>;
      expect(Date.parse(Expiration!) - Date.now()).toBeGreaterThan(5 * 3_600_000);
      const filter = { Filters: [{ Name: "instance-id", Values: [web.InstanceId!] }] };
      const { IamInstanceProfileAssociations } = await account.ec2.send(
        new DescribeIamInstanceProfileAssociationsCommand(filter),
      );
      const { AssociationId } = IamInstanceProfileAssociations![0]!;
      await account.ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId }));
      expect(await ask(web, ["GET", `/latest/${path}`])).toEqual([expect.stringMatching(/\|404$/)]);
      const credentials = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: Token! };
      const sts = new STSClient({ endpoint: region.endpoint, region: "us-east-1", credentials });
      const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
      expect(Arn).toBe(`arn:aws:sts::000000000000:assumed-role/${roleName}/${web.InstanceId}`);
      await account.ec2.send(
        new AssociateIamInstanceProfileCommand({
          InstanceId: web.InstanceId,
          IamInstanceProfile: { Name: profileName },
        }),
      );
    },
    60_000,
  );
});
