/**
 * Keys in order, folded at a delimiter, a page at a time. Past a common prefix it seeks instead of reading on, so that a
 * page costs its own length, whatever lies between.
 * Source: Amazon S3 API Reference, "ListObjectsV2": keys in UTF-8 binary order; S3 User Guide, "Organizing objects using prefixes".
 */

/** Where a page ended: behind a key, or behind every key that begins with a common prefix. */
export type Position =
  | { readonly kind: "key"; readonly key: Buffer }
  | { readonly kind: "prefix"; readonly prefix: Buffer };

export interface PageOptions {
  readonly prefix: Buffer;
  /** Absent or empty: nothing is folded. */
  readonly delimiter?: Buffer;
  readonly after?: Position;
  /** Entries (keys and common prefixes together) at most. */
  readonly limit: number;
}

export type Entry<T> = { readonly kind: "row"; readonly row: T } | { readonly kind: "prefix"; readonly prefix: Buffer };

export interface Page<T> {
  readonly entries: readonly Entry<T>[];
  /** Where to go on; absent at the end. */
  readonly next?: Position;
}

/** Rows in the order of their keys, from `key` on or right behind it. Left early, it must end its statement. */
export type RowsFrom<T> = (key: Buffer, inclusive: boolean) => Iterable<T>;

/** One page. */
export function listPage<T>(rowsFrom: RowsFrom<T>, keyOf: (row: T) => Buffer, options: PageOptions): Page<T> {
  const entries: Entry<T>[] = [];
  if (options.limit === 0) return { entries };
  let last: Position | undefined;
  let seek = startOf(options);
  while (seek !== undefined) {
    const from = seek;
    seek = undefined;
    for (const row of rowsFrom(from.key, from.inclusive)) {
      const key = keyOf(row);
      if (!startsWith(key, options.prefix)) break;
      if (entries.length === options.limit && last !== undefined) return { entries, next: last };
      const folded = foldedPrefix(key, options);
      if (folded === undefined) {
        entries.push({ kind: "row", row });
        last = { kind: "key", key };
        continue;
      }
      entries.push({ kind: "prefix", prefix: folded });
      last = { kind: "prefix", prefix: folded };
      seek = behind(folded);
      break;
    }
  }
  return { entries };
}

/** The smallest byte string greater than all that begin with `prefix`; undefined when there is none. */
export function successorOf(prefix: Buffer): Buffer | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  if (end === 0) return undefined;
  const successor = Buffer.from(prefix.subarray(0, end));
  successor[end - 1] = (successor[end - 1] ?? 0) + 1;
  return successor;
}

/** The common prefix that `key` is folded into, or undefined when it stands for itself. */
export function foldedPrefix(key: Buffer, options: Pick<PageOptions, "prefix" | "delimiter">): Buffer | undefined {
  const { prefix, delimiter } = options;
  if (delimiter === undefined || delimiter.length === 0) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at === -1 ? undefined : key.subarray(0, at + delimiter.length);
}

interface Seek {
  readonly key: Buffer;
  readonly inclusive: boolean;
}

function startOf(options: PageOptions): Seek | undefined {
  const { prefix, after } = options;
  if (after === undefined) return { key: prefix, inclusive: true };
  const start = after.kind === "key" ? { key: after.key, inclusive: false } : behind(after.prefix);
  if (start === undefined) return undefined;
  return Buffer.compare(start.key, prefix) < 0 ? { key: prefix, inclusive: true } : start;
}

function behind(prefix: Buffer): Seek | undefined {
  const key = successorOf(prefix);
  return key === undefined ? undefined : { key, inclusive: true };
}

function startsWith(key: Buffer, prefix: Buffer): boolean {
  return key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0;
}
