/** `underpass lint`: what in policy files does not do what it seems to. Works on files alone; no region is needed. */

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { ServiceFacts } from "../policy/lint/service-facts.ts";
import { guessKind, lint, lintAndFix, type LintOptions } from "../policy/lint/lint.ts";
import { type FileFindings, formatFindings, sarifOf } from "../policy/lint/print.ts";
import type { PolicyKind } from "../policy/policy.ts";
import { exitStatus, type ExitStatus, Failure } from "./failure.ts";
import type { lintTypes } from "./lint-type.ts";
import { readServiceFacts } from "./service-facts.ts";

export interface LintCommandOptions {
  /** Guessed from the file's name and its elements where absent. */
  readonly type?: (typeof lintTypes)[number];
  /** Of an endpoint: the prefix of its service's actions, such as `s3`. */
  readonly service?: string;
  readonly format: "text" | "json" | "sarif";
  /** Writes the mended documents back. */
  readonly fix: boolean;
  readonly toolVersion: string;
}

/** Ends with status 1 when there is an error or a warning; notes alone are no reason to stop. */
export async function lintCommand(files: readonly string[], options: LintCommandOptions): Promise<ExitStatus> {
  const documents = files.map((file) => ({ file, text: readDocument(file) }));
  const facts = await readServiceFacts(documents.map(({ text }) => text));
  const all = documents.map(({ file, text }) => lintFile(file, text, { options, facts }));
  switch (options.format) {
    case "text":
      console.log(formatFindings(all));
      break;
    case "json":
      console.log(
        JSON.stringify(
          all.flatMap(({ file, findings }) => findings.map((finding) => ({ file, ...finding }))),
          undefined,
          2,
        ),
      );
      break;
    case "sarif":
      console.log(JSON.stringify(sarifOf(all, options.toolVersion), undefined, 2));
      break;
  }
  const serious = all.some(({ findings }) => findings.some(({ severity }) => severity !== "note"));
  return serious ? exitStatus.finding : exitStatus.ok;
}

function readDocument(file: string): string {
  try {
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (cause) {
    throw new Failure(
      exitStatus.input,
      `cannot read \`${file}\`: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

interface Reading {
  readonly options: LintCommandOptions;
  readonly facts: ServiceFacts;
}

function lintFile(file: string, text: string, { options, facts }: Reading): FileFindings {
  const { service } = options;
  const how: LintOptions = { kind: kindOf(file, text, options), facts, ...(service === undefined ? {} : { service }) };
  if (!options.fix) return { file, findings: lint(text, how) };
  const mended = lintAndFix(text, how);
  if (mended.text !== text) {
    if (file === "-") throw new Failure(exitStatus.usage, "--fix writes files back and cannot do so for `-`");
    writeFileSync(file, mended.text);
  }
  return { file, findings: mended.findings };
}

/** Gateway endpoints exist for these services only. Source: PrivateLink guide, "Gateway endpoints". */
const gatewayServices = new Set(["s3", "dynamodb"]);

function kindOf(file: string, text: string, { type, service }: LintCommandOptions): PolicyKind {
  if (type !== undefined && type !== "endpoint") return type;
  const guessed = guessKind(text, basename(file));
  if (type === "endpoint") {
    if (service !== undefined) return gatewayServices.has(service) ? "gateway-endpoint" : "interface-endpoint";
    return guessed === "interface-endpoint" ? guessed : "gateway-endpoint";
  }
  // Of what is no policy of any kind the endpoint's rules say best what is wrong.
  return guessed ?? "gateway-endpoint";
}
