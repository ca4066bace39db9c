/** A region needs no root: started by root it is tried as the ordinary user `nobody`; started by anybody else all tests do that. */

import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  AuthorizeSecurityGroupEgressCommand,
  CreateVpcEndpointCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type Account, buildAccount, docsBucket } from "../demo/account.ts";
import { ended, type Ended, launcher } from "../demo/region-process.ts";
import { type DemoRegion, startRegion } from "../demo/region.ts";
import type { FlowTrace } from "../src/analyse/flow-trace.ts";
import { testWith } from "./need.ts";
import { homeOf, ordinaryUser } from "./user.ts";

const { id, lack, runAs } = ordinaryUser;
const test = testWith(lack);

describe.skipIf(lack !== undefined && process.env["UNDERPASS_REQUIRE_ALL"] !== "1")("as an ordinary user", () => {
  let region: DemoRegion;
  let account: Account;
  let folder: string;

  beforeAll(async () => {
    folder = homeOf(ordinaryUser);
    if (lack !== undefined) return;
    const environment = { HOME: folder, TMPDIR: folder };
    region = await startRegion({ stateFolder: join(folder, "state"), dataplane: "linux", runAs, environment });
    account = await buildAccount(region.endpoint);
  }, 60_000);
  afterAll(async () => {
    try {
      if (lack === undefined) expect(await region.stop()).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  const underpass = (...words: string[]): ChildProcess => {
    const [command = "", ...rest] = [...runAs, process.execPath, launcher, ...words];
    const env = { ...process.env, HOME: folder, TMPDIR: folder, UNDERPASS_ENDPOINT: region.endpoint };
    return spawn(command, rest, { env, stdio: ["pipe", "pipe", "pipe"] });
  };
  const run = (...words: string[]): Promise<Ended> => ended(underpass(...words));

  test("the main job, over the internet and through a gateway endpoint", async () => {
    const { ec2, inPrivate, inPublic, privateTableId, vpcId } = account;
    expect(region.dataplane).toBe("linux (enforced by the kernel)");
    expect(await region.request(inPublic, "get", docsBucket, "README.md")).toMatchObject({ status: 200 });
    const { VpcEndpoint } = await ec2.send(
      new CreateVpcEndpointCommand({
        VpcId: vpcId,
        ServiceName: "com.amazonaws.us-east-1.s3",
        RouteTableIds: [privateTableId],
      }),
    );
    const through = await region.request(inPrivate, "get", docsBucket, "README.md");
    expect(through).toMatchObject({ status: 200 });
    const { VpcEndpointId: vpcEndpointId } = VpcEndpoint!;
    expect((await region.why(through.requestId!)).path).toMatchObject({ kind: "gateway-endpoint", vpcEndpointId });
  }, 60_000);

  test("a security group refuses in the kernel, and lets pass again", async () => {
    const { ec2, inPublic, vpcId } = account;
    const { SecurityGroups } = await ec2.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: "vpc-id", Values: [vpcId] }] }),
    );
    const rule = {
      GroupId: SecurityGroups![0]!.GroupId!,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    };
    const call = `const it = require("node:net").connect(80, "198.51.100.7", () => { console.log("open"); process.exit(); });
      it.setTimeout(1000, () => { console.log("nothing"); process.exit(); });`;
    const dial = (): Promise<Ended> => ended(region.exec(inPublic.instanceId, [process.execPath, "--eval", call]));
    const traced = (): Promise<FlowTrace> =>
      region.own<FlowTrace>("trace", { from: inPublic.instanceId, to: "198.51.100.7:80" });
    expect([await dial(), await traced()]).toMatchObject([{ stdout: "open\n" }, { reachable: true }]);
    await ec2.send(new RevokeSecurityGroupEgressCommand(rule));
    expect([await dial(), await traced()]).toMatchObject([{ stdout: "nothing\n" }, { reachable: false }]);
    await ec2.send(new AuthorizeSecurityGroupEgressCommand(rule));
    expect([await dial(), await traced()]).toMatchObject([{ stdout: "open\n" }, { reachable: true }]);
  }, 60_000);

  test("programs run inside as the user, in a process space of their own, and run on", async () => {
    const { instanceId } = account.inPublic;
    const who = await ended(region.exec(instanceId, ["sh", "-c", "id -u; cat /proc/[0-9]*/comm | sort -u; exit 7"]));
    expect(who).toMatchObject({ status: 7, stderr: "", stdout: expect.stringMatching(new RegExp(`^${id}\n`)) });
    // Of the machine's programs it sees none.
    expect(who.stdout).not.toMatch(/node|vitest|setpriv/);
    const shell = underpass("shell", instanceId);
    shell.stdin!.end("echo in $UNDERPASS_INSTANCE\n");
    expect((await ended(shell)).stdout).toContain(`in ${instanceId}\n`);
    const kept = await run("exec", "-d", instanceId, "--", "sh", "-c", "echo up; exec sleep 1000");
    expect(kept).toMatchObject({ status: 0, stderr: "" });
    const programId = kept.stdout.trim();
    await expect.poll(async () => (await run("logs", programId)).stdout, { timeout: 20_000 }).toBe("up\n");
    expect((await run("ps", instanceId)).stdout).toMatch(new RegExp(`^${programId} +${instanceId} +running `));
    expect((await run("stop", programId)).stdout).toMatch(/ended (SIGTERM|143) /);
  }, 60_000);
});
