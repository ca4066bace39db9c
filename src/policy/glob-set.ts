/**
 * Many wildcard patterns run over a text at once, as automata whose states are the bits of 32-bit words: the time is the
 * length of the text times a 32nd of the patterns' length, whatever the patterns are. It bounds what a policy made of
 * hard wildcards can cost.
 * Source: Baeza-Yates and Gonnet, "A new approach to text searching", 1992 (the shift-and automaton).
 */

import { type CompiledGlob, couldMatch, literalLength, textOf } from "./compiled-glob.ts";
import { any, type Glob, star } from "./glob.ts";
import { indexText, type TextIndex } from "./text-index.ts";

export interface PooledGlob {
  readonly glob: Glob;
  readonly compiled: CompiledGlob;
}

export interface GlobSet {
  /** For each pattern, in the order given, 1 where the whole of `text` matches. */
  readonly match: (text: string) => Uint8Array;
}

export function compileGlobSet(globs: readonly PooledGlob[]): GlobSet {
  // What all begin with is compared once and takes no states.
  const shared = sharedLiteral(globs.map(({ glob }) => glob));
  const prefix = textOf((globs[0]?.glob ?? []).slice(0, shared));
  const automaton = compileAutomaton(globs, shared);
  const nothing = new Uint8Array(globs.length);
  return {
    match: (text) => {
      if (!text.startsWith(prefix)) return nothing;
      const results = new Uint8Array(globs.length);
      run(automaton, text, prefix.length, results);
      return results;
    },
  };
}

/**
 * INVARIANT: state `i` of a pattern means that its first `i` characters (stars not counted) have been met. A pattern's
 * states are consecutive bits of one word, or of a chain of words of which it has all but the last for itself. No mask has
 * the bit of a first state, so that a shift never leads from one pattern into the next.
 */
interface Automaton {
  readonly chains: readonly Chain[];
  /** Every literal character of the patterns has a number. */
  readonly alphabet: ReadonlyMap<number, number>;
}

interface Chain {
  /** INVARIANT: at least one. */
  readonly words: Word[];
  /** The patterns that are decided by the last word. */
  readonly ends: End[];
}

interface Word {
  start: number;
  /** States that a star keeps. */
  loops: number;
  /** States that any character leads into. */
  anyMask: number;
  /** Which states a literal character leads into: its number in the alphabet and a mask, by turns. */
  readonly literals: number[];
}

interface End {
  readonly pattern: number;
  /** Of its last state. */
  readonly bit: number;
  readonly compiled: CompiledGlob;
}

function compileAutomaton(globs: readonly PooledGlob[], shared: number): Automaton {
  const chains: Chain[] = [];
  const alphabet = new Map<number, number>();
  let chain: Chain = { words: [], ends: [] };
  let word = emptyWord();
  let free = 0;
  for (const [pattern, { glob, compiled }] of globs.entries()) {
    if (free < statesOf(glob, shared)) {
      word = emptyWord();
      chain = { words: [word], ends: [] };
      chains.push(chain);
      free = 32;
    }
    word.start |= bitOf(32 - free);
    for (let at = shared; at < glob.length; at++) {
      const code = glob[at] ?? star;
      if (code === star) {
        word.loops |= bitOf(32 - free);
        continue;
      }
      free--;
      if (free === 0) {
        word = emptyWord();
        chain.words.push(word);
        free = 32;
      }
      if (code === any) word.anyMask |= bitOf(32 - free);
      else addLiteral(word, numberIn(alphabet, code), bitOf(32 - free));
    }
    chain.ends.push({ pattern, bit: 32 - free, compiled });
    free--;
  }
  return { chains, alphabet };
}

function run({ chains, alphabet }: Automaton, text: string, from: number, results: Uint8Array): void {
  const index = indexText(text.slice(from));
  let found: Characters | undefined;
  for (const { words, ends } of chains) {
    const open = ends.filter((end) => {
      const answer = answerOf(end.compiled, { text, from, index });
      results[end.pattern] = answer === "yes" ? 1 : 0;
      return answer === "open";
    });
    if (open.length === 0) continue;
    found ??= charactersOf(text, from, alphabet);
    const carries = words.length > 1 ? new Uint8Array(found.codes.length) : noCarries;
    let states = 0;
    for (const word of words) {
      setMasks(found, word);
      // A call that can go two ways is not inlined: inlined, the loop runs at half the speed.
      states = (words.length > 1 ? runChained : runWord)(word, found, carries);
    }
    for (const { pattern, bit } of open) results[pattern] = (states >>> bit) & 1;
  }
}

interface Indexed {
  readonly text: string;
  /** Where the part begins that is indexed: behind what all patterns begin with. */
  readonly from: number;
  readonly index: TextIndex;
}

/** What beginning, end and pieces tell without a run: most patterns hold a piece that the text does not. */
function answerOf(compiled: CompiledGlob, { text, from, index }: Indexed): "yes" | "no" | "open" {
  if (!couldMatch(compiled, text)) return "no";
  const { pieces, prefix } = compiled;
  for (let at = 1; at < pieces.length - 1; at++) {
    const piece = pieces[at]?.text;
    if (piece !== undefined && !index.contains(piece)) return "no";
  }
  // A single piece between stars is all that there is to find.
  const [first, only, last] = pieces;
  const simple = pieces.length === 3 && first?.text === "" && last?.text === "" && only?.text !== undefined;
  return simple && prefix.length === from ? "yes" : "open";
}

const noCarries = new Uint8Array(0);

/** The states after the text. */
function runWord({ start, loops }: Word, { codes, masks }: Characters): number {
  let states = start;
  for (let at = 0; at < codes.length && states !== 0; at++) {
    states = ((states << 1) & (masks[codes[at] ?? 0] ?? 0)) | (states & loops);
  }
  return states;
}

/** As `runWord`; `carries` says at each place what the word before led on, and then what this one does. */
function runChained({ start, loops }: Word, { codes, masks }: Characters, carries: Uint8Array): number {
  let states = start;
  for (let at = 0; at < codes.length; at++) {
    const before = states;
    states = (((before << 1) | (carries[at] ?? 0)) & (masks[codes[at] ?? 0] ?? 0)) | (before & loops);
    carries[at] = before >>> 31;
  }
  return states;
}

/** A text's characters as small numbers. */
interface Characters {
  /** 0 for those that no pattern names, the others in the order they come. */
  readonly codes: Uint16Array;
  /** By number in the alphabet; 0 for those that the text does not hold. */
  readonly codeOf: Uint16Array;
  /** By code: which states it leads into, for the word that is run. */
  readonly masks: Int32Array;
}

function charactersOf(text: string, from: number, alphabet: ReadonlyMap<number, number>): Characters {
  const codeOf = new Uint16Array(alphabet.size);
  const codes = new Uint16Array(text.length - from);
  let length = 0;
  let next = 1;
  for (let at = from; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    const number = alphabet.get(code);
    if (number !== undefined && codeOf[number] === 0) codeOf[number] = next++;
    codes[length++] = number === undefined ? 0 : (codeOf[number] ?? 0);
  }
  return { codes: codes.subarray(0, length), codeOf, masks: new Int32Array(next) };
}

function setMasks({ codeOf, masks }: Characters, { anyMask, literals }: Word): void {
  masks.fill(anyMask);
  for (let at = 0; at < literals.length; at += 2) {
    const code = codeOf[literals[at] ?? 0] ?? 0;
    if (code > 0) masks[code] = (masks[code] ?? 0) | (literals[at + 1] ?? 0);
  }
}

function emptyWord(): Word {
  return { start: 0, loops: 0, anyMask: 0, literals: [] };
}

function addLiteral({ literals }: Word, number: number, mask: number): void {
  for (let at = 0; at < literals.length; at += 2) {
    if (literals[at] !== number) continue;
    literals[at + 1] = (literals[at + 1] ?? 0) | mask;
    return;
  }
  literals.push(number, mask);
}

function numberIn(alphabet: Map<number, number>, code: number): number {
  const known = alphabet.get(code);
  if (known !== undefined) return known;
  alphabet.set(code, alphabet.size);
  return alphabet.size - 1;
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

function statesOf(glob: Glob, from: number): number {
  let states = 1;
  for (let at = from; at < glob.length; at++) if (glob[at] !== star) states++;
  return states;
}

function bitOf(place: number): number {
  return 1 << place;
}
