/** Values that fit a shape, for property tests. */

import fc from "fast-check";
import type { Member, Shape, Structure } from "../../src/wire/shape.ts";

export interface Style {
  /** Text in bodies and queries. */
  readonly text: fc.Arbitrary<string>;
  /** Whole seconds, for protocols that write no more. */
  readonly wholeSeconds: boolean;
}

const charactersOf = (text: string): readonly string[] => Array.from(text);

/** Characters that every XML parser keeps as they are, some of which need an escape. */
export const bodyText = fc
  .array(fc.constantFrom(...charactersOf("abcXYZ019 &<>\"'/+%=.:;-_~äß€漢😀")), { minLength: 1, maxLength: 12 })
  .map((characters) => characters.join(""))
  .filter((text) => text.trim() === text && text !== "");

/** A structure with at least one member, all required ones among them, nested at most `depth` deep. */
export function structureOf(shape: Structure, style: Style, depth = 3): fc.Arbitrary<Record<string, unknown>> {
  const members = shape.members.filter((member) => member.required || holdsValues(member, depth));
  const optional = members.filter((member) => !member.required);
  const required = members.filter((member) => member.required);
  if (members.length === 0) return fc.constant({});
  const few = fc.subarray(optional, {
    minLength: required.length === 0 ? 1 : 0,
    maxLength: Math.min(6, optional.length),
  });
  return few.chain((chosen) =>
    fc.record(
      Object.fromEntries([...required, ...chosen].map((member) => [member.name, valueOf(member, style, depth - 1)])),
    ),
  );
}

/** Whether a value of the member can hold something at this depth: empty structures do not travel. */
function holdsValues(member: Member, depth: number): boolean {
  const shape = member.shape();
  if (shape.kind === "structure") return depth > 0 && shape.members.some((inner) => holdsValues(inner, depth - 1));
  return shape.kind !== "list" || holdsValues(shape.item, depth);
}

function valueOf(member: Member, style: Style, depth: number): fc.Arbitrary<unknown> {
  const shape: Shape = member.shape();
  const bound = member.http;
  switch (shape.kind) {
    case "structure":
      return structureOf(shape, style, depth);
    case "list":
      return fc.array(valueOf({ ...shape.item, http: bound }, style, depth), { minLength: 1, maxLength: 3 });
    case "map":
      return fc
        .uniqueArray(fc.tuple(headerName, bound === undefined ? valueOf(shape.value, style, depth) : headerText), {
          minLength: 1,
          maxLength: 3,
          selector: ([name]) => name,
        })
        .map((entries) => Object.fromEntries(entries));
    case "string":
      return bound === undefined || bound.kind === "payload"
        ? style.text
        : bound.kind === "header"
          ? headerText
          : bound.kind === "label"
            ? labelOf(member)
            : style.text;
    case "number":
      return fc.integer({ min: 0, max: 2 ** 31 - 1 });
    case "boolean":
      return fc.boolean();
    case "blob":
      return fc.uint8Array({ minLength: 1, maxLength: 16 });
    case "timestamp": {
      const inSeconds =
        style.wholeSeconds ||
        (bound?.kind === "header" && shape.format !== "date-time") ||
        shape.format === "http-date";
      return fc
        .integer({ min: 946_684_800, max: 4_000_000_000 })
        .chain((s) => fc.integer({ min: 0, max: inSeconds ? 0 : 999 }).map((ms) => new Date(s * 1000 + ms)));
    }
    case "unit":
      return fc.constant(undefined);
  }
}

const headerName = fc
  .array(fc.constantFrom(...charactersOf("abcxyz019-")), { minLength: 1, maxLength: 8 })
  .map((characters) => `k${characters.join("")}`);
const headerText = fc
  .array(fc.constantFrom(...charactersOf("abcXYZ019/=-_.")), { minLength: 1, maxLength: 12 })
  .map((characters) => characters.join(""));

function labelOf(member: Member): fc.Arbitrary<string> {
  if (member.name === "Bucket") return fc.constantFrom("my-bucket", "a.dotted.bucket", "b00");
  return bodyText.filter((key) => !key.split("/").some((part) => part === "." || part === ".."));
}
