/**
 * The wildcard patterns of one policy that are compared with the same thing (the resource, or one condition key). Each is
 * tried by itself, which is fastest as long as few are asked; once a text has cost too much, all of them run over it
 * together and the answers are remembered for that text.
 */

import { compileGlob, matchCompiledGlob } from "./compiled-glob.ts";
import { any, type Glob } from "./glob.ts";
import { compileGlobSet, type GlobSet } from "./glob-set.ts";

export type TextTest = (text: string) => boolean;

export interface GlobPool {
  readonly add: (glob: Glob) => TextTest;
  /** Prepares the joint run where the patterns are many enough to need it; call it once all are added. */
  readonly seal: () => void;
}

/** Characters of patterns that may be tried one by one on the same text before all run together. */
const patience = 1200;
/** A pattern with `?` is searched place by place. */
const anyWeight = 8;

export function makeGlobPool(): GlobPool {
  const globs: Glob[] = [];
  let total = 0;
  let set: GlobSet | undefined;
  let lastText = "";
  let spent = 0;
  let results: Uint8Array | undefined;
  const add = (glob: Glob): TextTest => {
    const id = globs.length;
    const compiled = compileGlob(glob);
    const weight = glob.length * (glob.includes(any) ? anyWeight : 1);
    globs.push(glob);
    total += weight;
    return (text) => {
      if (text !== lastText) {
        lastText = text;
        spent = 0;
        results = undefined;
      }
      if (results !== undefined) return results[id] === 1;
      // What the beginning refuses costs nothing.
      if (text.length < compiled.minLength || !text.startsWith(compiled.prefix)) return false;
      spent += weight;
      if (spent <= patience) return matchCompiledGlob(compiled, text);
      set ??= compileGlobSet(globs);
      results = set.match(text);
      return results[id] === 1;
    };
  };
  const seal = (): void => {
    if (total > patience && total < 65_536) set ??= compileGlobSet(globs);
  };
  return { add, seal };
}
