/** A region needs no root: started by root it is tried as the ordinary user `nobody`; started by anybody else all tests do that. */

import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { buildAccount, docsBucket } from "../demo/account.ts";
import { ended } from "../demo/region-process.ts";
import { startRegion } from "../demo/region.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { testWith } from "./need.ts";

const nobody = 65534;
const isRoot = process.getuid?.() === 0;

testWith(await linuxPlaneLack())(
  "the main job as an ordinary user",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "underpass-user-"));
    if (isRoot) chownSync(folder, nobody, nobody);
    const runAs = isRoot ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : [];
    const region = await startRegion({
      stateFolder: join(folder, "state"),
      dataplane: "linux",
      runAs,
      environment: { HOME: folder, TMPDIR: folder },
    });
    try {
      const account = await buildAccount(region.endpoint);
      expect(region.dataplane).toBe("linux (enforced by the kernel)");
      expect(await region.request(account.inPublic, "get", docsBucket, "README.md")).toMatchObject({ status: 200 });
      const who = await ended(region.exec(account.inPublic.instanceId, ["id", "-u"]));
      expect(who).toMatchObject({ status: 0, stdout: `${isRoot ? nobody : process.getuid?.()}\n` });
    } finally {
      expect(await region.stop()).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    }
  },
  90_000,
);
