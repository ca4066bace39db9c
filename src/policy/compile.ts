/**
 * A policy prepared for many requests: statements by action, then by the beginning of their resource, with all values
 * parsed. Small sets stay a plain list. It agrees with `interpret.ts`, which is the specification.
 */

import { unreachable } from "../base/assert.ts";
import { compileCondition, type ContextTest, fixedText } from "./compile-condition.ts";
import { literalLength, textOf } from "./compiled-glob.ts";
import { type PrincipalTest, compilePrincipal } from "./compile-principal.ts";
import { type Glob, matchGlob, star } from "./glob.ts";
import { type GlobPool, makeGlobPool } from "./glob-pool.ts";
import type { ActionElement, Policy, Statement, TemplateEntry } from "./policy.ts";
import type { Grant } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";
import { emptyResourceNode, insertItem, type ResourceNode } from "./resource-index.ts";
import { hasVariable } from "./variable.ts";
import { type NamedPolicy, type PolicyVerdict, refTo, strengthOf } from "./verdict.ts";

/** The verdict, without misses. Each policy is compiled at its first use and remembered as long as it lives. */
export function evaluate(named: NamedPolicy, request: PolicyRequest): PolicyVerdict {
  const plan = planFor(compile(named.policy), request.action);
  const best: Best = { deny: -1, allow: -1, grant: "account", strength: 0 };
  switch (plan.kind) {
    case "list":
      for (const statement of plan.statements) {
        if (isWorthwhile(statement, best) && matchesResource(statement, request))
          weigh(statement, named, request, best);
      }
      break;
    case "index":
      walk(plan.root, named, request, best);
      break;
    default:
      unreachable(plan);
  }
  if (best.deny >= 0) return { deny: refTo(named, best.deny), misses: none };
  if (best.allow >= 0) return { allow: { statement: refTo(named, best.allow), grant: best.grant }, misses: none };
  return nothing;
}

/** Compiles ahead of the first request. */
export function compile(policy: Policy): CompiledPolicy {
  let compiled = memory.get(policy);
  if (compiled === undefined) {
    compiled = compiledOf(policy);
    memory.set(policy, compiled);
  }
  return compiled;
}

export interface CompiledPolicy {
  readonly statements: readonly CompiledStatement[];
  readonly actions: readonly ActionElement[];
  /** By action as the request writes it; filled as actions come. */
  readonly plans: Map<string, Plan>;
  /** By which statements an action concerns, so that actions of the same statements share one plan. */
  readonly plansBySet: Map<string, Plan>;
}

type Plan =
  | { readonly kind: "list"; readonly statements: readonly CompiledStatement[] }
  | { readonly kind: "index"; readonly root: ResourceNode<Item> };

interface CompiledStatement {
  readonly index: number;
  readonly deny: boolean;
  readonly principal: PrincipalTest | undefined;
  /** `NotResource`. */
  readonly notResource: boolean;
  /** Undefined where there is no such element. */
  readonly resources: readonly ResourceTest[] | undefined;
  readonly conditions: readonly ContextTest[];
}

/** Matches what begins with `prefix` and goes on as `rest` says; with `exact` nothing may follow. */
interface ResourceTest {
  readonly prefix: string;
  readonly exact: boolean;
  readonly rest: ((request: PolicyRequest) => boolean) | undefined;
}

interface Item {
  readonly statement: CompiledStatement;
  readonly test: ResourceTest;
}

/** What was found so far: the lowest Deny, or of the strongest Allows the lowest; -1 for none. */
interface Best {
  deny: number;
  allow: number;
  grant: Grant;
  strength: number;
}

const none: PolicyVerdict["misses"] = [];
const nothing: PolicyVerdict = { misses: none };

const memory = new WeakMap<Policy, CompiledPolicy>();

/** Up to so many statements a list is faster than a tree. */
const longestList = 8;
/** Requests can name any action; what is remembered for them is bounded. */
const maxPlans = 4096;

function walk(root: ResourceNode<Item>, named: NamedPolicy, request: PolicyRequest, best: Best): void {
  const { resource } = request;
  let node = root;
  let at = 0;
  for (;;) {
    if (node.items !== undefined) {
      for (const { statement, test } of node.items) {
        if (!isWorthwhile(statement, best)) continue;
        if (test.exact ? at !== resource.length : test.rest !== undefined && !test.rest(request)) continue;
        weigh(statement, named, request, best);
      }
    }
    const child = node.children?.get(resource.charCodeAt(at));
    if (child === undefined || !resource.startsWith(child.label, at)) return;
    at += child.label.length;
    node = child;
  }
}

/** Whether the statement could still change what was found. */
function isWorthwhile(statement: CompiledStatement, best: Best): boolean {
  if (statement.deny) return best.deny < 0 || statement.index < best.deny;
  return best.deny < 0 && (best.strength < strengthOf.direct || statement.index < best.allow);
}

/** Tries all but action and resource, and notes the statement when it applies. */
function weigh(statement: CompiledStatement, named: NamedPolicy, request: PolicyRequest, best: Best): void {
  const grant = statement.principal === undefined ? "direct" : statement.principal(request, named);
  if (grant === undefined) return;
  const { conditions } = statement;
  for (let at = 0; at < conditions.length; at++) if (conditions[at]?.(request.context) !== true) return;
  if (statement.deny) {
    best.deny = statement.index;
    return;
  }
  const strength = strengthOf[grant];
  if (strength < best.strength || (strength === best.strength && statement.index > best.allow)) return;
  best.allow = statement.index;
  best.grant = grant;
  best.strength = strength;
}

function matchesResource(statement: CompiledStatement, request: PolicyRequest): boolean {
  const { resources } = statement;
  if (resources === undefined) return true;
  const { resource } = request;
  for (const test of resources) {
    if (!resource.startsWith(test.prefix)) continue;
    if (test.exact ? resource.length === test.prefix.length : test.rest === undefined || test.rest(request)) {
      return !statement.notResource;
    }
  }
  return statement.notResource;
}

function planFor(compiled: CompiledPolicy, action: string): Plan {
  const known = compiled.plans.get(action);
  if (known !== undefined) return known;
  const lower = action.toLowerCase();
  const answers = new Map<string, boolean>();
  const statements = compiled.statements.filter((_, at) => {
    const element = compiled.actions[at];
    return element !== undefined && matchesAction(element, lower, answers) !== element.negated;
  });
  if (compiled.plans.size >= maxPlans) {
    compiled.plans.clear();
    compiled.plansBySet.clear();
  }
  const set = statements.map((statement) => statement.index).join();
  const plan = compiled.plansBySet.get(set) ?? planOf(statements);
  compiled.plansBySet.set(set, plan);
  compiled.plans.set(action, plan);
  return plan;
}

/** `answers` remembers what an entry said to this action: statements repeat their entries. */
function matchesAction(element: ActionElement, action: string, answers: Map<string, boolean>): boolean {
  return element.entries.some(({ text, glob }) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      answer = matchGlob(glob, action);
      answers.set(text, answer);
    }
    return answer;
  });
}

function planOf(statements: readonly CompiledStatement[]): Plan {
  if (statements.length <= longestList) return { kind: "list", statements };
  const root = emptyResourceNode<Item>();
  const always = { prefix: "", exact: false, rest: undefined };
  for (const statement of statements) {
    const { resources } = statement;
    if (resources === undefined) insertItem(root, "", { statement, test: always });
    else if (statement.notResource) {
      const rest = (request: PolicyRequest): boolean => matchesResource(statement, request);
      insertItem(root, "", { statement, test: { ...always, rest } });
    } else for (const test of resources) insertItem(root, test.prefix, { statement, test });
  }
  return { kind: "index", root };
}

function compiledOf(policy: Policy): CompiledPolicy {
  const pools = new Map<string, GlobPool>();
  const poolOf = (key: string): GlobPool => {
    const pool = pools.get(key) ?? makeGlobPool();
    pools.set(key, pool);
    return pool;
  };
  const gateway = policy.kind === "gateway-endpoint";
  const statements = policy.statements.map((statement) => compiledStatement(statement, gateway, poolOf));
  for (const pool of pools.values()) pool.seal();
  return {
    statements,
    actions: policy.statements.map((statement) => statement.action),
    plans: new Map(),
    plansBySet: new Map(),
  };
}

/** No condition key has this name. */
const resourcePool = "resource";

function compiledStatement(
  statement: Statement,
  gateway: boolean,
  poolOf: (key: string) => GlobPool,
): CompiledStatement {
  const { index, effect, principal, resource, conditions } = statement;
  return {
    index,
    deny: effect === "Deny",
    principal: compilePrincipal(principal, effect === "Deny", gateway),
    notResource: resource?.negated ?? false,
    resources: resource?.entries.map((entry) => compiledResource(entry, poolOf)),
    conditions: conditions.map((condition) => compileCondition(condition, poolOf)),
  };
}

function compiledResource(entry: TemplateEntry, poolOf: (key: string) => GlobPool): ResourceTest {
  const { template } = entry;
  if (hasVariable(template)) return variableResource(entry, poolOf(resourcePool));
  const { glob } = fixedText(template);
  const prefix = literalPrefix(glob);
  const rest = glob.slice(literalLength(glob));
  if (rest.length === 0) return { prefix, exact: true, rest: undefined };
  if (rest.every((code) => code === star)) return { prefix, exact: false, rest: undefined };
  const test = poolOf(resourcePool).add(glob);
  return { prefix, exact: false, rest: (request) => test(request.resource) };
}

/** What stands before the first variable is known beforehand. */
function variableResource({ template }: TemplateEntry, pool: GlobPool): ResourceTest {
  const [first] = template;
  const prefix = first?.kind === "text" ? literalPrefix(first.glob) : "";
  const matches = pool.addTemplate(template);
  return { prefix, exact: false, rest: (request) => matches(request.resource, request.context) };
}

function literalPrefix(glob: Glob): string {
  return textOf(glob.slice(0, literalLength(glob)));
}
