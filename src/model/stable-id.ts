/** Ids that AWS hands out once for all and that we do not know: the same text always gives the same digits. */

/** `digits` lower-case hexadecimal digits that depend on `text` alone. */
export function stableHex(text: string, digits: number): string {
  let hex = "";
  for (let round = 0; hex.length < digits; round++) hex += hash32(`${round}/${text}`).toString(16).padStart(8, "0");
  return hex.slice(0, digits);
}

/** FNV-1a with a finaliser, so that near texts get far digits. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
