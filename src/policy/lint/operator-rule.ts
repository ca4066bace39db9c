/** Rules about conditions: operators that do not mean what they seem to. */

import { hasWildcard } from "../glob.ts";
import { hasPlaceholder } from "../parse.ts";
import type { Condition } from "../policy.ts";
import { eachCondition } from "./condition-rule.ts";
import type { Fix, Issue, Rule } from "./finding.ts";
import type { KeyFact } from "./service-facts.ts";

export const negatedList: Rule = {
  id: "UP012",
  name: "negated-list",
  severity: "note",
  why: "A negated operator with several values is true only where the key equals none of them: the values are joined by NOR, not by OR.",
  source: "IAM User Guide, Conditions with multiple context keys or values",
  check: (subject) =>
    eachCondition(subject, ({ operator, key, keySpan: span, values }) =>
      operator.negated && values.length > 1
        ? [
            {
              span,
              message: `\`${operator.name}\` is true where \`${key}\` is none of the ${values.length} values, or absent`,
            },
          ]
        : [],
    ),
};

export const forAllValues: Rule = {
  id: "UP021",
  name: "for-all-values",
  severity: "warning",
  why: "ForAllValues is true where the key is absent, so such an Allow lets in requests that do not have it. Add Null: false on the key.",
  source: "IAM User Guide, Set operators for multivalued context keys",
  check: (subject) =>
    eachCondition(subject, ({ operator, key, keySpan: span }, { effect, conditions }) => {
      if (operator.quantifier !== "ForAllValues" || effect !== "Allow") return [];
      const guarded = conditions.some(
        (other) =>
          other.operator.family === "Null" &&
          other.key.toLowerCase() === key.toLowerCase() &&
          other.values.some(({ text }) => text.toLowerCase() === "false"),
      );
      return guarded ? [] : [{ span, message: `true as well where \`${key}\` is absent` }];
    }),
};

export const setOperator: Rule = {
  id: "UP022",
  name: "set-operator",
  severity: "warning",
  why: "A key with several values needs ForAllValues or ForAnyValue, and one with a single value must not have them: ForAllValues then is true where the key is absent.",
  source: "IAM User Guide, Single-valued vs. multivalued context keys",
  check: (subject) =>
    eachCondition(subject, ({ operator, key, operatorSpan: span }) => {
      const fact = subject.facts.key(key);
      if (fact === undefined || operator.family === "Null") return [];
      if (operator.quantifier !== undefined && !fact.multivalued)
        return [{ span, message: `\`${fact.name}\` has a single value: \`${operator.quantifier}\` is out of place` }];
      if (operator.quantifier === undefined && fact.multivalued)
        return [
          { span, message: `\`${fact.name}\` can have several values: say \`ForAnyValue:\` or \`ForAllValues:\`` },
        ];
      return [];
    }),
};

export const keyTwice: Rule = {
  id: "UP023",
  name: "key-twice",
  severity: "warning",
  why: "Keys ignore case, so both conditions are of one key, and both have to be true.",
  source: "IAM User Guide, Access Analyzer policy check reference: Duplicate keys with different case",
  check: (subject) =>
    eachCondition(subject, (condition, { conditions }) => {
      const twin = conditions.find((other) => other !== condition && isTwin(other, condition));
      if (twin === undefined || twin.keySpan.start > condition.keySpan.start) return [];
      return [{ span: condition.keySpan, message: `\`${condition.key}\` is \`${twin.key}\` once more` }];
    }),
};

function isTwin(one: Condition, other: Condition): boolean {
  return one.operatorSpan.start === other.operatorSpan.start && one.key.toLowerCase() === other.key.toLowerCase();
}

export const literalWildcard: Rule = {
  id: "UP024",
  name: "literal-wildcard",
  severity: "warning",
  why: "StringEquals knows no wildcards: `*` and `?` are the characters themselves. StringLike knows them.",
  source: "IAM User Guide, IAM JSON policy elements: Condition operators, String condition operators",
  check: (subject) =>
    eachCondition(subject, (condition, { conditions }) => {
      const { operator, values } = condition;
      if (operator.family !== "String" || operator.comparison !== "equals") return [];
      const fix = likeInstead(condition, conditions);
      return values
        .filter(({ text }) => hasWildcard(text.replaceAll(/\$\{[^{}]*\}/g, "")) && !hasPlaceholder(text))
        .map(({ text, span }): Issue => {
          const message = `\`${operator.name}\` takes the wildcard of \`${text}\` literally`;
          return fix === undefined ? { span, message } : { span, message, fix };
        });
    }),
};

/** Another operator for the whole block; only where the block holds one key and the other operator is not there yet. */
function likeInstead({ operator, operatorSpan }: Condition, conditions: readonly Condition[]): Fix | undefined {
  const name = operator.name.replace("Equals", "Like");
  const block = conditions.filter((other) => other.operatorSpan.start === operatorSpan.start);
  if (block.length > 1 || conditions.some((other) => other.operator.name === name)) return undefined;
  return { title: `use \`${name}\``, edits: [{ span: operatorSpan, replacement: JSON.stringify(name) }] };
}

export const operatorType: Rule = {
  id: "UP025",
  name: "operator-type",
  severity: "warning",
  why: "The operator compares values of another type than the key has, so the condition does not do what it says.",
  source: "IAM User Guide, IAM JSON policy elements: Condition operators",
  check: (subject) =>
    eachCondition(subject, ({ operator, key, operatorSpan: span }) => {
      const fact = subject.facts.key(key);
      return fact === undefined || fits(operator.family, fact)
        ? []
        : [{ span, message: `\`${operator.name}\` on \`${fact.name}\`, whose values are of type ${fact.type}` }];
    }),
};

/** Text can be compared with most values, but a CIDR block cannot be compared with an address in that way. */
function fits(family: Condition["operator"]["family"], { type }: KeyFact): boolean {
  if (type === "unknown") return true;
  switch (family) {
    case "String":
      return type !== "IPAddress";
    case "Numeric":
      return type === "Numeric" || type === "Date" || type === "String";
    case "Date":
      return type === "Date" || type === "Numeric";
    case "Bool":
      return type === "Bool" || type === "String";
    case "Ip":
      return type === "IPAddress" || type === "String";
    case "Arn":
      return type === "ARN" || type === "String";
    case "Binary":
    case "Null":
      return true;
  }
}
