/** How answers are printed. */

export interface OutputOptions {
  readonly output: "table" | "json";
}

export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, undefined, 2));
}
