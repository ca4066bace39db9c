/** One suite over both data planes: what a program inside an instance sees, by the clients that people use. */

import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import {
  CreateVpcEndpointCommand,
  DeleteVpcEndpointsCommand,
  DescribeInstancesCommand,
  ModifyVpcAttributeCommand,
  ModifyVpcEndpointCommand,
} from "@aws-sdk/client-ec2";
import { GetObjectCommand, PutBucketPolicyCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Account, buildAccount, docsBucket, largeKey, otherBucket } from "../demo/account.ts";
import { onlyThroughEndpoint } from "../demo/policy.ts";
import { ended, type Ended } from "../demo/region-process.ts";
import { type DemoRegion, type Inside, startRegion } from "../demo/region.ts";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import type { RequestLine } from "../src/api/underpass/server.ts";
import { dialText } from "./dial-program.ts";
import { lackOfAwsCli, lackOfBoto3, lackOfCurl, testWith } from "./need.ts";
import { linuxTests, onEachPlane, toldBy } from "./on-plane.ts";

const s3Url = "https://s3.us-east-1.amazonaws.com";

onEachPlane("a region", (dataplane) => {
  let region: DemoRegion;
  let account: Account;
  let vpcEndpointId: string;

  beforeAll(async () => {
    region = await startRegion({ dataplane });
    account = await buildAccount(region.endpoint);
  });
  afterAll(async () => {
    expect(await region.stop()).toBe(0);
  });

  const run = (from: Inside, ...program: string[]): Promise<Ended> =>
    ended(
      region.exec(from.instanceId, program, {
        AWS_ACCESS_KEY_ID: from.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: from.credentials.secretAccessKey,
      }),
    );
  const requests = (): Promise<RequestLine[]> => region.own("requests?last=1000");
  const lastRequest = async (): Promise<RequestLine> => (await requests()).at(-1)!;
  const curl = (from: Inside, ...words: string[]): Promise<Ended> =>
    run(from, "curl", "--silent", "--show-error", "--max-time", "5", ...words);

  testWith(lackOfCurl)("without a route nothing answers, and nothing arrives", async () => {
    const before = (await requests()).length;
    const { status } = await curl(account.inPrivate, "--max-time", "2", `${s3Url}/`);
    expect(status).not.toBe(0);
    expect(await requests()).toHaveLength(before);
    const trace = await region.trace(account.inPrivate, "s3:GetObject", `s3://${docsBucket}/README.md`);
    expect(trace.path).toBeUndefined();
    expect(trace.unreachable).toMatch(/route/);
    if (dataplane === "linux") return;
    // The proxy says why, in the words of the trace.
    expect((await curl(account.inPrivate, s3Url.replace("https", "http"))).stdout).toContain(trace.unreachable);
  });

  test("an idle connection is reset when the endpoint takes over its route", async () => {
    // A bare socket: one that the HTTP agent keeps for later would not hold the program open.
    const program = `${dialText}
      const socket = dial(80, "s3.us-east-1.amazonaws.com");
      socket.once("data", () => console.log("idle"));
      socket.write("GET / HTTP/1.1\\r\\nhost: s3.us-east-1.amazonaws.com\\r\\n\\r\\n");
      socket.on("error", () => {}).on("close", () => console.log("closed"));`;
    const child = region.exec(account.inPublic.instanceId, [process.execPath, "--eval", program]);
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("idle");
    expect((await lastRequest()).path.kind).toBe("internet");
    const { VpcEndpoint } = await account.ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: account.vpcId,
        ServiceName: "com.amazonaws.us-east-1.s3",
        RouteTableIds: [account.privateTableId, account.publicTableId],
      }),
    );
    vpcEndpointId = VpcEndpoint!.VpcEndpointId!;
    expect((await lines.next()).value).toBe("closed");
    await ended(child);
    await account.ec2.send(
      new ModifyVpcEndpointCommand({ VpcEndpointId: vpcEndpointId, RemoveRouteTableIds: [account.publicTableId] }),
    );
  });

  const throughTheDoor = async (line: RequestLine): Promise<void> => {
    expect(line.path).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId, vpcId: account.vpcId });
    expect(line.path.sourceIp).toMatch(/^10\.0\.1\./);
  };

  testWith(lackOfAwsCli)("the AWS CLI copies a file up and down through the endpoint", async () => {
    const script = `set -e; t=$(mktemp -d); head -c 20000000 /dev/urandom > $t/up; aws s3 cp --only-show-errors $t/up s3://${docsBucket}/cli/file;
      aws s3 cp --only-show-errors s3://${docsBucket}/cli/file $t/down; cmp $t/up $t/down; rm -r $t; aws s3 ls s3://${docsBucket}/cli/`;
    const { status, stdout, stderr } = await run(account.inPrivate, "sh", "-c", script);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(stdout).toMatch(/20000000 file/);
    await throughTheDoor(await lastRequest());
  });

  testWith(lackOfBoto3)("boto3 writes and reads through the endpoint", async () => {
    const script = `import boto3
s3 = boto3.client("s3")
s3.put_object(Bucket="${docsBucket}", Key="boto3", Body=b"from python")
print(s3.get_object(Bucket="${docsBucket}", Key="boto3")["Body"].read().decode())`;
    const { status, stdout, stderr } = await run(account.inPrivate, "python3", "-c", script);
    expect(stderr).toBe("");
    expect([status, stdout]).toEqual([0, "from python\n"]);
    await throughTheDoor(await lastRequest());
  });

  test("SDK v3 reads through the endpoint", async () => {
    const outcome = await region.request(account.inPrivate, "get", docsBucket, "README.md");
    expect(outcome).toMatchObject({ status: 200 });
    await throughTheDoor((await requests()).find((line) => line.requestId === outcome.requestId)!);
  });

  testWith(lackOfCurl)("the certificate holds for AWS's names alone", async () => {
    expect(
      (await curl(account.inPrivate, "--output", "/dev/null", "--write-out", "%{http_code}", `${s3Url}/`)).stdout,
    ).toMatch(/^(403|307|200)$/);
    const named = await curl(
      account.inPrivate,
      "--output",
      "/dev/null",
      "--write-out",
      "%{http_code}",
      `https://${docsBucket}.s3.us-east-1.amazonaws.com/README.md`,
    );
    expect(named.stdout).toBe("403");
  });

  testWith(lackOfCurl)("no header changes the path", async () => {
    const forged = [
      "X-Forwarded-For: 203.0.113.9",
      "X-Amz-Source-Vpce: vpce-00000000000000000",
      "X-Amzn-Vpce-Id: vpce-00000000000000000",
      "Forwarded: for=203.0.113.9",
    ];
    await curl(
      account.inPrivate,
      ...forged.flatMap((header) => ["--header", header]),
      `${s3Url}/${docsBucket}/README.md`,
    );
    await throughTheDoor(await lastRequest());
  });

  test("a bucket policy tells the doors apart", async () => {
    await account.s3.send(new PutObjectCommand({ Bucket: otherBucket, Key: "secret", Body: "secret" }));
    await account.s3.send(
      new PutBucketPolicyCommand({
        Bucket: otherBucket,
        Policy: JSON.stringify(onlyThroughEndpoint(otherBucket, vpcEndpointId)),
      }),
    );
    expect(await region.request(account.inPrivate, "get", otherBucket, "secret")).toMatchObject({ status: 200 });
    const outside = await region.request(account.inPublic, "get", otherBucket, "secret");
    expect(outside).toMatchObject({ status: 403, error: "AccessDenied" });
    const trace = await region.own<RequestTrace>(`requests/${outside.requestId}`);
    expect(trace.decisions.at(-1)!.decision.decidedBy).toMatchObject({
      layer: "resource-policy",
      reason: "explicit-deny",
      statement: { sid: "AccessThroughOneEndpointOnly" },
    });
    expect(trace.decisions.at(-1)!.absent["aws:sourcevpce"]).toMatch(/internet/);
    await expect(account.s3.send(new GetObjectCommand({ Bucket: otherBucket, Key: "secret" }))).rejects.toThrow(
      /explicit deny in a resource-based policy/,
    );
  });

  test("a download is cut when the endpoint takes over its route, and goes on over the new way", async () => {
    const held = await region.hold(account.inPublic, docsBucket, largeKey);
    await account.ec2.send(
      new ModifyVpcEndpointCommand({ VpcEndpointId: vpcEndpointId, AddRouteTableIds: [account.publicTableId] }),
    );
    const outcome = await held.goOn();
    expect(outcome.error).toBe("ECONNRESET");
    const again = await region.request(account.inPublic, "get", docsBucket, "README.md");
    expect((await region.why(again.requestId!)).path).toMatchObject({
      kind: "gateway-endpoint",
      sourceIp: expect.stringMatching(/^10\.0\.2\./),
    });
    await account.ec2.send(
      new ModifyVpcEndpointCommand({ VpcEndpointId: vpcEndpointId, RemoveRouteTableIds: [account.publicTableId] }),
    );
  });

  testWith(lackOfAwsCli)("the EC2 API is reached over the internet, and not through the endpoint for S3", async () => {
    const outside = await run(account.inPublic, "aws", "ec2", "describe-regions", "--query", "length(Regions)");
    expect(outside.stderr).toMatch(/UnauthorizedOperation/);
    expect(await lastRequest()).toMatchObject({ service: "ec2", path: { kind: "internet" } });
    const inside = await run(account.inPrivate, "aws", "--cli-connect-timeout", "1", "ec2", "describe-regions");
    expect(inside.status).not.toBe(0);
    expect(inside.stderr).not.toMatch(/UnauthorizedOperation/);
  });

  test("the machine's own network is not the instance's", async () => {
    const server = createServer((_request, response) => response.end("the machine itself"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { stdout } = await run(
      account.inPrivate,
      process.execPath,
      "--eval",
      `fetch("http://127.0.0.1:${port}/").then((it) => it.text()).then(console.log, () => console.log("nothing"))`,
    );
    server.close();
    expect(stdout).toBe("nothing\n");
  });

  test("standard input, output and the exit status pass through", async () => {
    const child = region.exec(account.inPrivate.instanceId, ["sh", "-c", "cat; echo to stderr >&2; exit 7"]);
    child.stdin!.end("to stdout");
    expect(await ended(child)).toEqual({ status: 7, stdout: "to stdout", stderr: "to stderr\n" });
  });

  testWith(lackOfCurl)("other traffic goes to the internet, and comes from the instance's public address", async () => {
    const outside = await curl(account.inPublic, "http://echo.internet.test/");
    const { Reservations } = await account.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [account.inPublic.instanceId] }),
    );
    expect(outside.stdout).toBe(`${Reservations![0]!.Instances![0]!.PublicIpAddress}\n`);
    expect((await curl(account.inPublic, "https://echo.internet.test/")).stdout).toBe(outside.stdout);
    const inside = await curl(account.inPrivate, "--fail", "--max-time", "2", "http://echo.internet.test/");
    expect(inside.status).not.toBe(0);
  });

  test("the internet's plain host sends back what comes to its echo port", async () => {
    const program = `
      const proxy = process.env.http_proxy && new URL(process.env.http_proxy);
      const socket = require("node:net").connect(proxy?.port ?? 7, proxy?.hostname ?? "echo.internet.test");
      const echo = () => {
        socket.end("there and back");
        socket.pipe(process.stdout);
      };
      if (proxy) {
        const token = Buffer.from(proxy.username + ":" + proxy.password).toString("base64");
        socket.write("CONNECT echo.internet.test:7 HTTP/1.1\\r\\nproxy-authorization: Basic " + token + "\\r\\n\\r\\n");
        socket.once("data", echo);
      } else echo();`;
    const { stdout, stderr } = await run(account.inPublic, process.execPath, "--eval", program);
    expect([stdout, stderr]).toEqual(["there and back", ""]);
  });

  testWith(lackOfAwsCli)(
    "an interface endpoint is a door of its own, by its own names and with its own policy",
    async () => {
      const { Reservations } = await account.ec2.send(
        new DescribeInstancesCommand({ InstanceIds: [account.inPrivate.instanceId] }),
      );
      const subnetId = Reservations![0]!.Instances![0]!.SubnetId!;
      const statement = { Principal: "*", Resource: "*" };
      const { VpcEndpoint } = await account.ec2.send(
        new CreateVpcEndpointCommand({
          VpcId: account.vpcId,
          VpcEndpointType: "Interface",
          ServiceName: "com.amazonaws.us-east-1.s3",
          SubnetIds: [subnetId],
          PrivateDnsEnabled: false,
          DnsOptions: { PrivateDnsOnlyForInboundResolverEndpoint: false },
          PolicyDocument: JSON.stringify({
            Statement: [
              { Effect: "Allow", Action: "*", ...statement },
              { Sid: "NoListing", Effect: "Deny", Action: "s3:ListBucket", ...statement },
            ],
          }),
        }),
      );
      const { DnsEntries, VpcEndpointId } = VpcEndpoint!;
      const url = `https://${DnsEntries![0]!.DnsName!.replace("*.", "bucket.")}`;
      const s3api = (...words: string[]) =>
        run(account.inPrivate, "aws", "s3api", "--endpoint-url", url, ...words, "--bucket", docsBucket);
      const read = await s3api("head-object", "--key", "README.md");
      expect([read.status, read.stderr]).toEqual([0, ""]);
      const line = await lastRequest();
      expect(line.path).toMatchObject({
        kind: "interface-endpoint",
        vpcEndpointId: VpcEndpointId,
        vpcId: account.vpcId,
      });
      const { present } = (await region.why(line.requestId)).decisions.at(-1)!;
      expect(present).toMatchObject({
        "aws:sourcevpce": [VpcEndpointId],
        "aws:sourcevpc": [account.vpcId],
        "aws:vpcsourceip": [line.path.sourceIp],
      });
      expect(present).not.toHaveProperty("aws:sourceip");
      expect((await s3api("list-objects-v2")).stderr).toMatch(/explicit deny in a VPC endpoint policy/);
      await account.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [VpcEndpointId!] }));
    },
  );

  linuxTests(dataplane, () => toldBy(region))(
    "resolver",
    "names resolve by the VPC's resolver, and only while DNS support is on",
    async () => {
      const names = () => run(account.inPrivate, "getent", "ahostsv4", "s3.us-east-1.amazonaws.com");
      const found = await names();
      expect([found.status, found.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\.\d+ /)]);
      await account.ec2.send(
        new ModifyVpcAttributeCommand({ VpcId: account.vpcId, EnableDnsSupport: { Value: false } }),
      );
      expect((await names()).status).not.toBe(0);
      await account.ec2.send(
        new ModifyVpcAttributeCommand({ VpcId: account.vpcId, EnableDnsSupport: { Value: true } }),
      );
      expect((await names()).status).toBe(0);
    },
  );

  linuxTests(dataplane, () => toldBy(region))(
    "resolver",
    "private names resolve while DNS host names are on, also those of addresses that nobody has",
    async () => {
      const names = ["ip-10-0-0-1.ec2.internal", "instance-data", "localhost.localdomain"];
      const ask = () =>
        run(account.inPrivate, "sh", "-c", `for n in ${names.join(" ")}; do getent ahostsv4 $n || echo none; done`);
      const setHostNames = (Value: boolean) =>
        account.ec2.send(new ModifyVpcAttributeCommand({ VpcId: account.vpcId, EnableDnsHostnames: { Value } }));
      const answers = async () => {
        const { stdout } = await ask();
        return stdout.split("\n").flatMap((line) => (/STREAM|none/.test(line) ? [line.split(" ")[0]] : []));
      };
      expect(await answers()).toEqual(["none", "none", "none"]);
      await setHostNames(true);
      expect(await answers()).toEqual(["10.0.0.1", "169.254.169.254", "127.0.0.1"]);
      await setHostNames(false);
    },
  );
});
