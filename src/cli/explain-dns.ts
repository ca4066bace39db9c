/** `underpass explain-dns`: what a name leads to, in one place and outside of it. */

import type { DnsAnswer, DnsExplanation } from "../analyse/explain-dns.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";

export interface ExplainDnsOptions extends ClientOptions, OutputOptions {
  /** An instance's id or Name tag, a subnet, a VPC, or `internet`. */
  readonly from: string;
}

/** Ends with status 1 when the name has no record there. */
export async function explainDnsCommand(name: string, options: ExplainDnsOptions): Promise<number> {
  const explained = await ask<DnsExplanation>(options, "explain-dns", { name, from: options.from });
  if (options.output === "json") printJson(explained);
  else console.log(formatDns(explained));
  return explained.answers.some((one) => one.kind === "records") ? exitStatus.ok : exitStatus.finding;
}

/** The whole answer, without a final line break. */
export function formatDns(explained: DnsExplanation): string {
  const { name, from, vpcId, client, answers, outside, ways, notes } = explained;
  const domains = client?.searchDomains ?? [];
  const rows: (readonly [string, string])[] = [
    ["name", name],
    ["from", vpcId === undefined || vpcId === from ? from : `${from} of ${vpcId}`],
    ...(client === undefined
      ? []
      : [["asks", `${client.servers.join(", ") || "nobody"} (${client.dhcpOptionsId})`] as const]),
    ...(domains.length === 0 ? [] : [["domains", domains.join(", ")] as const]),
    ...labelled("here", answers.map(answerText)),
    ...labelled("outside", (outside ?? []).map(answerText)),
    ...ways.flatMap(({ ip, prefixListId, route, exit }) =>
      labelled("way", [
        `${ip}${prefixListId === undefined ? "" : ` of ${prefixListId}`} to ${exit}`,
        ...(route === undefined ? [] : [`  by ${route}`]),
      ]),
    ),
    ...labelled("note", notes),
  ];
  return rows.map(([label, text]) => `${label.padEnd(labelWidth)}${text}`).join("\n");
}

const labelWidth = 11;

function answerText({ type, kind, values, ttlSeconds, by }: DnsAnswer): string {
  return `${type.padEnd(5)}${textOf(kind, values, ttlSeconds)} (${by})`;
}

function textOf(kind: DnsAnswer["kind"], values: readonly string[], ttlSeconds: number | undefined): string {
  switch (kind) {
    case "records":
      return `${values.join(", ")} for ${ttlSeconds ?? 0} s`;
    case "no-data":
      return "no record";
    case "no-name":
      return "NXDOMAIN";
    case "no-resolver":
      return "no answer";
  }
}

function labelled(label: string, texts: readonly string[]): (readonly [string, string])[] {
  return texts.map((text, at) => [at === 0 ? label : "", text]);
}
