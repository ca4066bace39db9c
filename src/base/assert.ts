/** Bugs throw. Bad input never does: that is a `Result`. */

/** Throws when a claim that the program relies on is false. */
export function assert(claim: unknown, what: string): asserts claim {
  if (!claim) throw new Error(`broken invariant: ${what}`);
}

/** Throws: stands where the compiler has proved that nothing arrives. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
