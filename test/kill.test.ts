import { expect, test } from "vitest";
import { killUnderWrites } from "./kill-under-writes.ts";

test("twenty kills under writes lose nothing that was acknowledged, neither state nor objects", async () => {
  const count = await killUnderWrites(20);
  expect(count).toMatchObject({ kills: 20, lostChanges: 0, lostObjects: 0 });
  expect(count.acknowledgedChanges).toBeGreaterThan(60);
  expect(count.acknowledgedObjects).toBeGreaterThan(100);
}, 240_000);
