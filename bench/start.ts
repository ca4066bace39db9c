/** How long a region takes from its start to its first answered request: `node bench/start.ts`. Budget: 1.5 s. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { median, report } from "./report.ts";

const launcher = join(import.meta.dirname, "../bin/underpass.js");
const startsMs: number[] = [];

for (let round = 0; round < 7; round++) {
  const begunMs = performance.now();
  const daemon = spawn(process.execPath, [launcher, "up", "--ephemeral", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: daemon.stdout })) {
    const endpoint = /^ {2}endpoint +(\S+)/.exec(line)?.[1];
    if (endpoint === undefined) continue;
    // Unsigned, so that nothing but the region is measured: S3 answers it with AccessDenied.
    const response = await fetch(`${endpoint}/some-bucket`);
    if (response.status !== 403 && response.status !== 404)
      throw new Error(`the first request was answered ${response.status}`);
    startsMs.push(performance.now() - begunMs);
    break;
  }
  daemon.kill("SIGTERM");
  await once(daemon, "exit");
}

report("start", { medianMs: { value: median(startsMs), atMost: 1500 }, worstMs: { value: Math.max(...startsMs) } });
