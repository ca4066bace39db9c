/**
 * Whether a caller may do a thing: collects the policies that apply from the state and asks the policy engine. Enforcing,
 * explaining and previewing all call this one function.
 */

import type { State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import type { AccessControlList } from "../policy/access-control-list.ts";
import { askedKeys } from "../policy/asked-key.ts";
import { type Counterfactual, counterfactual } from "../policy/counterfactual.ts";
import { decide, decideInFull } from "../policy/decide.ts";
import type { Decision } from "../policy/decision.ts";
import type { PublicAccessBlock } from "../policy/public-access.ts";
import type { PolicyRequest, Principal, RequestContext } from "../policy/request.ts";
import { policiesFor } from "./applicable-policy.ts";
import { contextOf } from "./request-context.ts";

export interface Ask {
  readonly principal: Principal;
  /** `s3:GetObject`. */
  readonly action: string;
  /** An ARN, or `*`. Of `sts:AssumeRole` the role's: its trust policy then takes part. */
  readonly resource: string;
  /** The owner of the resource, where it exists or is about to. */
  readonly resourceAccountId?: string;
  /** For S3: the bucket whose policy takes part, where it exists. */
  readonly bucketName?: string;
  /** For S3: lists of the bucket and of the object, where the bucket's ownership leaves them in force. */
  readonly accessControlLists?: readonly AccessControlList[];
  /** For S3: of the bucket and its account. */
  readonly publicAccessBlock?: PublicAccessBlock;
  /** Of the caller's account, where lists or the bucket policy could name it. */
  readonly canonicalUserId?: string;
  readonly path: Path;
  readonly region: string;
  readonly nowMs: number;
  readonly secureTransport: boolean;
  readonly userAgent?: string;
  /** Condition keys of the service and of the request itself (`s3:prefix`, `aws:RequestTag/x`), any case. */
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

/** The decision, fast: the deciding statement is named, `misses` stay empty. */
export function authorise(state: State, ask: Ask): Decision {
  return decide(requestOf(ask, contextOf(state, ask)), policiesFor(state.policies ?? state, ask));
}

export interface Explained {
  readonly decision: Decision;
  /** What was asked with. */
  readonly context: RequestContext;
  /** The condition keys that the policies which took part name, in lower case. */
  readonly askedKeys: ReadonlySet<string>;
  /** Of a refusal: the smallest single change of a key or of a statement that would let it through, where one is enough. */
  readonly unless?: Counterfactual;
}

/** The same decision in full, by the plain interpreter: with every layer's misses. */
export function explain(state: State, ask: Ask): Explained {
  const context = contextOf(state, ask);
  const policies = policiesFor(state.policies ?? state, ask);
  const request = requestOf(ask, context);
  const explained = { decision: decideInFull(request, policies), context, askedKeys: askedKeys(policies) };
  const unless = explained.decision.allowed ? undefined : counterfactual(request, policies);
  return unless === undefined ? explained : { ...explained, unless };
}

function requestOf(ask: Ask, context: RequestContext): PolicyRequest {
  const { principal, action, resource, resourceAccountId, canonicalUserId } = ask;
  const request = { principal, action, resource, context };
  const owned = resourceAccountId === undefined ? request : { ...request, resourceAccountId };
  return canonicalUserId === undefined ? owned : { ...owned, canonicalUserId };
}
