#!/usr/bin/env node
// The `underpass` command. Plain JavaScript, so that an older Node still gets as far as a clear message or to the right Node.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const wanted = 24;
const built = new URL("../dist/cli/main.js", import.meta.url);
const source = new URL("../src/cli/main.ts", import.meta.url);

if (Number(process.versions.node.split(".")[0]) >= wanted) {
  // Compiled code is kept beside the dependencies, where that can be written to: it halves the start.
  module.enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/underpass", import.meta.url)));
  // In a clone the sources run as they are; the published package holds only the built form.
  await import((existsSync(source) ? source : built).href);
} else {
  const own = fileURLToPath(new URL("../node_modules/node/bin/node", import.meta.url));
  if (!existsSync(own)) {
    console.error(
      `underpass: needs Node ${wanted} or newer and this is ${process.versions.node}; in a clone run \`npm ci\`, which brings it`,
    );
    process.exit(4);
  }
  runUnder(own);
}

/** Runs this very command under another Node: its signals and its end are ours. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends its signals to both of us; what comes to us alone is passed on.
  for (const signal of ["SIGINT", "SIGQUIT"]) process.on(signal, () => process.stdin.isTTY || child.kill(signal));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (status, signal) => process.exit(status ?? 128 + constants.signals[signal]));
}
