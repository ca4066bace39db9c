/** What lint finds in a policy: a rule that was broken, where, why that matters, and how to mend it. */

import type { Span } from "../json.ts";
import type { Policy } from "../policy.ts";
import type { ServiceFacts } from "./service-facts.ts";

/** `note`: true, but no reason to stop. */
export type Severity = "error" | "warning" | "note";

export type RuleId = `UP${string}`;

export interface Rule {
  readonly id: RuleId;
  /** `principal-on-gateway-endpoint`. */
  readonly name: string;
  readonly severity: Severity;
  /** Why it matters, in one or two sentences. */
  readonly why: string;
  /** Page and section. */
  readonly source: string;
  readonly check: (subject: Subject) => readonly Issue[];
}

export interface Subject {
  readonly policy: Policy;
  readonly facts: ServiceFacts;
  /** Of an endpoint: the prefix of its service's actions, where it is known. */
  readonly service?: string;
}

export interface Issue {
  readonly span: Span;
  readonly message: string;
  readonly fix?: Fix;
}

/** INVARIANT: the edits do not overlap. */
export interface Fix {
  /** What it does: `set the version`. */
  readonly title: string;
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly span: Span;
  readonly replacement: string;
}

export interface Finding {
  readonly ruleId: RuleId;
  readonly name: string;
  readonly severity: Severity;
  readonly message: string;
  readonly why: string;
  readonly source: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly fix?: Fix;
}
