/** No input breaks IAM or STS: whatever the parameters, the answer is an output or one of AWS's errors. */

import fc from "fast-check";
import { openKeyUse } from "../../model/key-use.ts";
import { expect, test } from "vitest";
import { credentialOf } from "../../model/credential.ts";
import { statusOf, textOf } from "../../model/error.ts";
import { findPolicy } from "../../model/managed-policy.ts";
import { memoryControl } from "../../model/memory-control.ts";
import { all, find, type Kind, type State } from "../../model/state.ts";
import { parseQuery, readInput } from "../../wire/query.ts";
import { writeQueryAnswer } from "../../wire/query-answer.ts";
import type { Shape } from "../../wire/shape.ts";
import type { Call, QueryService } from "../handler.ts";
import { stsService } from "../sts/service.ts";
import { iamService } from "./service.ts";

const trust = '{"Statement":{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}}';
const allow = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}';
/** What clients get wrong. */
const wrong = [
  "",
  " ",
  "a/b",
  "//",
  "constructor",
  "__proto__",
  "\u{1f642}",
  "x".repeat(200),
  "{",
  "[]",
  "null",
  '{"Statement":[]}',
  '{"Statement":{"Principal":{"AWS":{}}}}',
  "v0",
  "arn:aws:iam::::",
  "arn:",
  "true",
  "1e9",
  "-1",
];

/** A small world, so that calls meet each other. */
function likely(parameter: string): readonly string[] {
  if (parameter.endsWith("AssumeRolePolicyDocument")) return [trust];
  if (/(PolicyDocument|^Policy)$/u.test(parameter)) return [allow, allow, trust];
  if (/(Role|User|Group|Profile|Policy|Session)Name$|^Name$/u.test(parameter)) return ["ann", "ANN", "app"];
  if (/(PolicyArn|PermissionsBoundary|arn)$/u.test(parameter)) {
    return ["arn:aws:iam::111122223333:policy/ann", "arn:aws:iam::aws:policy/ReadOnlyAccess"];
  }
  if (parameter === "RoleArn") return ["arn:aws:iam::111122223333:role/ann", "arn:aws:iam::111122223333:role/app"];
  if (/Path(Prefix)?$/u.test(parameter)) return ["/", "/x/"];
  if (parameter === "VersionId") return ["v1", "v2"];
  if (parameter === "AccessKeyId") return ["test", "111122223333", "AKIAIOSFODNN7EXAMPLE"];
  if (/Duration/u.test(parameter)) return ["900", "3600", "7200"];
  if (parameter === "Status") return ["Active", "Inactive"];
  return ["a", "b", "1", "true"];
}

function valueOf(parameter: string): fc.Arbitrary<readonly [string, string]> {
  const value = fc.oneof(
    { arbitrary: fc.constantFrom(...likely(parameter)), weight: 5 },
    { arbitrary: fc.constantFrom(...wrong), weight: 1 },
  );
  return fc.tuple(fc.constant(parameter), value);
}

/** Names of parameters that the shape has, three levels deep, and now and then one that it has not. */
function namesOf(shape: Shape, depth = 0): readonly string[] {
  if (depth > 4) return [""];
  switch (shape.kind) {
    case "structure":
      return shape.members.flatMap((member) =>
        namesOf(member.shape(), depth + 1).map((rest) => join(member.xmlName, rest)),
      );
    case "list":
      return ["member.1", "member.2", "member.0", ""].flatMap((at) =>
        namesOf(shape.item.shape(), depth + 1).flatMap((rest) => [join(at, rest), at]),
      );
    case "map":
    case "string":
    case "boolean":
    case "number":
    case "blob":
    case "timestamp":
    case "unit":
      return [""];
  }
}

function join(name: string, rest: string): string {
  return rest === "" ? name : `${name}.${rest}`;
}

interface Step {
  readonly service: QueryService;
  readonly operation: string;
  readonly form: string;
  readonly accessKeyId: string;
}

const steps: fc.Arbitrary<Step> = fc
  .constantFrom(
    ...[iamService, stsService].flatMap((service) => Object.keys(service.handlers).map((name) => ({ service, name }))),
  )
  .chain(({ service, name }) => {
    const names = [...namesOf(service.operations[name]!.input()), "Nothing"];
    const shape = service.operations[name]!.input();
    const required = shape.kind === "structure" ? shape.members.filter((member) => member.required) : [];
    const some = fc.array(fc.constantFrom(...names).chain(valueOf), { maxLength: 2 });
    const most = fc.tuple(
      ...required.flatMap((member) =>
        namesOf(member.shape(), 1)
          .slice(0, 2)
          .map((rest) => valueOf(join(member.xmlName, rest))),
      ),
    );
    return fc.tuple(some, most, fc.constantFrom("111122223333", "test")).map(([more, pairs, accessKeyId]) => ({
      service,
      operation: name,
      form: [...new Map([...pairs, ...more])].map(([key, text]) => `${key}=${encodeURIComponent(text)}`).join("&"),
      accessKeyId,
    }));
  });

/** INVARIANT: what holds a thing keeps it from being deleted, so every reference finds something. */
function dangling(state: State): readonly string[] {
  const missing = (kind: Kind, id: string): readonly string[] => (find(state, kind, id) === undefined ? [id] : []);
  const policies = (held: readonly string[]): readonly string[] =>
    held.filter((arn) => findPolicy(state, arn) === undefined);
  return [
    ...[...all(state, "user")].flatMap((it) => [
      ...it.groupIds.flatMap((id) => missing("group", id)),
      ...policies([...it.attachedPolicyArns, it.permissionsBoundaryArn ?? []].flat()),
    ]),
    ...[...all(state, "group")].flatMap((it) => policies(it.attachedPolicyArns)),
    ...[...all(state, "role")].flatMap((it) =>
      policies([...it.attachedPolicyArns, it.permissionsBoundaryArn ?? []].flat()),
    ),
    ...[...all(state, "access-key")].flatMap((it) => missing("user", it.userId)),
    ...[...all(state, "instance-profile")].flatMap((it) => (it.roleId === undefined ? [] : missing("role", it.roleId))),
  ];
}

test("any sequence of calls", async () => {
  let outputs = 0;
  let count = 0;
  const hex = (digits: number): string => (count += 1).toString(16).padStart(16, "0").repeat(64).slice(-digits);
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 60 }), async (sequence) => {
      const control = memoryControl({ nowMs: () => 1_700_000_000_000, hex });
      for (const { service, operation, form, accessKeyId } of sequence) {
        const query = parseQuery(form);
        if (!query.ok) continue;
        const input = readInput(query.value, service.operations[operation]!, "awsQuery");
        if (!input.ok) continue;
        const { accountId, principal } = credentialOf(control.state(), accessKeyId)!;
        const caller = { accountId, region: "us-east-1" };
        const call: Call = {
          state: control.state,
          run: (verb) => control.run(verb, caller),
          principal,
          accessKeyId,
          ...caller,
          nowMs: 1_700_000_000_000,
          requestId: "r",
          keyUse: openKeyUse(),
        };
        for (const target of service.targets(operation, input.value, call))
          expect(target.resource).toMatch(/^(\*|arn:)/u);
        const answer = await service.handlers[operation]!(input.value as never, call);
        const { xmlNamespace, operations } = service;
        const written = {
          protocol: "awsQuery",
          xmlNamespace,
          operation: operations[operation]!,
          requestId: "r",
        } as const;
        const text = answer.ok ? writeQueryAnswer({ ...written, output: answer.value }) : textOf(answer.error);
        expect(text).not.toBe("");
        expect(answer.ok ? 200 : statusOf(answer.error)).toBeLessThan(500);
        if (answer.ok) outputs += 1;
      }
      expect(dangling(control.state())).toEqual([]);
    }),
    { numRuns: 400 },
  );
  // The calls do meet: else this test would say nothing.
  expect(outputs).toBeGreaterThan(1000);
});
