/** Condition operators: their names and how one value of the request compares with one of the policy. Source: IAM User Guide, "IAM JSON policy elements: Condition operators". */

export type OperatorFamily = "String" | "Numeric" | "Date" | "Bool" | "Binary" | "Ip" | "Arn" | "Null";

/** How values compare before any negation. */
export type Comparison =
  | "equals"
  | "equals-ignore-case"
  | "like"
  | "less"
  | "less-or-equal"
  | "greater"
  | "greater-or-equal"
  | "in-range"
  | "absent";

export interface Operator {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly name: string;
  readonly family: OperatorFamily;
  readonly comparison: Comparison;
  /** `StringNotEquals`, `NotIpAddress` and their like. */
  readonly negated: boolean;
  readonly ifExists: boolean;
  readonly quantifier?: "ForAllValues" | "ForAnyValue";
}

/** The operator with this name, or undefined. Names are case-sensitive. */
export function parseOperator(name: string): Operator | undefined {
  const match = /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(name);
  const row = operators.get(match?.[2] ?? "");
  if (match === null || row === undefined) return undefined;
  const ifExists = match[3] !== undefined;
  // `Null` asks whether the key exists, so `IfExists` has no sense with it.
  if (row.family === "Null" && ifExists) return undefined;
  const quantifier = match[1];
  const operator = { name, ...row, ifExists };
  return quantifier === "ForAllValues" || quantifier === "ForAnyValue" ? { ...operator, quantifier } : operator;
}

/** The names without prefix and suffix. */
export function operatorNames(): readonly string[] {
  return [...operators.keys()];
}

type Row = Pick<Operator, "family" | "comparison" | "negated">;

function row(family: OperatorFamily, comparison: Comparison, negated = false): Row {
  return { family, comparison, negated };
}

function ordered(family: "Numeric" | "Date"): [string, Row][] {
  return [
    [`${family}Equals`, row(family, "equals")],
    [`${family}NotEquals`, row(family, "equals", true)],
    [`${family}LessThan`, row(family, "less")],
    [`${family}LessThanEquals`, row(family, "less-or-equal")],
    [`${family}GreaterThan`, row(family, "greater")],
    [`${family}GreaterThanEquals`, row(family, "greater-or-equal")],
  ];
}

const operators: ReadonlyMap<string, Row> = new Map<string, Row>([
  ["StringEquals", row("String", "equals")],
  ["StringNotEquals", row("String", "equals", true)],
  ["StringEqualsIgnoreCase", row("String", "equals-ignore-case")],
  ["StringNotEqualsIgnoreCase", row("String", "equals-ignore-case", true)],
  ["StringLike", row("String", "like")],
  ["StringNotLike", row("String", "like", true)],
  ...ordered("Numeric"),
  ...ordered("Date"),
  ["Bool", row("Bool", "equals")],
  ["BinaryEquals", row("Binary", "equals")],
  ["IpAddress", row("Ip", "in-range")],
  ["NotIpAddress", row("Ip", "in-range", true)],
  ["ArnEquals", row("Arn", "like")],
  ["ArnLike", row("Arn", "like")],
  ["ArnNotEquals", row("Arn", "like", true)],
  ["ArnNotLike", row("Arn", "like", true)],
  ["Null", row("Null", "absent")],
]);
