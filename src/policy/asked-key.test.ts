import { expect, test } from "vitest";
import { askedKeys } from "./asked-key.ts";
import type { NamedPolicy } from "./decide.ts";
import { parsePolicy } from "./parse.ts";

function identityPolicy(statement: Readonly<Record<string, unknown>>): NamedPolicy {
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: [statement] }), "identity");
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return { name: "p", policy: parsed.value };
}

const check = (statement: Readonly<Record<string, unknown>>, keys: readonly string[]): void => {
  const named = identityPolicy({ Effect: "Allow", Action: "*", Resource: "*", ...statement });
  expect([...askedKeys({ identity: [named] })]).toEqual(keys);
  expect([...askedKeys({ identity: [], endpoint: named })]).toEqual(keys);
  expect([...askedKeys({ identity: [], serviceControl: [[], [named]] })]).toEqual(keys);
};

test("a policy without conditions names none", () => check({}, []));
test("a condition's key, in lower case and once", () =>
  check({ Condition: { StringEquals: { "aws:SourceVpce": "x" }, StringLike: { "AWS:sourcevpce": "y" } } }, [
    "aws:sourcevpce",
  ]));
test("a variable's key in a resource and in a value", () =>
  check(
    {
      Resource: "arn:aws:s3:::b/${aws:username}",
      Condition: { StringLike: { "s3:prefix": "${aws:PrincipalTag/Team}/*" } },
    },
    ["s3:prefix", "aws:username", "aws:principaltag/team"],
  ));
