/**
 * One suite for both data planes. What the userspace plane cannot hold is in the list of what it lacks: a test of such a
 * thing is there a test that the plane says so.
 */

import { describe, expect, test } from "vitest";
import type { RegionProcess } from "../demo/region-process.ts";
import type { Status } from "../src/api/underpass/server.ts";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import type { DataPlane } from "../src/dataplane/plane.ts";
import { type Lack, lacks } from "../src/dataplane/userspace/lack.ts";
import { testWith } from "./need.ts";

export type PlaneKind = DataPlane["kind"];

const linuxLack = await linuxPlaneLack();

/** Where a machine has no such plane, and where `lack` says what else is missing, a test says so. */
export function onEachPlane(title: string, suite: (kind: PlaneKind) => void, lack?: string): void {
  describe.each(["linux", "userspace"] as const)(`${title} on the %s plane`, (kind) => {
    const missing = (kind === "linux" ? linuxLack : undefined) ?? lack;
    if (missing === undefined) suite(kind);
    else testWith(missing)("is not here", () => {});
  });
}

type LinuxTest = (lack: Lack, name: string, body: () => Promise<void>, timeoutMs?: number) => void;

/** Defines tests of what the userspace plane lacks. `told` is what that plane says of itself. */
export function linuxTests(
  kind: PlaneKind,
  told: () => readonly string[] | Promise<readonly string[]>,
  missing?: string,
): LinuxTest {
  if (kind === "linux") return (_lack, name, body, timeoutMs) => testWith(missing)(name, body, timeoutMs);
  return (lack, name) =>
    test(`${name}: cannot hold, since ${lacks[lack]}`, async () => {
      expect(await told()).toContain(lacks[lack]);
    });
}

/** What a region says that its plane lacks. */
export async function toldBy(region: Pick<RegionProcess, "own">): Promise<readonly string[]> {
  return (await region.own<Status>("status")).dataplane.notEnforced;
}
