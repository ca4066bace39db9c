// Installs the dependencies when they are missing or older than the lock file. Plain JavaScript without imports from
// node_modules: it runs before they exist, under whatever Node called npm. The npm script that follows then finds Node 24.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const marker = `${root}node_modules/.package-lock.json`;
const fresh = existsSync(marker) && statSync(marker).mtimeMs >= statSync(`${root}package-lock.json`).mtimeMs;

if (!fresh) {
  console.error("underpass: installing dependencies with `npm ci` (once)");
  const run = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (run.status !== 0) {
    console.error("underpass: `npm ci` failed; its messages are above");
    process.exit(4);
  }
}
