import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { testWith } from "../../../test/need.ts";
import { lackOfMachine, linuxPlaneLack } from "./lack.ts";

const kernelTest = testWith(await linuxPlaneLack());
const file = fileURLToPath(new URL("./lack.ts", import.meta.url));
const script = `import { linuxPlaneLack } from "${file}"; console.log(await linuxPlaneLack());`;

/** What a process says that runs behind `before`. */
function lackBehind(before: readonly string[], path = process.env["PATH"]): string {
  const [command = "", ...words] = [...before, process.execPath, "--input-type=module-typescript", "--eval", script];
  return spawnSync(command, words, { encoding: "utf8", env: { PATH: path } }).stdout.trim();
}

/** In a user namespace of its own, where root may lower a limit for all that come after. */
function limiting(limit: string, value: number): string[] {
  const lower = `echo ${value} > /proc/sys/user/${limit} && exec "$@"`;
  return ["unshare", "--user", "--map-root-user", "sh", "-c", lower, "sh"];
}

describe("what the machine lacks", () => {
  test("tools that are missing are named", () => {
    const empty = mkdtempSync(join(tmpdir(), "underpass-path-"));
    expect(lackBehind([], empty)).toBe("`unshare`, `nsenter`, `mount`, `setpriv` not found: install util-linux");
    rmSync(empty, { recursive: true });
  });

  kernelTest("nothing where the plane can be opened", () => {
    expect(lackBehind([])).toBe("undefined");
  });

  kernelTest("IPv6 is tried by itself, whatever the namespace that one starts in says of it", async () => {
    expect(await lackOfMachine()).toEqual({});
    const off = 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$@"';
    const asking = `import { lackOfMachine } from "${file}"; console.log(JSON.stringify(await lackOfMachine()));`;
    const node = [process.execPath, "--input-type=module-typescript", "--eval", asking];
    const { stdout } = spawnSync("unshare", ["--user", "--map-root-user", "--net", "sh", "-c", off, "sh", ...node], {
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    expect(stdout.trim()).toBe("{}");
  });

  kernelTest.each<[string, string[], RegExp]>([
    ["user namespaces", limiting("max_user_namespaces", 0), /^user namespaces are forbidden here \(unshare: .*sysctl/],
    ["network namespaces", limiting("max_net_namespaces", 3), /^no more network namespaces are allowed .*sysctl/],
    ["mount namespaces", limiting("max_mnt_namespaces", 0), /^the kernel refuses .*enter a view of the files/],
  ])("%s that may not be made are told with the next step", (_name, before, sentence) => {
    expect(lackBehind(before)).toMatch(sentence);
  });

  kernelTest("an ordinary user needs nothing more", () => {
    if (process.getuid?.() !== 0) return;
    expect(lackBehind(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])).toBe("undefined");
  });
});
