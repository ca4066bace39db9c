import fc from "fast-check";
import { expect, test } from "vitest";
import type { Bucket } from "./bucket.ts";
import { delay, elapse, type PolicyDelay } from "./policy-delay.ts";
import { apply, type Change, emptyState, find, put, remove } from "./state.ts";

const none: PolicyDelay = { inForce: emptyState, waiting: [] };

function bucket(id: string, policyDocument: string): Bucket {
  return { id, accountId: "000000000000", region: "us-east-1", createdAtMs: 0, tags: [], policyDocument };
}

const policyOf = (it: PolicyDelay, id: string): string | undefined => find(it.inForce, "bucket", id)?.policyDocument;

test("a new document is in force at once, a changed one when it is due, a removed one likewise", () => {
  const made = delay(none, [put("bucket", bucket("a", "old"))], 100);
  expect(policyOf(made, "a")).toBe("old");
  const changed = delay(made, [put("bucket", bucket("a", "new"))], 200);
  expect(policyOf(elapse(changed, 199), "a")).toBe("old");
  expect(policyOf(elapse(changed, 200), "a")).toBe("new");
  const gone = delay(elapse(changed, 200), [remove("bucket", "a")], 300);
  expect(policyOf(gone, "a")).toBe("new");
  expect(policyOf(elapse(gone, 300), "a")).toBeUndefined();
});

test("once all is due the policies in force are those of the state, whatever happened", () => {
  const change = fc.oneof(
    fc
      .tuple(fc.constantFrom("a", "b", "c"), fc.string({ maxLength: 3 }))
      .map(([id, text]): Change => put("bucket", bucket(id, text))),
    fc.constantFrom("a", "b", "c").map((id): Change => remove("bucket", id)),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(change, { maxLength: 3 }), fc.nat(50))), (steps) => {
      let nowMs = 0;
      let delayed = none;
      let state = emptyState;
      for (const [changes, waitMs] of steps) {
        nowMs += waitMs;
        delayed = delay(elapse(delayed, nowMs), changes, nowMs + 20);
        state = apply(state, changes);
      }
      const settled = elapse(delayed, Infinity);
      for (const id of ["a", "b", "c"]) expect(policyOf(settled, id)).toBe(find(state, "bucket", id)?.policyDocument);
    }),
  );
});
