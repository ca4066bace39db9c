/** `underpass status`: what runs, and what it does not enforce. */

import type { Status } from "../api/underpass/server.ts";
import { ask, type ClientOptions } from "./client.ts";
import { type OutputOptions, printJson } from "./output.ts";

export async function status(options: ClientOptions & OutputOptions): Promise<number> {
  const now = await ask<Status>(options, "status");
  if (options.output === "json") printJson(now);
  else console.log(formatStatus(now));
  return 0;
}

function formatStatus(now: Status): string {
  const plane = now.dataplane;
  const lines = [
    `underpass ${now.version}, region ${now.region}`,
    `  endpoint    ${now.endpoint}`,
    `  state       ${now.state} (revision ${now.revision})`,
    `  account     ${now.accountId}`,
    ...(now.credentials === "any"
      ? ["  credentials any: access keys that nobody has are the account's root, and their signatures are not checked"]
      : []),
    `  process     ${now.processId}`,
    `  data plane  ${plane.kind}${plane.notEnforced.length === 0 ? " (enforced by the kernel)" : ""}`,
    ...(plane.because === undefined ? [] : [`              because ${plane.because}`]),
    ...plane.notEnforced.map((sentence) => `              not enforced: ${sentence}`),
    ...plane.notCarried.map((sentence) => `              not carried: ${sentence}`),
    `  connections ${now.openConnections} open from instances`,
  ];
  const counted = Object.entries(now.counts).filter(([, count]) => count > 0);
  if (counted.length > 0) lines.push("  holds", ...counted.map(([kind, count]) => `    ${kind.padEnd(20)} ${count}`));
  return lines.join("\n");
}
