import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAccessKey, updateAccessKey } from "./access-key.ts";
import { credentialOf } from "./credential.ts";
import { makeAccessKeyId, makeSecretAccessKey, makeSessionToken, makeUniqueId } from "./iam-id.ts";
import { createRole, deleteRole } from "./role.ts";
import { assumeRole, expiredSessions, getFederationToken, getSessionToken } from "./session.ts";
import { apply, emptyState, type State } from "./state.ts";
import { createUser, deleteUser, updateUser } from "./user.ts";
import type { Context, Outcome } from "./verb.ts";

const accountId = "111122223333";

/** Seeded: the same calls give the same ids. */
function seeded(): Context {
  let count = 0;
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => ((count = (count * 1_103_515_245 + 12_345) % 2 ** 31) >>> 16) % 16)
      .map((digit) => digit.toString(16))
      .join("");
  return { nowMs: Date.UTC(2026, 0, 1), hex, accountId, region: "us-east-1" };
}

/** A state that verbs change in turn. */
function world() {
  const context = seeded();
  let state: State = emptyState;
  return {
    state: () => state,
    run: <V>(verb: (state: State, context: Context) => Outcome<V>): V => {
      const outcome = verb(state, context);
      if (!outcome.ok) throw new Error(JSON.stringify(outcome.error));
      state = apply(state, outcome.value.changes);
      return outcome.value.value;
    },
    nowMs: context.nowMs,
  };
}

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Principal: "*", Action: "sts:AssumeRole" },
});
const role = { name: "app", path: "/p/", assumeRolePolicyDocument: trust, maxSessionDurationSeconds: 3600, tags: [] };
const ann = { name: "ann", path: "/staff/", tags: [] };
const assumed = {
  roleArn: `arn:aws:iam::${accountId}:role/p/app`,
  sessionName: "s1",
  policyArns: [],
  tags: [],
  transitiveTagKeys: [],
  callerName: "ann",
};

describe("root users", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["test", "000000000000"],
    ["000000000000", "000000000000"],
    ["123456789012", "123456789012"],
  ];
  test.each(cases)("%s is the root of %s", (key, account) => {
    expect(credentialOf(emptyState, key)).toEqual({
      secretAccessKey: "test",
      accountId: account,
      principal: { kind: "root", accountId: account },
    });
  });

  test.each(["", "Test", "12345678901", "1234567890123", "12345678901a", "AKIAIOSFODNN7EXAMPLE"])(
    "%s is nobody",
    (key) => {
      expect(credentialOf(emptyState, key)).toBeUndefined();
    },
  );
});

test("a user's key follows his name, and fails while inactive and after him", () => {
  const { run, state } = world();
  const user = run((now, context) => createUser(now, ann, context));
  const key = run((now, context) => createAccessKey(now, "ann", context));
  const principal = {
    kind: "user",
    accountId,
    arn: `arn:aws:iam::${accountId}:user/staff/ann`,
    userId: user.id,
    userName: "ann",
  };
  expect(credentialOf(state(), key.id)).toEqual({ secretAccessKey: key.secretAccessKey, accountId, principal });
  run((now, context) => updateUser(now, { name: "ann", newName: "bea", newPath: "/" }, context));
  expect(credentialOf(state(), key.id)?.principal).toMatchObject({ arn: `arn:aws:iam::${accountId}:user/bea` });
  const of = { userName: "bea", accessKeyId: key.id };
  run((now, context) => updateAccessKey(now, { ...of, status: "Inactive" }, context));
  expect(credentialOf(state(), key.id)).toBeUndefined();
  run((now, context) => updateAccessKey(now, { ...of, status: "Active" }, context));
  const { changes } = { changes: [{ op: "delete", kind: "user", id: user.id } as const] };
  expect(credentialOf(apply(state(), changes), key.id)).toBeUndefined();
});

test("a session of a role carries a token and an end, and ends with the role", () => {
  const { run, state, nowMs } = world();
  const made = run((now, context) => createRole(now, role, context));
  const { session } = run((now, context) => assumeRole(now, assumed, context));
  expect(credentialOf(state(), session.id)).toEqual({
    secretAccessKey: session.secretAccessKey,
    sessionToken: session.sessionToken,
    expiresAtMs: nowMs + 3_600_000,
    accountId,
    principal: {
      kind: "assumed-role",
      accountId,
      arn: `arn:aws:sts::${accountId}:assumed-role/app/s1`,
      roleArn: `arn:aws:iam::${accountId}:role/p/app`,
      roleId: made.id,
      sessionName: "s1",
      sessionId: session.id,
    },
  });
  run((now, context) => deleteRole(now, "app", context));
  run((now, context) => createRole(now, role, context));
  expect(credentialOf(state(), session.id)).toBeUndefined();
});

test("sessions of users and guests end with the user", () => {
  const { run, state } = world();
  const user = run((now, context) => createUser(now, ann, context));
  const own = run((now, context) => getSessionToken(now, { principal: { kind: "user", userId: user.id } }, context));
  const asked = { name: "guest", policyArns: [], tags: [], issuerUserId: user.id };
  const guest = run((now, context) => getFederationToken(now, asked, context));
  expect(credentialOf(state(), own.session.id)?.principal).toMatchObject({ kind: "user", sessionId: own.session.id });
  expect(credentialOf(state(), guest.session.id)?.principal).toMatchObject({
    kind: "federated-user",
    arn: `arn:aws:sts::${accountId}:federated-user/guest`,
    issuerUserId: user.id,
  });
  run((now, context) => deleteUser(now, "ann", context));
  expect(credentialOf(state(), own.session.id)).toBeUndefined();
  expect(credentialOf(state(), guest.session.id)).toBeUndefined();
});

test("sweeping takes all sessions an hour after their end, and no other", () => {
  const oneOf = fc.array(fc.integer({ min: 900, max: 3600 }), { maxLength: 20 });
  fc.assert(
    fc.property(oneOf, fc.integer({ min: 0, max: 8_000_000 }), (durations, laterMs) => {
      const { run, state, nowMs } = world();
      const principal = { kind: "root" } as const;
      for (const durationSeconds of durations) {
        run((now, context) => getSessionToken(now, { principal, durationSeconds }, context));
      }
      const changes = expiredSessions(state(), nowMs + laterMs);
      expect(changes).toHaveLength(durations.filter((seconds) => seconds * 1000 + 3_600_000 <= laterMs).length);
      expect(expiredSessions(apply(state(), changes), nowMs + laterMs)).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test("ids have AWS's form whatever the digits", () => {
  const digits = fc.infiniteStream(fc.integer({ min: 0, max: 15 }));
  fc.assert(
    fc.property(digits, (stream) => {
      const hex = (count: number): string =>
        Array.from({ length: count }, () => stream.next().value!.toString(16)).join("");
      expect(makeUniqueId("AROA", hex)).toMatch(/^AROA[A-Z2-7]{17}$/u);
      expect(makeAccessKeyId("ASIA", hex)).toMatch(/^ASIA[A-Z2-7]{16}$/u);
      expect(makeSecretAccessKey(hex)).toMatch(/^[A-Za-z0-9+/]{40}$/u);
      expect(makeSessionToken(hex)).toMatch(/^[A-Za-z0-9+/]{340}$/u);
    }),
    { numRuns: 50 },
  );
});
