/**
 * What IAM and STS make up: unique ids, access key ids, secrets and session tokens.
 * Source: IAM User Guide, "IAM identifiers", section "Unique identifiers".
 */

/** The prefix says what kind of thing the id names. */
export type UniqueIdPrefix = "AIDA" | "AROA" | "AGPA" | "ANPA" | "AIPA";

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

type Hex = (digits: number) => string;

/** `AIDA` and 17 characters. */
export function makeUniqueId(prefix: UniqueIdPrefix, hex: Hex): string {
  return prefix + letters(base32, 17, hex);
}

/** `AKIA` (long-lived) or `ASIA` (temporary) and 16 characters. */
export function makeAccessKeyId(prefix: "AKIA" | "ASIA", hex: Hex): string {
  return prefix + letters(base32, 16, hex);
}

/** 40 characters, 240 random bits. */
export function makeSecretAccessKey(hex: Hex): string {
  return letters(base64, 40, hex);
}

/** Opaque to clients, who must not assume a size. */
export function makeSessionToken(hex: Hex): string {
  return letters(base64, 340, hex);
}

/** Both alphabets divide 256, so that every letter is as likely as any other. */
function letters(alphabet: string, count: number, hex: Hex): string {
  const digits = hex(count * 2);
  let text = "";
  for (let at = 0; at < count; at++) {
    text += alphabet.charAt(Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16) % alphabet.length);
  }
  return text;
}
