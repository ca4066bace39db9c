/** Temporary folders that go with the process, however that ends. */

import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder that is removed once this process is gone, killed by SIGKILL included: a shell outside waits for the end of a
 * pipe that only this process holds open. `remove` ends it earlier and resolves when the folder is gone.
 */
export function temporaryFolder(): { readonly path: string; readonly remove: () => Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), "underpass-"));
  const janitor = spawn("/bin/sh", ["-c", 'cat >/dev/null; rm -rf -- "$1"', "underpass-janitor", path], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  janitor.unref();
  const gone = new Promise<void>((resolve) => janitor.once("exit", () => resolve()));
  return {
    path,
    remove: async () => {
      janitor.ref();
      janitor.stdin.end();
      await gone;
    },
  };
}
