/**
 * When no program can enter an instance that runs, the region says why: here somebody has cleaned up the folder with the files
 * that programs inside see in place of the machine's own.
 */

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateSubnetCommand, CreateVpcCommand, EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { expect } from "vitest";
import { ended, type Ended, launcher, startRegionProcess } from "../demo/region-process.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { testWith } from "./need.ts";

testWith(await linuxPlaneLack())(
  "a machine on which no program can enter is told of with status 503, until the next change of the network",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "underpass-no-way-in-"));
    const region = await startRegionProcess({ dataplane: "linux", environment: { TMPDIR: folder } });
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const ec2 = new EC2Client({ endpoint: region.endpoint, region: "us-east-1", credentials });
    try {
      const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.0.0.0/16" }));
      const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: "10.0.0.0/24" }));
      const { Instances } = await ec2.send(
        new RunInstancesCommand({ ImageId: "ami-1", MinCount: 1, MaxCount: 1, SubnetId: Subnet!.SubnetId }),
      );
      const instanceId = Instances![0]!.InstanceId!;
      const enter = (): Promise<Ended> => {
        const words = [launcher, "exec", "--endpoint", region.endpoint, instanceId, "--", "echo", "inside"];
        return ended(spawn(process.execPath, words));
      };
      expect(await enter()).toMatchObject({ status: 0, stdout: "inside\n" });
      for (const state of readdirSync(folder)) rmSync(join(folder, state, "run", "instance"), { recursive: true });
      const answer = await fetch(`${region.endpoint}/_underpass/instances/${instanceId}/entry`);
      expect(answer.status).toBe(503);
      const message = expect.stringMatching(/^no program can enter: ENOENT: no such file or directory/);
      expect(await answer.json()).toEqual({ error: { code: "no-way-in", message } });
      const refused = await enter();
      expect(refused).toMatchObject({ status: 4, stdout: "" });
      expect(refused.stderr).toMatch(/^underpass: no program can enter: ENOENT/);
      await ec2.send(new CreateVpcCommand({ CidrBlock: "10.1.0.0/16" }));
      expect(await enter()).toMatchObject({ status: 0, stdout: "inside\n" });
    } finally {
      ec2.destroy();
      expect(await region.stop()).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
