import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { awsQuotas, localQuotas, noQuotas } from "../model/quota.ts";
import { readQuotas } from "./quota-choice.ts";

const folder = mkdtempSync(join(tmpdir(), "underpass-quota-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(text: string): string {
  const path = join(folder, "quotas.json");
  writeFileSync(path, text);
  return path;
}

test("a name is one of the sets", () => {
  expect(["aws", "local", "none"].map(readQuotas)).toEqual([awsQuotas, localQuotas, noQuotas]);
});

test("a file says what differs from AWS's", () => {
  expect(readQuotas(file('{ "vpcsPerRegion": 50 }'))).toEqual({ ...awsQuotas, vpcsPerRegion: 50 });
});

test.each([
  ["no file", () => join(folder, "absent.json"), "neither aws, local or none nor a JSON file"],
  ["no JSON", () => file("{"), "neither aws, local or none nor a JSON file"],
  ["no object", () => file("[5]"), "must hold a JSON object"],
  ["no quota", () => file('{ "vpcPerRegion": 5 }'), "there is no quota `vpcPerRegion`; `vpcsPerRegion` is one"],
  ["no number", () => file(`{ "vpcsPerRegion": "5" }`), 'must be a whole number, not `"5"`'],
])("%s is refused", (_, path, text) => {
  expect(() => readQuotas(path())).toThrow(text);
});
