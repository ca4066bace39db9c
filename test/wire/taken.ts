import type { Result } from "../../src/base/result.ts";

/** The value of a result; throws with its error when it is none. */
export function taken<T>(result: Result<T, unknown>): T {
  if (result.ok) return result.value;
  throw new Error(`refused: ${JSON.stringify(result.error)}`);
}
