/** The value of `up --quotas`: a named set, or a JSON file with the numbers that differ from AWS's. */

import { readFileSync } from "node:fs";
import { nearest } from "../base/nearest.ts";
import { awsQuotas, localQuotas, noQuotas, type Quotas } from "../model/quota.ts";
import { exitStatus, Failure } from "./failure.ts";

const named: Readonly<Record<string, Quotas>> = { aws: awsQuotas, local: localQuotas, none: noQuotas };

/** The quotas; fails with a sentence for a file that cannot be read, a name that is no quota or a value that is no number. */
export function readQuotas(whose: string): Quotas {
  const set = Object.hasOwn(named, whose) ? named[whose] : undefined;
  if (set !== undefined) return set;
  const entries = Object.entries(readObject(whose));
  for (const [name, value] of entries) checkEntry(whose, name, value);
  return { ...awsQuotas, ...(Object.fromEntries(entries) as Partial<Quotas>) };
}

function readObject(path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refuse(`\`--quotas ${path}\` is neither aws, local or none nor a JSON file that can be read`, cause);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw refuse(`\`${path}\` must hold a JSON object with the names of quotas and their numbers`);
}

function checkEntry(path: string, name: string, value: unknown): void {
  if (!Object.hasOwn(awsQuotas, name)) {
    const [close] = nearest(name, Object.keys(awsQuotas));
    const hint = close === undefined ? "" : `; \`${close}\` is one`;
    throw refuse(`\`${path}\`: there is no quota \`${name}\`${hint}`);
  }
  if (!Number.isInteger(value) || Number(value) < 0) {
    throw refuse(`\`${path}\`: the quota \`${name}\` must be a whole number, not \`${JSON.stringify(value)}\``);
  }
}

function refuse(message: string, cause?: unknown): Failure {
  return new Failure(exitStatus.input, message, cause);
}
