/** Recovery from kill -9 under load: `node bench/recovery.ts [rounds]`, 3 unless told. Budget: 2 s, the slowest round counts. */

import { killUnderLoad } from "../test/kill-under-load.ts";
import { report } from "./report.ts";

const rounds = Number(process.argv[2] ?? 3);
const all: Awaited<ReturnType<typeof killUnderLoad>>[] = [];
for (let round = 0; round < rounds; round++) all.push(await killUnderLoad());
const sum = (value: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + value(one), 0);
report(
  "recovery",
  {
    netdMs: { value: Math.max(...all.map((one) => one.netdMs)), atMost: 2000 },
    daemonMs: { value: Math.max(...all.map((one) => one.daemonMs)), atMost: 2000 },
    elsewhereBroken: { value: sum((one) => one.elsewhereBroken), atMost: 0 },
    lost: { value: sum((one) => one.lost), atMost: 0 },
    left: { value: sum((one) => one.left), atMost: 0 },
  },
  { rounds, elsewhere: sum((one) => one.elsewhere), stored: sum((one) => one.stored) },
);
