import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";

test("names that differ little are near, others are not", () => {
  const names = ["web", "database", "i-0a1b2c3d4e5f60718", "web-2"];
  const check = (wanted: string, expected: readonly string[]): void => expect(nearest(wanted, names)).toEqual(expected);
  check("wbe", ["web"]);
  check("web2", ["web", "web-2"]);
  check("i-0a1b2c3d4e5f60717", ["i-0a1b2c3d4e5f60718"]);
  check("zzzzzzzz", []);
});
