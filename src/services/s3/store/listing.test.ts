import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Entry, listPage, type Position, successorOf } from "./listing.ts";

/** Reads rows of a sorted array as the database would, and counts them. */
function reader(keys: readonly Buffer[]) {
  const sorted = [...keys].sort((a, b) => Buffer.compare(a, b));
  const counter = { rows: 0 };
  function* rowsFrom(key: Buffer, inclusive: boolean): Generator<Buffer> {
    for (const row of sorted) {
      const order = Buffer.compare(row, key);
      if (order < 0 || (order === 0 && !inclusive)) continue;
      counter.rows++;
      yield row;
    }
  }
  return { rowsFrom, counter };
}

/** The plainest listing: fold every key, take each once. */
function naive(keys: readonly string[], prefix: string, delimiter: string): string[] {
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const folded = sorted
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      return at === -1 ? key : `${key.slice(0, at + delimiter.length)}…`;
    });
  return [...new Set(folded)];
}

function written(entry: Entry<Buffer>): string {
  return entry.kind === "row" ? entry.row.toString() : `${entry.prefix.toString()}…`;
}

const key = fc.string({ unit: fc.constantFrom("a", "b", "/", "ä", "\u{10ffff}", "😀"), minLength: 1, maxLength: 5 });

describe("listing", () => {
  test("pages of any length, joined, are the plain listing", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 30 }),
        fc.constantFrom("", "a", "a/", "ä", "b/a"),
        fc.constantFrom("", "/", "a", "ab", "😀"),
        fc.integer({ min: 1, max: 7 }),
        (keys, prefix, delimiter, limit) => {
          const { rowsFrom } = reader(keys.map((one) => Buffer.from(one)));
          const all: string[] = [];
          let after: Position | undefined;
          do {
            const options = { prefix: Buffer.from(prefix), delimiter: Buffer.from(delimiter), limit };
            const page = listPage(rowsFrom, (row) => row, after === undefined ? options : { ...options, after });
            expect(page.entries.length).toBeLessThanOrEqual(limit);
            all.push(...page.entries.map(written));
            after = page.next;
          } while (after !== undefined);
          expect(all).toEqual(naive(keys, prefix, delimiter));
        },
      ),
    );
  });

  test("a page reads no more rows than it has entries, but for one to see whether more follow", () => {
    const keys = Array.from({ length: 5000 }, (_, at) => Buffer.from(`${String(at % 10)}/${at}`));
    const { rowsFrom, counter } = reader(keys);
    const page = listPage(rowsFrom, (row) => row, { prefix: Buffer.from(""), delimiter: Buffer.from("/"), limit: 5 });
    expect(page.entries).toHaveLength(5);
    expect(counter.rows).toBe(6);
  });

  test("the successor is the least text behind every text with the prefix", () => {
    expect(successorOf(Buffer.from("a/"))).toEqual(Buffer.from("a0"));
    expect(successorOf(Buffer.from([0x61, 0xff, 0xff]))).toEqual(Buffer.from("b"));
    expect(successorOf(Buffer.from([0xff]))).toBeUndefined();
    expect(successorOf(Buffer.from([]))).toBeUndefined();
  });
});
