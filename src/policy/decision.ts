/** The answer of the policies, with the statement that decided. */

/** The layers in the order in which an explanation lists them. */
export type Layer =
  | "service-control-policy"
  | "resource-control-policy"
  | "endpoint-policy"
  | "permissions-boundary"
  | "session-policy"
  | "identity-policy"
  | "resource-policy"
  /** Access control lists of S3. */
  | "access-control-list"
  /** Block Public Access of S3. */
  | "public-access-block";

export interface Decision {
  readonly allowed: boolean;
  /** Why: the layer whose verdict settled it. For an allow the layer that granted. Absent when the root user was let through without a policy. */
  readonly decidedBy?: DecidedBy;
  /** Every layer that took part. */
  readonly layers: readonly LayerVerdict[];
}

export interface DecidedBy {
  readonly layer: Layer;
  /** `explicit-deny`: a Deny matched. `no-allow`: nothing allowed. `allow`: an Allow matched. */
  readonly reason: "explicit-deny" | "no-allow" | "allow";
  /** Absent with `no-allow`. */
  readonly statement?: StatementRef;
}

export interface StatementRef {
  /** What the policy is called: `vpce-0a…`, `bucket docs`, `inline policy reader of user ann`, an ARN. */
  readonly policy: string;
  /** From 0. */
  readonly index: number;
  readonly sid?: string;
}

export interface LayerVerdict {
  readonly layer: Layer;
  readonly verdict: "allow" | "explicit-deny" | "no-allow";
  readonly statement?: StatementRef;
  /**
   * How an allowing resource policy or list names the caller: himself or everyone (`direct`: nothing else in his account has to
   * allow it), his `role` (a boundary and session policies still limit it) or his `account` (which has to pass it on).
   */
  readonly grant?: "direct" | "role" | "account";
  /** For each statement that did not match, the first element that failed. */
  readonly misses: readonly Miss[];
}

export interface Miss {
  readonly statement: StatementRef;
  readonly effect: "Allow" | "Deny";
  readonly element: "Principal" | "NotPrincipal" | "Action" | "NotAction" | "Resource" | "NotResource" | "Condition";
  /** With Condition: `StringEquals`. */
  readonly operator?: string;
  /** With Condition: as the policy writes it. */
  readonly key?: string;
  readonly expected: readonly string[];
  /** Empty when the key is absent; then `absentBecause` may say why. */
  readonly actual: readonly string[];
  readonly absentBecause?: string;
}
