/**
 * Which pieces a text holds, each answered in the length of the piece: worth making where thousands are asked of the same
 * text.
 * Source: Blumer and others, "The smallest automaton recognizing the subwords of a text", 1985 (the suffix automaton).
 */

export interface TextIndex {
  readonly contains: (piece: string) => boolean;
}

/** Longer texts, and those with more different characters, are searched as they are: the automaton would be too large. */
const longestText = 4096;
const mostClasses = 48;
/** Longer pieces are searched as they are: there are few of them. */
const longestPiece = 64;

export function indexText(text: string): TextIndex {
  const { codes, classes, classOf } = unitClasses(text);
  if (text.length > longestText || classes > mostClasses) return { contains: (piece) => text.includes(piece) };
  const { next } = compileAutomaton(codes, classes);
  return {
    contains: (piece) => {
      if (piece.length > longestPiece) return text.includes(piece);
      let state = 0;
      for (let at = 0; at < piece.length; at++) {
        const own = classOf.get(piece.charCodeAt(at));
        if (own === undefined) return false;
        state = next[state * classes + own] ?? 0;
        if (state === 0) return false;
      }
      return true;
    },
  };
}

/** The text's code units as small numbers. */
function unitClasses(text: string) {
  const classOf = new Map<number, number>();
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    let own = classOf.get(unit);
    if (own === undefined) {
      own = classOf.size;
      classOf.set(unit, own);
    }
    codes[at] = own;
  }
  return { codes, classes: classOf.size, classOf };
}

/** INVARIANT: no transition leads back to the start, so that 0 means none. */
interface Automaton {
  /** By state times the number of classes plus the class. */
  readonly next: Int32Array;
  /** The longest text that leads to each state. */
  readonly length: Int32Array;
  /** The state of the longest ending that is in another one; -1 of the start. */
  readonly link: Int32Array;
  states: number;
}

function compileAutomaton(codes: Uint16Array, classes: number): Automaton {
  const most = 2 * codes.length + 1;
  const link = new Int32Array(most);
  link[0] = -1;
  const made: Automaton = { next: new Int32Array(most * classes), length: new Int32Array(most), link, states: 1 };
  let last = 0;
  for (let at = 0; at < codes.length; at++) last = extend(made, classes, last, codes[at] ?? 0);
  return made;
}

/** Adds one character behind the text that ends in `last`; the new last state. */
function extend(made: Automaton, classes: number, last: number, code: number): number {
  const { next, length, link } = made;
  const added = made.states++;
  length[added] = (length[last] ?? 0) + 1;
  let from = last;
  while (from >= 0 && (next[from * classes + code] ?? 0) === 0) {
    next[from * classes + code] = added;
    from = link[from] ?? -1;
  }
  if (from < 0) return added;
  const old = next[from * classes + code] ?? 0;
  if ((length[old] ?? 0) === (length[from] ?? 0) + 1) {
    link[added] = old;
    return added;
  }
  const copy = made.states++;
  next.copyWithin(copy * classes, old * classes, (old + 1) * classes);
  length[copy] = (length[from] ?? 0) + 1;
  link[copy] = link[old] ?? 0;
  while (from >= 0 && next[from * classes + code] === old) {
    next[from * classes + code] = copy;
    from = link[from] ?? -1;
  }
  link[old] = copy;
  link[added] = copy;
  return added;
}
