/**
 * AWS resource ids, branded by the kind of resource they name.
 * Source: Amazon EC2 User Guide, "Resource IDs": a prefix, a dash and 17 (formerly 8) lower-case hexadecimal digits.
 */

declare const brand: unique symbol;

/** A string known to be an id with this prefix: `Id<"vpc">`. */
export type Id<P extends string> = string & { readonly [brand]: P };

/** A fresh id; `hex` comes from the context, so that a seeded context gives the same ids again. */
export function makeId<P extends string>(prefix: P, hex: (digits: number) => string): Id<P> {
  return `${prefix}-${hex(17)}` as Id<P>;
}

/** Whether `text` has the form of an id with this prefix. */
export function isId<P extends string>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}-`) && /^([0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length + 1));
}
