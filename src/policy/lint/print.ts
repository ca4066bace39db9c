/** Findings as text for people, and as SARIF for code scanning. */

import type { Finding, Severity } from "./finding.ts";
import { rules } from "./lint.ts";

export interface FileFindings {
  /** As the user named it. */
  readonly file: string;
  readonly findings: readonly Finding[];
}

/** `file:line:column: severity UP003 name: message`, then why it matters and what would mend it. */
export function formatFindings(files: readonly FileFindings[]): string {
  const lines = files.flatMap(({ file, findings }) => findings.flatMap((finding) => linesOf(file, finding)));
  return [...lines, summaryOf(files.flatMap((one) => one.findings))].join("\n");
}

function linesOf(file: string, finding: Finding): readonly string[] {
  const { line, column, severity, ruleId, name, message, why, fix } = finding;
  const head = `${file}:${line}:${column}: ${severity} ${ruleId} ${name}: ${message}`;
  return [head, `    ${why}`, ...(fix === undefined ? [] : [`    --fix would ${fix.title}`])];
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (severity: Severity): string => {
    const many = findings.filter((finding) => finding.severity === severity).length;
    return `${many} ${severity}${many === 1 ? "" : "s"}`;
  };
  return `${count("error")}, ${count("warning")}, ${count("note")}`;
}

/** A SARIF log as a JSON value. Source: OASIS SARIF 2.1.0, sections 3.13, 3.14, 3.27, 3.30 and 3.49. */
export function sarifOf(files: readonly FileFindings[], toolVersion: string): object {
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "underpass lint",
            version: toolVersion,
            rules: rules.map(({ id, name, severity, why, source }) => ({
              id,
              name,
              shortDescription: { text: name.replaceAll("-", " ") },
              fullDescription: { text: why },
              help: { text: `${why} Source: ${source}` },
              defaultConfiguration: { level: severity },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: files.flatMap(({ file, findings }) => findings.map((finding) => resultOf(file, finding))),
      },
    ],
  };
}

function resultOf(file: string, finding: Finding): object {
  const { ruleId, severity, message, line, column, endLine, endColumn } = finding;
  const region = { startLine: line, startColumn: column, endLine, endColumn };
  return {
    ruleId,
    ruleIndex: rules.findIndex((rule) => rule.id === ruleId),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } }],
  };
}

/** A relative reference, or a file URI for an absolute path. Source: RFC 3986 section 4.2; RFC 8089 section 2. */
function uriOf(file: string): string {
  const path = file.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
  return path.startsWith("/") ? `file://${path}` : path;
}
