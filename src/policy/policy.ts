/** A policy as a typed value. Source: IAM User Guide, "IAM JSON policy elements reference". */

import type { Glob } from "./glob.ts";
import type { Span } from "./json.ts";
import type { Operator } from "./operator.ts";
import type { Template } from "./variable.ts";

/** What a policy is attached to: each kind has its own rules (see `parse-kind.ts`). */
export type PolicyKind =
  | "identity"
  | "permissions-boundary"
  | "session"
  | "service-control"
  | "resource-control"
  | "gateway-endpoint"
  | "interface-endpoint"
  | "bucket"
  | "trust";

export interface Policy {
  readonly kind: PolicyKind;
  /** Without a `Version` element: `2008-10-17`. */
  readonly version: "2008-10-17" | "2012-10-17";
  /** Absent where the document says none. */
  readonly versionSpan?: Span;
  readonly id?: string;
  readonly statements: readonly Statement[];
  /** The document exactly as it was written; all spans point into it. */
  readonly text: string;
}

export interface Statement {
  /** From 0. */
  readonly index: number;
  readonly span: Span;
  readonly sid?: string;
  readonly effect: "Allow" | "Deny";
  readonly effectSpan: Span;
  /** Absent in policies whose principal is who they are attached to. */
  readonly principal?: PrincipalElement;
  readonly action: ActionElement;
  /** Absent in trust policies: the resource is the role. */
  readonly resource?: ResourceElement;
  readonly conditions: readonly Condition[];
}

/** One entry of an element, with its place in the text. */
export interface Entry {
  readonly text: string;
  readonly span: Span;
}

export interface PrincipalElement {
  /** `NotPrincipal`. */
  readonly negated: boolean;
  readonly span: Span;
  readonly entries: readonly PrincipalEntry[];
}

export type PrincipalType = "AWS" | "Service" | "Federated" | "CanonicalUser";

/** `"Principal": "*"` is an entry of type AWS. */
export interface PrincipalEntry extends Entry {
  readonly type: PrincipalType;
}

export interface ActionElement {
  /** `NotAction`. */
  readonly negated: boolean;
  readonly span: Span;
  readonly entries: readonly ActionEntry[];
}

export interface ActionEntry extends Entry {
  /** In lower case. */
  readonly glob: Glob;
}

export interface ResourceElement {
  /** `NotResource`. */
  readonly negated: boolean;
  readonly span: Span;
  readonly entries: readonly TemplateEntry[];
}

/** An entry in which policy variables may stand. */
export interface TemplateEntry extends Entry {
  readonly template: Template;
}

export interface Condition {
  readonly operator: Operator;
  readonly operatorSpan: Span;
  /** As written. */
  readonly key: string;
  readonly keySpan: Span;
  readonly values: readonly TemplateEntry[];
}
