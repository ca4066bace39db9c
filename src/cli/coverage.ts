/** `underpass coverage`: which operations of AWS's the region serves and which it only knows. */

import type { Coverage } from "../api/underpass/server.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus, Failure } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";

export interface CoverageOptions extends ClientOptions, OutputOptions {
  /** Lists the operations of this one by name. */
  readonly service?: string;
}

export async function coverage(options: CoverageOptions): Promise<number> {
  const rows = await ask<readonly Coverage[]>(options, "coverage");
  const { service } = options;
  const shown = service === undefined ? rows : rows.filter((row) => row.service === service);
  if (shown.length === 0) {
    const names = rows.map((row) => row.service).join(", ");
    throw new Failure(exitStatus.usage, `no service \`${service ?? ""}\`; there are ${names}`);
  }
  if (options.output === "json") printJson(shown);
  else console.log((service === undefined ? shown.map(formatRow) : shown.flatMap(formatNames)).join("\n"));
  return exitStatus.ok;
}

function formatRow({ service, served, unserved }: Coverage): string {
  const known = served.length + unserved.length;
  return `${service.padEnd(8)} ${String(served.length).padStart(4)} of ${String(known).padStart(4)} operations served`;
}

function formatNames({ served, unserved }: Coverage): readonly string[] {
  const rows = [...served.map((name) => ({ name, is: "served" })), ...unserved.map((name) => ({ name, is: "known" }))];
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, is }) => `${is.padEnd(8)} ${name}`);
}
