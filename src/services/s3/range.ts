/** The Range header. Source: RFC 9110 section 14; Amazon S3 API Reference, "GetObject": one range a request. */

export type RangeVerdict =
  /** No range, or one that is to be ignored: not in bytes, several, malformed. */
  | { readonly kind: "whole" }
  /** Both ends included. */
  | { readonly kind: "part"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

/** What the header asks of an object of this size. */
export function readRange(header: string | undefined, sizeBytes: number): RangeVerdict {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return { kind: "whole" };
  if (from === "") {
    const suffix = Number(to);
    if (suffix === 0 || sizeBytes === 0) return { kind: "unsatisfiable" };
    return { kind: "part", first: Math.max(0, sizeBytes - suffix), last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (to !== "" && Number(to) < first) return { kind: "whole" };
  return first >= sizeBytes ? { kind: "unsatisfiable" } : { kind: "part", first, last };
}

/** The range of `x-amz-copy-source-range`: `bytes=first-last`, both there and inside the object; undefined when it is not. */
export function readCopyRange(header: string, sizeBytes: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d+)-(\d+)$/.exec(header);
  if (match === null) return undefined;
  const [first, last] = [Number(match[1]), Number(match[2])];
  return first <= last && last < sizeBytes ? { first, last } : undefined;
}
