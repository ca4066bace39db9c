/** Whether two plain values say the same. */

/** Whether `a` and `b` are equal in every part. Parts that are the same object are not looked into, and nothing is allocated. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  if (!isRecord(a) || !isRecord(b) || Array.isArray(b)) return false;
  let parts = 0;
  for (const key in a) {
    if (!(key in b) || !isSame(a[key], b[key])) return false;
    parts++;
  }
  for (const _key in b) parts--;
  return parts === 0;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!isSame(a[at], b[at])) return false;
  return true;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
