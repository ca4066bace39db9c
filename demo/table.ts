/** The demo's table: rows as they come on a terminal, all at once as JSON. */

export interface Seen {
  readonly path: "gateway-endpoint" | "interface-endpoint" | "internet" | "host" | "none";
  /** The address that the service saw; empty when it saw nobody. */
  readonly source: string;
  /** `allowed`, `denied`, `cut`, `no connection`, or what else happened. */
  readonly verdict: string;
  /** The layer and statement that decided, or why nothing answered. */
  readonly decidedBy: string;
}

export interface Row extends Seen {
  readonly step: string;
  readonly from: string;
  readonly request: string;
  readonly asExpected: boolean;
}

const columns = [
  ["step", 28],
  ["from", 15],
  ["request", 50],
  ["path", 17],
  ["source", 15],
  ["verdict", 14],
  ["decidedBy", 0],
] as const;

export function openTable(json: boolean): {
  readonly note: (text: string) => void;
  readonly add: (row: Row) => void;
  /** Prints the sum; whether every row was as expected. */
  readonly close: (tookMs: number) => boolean;
} {
  const rows: Row[] = [];
  const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return {
    note: (text) => {
      if (!json) console.log(text);
    },
    add: (row) => {
      if (!json && rows.length === 0)
        console.log(`\n  ${columns.map(([name, width]) => title(name).padEnd(width)).join(" ")}`);
      rows.push(row);
      if (json) return;
      const cells = columns.map(([name, width]) => {
        const text = row[name].padEnd(width);
        return name === "verdict" ? paint(row.verdict === "allowed" ? 32 : 33, text) : text;
      });
      console.log(`${row.asExpected ? paint(32, "✓") : paint(31, "✗")} ${cells.join(" ")}`.trimEnd());
    },
    close: (tookMs) => {
      const wrong = rows.filter((row) => !row.asExpected).length;
      if (json) console.log(JSON.stringify(rows, undefined, 2));
      else
        console.log(
          `\n${rows.length} rows, ${wrong === 0 ? "all" : rows.length - wrong} as expected, in ${(tookMs / 1000).toFixed(1)} s`,
        );
      return wrong === 0;
    },
  };
}

function title(name: string): string {
  return name === "decidedBy" ? "DECIDED BY" : name.toUpperCase();
}
