import { expect, test } from "vitest";
import { type Conditions, refuseCopySource, refuseRead, refuseWrite } from "./precondition.ts";

const modifiedAtMs = Date.UTC(2026, 0, 2, 3, 4, 5, 600);
const object = { key: "k", etag: "abc", modifiedAtMs };
const same = new Date(Date.UTC(2026, 0, 2, 3, 4, 5));
const before = new Date(Date.UTC(2026, 0, 2, 3, 4, 4));
const after = new Date(Date.UTC(2026, 0, 2, 3, 4, 6));

// Source: S3 API Reference, "GetObject": the two combinations that S3 settles by itself are the last of the table.
test.each<[Conditions, number, number]>([
  [{}, 200, 200],
  [{ ifMatch: '"abc"' }, 200, 200],
  [{ ifMatch: "abc" }, 200, 200],
  [{ ifMatch: "*" }, 200, 200],
  [{ ifMatch: '"x", "abc"' }, 200, 200],
  [{ ifMatch: '"x"' }, 412, 412],
  [{ ifNoneMatch: '"abc"' }, 304, 412],
  [{ ifNoneMatch: 'W/"abc"' }, 304, 412],
  [{ ifNoneMatch: "*" }, 304, 412],
  [{ ifNoneMatch: '"x"' }, 200, 200],
  [{ ifModifiedSince: before }, 200, 200],
  [{ ifModifiedSince: same }, 304, 412],
  [{ ifModifiedSince: after }, 304, 412],
  [{ ifUnmodifiedSince: before }, 412, 412],
  [{ ifUnmodifiedSince: same }, 200, 200],
  [{ ifUnmodifiedSince: after }, 200, 200],
  [{ ifMatch: '"abc"', ifUnmodifiedSince: before }, 200, 200],
  [{ ifNoneMatch: '"x"', ifModifiedSince: after }, 200, 200],
  [{ ifNoneMatch: '"abc"', ifModifiedSince: before }, 304, 412],
])("%o", (conditions, read, copy) => {
  expect(refuseRead(object, conditions)?.status ?? 200).toBe(read);
  expect(refuseCopySource(object, conditions)?.status ?? 200).toBe(copy);
});

test.each<[typeof object | undefined, Conditions, string | undefined]>([
  [undefined, {}, undefined],
  [object, {}, undefined],
  [undefined, { ifNoneMatch: "*" }, undefined],
  [object, { ifNoneMatch: "*" }, "PreconditionFailed"],
  [object, { ifMatch: '"abc"' }, undefined],
  [object, { ifMatch: '"x"' }, "PreconditionFailed"],
  [undefined, { ifMatch: '"abc"' }, "NoSuchKey"],
])("write over %o with %o", (current, conditions, code) => {
  expect(refuseWrite(current, conditions)?.code).toBe(code);
});
