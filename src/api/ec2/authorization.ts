/**
 * Which condition keys a policy may ask for, by operation and resource type. A request has a key only where AWS lists it: a
 * policy that asks for another finds it absent.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
 */

import { ec2Authorization } from "../../wire/generated/ec2-authorization.ts";
import type { Target } from "../handler.ts";
import { attributeKeys } from "./resource-key.ts";

export interface ResourceRule {
  readonly required: boolean;
  /** Keys of the operation and of the type, without `ec2:`; `ResourceTag/*` stands for every tag. */
  readonly keys: ReadonlySet<string>;
}

export interface ActionRule {
  readonly keys: ReadonlySet<string>;
  readonly types: ReadonlyMap<string, ResourceRule>;
}

/** The rules of an operation, or undefined for one that has no action of its own. */
export function ruleOf(operation: string): ActionRule | undefined {
  return rules.get(operation);
}

/** The same targets with the keys that AWS lists for them, and no others; `input` says what is to be changed. */
export function listedKeys(targets: readonly Target[], input: object): readonly Target[] {
  const attributes = attributeKeys(input);
  return targets.map((target) => {
    const rule = rules.get(target.action.slice("ec2:".length));
    // iam:PassRole and its like are other services' business.
    if (rule === undefined || !target.action.startsWith("ec2:")) return target;
    const allowed = rule.types.get(typeOf(target.resource))?.keys ?? rule.keys;
    const keys = Object.entries({ ...attributes, ...target.keys }).filter(([key]) => allowed.has(genericKey(key)));
    return { ...target, keys: Object.fromEntries(keys) };
  });
}

/** `vpc-endpoint` of its ARN; `*` of `*`. */
export function typeOf(resource: string): string {
  return /^arn:[^:]*:ec2:[^:]*:[^:]*:([^/]+)\//.exec(resource)?.[1] ?? resource;
}

/** `ec2:ResourceTag/team` as the table has it: `ResourceTag/*`. */
export function genericKey(key: string): string {
  return key.replace(/^ec2:/, "").replace(/^((?:aws:)?(?:RequestTag|ResourceTag)|Attribute)\/.*$/s, "$1/*");
}

const rules: ReadonlyMap<string, ActionRule> = new Map(ec2Authorization.trim().split("\n").map(readLine));

function readLine(line: string): readonly [string, ActionRule] {
  const [head = "", ...types] = line.split(" / ");
  const [operation = "", ...own] = head.split(" ");
  const rows = types.map((text): readonly [string, ResourceRule] => {
    const [name = "", ...keys] = text.split(" ");
    return [name.replace("!", ""), { required: name.endsWith("!"), keys: new Set([...keys, ...own]) }];
  });
  return [operation, { keys: new Set(own), types: new Map(rows) }];
}
