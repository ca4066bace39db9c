/** How answers are printed. */

export interface OutputOptions {
  readonly output: "table" | "json";
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}

/** Columns as wide as their widest cell, two spaces apart; the last one runs free. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head.map((title) => title.toUpperCase())), ...rows.map(line)].join("\n");
}
