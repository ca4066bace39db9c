/** The users as whom a region is tried: whoever runs the tests and, where that is root, an ordinary user as well. */

import { chownSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linuxPlaneLack } from "../src/dataplane/linux/plane.ts";
import { lackOfProgram } from "./need.ts";

export interface TestUser {
  readonly name: "root" | "an ordinary user";
  readonly id: number;
  /** The first words of a command that runs as this user. */
  readonly runAs: readonly string[];
  /** Why regions cannot be tried as this user, or undefined. */
  readonly lack: string | undefined;
}

const own = process.getuid?.() ?? -1;
const linuxLack = await linuxPlaneLack();
const nobody = 65534;

export const ordinaryUser: TestUser =
  own === 0
    ? {
        name: "an ordinary user",
        id: nobody,
        runAs: ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"],
        lack: linuxLack ?? lackOfProgram("setpriv", "--version"),
      }
    : { name: "an ordinary user", id: own, runAs: [], lack: linuxLack };

export const users: readonly TestUser[] =
  own === 0 ? [{ name: "root", id: own, runAs: [], lack: linuxLack }, ordinaryUser] : [ordinaryUser];

/** A temporary folder of the user's own, to be the home of what runs as him. */
export function homeOf({ id }: TestUser): string {
  const folder = mkdtempSync(join(tmpdir(), "underpass-user-"));
  if (own === 0) chownSync(folder, id, id);
  return folder;
}
