/** The demo is the first thing that a newcomer runs: it must hold on both planes. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ended } from "../demo/region-process.ts";
import type { Row } from "../demo/table.ts";

test.each([["auto"], ["userspace"]])(
  "every row of the demo is as expected (%s)",
  async (plane) => {
    const words = [
      join(import.meta.dirname, "../demo/demo.ts"),
      "--json",
      ...(plane === "userspace" ? ["--userspace"] : []),
    ];
    const { status, stdout, stderr } = await ended(spawn(process.execPath, words));
    const rows = JSON.parse(stdout) as Row[];
    expect(rows.filter((row) => !row.asExpected)).toEqual([]);
    expect(rows).toHaveLength(14);
    expect([status, stderr.includes("Error")]).toEqual([0, false]);
  },
  120_000,
);
