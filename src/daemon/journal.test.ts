import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import type { Bucket } from "../model/bucket.ts";
import { all, apply, type Change, emptyState, put, remove, type State } from "../model/state.ts";
import { openJournal, StoreError } from "./journal.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "underpass-journal-"));
  folders.push(folder);
  return folder;
}

function bucket(name: string, region = "us-east-1"): Bucket {
  return { id: name, accountId: "000000000000", region, createdAtMs: 0, tags: [] };
}

function contents(state: State): { revision: number; buckets: Bucket[] } {
  return { revision: state.revision, buckets: [...all(state, "bucket")] };
}

async function write(folder: string, changeSets: readonly (readonly Change[])[]): Promise<void> {
  await using store = openJournal(folder);
  store.commit(store.load().state.revision, changeSets);
}

test("the owner alone may read the state, also in a folder that others may enter", async () => {
  const folder = newFolder();
  chmodSync(folder, 0o755);
  await using store = openJournal(folder);
  store.load();
  store.commit(0, [[put("bucket", bucket("one"))]]);
  const open = readdirSync(folder).filter(
    (file) => file !== "daemon.pid" && (statSync(join(folder, file)).mode & 0o077) !== 0,
  );
  expect(open).toEqual([]);
});

test("what was committed is there again", async () => {
  const folder = newFolder();
  await write(folder, [[put("bucket", bucket("one"))], [put("bucket", bucket("two")), remove("bucket", "one")]]);
  await using store = openJournal(folder);
  const { state, messages } = store.load();
  expect(messages).toEqual([]);
  expect(contents(state)).toEqual({ revision: 2, buckets: [bucket("two")] });
});

test("any history gives the state that applying its changes gives, over any number of openings and folds", async () => {
  const change = fc.oneof(
    fc
      .record({ name: fc.constantFrom("a", "b", "c", "d"), region: fc.constantFrom("us-east-1", "eu-west-1") })
      .map((it) => put("bucket", bucket(it.name, it.region))),
    fc.constantFrom("a", "b", "c", "d").map((name) => remove("bucket", name)),
  );
  const session = fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 1200 });
  await fc.assert(
    fc.asyncProperty(fc.array(session, { maxLength: 4 }), async (sessions) => {
      const folder = newFolder();
      for (const changeSets of sessions) await write(folder, changeSets);
      await using store = openJournal(folder);
      expect(contents(store.load().state)).toEqual(contents(sessions.flat().reduce(apply, emptyState)));
    }),
    { numRuns: 12 },
  );
});

test("a second daemon is refused, and told which process holds the folder", async () => {
  const folder = newFolder();
  await using store = openJournal(folder);
  store.load();
  const check = (): void => void openJournal(folder);
  expect(check).toThrow(StoreError);
  expect(check).toThrow(`\`${folder}\` is in use by another daemon (process ${process.pid})`);
});

test("a writer that is behind is refused", async () => {
  await using store = openJournal(newFolder());
  store.load();
  store.commit(0, [[put("bucket", bucket("one"))]]);
  expect(() => store.commit(0, [[put("bucket", bucket("two"))]])).toThrow("the store is at revision 1");
});

function damage(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, "state.db"));
  database.exec(sql);
  database.close();
}

test("a torn last record is dropped with a message, and the next one goes in its place", async () => {
  const folder = newFolder();
  await write(folder, [[put("bucket", bucket("one"))], [put("bucket", bucket("two"))]]);
  damage(folder, "UPDATE journal SET changes = substr(changes, 1, 20) WHERE revision = 2");
  {
    await using store = openJournal(folder);
    const { state, messages } = store.load();
    expect(messages).toEqual([
      "dropped the torn last record of the journal (revision 2); the state is that of revision 1",
    ]);
    store.commit(state.revision, [[put("bucket", bucket("three"))]]);
  }
  await using again = openJournal(folder);
  expect(again.load()).toMatchObject({ messages: [], state: { revision: 2 } });
});

test.each([
  ["altered", "UPDATE journal SET changes = replace(changes, 'two', 'owt') WHERE revision = 2"],
  ["lost", "DELETE FROM journal WHERE revision = 2"],
  ["with another checksum", "UPDATE journal SET checksum = checksum + 1 WHERE revision = 2"],
])("an earlier record that is %s stops the start with the revision and what to do", async (_how, sql) => {
  const folder = newFolder();
  await write(
    folder,
    ["one", "two", "three", "four"].map((name) => [put("bucket", bucket(name))]),
  );
  damage(folder, sql);
  await using store = openJournal(folder);
  expect(() => store.load()).toThrow(StoreError);
  expect(() => store.load()).toThrow(/damaged at revision [23], and later records follow it; put back a copy/);
});

test("a damaged snapshot stops the start", async () => {
  const folder = newFolder();
  await write(
    folder,
    Array.from({ length: 2001 }, (_, at) => [put("bucket", bucket(`b${at}`))]),
  );
  damage(folder, "UPDATE snapshot SET document = replace(document, 'us-east-1', 'us-west-1') WHERE id = 'b7'");
  await using store = openJournal(folder);
  expect(() => store.load()).toThrow("damaged at bucket `b7`");
});

test("a file that is no database is said so, and stays", async () => {
  const folder = newFolder();
  await write(folder, [[put("bucket", bucket("one"))]]);
  rmSync(join(folder, "state.db-wal"), { force: true });
  const { writeFileSync, readFileSync } = await import("node:fs");
  writeFileSync(join(folder, "state.db"), "not a database, but somebody's notes".repeat(100));
  expect(() => openJournal(folder)).toThrow(/holds no readable state/);
  expect(readFileSync(join(folder, "state.db"), "utf8")).toContain("somebody's notes");
});

test("a kill loses nothing that was acknowledged", async () => {
  const folder = newFolder();
  const program = `
    import { openJournal } from ${JSON.stringify(join(import.meta.dirname, "journal.ts"))};
    import { put } from ${JSON.stringify(join(import.meta.dirname, "../model/state.ts"))};
    const store = openJournal(${JSON.stringify(folder)});
    let { state: { revision } } = store.load();
    for (;;) {
      store.commit(revision, [[put("bucket", { id: "b" + revision, accountId: "0", region: "r", createdAtMs: 0, tags: [] })]]);
      process.stdout.write(++revision + "\\n");
      await new Promise(setImmediate);
    }`;
  let acknowledged = 0;
  for (let kill = 0; kill < 5; kill++) {
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stopAt = acknowledged + 50;
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === stopAt) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await using store = openJournal(folder);
  const { state } = store.load();
  expect(state.revision).toBeGreaterThanOrEqual(acknowledged);
  for (let at = 0; at < acknowledged; at++) expect(state.tables.bucket.byId.has(`b${at}`)).toBe(true);
});
