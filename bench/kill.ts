/** Durability under kill -9, state and objects: `node bench/kill.ts [kills]`, 200 unless told. Budget: nothing lost. */

import { killUnderWrites } from "../test/kill-under-writes.ts";
import { report } from "./report.ts";

const kills = Number(process.argv[2] ?? 200);
const count = await killUnderWrites(kills, (done) => {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${kills} kills`);
});
if (process.stderr.isTTY) process.stderr.write("\n");
report(
  "kill",
  { lostChanges: { value: count.lostChanges, atMost: 0 }, lostObjects: { value: count.lostObjects, atMost: 0 } },
  { kills, acknowledgedChanges: count.acknowledgedChanges, acknowledgedObjects: count.acknowledgedObjects },
);
