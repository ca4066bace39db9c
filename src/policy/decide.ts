/**
 * The answer of all policies together: who must allow, who may forbid, and whose word settled it.
 * Source: IAM User Guide, "Policy evaluation logic": "How AWS enforcement code logic evaluates requests", "Cross-account policy
 * evaluation logic"; PrivateLink guide, "Control access to VPC endpoints using endpoint policies".
 */

import { type AccessControlList, aclGrantOf } from "./access-control-list.ts";
import { evaluate } from "./compile.ts";
import type { DecidedBy, Decision, Layer, LayerVerdict } from "./decision.ts";
import { interpret } from "./interpret.ts";
import { accountOf, type Grant } from "./principal.ts";
import { isOutsider, isPublicPolicy, type PublicAccessBlock } from "./public-access.ts";
import type { PolicyRequest } from "./request.ts";
import { type Evaluate, type NamedPolicy, strengthOf } from "./verdict.ts";

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
  /** Of the bucket and of the object, where the bucket's ownership leaves them in force. */
  readonly accessControlLists?: readonly AccessControlList[];
  /** Of the bucket and its account. */
  readonly publicAccessBlock?: PublicAccessBlock;
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

/** The decision out of what `evaluate` says of each policy. */
function combine(request: PolicyRequest, policies: Policies, evaluate: Evaluate): Decision {
  const found = layersOf(request, policies, evaluate);
  const layers = inOrder(found);
  for (const layer of layers) {
    if (layer.verdict === "explicit-deny") return { allowed: false, decidedBy: settledBy(layer), layers };
  }
  const refusing = refusingLayer(request, policies, found);
  if (refusing !== undefined) return { allowed: false, decidedBy: { layer: refusing, reason: "no-allow" }, layers };
  // The ceilings open nothing: it was the caller's own policies, the resource's, or a list.
  const opened = found.restriction === undefined ? found.resource : undefined;
  for (const granting of [found.identity, opened, found.list]) {
    if (granting?.verdict === "allow") return { allowed: true, decidedBy: settledBy(granting), layers };
  }
  return { allowed: true, layers };
}

/** Undefined are the layers that take no part. */
interface Found {
  readonly serviceControl: LayerVerdict | undefined;
  readonly resourceControl: LayerVerdict | undefined;
  readonly endpoint: LayerVerdict | undefined;
  readonly boundary: LayerVerdict | undefined;
  readonly session: LayerVerdict | undefined;
  readonly identity: LayerVerdict | undefined;
  readonly resource: LayerVerdict | undefined;
  readonly list: LayerVerdict | undefined;
  /** Where the resource policy counts for nothing: it is public, and the caller comes from outside. */
  readonly restriction: LayerVerdict | undefined;
}

function layersOf(request: PolicyRequest, policies: Policies, evaluate: Evaluate): Found {
  const ask: Asking = { request, evaluate };
  const { serviceControl, resourceControl, endpoint, boundary, session, identity, resource } = policies;
  const hasAccount = accountOf(request.principal) !== undefined;
  const isRoot = request.principal.kind === "root";
  return {
    serviceControl: hasAccount ? everyLevel("service-control-policy", serviceControl, ask) : undefined,
    resourceControl: everyLevel("resource-control-policy", resourceControl, ask),
    endpoint: endpoint && onePolicy("endpoint-policy", endpoint, ask),
    boundary: boundary && onePolicy("permissions-boundary", boundary, ask),
    session: session && anyPolicy("session-policy", session, ask),
    identity: hasAccount && !isRoot ? anyPolicy("identity-policy", identity, ask) : undefined,
    resource: resource === undefined || isRescue(request) ? undefined : onePolicy("resource-policy", resource, ask),
    list: listVerdict(policies, request),
    restriction: isRestricted(policies, request)
      ? { layer: "public-access-block", verdict: "no-allow", misses: [] }
      : undefined,
  };
}

function listVerdict(
  { accessControlLists, publicAccessBlock }: Policies,
  request: PolicyRequest,
): LayerVerdict | undefined {
  if (accessControlLists === undefined) return undefined;
  const layer = "access-control-list";
  const ignorePublic = publicAccessBlock?.ignorePublicAcls ?? false;
  const grants = accessControlLists.map((list) => aclGrantOf(list, request, ignorePublic));
  const grant = grants.find((one) => one === "direct") ?? grants.find((one) => one !== undefined);
  return grant === undefined
    ? { layer, verdict: "no-allow", misses: [] }
    : { layer, verdict: "allow", grant, misses: [] };
}

function isRestricted({ publicAccessBlock, resource }: Policies, request: PolicyRequest): boolean {
  if (publicAccessBlock?.restrictPublicBuckets !== true || resource === undefined) return false;
  return isOutsider(request) && isPublicPolicy(resource.policy);
}

function inOrder(found: Found): readonly LayerVerdict[] {
  const layers: LayerVerdict[] = [];
  if (found.serviceControl !== undefined) layers.push(found.serviceControl);
  if (found.resourceControl !== undefined) layers.push(found.resourceControl);
  if (found.endpoint !== undefined) layers.push(found.endpoint);
  if (found.boundary !== undefined) layers.push(found.boundary);
  if (found.session !== undefined) layers.push(found.session);
  if (found.identity !== undefined) layers.push(found.identity);
  if (found.resource !== undefined) layers.push(found.resource);
  if (found.list !== undefined) layers.push(found.list);
  if (found.restriction !== undefined) layers.push(found.restriction);
  return layers;
}

interface Asking {
  readonly request: PolicyRequest;
  readonly evaluate: Evaluate;
}

function onePolicy(layer: Layer, named: NamedPolicy, { request, evaluate }: Asking): LayerVerdict {
  const { deny, allow, misses } = evaluate(named, request);
  if (deny !== undefined) return { layer, verdict: "explicit-deny", statement: deny, misses };
  if (allow === undefined) return { layer, verdict: "no-allow", misses };
  const { statement, grant } = allow;
  if (layer === "resource-policy") return { layer, verdict: "allow", statement, grant, misses };
  return { layer, verdict: "allow", statement, misses };
}

/** Several policies of one layer: any may forbid, one is enough to allow. */
function anyPolicy(layer: Layer, policies: readonly NamedPolicy[], ask: Asking): LayerVerdict {
  const [first] = policies;
  if (first === undefined) return { layer, verdict: "no-allow", misses: [] };
  if (policies.length === 1) return onePolicy(layer, first, ask);
  return strongest(
    policies.map((named) => onePolicy(layer, named, ask)),
    ["explicit-deny", "allow", "no-allow"],
  );
}

/** Control policies: any level may forbid, every level must allow. */
function everyLevel(
  layer: Layer,
  levels: readonly (readonly NamedPolicy[])[] | undefined,
  ask: Asking,
): LayerVerdict | undefined {
  if (levels === undefined) return undefined;
  if (levels.length === 0) return { layer, verdict: "no-allow", misses: [] };
  return strongest(
    levels.map((level) => anyPolicy(layer, level, ask)),
    ["explicit-deny", "no-allow", "allow"],
  );
}

/** The first verdict of the kind that comes first in `order`, with the misses of all. */
function strongest(verdicts: readonly LayerVerdict[], order: readonly LayerVerdict["verdict"][]): LayerVerdict {
  const misses = verdicts.flatMap((one) => one.misses);
  for (const kind of order) {
    const settling = verdicts.find((one) => one.verdict === kind);
    if (settling !== undefined) return { ...settling, misses };
  }
  throw new Error("broken invariant: a layer with policies has a verdict");
}

/** The layer for want of whose Allow the request fails, or undefined when it passes. */
function refusingLayer(request: PolicyRequest, policies: Policies, found: Found): Layer | undefined {
  if (lacksAllow(found.serviceControl)) return "service-control-policy";
  if (lacksAllow(found.resourceControl)) return "resource-control-policy";
  if (lacksAllow(found.endpoint)) return "endpoint-policy";
  const { grant, lacking } = grantOfResource(found);
  const accountId = accountOf(request.principal);
  if (accountId === undefined) return grant === undefined ? lacking : undefined;
  const sameAccount = (request.resourceAccountId ?? accountId) === accountId;
  // In the same account a resource policy that names the caller himself needs nobody's help, and one that names his role
  // only that his boundary and session do not stand against it.
  if (sameAccount && grant === "direct") return undefined;
  if (lacksAllow(found.identity) && !(sameAccount && grant === "role")) return "identity-policy";
  if (lacksAllow(found.boundary)) return "permissions-boundary";
  if (lacksAllow(found.session)) return "session-policy";
  const needsResource = !sameAccount || policies.resourceMustAllow === true;
  return needsResource && grant === undefined ? lacking : undefined;
}

/** How strongly the resource's side lets the caller in, and which layer to name when it does not. */
function grantOfResource({ resource, list, restriction }: Found): {
  readonly grant: Grant | undefined;
  readonly lacking: Layer;
} {
  const byPolicy = restriction === undefined ? resource?.grant : undefined;
  const byList = list?.grant;
  const stronger =
    byPolicy === undefined || (byList !== undefined && strengthOf[byList] > strengthOf[byPolicy]) ? byList : byPolicy;
  return {
    grant: stronger,
    lacking: resource?.grant !== undefined && restriction !== undefined ? "public-access-block" : "resource-policy",
  };
}

function lacksAllow(layer: LayerVerdict | undefined): boolean {
  return layer !== undefined && layer.verdict !== "allow";
}

function settledBy(layer: LayerVerdict): DecidedBy {
  const { statement, verdict } = layer;
  return statement === undefined
    ? { layer: layer.layer, reason: verdict }
    : { layer: layer.layer, reason: verdict, statement };
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
