/** kill -9 of netd and of the daemon under load. There is no service process apart: the daemon serves by itself. */

import { expect } from "vitest";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { killUnderLoad } from "./kill-under-load.ts";
import { lackOfCurl, testWith } from "./need.ts";

const test = testWith((await linuxPlaneLack()) ?? lackOfCurl);

test("the region is whole again, what does not pass netd goes on, and nothing is lost or left", async () => {
  const { netdMs, daemonMs, ...count } = await killUnderLoad();
  // `node bench/recovery.ts` holds the times to their budget; here the machine may be busy.
  console.info(`whole again ${Math.round(netdMs)} ms after netd's end, ${Math.round(daemonMs)} ms after a new start`);
  expect(count).toMatchObject({ elsewhereBroken: 0, lost: 0, left: 0 });
  expect(count.elsewhere).toBeGreaterThan(0);
  expect(count.stored).toBeGreaterThan(0);
}, 120_000);
