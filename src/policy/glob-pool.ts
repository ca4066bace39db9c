/**
 * The wildcard patterns of one policy that are compared with the same thing (the resource, or one condition key). Each is
 * tried by itself, which is fastest as long as few are asked; once a text has cost too much, all of them run over it
 * together and the answers are remembered for that text.
 */

import { compileGlob, type CompiledGlob, compileTemplate, couldMatch, matchCompiledGlob } from "./compiled-glob.ts";
import { any, type Glob } from "./glob.ts";
import { compileGlobSet, type GlobSet, type PooledGlob } from "./glob-set.ts";
import type { RequestContext } from "./request.ts";
import { indexText, type TextIndex } from "./text-index.ts";
import type { Template } from "./variable.ts";

export type TextTest = (text: string) => boolean;

/** Tests a text against a pattern whose variables take the request's values. */
export type VariableTest = (text: string, context: RequestContext) => boolean;

export interface GlobPool {
  readonly add: (glob: Glob) => TextTest;
  readonly addTemplate: (template: Template) => VariableTest;
  /** Prepares the joint run where the patterns are many enough to need it; call it once all are added. */
  readonly seal: () => void;
}

/** Characters of a text that may be searched, pattern by pattern, before all patterns run over it together. */
const patience = 8192;
/** A pattern with `?` is tried place by place. */
const anyWeight = 8;

export function makeGlobPool(): GlobPool {
  const globs: PooledGlob[] = [];
  /** Statements repeat their patterns: each is there once. */
  const tests = new Map<string, TextTest>();
  const memory: Memory = { text: "", spent: 0, results: undefined, index: undefined };
  let set: GlobSet | undefined;
  let total = 0;
  const add = (glob: Glob): TextTest => {
    const key = glob.join();
    const known = tests.get(key);
    if (known !== undefined) return known;
    const compiled = compileGlob(glob);
    const weight = glob.includes(any) ? anyWeight : 1;
    const id = globs.length;
    globs.push({ glob, compiled });
    total += glob.length;
    const test = testOf({ compiled, weight, id, memory }, (text) => (set ??= compileGlobSet(globs)).match(text));
    tests.set(key, test);
    return test;
  };
  const seal = (): void => {
    if (globs.length > 1 && total > 256 && total < 65_536) set ??= compileGlobSet(globs);
  };
  return { add, addTemplate: (template) => variableTestOf(template, memory), seal };
}

/** What the patterns of a pool know of the text that was asked last. */
interface Memory {
  text: string;
  spent: number;
  /** Of the joint run. */
  results: Uint8Array | undefined;
  /** For patterns with variables, which no joint run can hold. */
  index: TextIndex | undefined;
}

function turnTo(memory: Memory, text: string): void {
  if (text === memory.text) return;
  memory.text = text;
  memory.spent = 0;
  memory.results = undefined;
  memory.index = undefined;
}

function variableTestOf(template: Template, memory: Memory): VariableTest {
  const instantiate = compileTemplate(template);
  return (text, context) => {
    const glob = instantiate(context);
    if (glob === undefined || !couldMatch(glob, text)) return false;
    turnTo(memory, text);
    memory.spent += text.length;
    if (memory.spent > patience) {
      const index = (memory.index ??= indexText(text));
      if (glob.pieces.some((piece) => piece.text !== undefined && !index.contains(piece.text))) return false;
    }
    return matchCompiledGlob(glob, text);
  };
}

interface Pooled {
  readonly compiled: CompiledGlob;
  readonly weight: number;
  readonly id: number;
  readonly memory: Memory;
}

function testOf({ compiled, weight, id, memory }: Pooled, runAll: (text: string) => Uint8Array): TextTest {
  return (text) => {
    // What the beginning, the end or the length refuses costs nothing.
    if (!couldMatch(compiled, text)) return false;
    turnTo(memory, text);
    if (memory.results !== undefined) return memory.results[id] === 1;
    memory.spent += text.length * weight;
    if (memory.spent <= patience) return matchCompiledGlob(compiled, text);
    memory.results = runAll(text);
    return memory.results[id] === 1;
  };
}
