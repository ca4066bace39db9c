/** How a bench ends: one line of JSON with its figures, and status 1 when one is past its budget. */

import { cpus } from "node:os";

export interface Figure {
  readonly value: number;
  /** The figure must be at least this. */
  readonly atLeast?: number;
  /** The figure must be at most this. */
  readonly atMost?: number;
}

/** Prints the figures and sets the exit status. */
export function report(
  bench: string,
  figures: Readonly<Record<string, Figure>>,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  const past = Object.entries(figures).filter(
    ([, it]) => it.value < (it.atLeast ?? -Infinity) || it.value > (it.atMost ?? Infinity),
  );
  for (const [name, it] of past) {
    console.error(
      `${name} is ${it.value}, past its budget of ${it.atLeast === undefined ? `at most ${it.atMost}` : `at least ${it.atLeast}`}`,
    );
  }
  const budgets = Object.entries(figures).flatMap(([name, it]) =>
    (it.atLeast ?? it.atMost) === undefined ? [] : [[name, it.atLeast ?? it.atMost]],
  );
  console.log(
    JSON.stringify({
      bench,
      ok: past.length === 0,
      ...Object.fromEntries(Object.entries(figures).map(([name, it]) => [name, rounded(it.value)])),
      budgets: Object.fromEntries(budgets),
      ...extra,
      node: process.version,
      cpus: cpus().length,
    }),
  );
  if (past.length > 0) process.exitCode = 1;
}

/** Four significant digits. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
