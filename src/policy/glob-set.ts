/**
 * Many wildcard patterns run over a text at once, as one automaton whose states are the bits of 32-bit words: the time is
 * the length of the text times a 32nd of the patterns' length, whatever the patterns are. It bounds what a policy made
 * of hard wildcards can cost.
 * Source: Baeza-Yates and Gonnet, "A new approach to text searching", 1992 (the shift-and automaton).
 */

import { literalLength, textOf } from "./compiled-glob.ts";
import { any, type Glob, star } from "./glob.ts";

export interface GlobSet {
  /** For each pattern, in the order given, 1 where the whole of `text` matches. */
  readonly match: (text: string) => Uint8Array;
}

/** Masks kept for characters seen; behind that many they are made anew. */
const maxMasks = 256;

/**
 * INVARIANT: state `i` of a pattern means that its first `i` characters (stars not counted) have been met; it is bit
 * `first + i`. No mask has the bit of a first state, so that a shift never leads from one pattern into the next.
 */
export function compileGlobSet(globs: readonly Glob[]): GlobSet {
  // What all begin with is compared once and takes no states.
  const shared = sharedLiteral(globs);
  const prefix = textOf((globs[0] ?? []).slice(0, shared));
  const automaton = compileAutomaton(globs.map((glob) => glob.slice(shared)));
  const nothing = new Uint8Array(globs.length);
  return { match: (text) => (text.startsWith(prefix) ? automaton.match(text.slice(prefix.length)) : nothing) };
}

function compileAutomaton(globs: readonly Glob[]): GlobSet {
  const firsts: number[] = [];
  let bits = 0;
  for (const glob of globs) {
    firsts.push(bits);
    bits += lengthOf(glob) + 1;
  }
  const words = Math.ceil(bits / 32);
  const start = new Int32Array(words);
  const loops = new Int32Array(words);
  const anyMask = new Int32Array(words);
  const places = new Map<number, number[]>();
  const lasts = globs.map((glob, at) => {
    let state = firsts[at] ?? 0;
    setBit(start, state);
    for (const code of glob) {
      if (code === star) setBit(loops, state);
      else {
        state++;
        if (code === any) setBit(anyMask, state);
        else push(places, code, state);
      }
    }
    return state;
  });
  const masks = new Map<number, Int32Array>();
  const maskOf = (code: number): Int32Array => {
    const known = masks.get(code);
    if (known !== undefined) return known;
    const at = places.get(code);
    if (at === undefined) return anyMask;
    const mask = anyMask.slice();
    for (const state of at) setBit(mask, state);
    if (masks.size >= maxMasks) masks.clear();
    masks.set(code, mask);
    return mask;
  };
  return {
    match: (text) => {
      const states = run(text, start, loops, maskOf);
      return Uint8Array.from(lasts, (state) => ((states[state >>> 5] ?? 0) >>> (state & 31)) & 1);
    },
  };
}

function run(text: string, start: Int32Array, loops: Int32Array, maskOf: (code: number) => Int32Array): Int32Array {
  const states = start.slice();
  const words = states.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    const mask = maskOf(code);
    let carry = 0;
    for (let word = 0; word < words; word++) {
      const before = states[word] ?? 0;
      states[word] = (((before << 1) | carry) & (mask[word] ?? 0)) | (before & (loops[word] ?? 0));
      carry = before >>> 31;
    }
  }
  return states;
}

/** How many literal characters all patterns begin with. */
function sharedLiteral(globs: readonly Glob[]): number {
  const [first = []] = globs;
  let length = literalLength(first);
  for (const glob of globs) {
    let at = 0;
    while (at < length && glob[at] === first[at]) at++;
    length = at;
  }
  return length;
}

function lengthOf(glob: Glob): number {
  let length = 0;
  for (const code of glob) if (code !== star) length++;
  return length;
}

function setBit(words: Int32Array, bit: number): void {
  words[bit >>> 5] = (words[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

function push(places: Map<number, number[]>, code: number, state: number): void {
  const known = places.get(code);
  if (known === undefined) places.set(code, [state]);
  else known.push(state);
}
