/** Who may read the store: its owner alone, also where others could before. */

import { chmod, mkdir, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";

export const privateFileMode = 0o600;
export const privateFolderMode = 0o700;
const othersMask = 0o077;

/** Makes the folder, and takes it from others when it is there already. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: privateFolderMode });
  await restrict(folder, privateFolderMode);
}

/** Makes the database's file, and takes it and SQLite's files beside it from others; those still to come are as it is. */
export async function makePrivateDatabase(file: string): Promise<void> {
  const handle = await open(file, "a", privateFileMode);
  await handle.close();
  for (const name of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) await restrict(name, privateFileMode);
}

/**
 * Takes a folder with all in it from others. A folder that is its owner's alone already is not looked into; so it comes
 * last, lest a crash leaves files behind that nobody looks at again.
 */
export async function restrictTree(folder: string): Promise<void> {
  if (((await stat(folder)).mode & othersMask) === 0) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await restrictTree(path);
    else if (entry.isFile()) await restrict(path, privateFileMode);
  }
  await restrict(folder, privateFolderMode);
}

async function restrict(path: string, mode: number): Promise<void> {
  try {
    await chmod(path, mode);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return;
    throw new Error(`keep ${path} to its owner`, { cause });
  }
}
