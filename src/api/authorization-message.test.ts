import { expect, test } from "vitest";
import type { Ask } from "../analyse/authorise.ts";
import { emptyState } from "../model/state.ts";
import { decodeRefusal, encodeRefusal } from "./authorization-message.ts";

const ask: Ask = {
  principal: { kind: "root", accountId: "000000000000" },
  action: "ec2:RunInstances",
  resource: "*",
  path: { kind: "host", sourceIp: "127.0.0.1" },
  region: "us-east-1",
  nowMs: 1_700_000_000_000,
  secureTransport: false,
  keys: {},
};

test("a message is read by its own account alone", () => {
  const encoded = encodeRefusal(emptyState, ask, "000000000000");
  expect(decodeRefusal(encoded, "000000000000")).toMatch(/"action":"ec2:RunInstances"/);
  expect(decodeRefusal(encoded, "111111111111")).toBeUndefined();
  expect(decodeRefusal(`${encoded}A`, "000000000000")).toBeUndefined();
});

test("no message looks like an option of a command line", () => {
  const firsts = Array.from({ length: 2000 }, () => encodeRefusal(emptyState, ask, "000000000000")[0]);
  expect(new Set(firsts).size).toBeGreaterThan(40);
  expect(firsts).not.toContain("-");
});
