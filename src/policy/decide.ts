/**
 * The answer of all policies together: who must allow, who may forbid, and whose word settled it.
 * Source: IAM User Guide, "Policy evaluation logic": "How AWS enforcement code logic evaluates requests", "Cross-account policy
 * evaluation logic"; PrivateLink guide, "Control access to VPC endpoints using endpoint policies".
 */

import { evaluate } from "./compile.ts";
import type { DecidedBy, Decision, Layer, LayerVerdict, Miss } from "./decision.ts";
import { interpret } from "./interpret.ts";
import { accountOf, type Grant } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";
import type { Evaluate, NamedPolicy, PolicyVerdict } from "./verdict.ts";

export type { NamedPolicy } from "./verdict.ts";

/** Every policy that applies to a request. What is absent takes no part. */
export interface Policies {
  /** Of the caller's organization: for each level from the root down the policies attached there; each level must allow. */
  readonly serviceControl?: readonly (readonly NamedPolicy[])[];
  /** Of the resource's organization, likewise. */
  readonly resourceControl?: readonly (readonly NamedPolicy[])[];
  /** Of the VPC endpoint that the request came through: a ceiling. */
  readonly endpoint?: NamedPolicy;
  readonly boundary?: NamedPolicy;
  /** Present for a session that was opened with session policies; empty when it may do nothing by itself. */
  readonly session?: readonly NamedPolicy[];
  readonly identity: readonly NamedPolicy[];
  readonly resource?: NamedPolicy;
  /** Trust policies: without the resource policy's word nobody gets in, whatever his own policies say. */
  readonly resourceMustAllow?: boolean;
}

/** The decision, with the deciding statement; `misses` stay empty. */
export function decide(request: PolicyRequest, policies: Policies): Decision {
  return combine(request, policies, evaluate);
}

/** The same decision by the plain interpreter, with the first failing element of every statement that did not match. */
export function decideInFull(request: PolicyRequest, policies: Policies): Decision {
  return combine(request, policies, interpret);
}

/**
 * Whether a role's trust policy, together with the caller's own policies, lets him assume the role: without the trust
 * policy's word nobody gets in. Source: IAM User Guide, "Policy evaluation logic".
 */
export function decideTrust(request: PolicyRequest, trust: NamedPolicy, own: Omit<Policies, "resource">): Decision {
  return decide(request, { ...own, resource: trust, resourceMustAllow: true });
}

/** The decision out of what `evaluate` says of each policy. */
export function combine(request: PolicyRequest, policies: Policies, evaluate: Evaluate): Decision {
  const found = layersOf(request, policies, evaluate);
  const layers = found.map(({ verdict }) => verdict);
  const denied = layers.find((layer) => layer.verdict === "explicit-deny");
  if (denied !== undefined) return { allowed: false, decidedBy: settledBy(denied), layers };
  const refusing = refusingLayer(request, policies, found);
  if (refusing !== undefined) return { allowed: false, decidedBy: { layer: refusing, reason: "no-allow" }, layers };
  const granting = grantingLayer(layers);
  return granting === undefined ? { allowed: true, layers } : { allowed: true, decidedBy: settledBy(granting), layers };
}

interface Found {
  readonly verdict: LayerVerdict;
  readonly grant?: Grant;
}

function layersOf(request: PolicyRequest, policies: Policies, evaluate: Evaluate): readonly Found[] {
  const { principal } = request;
  const found: Found[] = [];
  const add = (layer: Layer, named: readonly NamedPolicy[]): void => {
    found.push(
      layerOf(
        layer,
        named.map((one) => evaluate(one, request)),
      ),
    );
  };
  const addLevels = (layer: Layer, levels: readonly (readonly NamedPolicy[])[]): void => {
    const verdicts = levels.map((level) =>
      layerOf(
        layer,
        level.map((one) => evaluate(one, request)),
      ),
    );
    found.push(everyLevel(layer, verdicts));
  };
  const hasIdentity = accountOf(principal) !== undefined;
  if (policies.serviceControl !== undefined && hasIdentity)
    addLevels("service-control-policy", policies.serviceControl);
  if (policies.resourceControl !== undefined) addLevels("resource-control-policy", policies.resourceControl);
  if (policies.endpoint !== undefined) add("endpoint-policy", [policies.endpoint]);
  if (policies.boundary !== undefined) add("permissions-boundary", [policies.boundary]);
  if (policies.session !== undefined) add("session-policy", policies.session);
  if (hasIdentity && principal.kind !== "root") add("identity-policy", policies.identity);
  if (policies.resource !== undefined && !isRescue(request)) add("resource-policy", [policies.resource]);
  return found;
}

/** One layer out of the verdicts of its policies: any may forbid, one is enough to allow. */
function layerOf(layer: Layer, verdicts: readonly PolicyVerdict[]): Found {
  const misses: readonly Miss[] = verdicts.flatMap((verdict) => verdict.misses);
  const deny = verdicts.find((verdict) => verdict.deny !== undefined)?.deny;
  if (deny !== undefined) return { verdict: { layer, verdict: "explicit-deny", statement: deny, misses } };
  const allow = verdicts.find((verdict) => verdict.allow !== undefined)?.allow;
  if (allow === undefined) return { verdict: { layer, verdict: "no-allow", misses } };
  return { verdict: { layer, verdict: "allow", statement: allow.statement, misses }, grant: allow.grant };
}

/** Control policies: any level may forbid, every level must allow. */
function everyLevel(layer: Layer, levels: readonly Found[]): Found {
  const misses = levels.flatMap((level) => level.verdict.misses);
  const settling =
    levels.find((level) => level.verdict.verdict === "explicit-deny") ??
    levels.find((level) => level.verdict.verdict === "no-allow") ??
    levels.at(-1);
  if (settling === undefined) return { verdict: { layer, verdict: "no-allow", misses } };
  return { verdict: { ...settling.verdict, misses } };
}

/** The layer for want of whose Allow the request fails, or undefined when it passes. */
function refusingLayer(request: PolicyRequest, policies: Policies, found: readonly Found[]): Layer | undefined {
  const lacks = (layer: Layer): boolean =>
    found.some(({ verdict }) => verdict.layer === layer && verdict.verdict !== "allow");
  for (const ceiling of ["service-control-policy", "resource-control-policy", "endpoint-policy"] as const) {
    if (lacks(ceiling)) return ceiling;
  }
  const grant = found.find(({ verdict }) => verdict.layer === "resource-policy")?.grant;
  const accountId = accountOf(request.principal);
  if (accountId === undefined) return grant === undefined ? "resource-policy" : undefined;
  const sameAccount = (request.resourceAccountId ?? accountId) === accountId;
  // In the same account a resource policy that names the caller himself needs nobody's help.
  if (sameAccount && grant === "direct") return undefined;
  const byRole = sameAccount && grant === "role";
  for (const own of ["identity-policy", "permissions-boundary", "session-policy"] as const) {
    if (lacks(own) && !(byRole && own === "identity-policy")) return own;
  }
  const needsResource = !sameAccount || policies.resourceMustAllow === true;
  return needsResource && grant === undefined ? "resource-policy" : undefined;
}

/** The layer whose Allow opened the door: the ceilings open nothing. */
function grantingLayer(layers: readonly LayerVerdict[]): LayerVerdict | undefined {
  const allowing = (layer: Layer) => layers.find((one) => one.layer === layer && one.verdict === "allow");
  return allowing("identity-policy") ?? allowing("resource-policy");
}

function settledBy(layer: LayerVerdict): DecidedBy {
  const reason = layer.verdict === "no-allow" ? "no-allow" : layer.verdict;
  return layer.statement === undefined
    ? { layer: layer.layer, reason }
    : { layer: layer.layer, reason, statement: layer.statement };
}

/**
 * The owner's root user can always read, replace and delete a bucket policy, so that nobody is locked out for good.
 * Source: Amazon S3 API Reference, "PutBucketPolicy", "GetBucketPolicy", "DeleteBucketPolicy".
 */
function isRescue(request: PolicyRequest): boolean {
  const { principal, resourceAccountId, action } = request;
  if (principal.kind !== "root" || principal.accountId !== resourceAccountId) return false;
  return /^s3:(get|put|delete)bucketpolicy$/i.test(action);
}
