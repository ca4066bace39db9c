/** Documents that are nearly policies: for the parser's fuzz. */

import type { PolicyKind } from "../policy.ts";
import { pick, type Random, randomDocument } from "./random-policy.ts";

const kinds: readonly PolicyKind[] = ["identity", "bucket", "gateway-endpoint", "trust", "session", "resource-control"];
const bits = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\",
  "\\u",
  "\\ud800",
  "null",
  "true",
  "1e999",
  "-",
  "\0",
  "\n",
  "é",
  "😀",
  "*",
  "${",
  "'}",
  "arn:",
];

export interface Mutant {
  readonly kind: PolicyKind;
  readonly text: string;
}

/** A valid document with one to five random wounds. */
export function mutant(random: Random): Mutant {
  const kind = pick(random, kinds);
  let text = randomDocument(random, pick(random, kinds));
  for (let left = 1 + Math.floor(random() * 5); left > 0; left--) text = wound(random, text);
  return { kind, text };
}

function wound(random: Random, text: string): string {
  const from = Math.floor(random() * (text.length + 1));
  const to = Math.min(text.length, from + Math.floor(random() * 12));
  switch (pick(random, ["cut", "put", "swap", "repeat", "end", "deep"] as const)) {
    case "cut":
      return text.slice(0, from) + text.slice(to);
    case "put":
      return text.slice(0, from) + pick(random, bits) + text.slice(from);
    case "swap":
      return text.slice(0, from) + pick(random, bits) + text.slice(to);
    case "repeat":
      return text.slice(0, to) + text.slice(from);
    case "end":
      return text.slice(0, from);
    case "deep":
      return text.slice(0, from) + "[{".repeat(Math.floor(random() * 40)) + text.slice(from);
  }
}
