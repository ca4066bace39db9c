/**
 * A wildcard pattern prepared for many texts: its literal beginning apart, the rest cut at the stars into pieces. The first
 * piece stands at the beginning, the last at the end, and those between are searched from left to right, each once.
 * It agrees with `matchGlob`, which is the specification.
 */

import { any, type Glob, star } from "./glob.ts";

export interface CompiledGlob {
  /** What every match begins with; no wildcard in it. */
  readonly prefix: string;
  /** Whether the prefix is the whole pattern. */
  readonly exact: boolean;
  /** Behind the prefix, cut at the stars: just one piece where there is no star. Empty with `exact`. */
  readonly pieces: readonly Piece[];
  /** Code units that a match has at least. */
  readonly minLength: number;
}

/** INVARIANT: `text` is defined when no `?` is in the piece. */
interface Piece {
  readonly codes: readonly number[];
  readonly text: string | undefined;
}

export function compileGlob(glob: Glob): CompiledGlob {
  const wild = glob.findIndex((code) => code < 0);
  const prefix = textOf(wild < 0 ? glob : glob.slice(0, wild));
  const rest = wild < 0 ? [] : glob.slice(wild);
  const pieces: Piece[] = wild < 0 ? [] : piecesOf(rest);
  const units = rest.reduce((sum, code) => sum + (code === star ? 0 : code > 0xffff ? 2 : 1), 0);
  return { prefix, exact: wild < 0, pieces, minLength: prefix.length + units };
}

/** Whether the whole of `text` matches. */
export function matchCompiledGlob(glob: CompiledGlob, text: string): boolean {
  if (text.length < glob.minLength || !text.startsWith(glob.prefix)) return false;
  if (glob.exact) return text.length === glob.prefix.length;
  const { pieces } = glob;
  const first = pieces[0];
  const last = pieces[pieces.length - 1];
  if (first === undefined || last === undefined) return false;
  let at = matchPiece(first, text, glob.prefix.length);
  if (at < 0) return false;
  if (pieces.length === 1) return at === text.length;
  for (let next = 1; next < pieces.length - 1; next++) {
    const piece = pieces[next];
    at = piece === undefined ? -1 : findPiece(piece, text, at);
    if (at < 0) return false;
  }
  return endsWithPiece(last, text, at);
}

/** The pattern's literal text; for patterns without wildcards. */
export function textOf(glob: Glob): string {
  return glob.map((code) => String.fromCodePoint(code)).join("");
}

function piecesOf(rest: Glob): Piece[] {
  const pieces: Piece[] = [];
  let codes: number[] = [];
  const close = (): void => {
    pieces.push({ codes, text: codes.includes(any) ? undefined : textOf(codes) });
    codes = [];
  };
  for (const [at, code] of rest.entries()) {
    if (code !== star) codes.push(code);
    // A run of stars is one star.
    else if (rest[at - 1] !== star) close();
  }
  close();
  return pieces;
}

/** Where the text goes on behind the piece when it stands at `at`, or -1. */
function matchPiece(piece: Piece, text: string, at: number): number {
  if (piece.text !== undefined) return text.startsWith(piece.text, at) ? at + piece.text.length : -1;
  let inText = at;
  for (const code of piece.codes) {
    const found = text.codePointAt(inText);
    if (found === undefined || (code !== any && code !== found)) return -1;
    inText += found > 0xffff ? 2 : 1;
  }
  return inText;
}

/** Where the text goes on behind the first such piece from `at` on, or -1. */
function findPiece(piece: Piece, text: string, at: number): number {
  if (piece.text !== undefined) {
    const found = text.indexOf(piece.text, at);
    return found < 0 ? -1 : found + piece.text.length;
  }
  for (let from = at; from <= text.length; from += stepAt(text, from)) {
    const end = matchPiece(piece, text, from);
    if (end >= 0) return end;
  }
  return -1;
}

function endsWithPiece(piece: Piece, text: string, from: number): boolean {
  if (piece.text !== undefined) return text.length - piece.text.length >= from && text.endsWith(piece.text);
  let start = text.length;
  for (let left = piece.codes.length; left > 0 && start > 0; left--) {
    start -= start >= 2 && (text.codePointAt(start - 2) ?? 0) > 0xffff ? 2 : 1;
  }
  return start >= from && matchPiece(piece, text, start) === text.length;
}

function stepAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
}
