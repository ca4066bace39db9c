/**
 * A wildcard pattern prepared for many texts: its literal beginning apart, the rest cut at the stars into pieces. The first
 * piece stands at the beginning, the last at the end, and those between are searched from left to right, each once.
 * It agrees with `matchGlob`, which is the specification.
 */

import { any, type Glob, literalGlob, star } from "./glob.ts";
import type { RequestContext } from "./request.ts";
import { type Template, valueOfPart } from "./variable.ts";

export interface CompiledGlob {
  /** What every match begins with; no wildcard in it. */
  readonly prefix: string;
  /** Behind the prefix, cut at the stars: just one piece where there is no star. INVARIANT: at least one. */
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
  const length = literalLength(glob);
  const pieces = piecesOf(glob.slice(length)).map(pieceOf);
  let units = 0;
  for (const code of glob) units += unitsOf(code);
  return { prefix: textOf(glob.slice(0, length)), pieces, minLength: units };
}

/** Whether length, beginning and end of `text` let it match. */
export function couldMatch(glob: CompiledGlob, text: string): boolean {
  if (text.length < glob.minLength || !text.startsWith(glob.prefix)) return false;
  const last = glob.pieces[glob.pieces.length - 1]?.text;
  return last === undefined || text.endsWith(last);
}

/** Whether the whole of `text` matches. */
export function matchCompiledGlob(glob: CompiledGlob, text: string): boolean {
  if (text.length < glob.minLength || !text.startsWith(glob.prefix)) return false;
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

/** A pattern in which variables stand: the request's values never act as wildcards. Undefined when one has no value. */
export function compileTemplate(template: Template): (context: RequestContext) => CompiledGlob | undefined {
  const pieces: (readonly PiecePart[])[] = [];
  let parts: PiecePart[] = [];
  for (const part of template) {
    if (part.kind === "variable") {
      parts.push({ variable: part });
      continue;
    }
    for (const [at, codes] of piecesOf(part.glob).entries()) {
      if (at > 0) {
        pieces.push(parts);
        parts = [];
      }
      parts.push(pieceOf(codes));
    }
  }
  pieces.push(parts);
  return (context) => instantiate(pieces, context);
}

type PiecePart = Piece | { readonly variable: Template[number] & { readonly kind: "variable" } };

/** The pattern with the request's values in place, or undefined when a variable has no value. */
function instantiate(pieces: readonly (readonly PiecePart[])[], context: RequestContext): CompiledGlob | undefined {
  const made: Piece[] = [];
  let minLength = 0;
  for (const parts of pieces) {
    let text: string | undefined = "";
    for (const part of parts) {
      const value = "variable" in part ? valueOfPart(part.variable, context) : part.text;
      if (value === undefined && "variable" in part) return undefined;
      text = text === undefined || value === undefined ? undefined : text + value;
    }
    const codes = text === undefined ? codesOf(parts, context) : none;
    minLength += text === undefined ? codes.length : text.length;
    made.push({ codes, text });
  }
  return { prefix: "", pieces: made, minLength };
}

const none: readonly number[] = [];

function codesOf(parts: readonly PiecePart[], context: RequestContext): readonly number[] {
  return parts.flatMap((part) =>
    "variable" in part ? literalGlob(valueOfPart(part.variable, context) ?? "") : part.codes,
  );
}

/** The pattern's literal text; for patterns without wildcards. */
export function textOf(glob: Glob): string {
  let text = "";
  for (const code of glob) text += String.fromCodePoint(code);
  return text;
}

/** How many characters stand before the first wildcard. */
export function literalLength(glob: Glob): number {
  const wild = glob.findIndex((code) => code < 0);
  return wild < 0 ? glob.length : wild;
}

/** The runs of characters between stars; a run of stars is one star. */
function piecesOf(glob: Glob): readonly (readonly number[])[] {
  const pieces: (readonly number[])[] = [];
  let from = 0;
  for (const [at, code] of glob.entries()) {
    if (code !== star) continue;
    if (at === 0 || glob[at - 1] !== star) pieces.push(glob.slice(from, at));
    from = at + 1;
  }
  return [...pieces, glob.slice(from)];
}

function pieceOf(codes: readonly number[]): Piece {
  return { codes, text: codes.includes(any) ? undefined : textOf(codes) };
}

function unitsOf(code: number): number {
  return code === star ? 0 : code > 0xffff ? 2 : 1;
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
