/** Comparing patterns with each other: whether one covers another, and whether two can meet. */

import { any, type Glob, matchGlob, parseGlob, star } from "../glob.ts";

/** Whether everything that `inner` matches is matched by `outer`; it may say no where the truth is yes, never the other way. */
export function covers(outer: string, inner: string): boolean {
  if (outer === inner || outer === "*") return true;
  // What a wildcard of the inner pattern stands for is made of characters that only a star, or one `?` for one, takes.
  const sample = inner.replaceAll("*", "\u{f0001}".repeat(outer.length + 2)).replaceAll("?", "\u{f0002}");
  return matchGlob(parseGlob(outer), sample);
}

/**
 * Whether some ARN of this form (`arn:${Partition}:s3:::${BucketName}/${ObjectName}`) can match the pattern. A variable takes
 * no slash and no colon, but for one behind a slash, which takes anything, since paths and keys stand there.
 */
export function canMeet(pattern: string, form: string): boolean {
  if (pattern.length > longestPattern) return true;
  const left = parseGlob(pattern);
  const right = formTokens(form);
  const known = new Map<number, boolean>();
  const meet = (at: number, of: number): boolean => {
    const key = at * (right.length + 1) + of;
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    known.set(key, false);
    const found = step(left, right, { at, of }, meet);
    known.set(key, found);
    return found;
  };
  return meet(0, 0);
}

/** Longer ones are taken to meet everything, so that no policy can exhaust the stack. */
const longestPattern = 512;

/** A literal code point, or a variable. */
type Token = number | "narrow" | "wide";

function formTokens(form: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [, literal, variable] of form.matchAll(/([^$]+|\$(?!\{))|(\$\{[^}]*\})/g)) {
    if (variable === undefined) tokens.push(...parseLiteral(literal ?? ""));
    else tokens.push(tokens.at(-1) === 47 ? "wide" : "narrow");
  }
  return tokens;
}

function parseLiteral(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

function step(
  left: Glob,
  right: readonly Token[],
  { at, of }: { at: number; of: number },
  meet: (at: number, of: number) => boolean,
): boolean {
  const mine = left[at];
  const theirs = right[of];
  if (mine === undefined) return theirs === undefined || (typeof theirs !== "number" && meet(at, of + 1));
  if (mine === star)
    return (
      meet(at + 1, of) || (theirs !== undefined && meet(at, of + 1)) || (typeof theirs === "string" && meet(at + 1, of))
    );
  if (theirs === undefined) return false;
  if (typeof theirs === "number") return (mine === any || mine === theirs) && meet(at + 1, of + 1);
  const takes = theirs === "wide" || (mine !== 47 && mine !== 58);
  return meet(at, of + 1) || (takes && meet(at + 1, of));
}

export interface Near {
  readonly name: string;
  /** Letters to add, drop, change or swap with a neighbour. */
  readonly far: number;
}

/** The known name that is nearest to `text` by at most a third of its letters, or undefined. */
export function nearest(text: string, known: Iterable<string>): Near | undefined {
  let best: Near | undefined;
  let least = Math.floor(text.length / 3) + 1;
  const lower = text.toLowerCase();
  for (const name of known) {
    const far = distance(lower, name.toLowerCase(), least);
    if (far >= least) continue;
    least = far;
    best = { name, far };
  }
  return best;
}

/** `limit` when it is that or more. Source: the restricted edit distance of Damerau and Levenshtein. */
function distance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let before: readonly number[] = [];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let at = 1; at <= from.length; at++) {
    const next = [at];
    for (let of = 1; of <= to.length; of++) {
      const change = (row[of - 1] ?? 0) + (from[at - 1] === to[of - 1] ? 0 : 1);
      const swapped = at > 1 && of > 1 && from[at - 1] === to[of - 2] && from[at - 2] === to[of - 1];
      const swap = swapped ? (before[of - 2] ?? 0) + 1 : limit;
      next.push(Math.min(change, swap, (row[of] ?? 0) + 1, (next[of - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return Math.min(limit, row[to.length] ?? limit);
}
