/** A condition as a function of the request's context, its values parsed beforehand. */

import { parseIp } from "../base/ip.ts";
import { containsIp, type Prefix } from "../base/prefix.ts";
import { compileGlob, matchCompiledGlob, textOf } from "./compiled-glob.ts";
import { type Glob, splitGlob, star } from "./glob.ts";
import type { GlobPool, TextTest } from "./glob-pool.ts";
import type { Comparison } from "./operator.ts";
import type { Condition } from "./policy.ts";
import type { RequestContext } from "./request.ts";
import { parseBase64, parseBool, parseDate, parseIpRange, parseNumeric } from "./value.ts";
import { expand, type Expanded, hasVariable, type Template } from "./variable.ts";

export type ContextTest = (context: RequestContext) => boolean;

/** Tests one value of the request. */
type ValueTest = (text: string, context: RequestContext) => boolean;

/** `poolOf` holds the patterns of the policy by the key they are compared with. */
export function compileCondition(condition: Condition, poolOf: (key: string) => GlobPool): ContextTest {
  const { operator } = condition;
  const { negated, quantifier } = operator;
  const key = condition.key.toLowerCase();
  if (operator.family === "Null") return compileNull(condition, key);
  const matches = compileValues(condition, () => poolOf(key));
  const absent = operator.ifExists || quantifier === "ForAllValues" || (quantifier === undefined && negated);
  if (quantifier === undefined) {
    return (context) => {
      const values = context.values.get(key);
      if (values === undefined || values.length === 0) return absent;
      const [only = ""] = values;
      if (values.length === 1) return matches(only, context) !== negated;
      return values.some((text) => matches(text, context)) !== negated;
    };
  }
  const every = quantifier === "ForAllValues";
  return (context) => {
    const values = context.values.get(key);
    if (values === undefined || values.length === 0) return absent;
    for (const text of values) {
      if (text !== "" && (matches(text, context) !== negated) !== every) return !every;
    }
    return every;
  };
}

function compileNull(condition: Condition, key: string): ContextTest {
  const wanted = condition.values.map((value) => parseBool(value.text));
  const whenAbsent = wanted.includes(true);
  const whenPresent = wanted.includes(false);
  return (context) => ((context.values.get(key)?.length ?? 0) === 0 ? whenAbsent : whenPresent);
}

function compileValues(condition: Condition, pool: () => GlobPool): ValueTest {
  const { family, comparison } = condition.operator;
  const texts = condition.values.map((value) => value.text);
  const templates = condition.values.map((value) => value.template);
  switch (family) {
    case "String":
      return comparison === "like" ? anyOf(templates, likeTest(pool)) : anyOf(templates, equalTest(comparison));
    case "Arn":
      return anyOf(templates, arnTest(pool));
    case "Numeric":
      return numberTest(texts, comparison, parseNumeric);
    case "Date":
      return numberTest(texts, comparison, parseDate);
    case "Bool": {
      const wanted = new Set(texts.map(parseBool).filter((one) => one !== undefined));
      return (text) => {
        const value = parseBool(text);
        return value !== undefined && wanted.has(value);
      };
    }
    case "Binary": {
      const wanted = new Set(texts.map(parseBase64));
      return (text) => {
        const value = parseBase64(text);
        return value !== undefined && wanted.has(value);
      };
    }
    case "Ip":
      return ipTest(texts);
    case "Null":
      return () => false;
  }
}

interface Kind {
  /** Tests against the patterns without variables, all at once. */
  readonly fixed: (wanted: readonly Expanded[]) => TextTest;
  /** Tests against one pattern with variables. */
  readonly variable: (template: Template) => ValueTest;
}

/** True where one of the values matches: those without variables are prepared, the others wait for the request. */
function anyOf(templates: readonly Template[], kind: Kind): ValueTest {
  const fixed = kind.fixed(templates.flatMap((template) => (hasVariable(template) ? [] : [fixedText(template)])));
  const variable = templates.filter(hasVariable).map(kind.variable);
  if (variable.length === 0) return fixed;
  return (text, context) => {
    if (fixed(text)) return true;
    for (const test of variable) if (test(text, context)) return true;
    return false;
  };
}

/** A template without variables as the text and the pattern that it stands for. */
export function fixedText(template: Template): Expanded {
  const parts = template.filter((part) => part.kind !== "variable");
  return { text: parts.map((part) => part.text).join(""), glob: parts.flatMap((part) => part.glob) };
}

function equalTest(comparison: Comparison): Kind {
  const fold = comparison === "equals-ignore-case" ? (text: string) => text.toLowerCase() : (text: string) => text;
  return {
    fixed: (wanted) =>
      foldedMember(
        wanted.map((one) => fold(one.text)),
        comparison === "equals-ignore-case",
      ),
    variable: (template) => (text, context) => {
      const wanted = expand(template, context);
      return wanted !== undefined && fold(text) === fold(wanted.text);
    },
  };
}

function foldedMember(texts: readonly string[], ignoreCase: boolean): TextTest {
  const [only] = texts;
  if (texts.length === 1 && !ignoreCase) return (text) => text === only;
  const member = new Set(texts);
  return ignoreCase ? (text) => member.has(text.toLowerCase()) : (text) => member.has(text);
}

function likeTest(pool: () => GlobPool): Kind {
  return {
    fixed: (wanted) => {
      const globs = wanted.map((one) => one.glob);
      if (globs.some((glob) => glob.length === 1 && glob[0] === star)) return () => true;
      const exact = new Set(globs.filter(isLiteral).map(textOf));
      const tests = globs.filter((glob) => !isLiteral(glob)).map((glob) => pool().add(glob));
      return oneOf(exact, tests);
    },
    variable: (template) => pool().addTemplate(template),
  };
}

/** INVARIANT: a pattern whose first five parts hold no wildcard can match as one text, since those parts fix the colons. */
function arnTest(pool: () => GlobPool): Kind {
  return {
    fixed: (wanted) => {
      const globs = wanted.map((one) => one.glob);
      const whole = globs.filter(isFixedToLastPart);
      const exact = new Set(whole.filter(isLiteral).map(textOf));
      const tests = whole.filter((glob) => !isLiteral(glob)).map((glob) => pool().add(glob));
      const parted = globs.filter((glob) => !isFixedToLastPart(glob)).map(partedArn);
      return oneOf(exact, [...tests, ...parted]);
    },
    variable: (template) => (text, context) => {
      const wanted = expand(template, context);
      return wanted !== undefined && partedArn(wanted.glob)(text);
    },
  };
}

function partedArn(glob: Glob): TextTest {
  if (glob.length === 1 && glob[0] === star) return (text) => colonsOf(text) !== undefined;
  const parts = splitGlob(glob, ":", 6).map(compileGlob);
  if (parts.length < 6) return () => false;
  return (text) => {
    const colons = colonsOf(text);
    if (colons === undefined) return false;
    return parts.every((part, at) => {
      const start = at === 0 ? 0 : (colons[at - 1] ?? 0) + 1;
      return matchCompiledGlob(part, text.slice(start, at === 5 ? text.length : colons[at]));
    });
  };
}

/** Where the first five colons are, or undefined when there are fewer. */
function colonsOf(text: string): readonly number[] | undefined {
  const colons: number[] = [];
  for (let at = text.indexOf(":"); at >= 0 && colons.length < 5; at = text.indexOf(":", at + 1)) colons.push(at);
  return colons.length === 5 ? colons : undefined;
}

function isFixedToLastPart(glob: Glob): boolean {
  const parts = splitGlob(glob, ":", 6);
  return parts.length === 6 && parts.slice(0, 5).every(isLiteral);
}

function isLiteral(glob: Glob): boolean {
  return glob.every((code) => code >= 0);
}

function oneOf(exact: ReadonlySet<string>, tests: readonly TextTest[]): TextTest {
  if (tests.length === 0) return (text) => exact.has(text);
  return (text) => {
    if (exact.has(text)) return true;
    for (const test of tests) if (test(text)) return true;
    return false;
  };
}

type ParseNumber = (text: string) => number | undefined;

function numberTest(texts: readonly string[], comparison: Comparison, parse: ParseNumber): TextTest {
  const wanted = texts.map(parse).filter((one) => one !== undefined);
  const holds = comparisonOf(comparison);
  // The same time is asked again and again.
  let lastText: string | undefined;
  let last: number | undefined;
  return (text) => {
    if (text !== lastText) {
      last = parse(text);
      lastText = text;
    }
    const actual = last;
    return actual !== undefined && wanted.some((one) => holds(actual, one));
  };
}

function comparisonOf(comparison: Comparison): (actual: number, wanted: number) => boolean {
  switch (comparison) {
    case "equals":
      return (actual, wanted) => actual === wanted;
    case "less":
      return (actual, wanted) => actual < wanted;
    case "less-or-equal":
      return (actual, wanted) => actual <= wanted;
    case "greater":
      return (actual, wanted) => actual > wanted;
    case "greater-or-equal":
      return (actual, wanted) => actual >= wanted;
    case "equals-ignore-case":
    case "like":
    case "in-range":
    case "absent":
      return () => false;
  }
}

/** IPv4 ranges as network and mask, so that a look-up allocates nothing; others as prefixes. */
function ipTest(texts: readonly string[]): TextTest {
  const ranges = texts.map(parseIpRange).filter((one): one is Prefix => one !== undefined);
  const networks: number[] = [];
  const masks: number[] = [];
  for (const { ip, bits } of ranges) {
    if (ip.width !== 32) continue;
    networks.push((ip.words[0] ?? 0) | 0);
    masks.push(bits === 0 ? 0 : -1 << (32 - bits));
  }
  const others = ranges.filter(({ ip }) => ip.width !== 32);
  return (text) => {
    const word = ipv4Word(text);
    if (word !== undefined) {
      for (let at = 0; at < networks.length; at++) if ((word & (masks[at] ?? 0)) === networks[at]) return true;
      return false;
    }
    const ip = others.length === 0 ? undefined : parseIp(text);
    return ip !== undefined && others.some((range) => containsIp(range, ip));
  };
}

/** The address as a signed word, or undefined when `text` is no IPv4 address. */
function ipv4Word(text: string): number | undefined {
  let word = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 46) {
      if (digits === 0) return undefined;
      word = (word << 8) | part;
      part = 0;
      digits = 0;
      dots++;
      continue;
    }
    // A leading zero could be meant as octal, so it is no address.
    if (unit < 48 || unit > 57 || (digits > 0 && part === 0)) return undefined;
    part = part * 10 + unit - 48;
    digits++;
    if (part > 255) return undefined;
  }
  return dots === 3 && digits > 0 ? (word << 8) | part : undefined;
}
