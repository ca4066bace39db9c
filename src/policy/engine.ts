/**
 * The policy engine for those who want nothing else of the package: `import { openPolicies } from "underpass/policy"`. It
 * takes documents as AWS stores them, answers AWS's verdicts and says why.
 *
 *     const engine = openPolicies({ identity: [document], endpoint: { type: "Gateway", document: endpointDocument } });
 *     if (!engine.ok) throw new Error(`${engine.error.document}: ${engine.error.text}`);
 *     const decision = engine.value.decide({
 *       principal: { kind: "user", accountId: "111122223333", arn: "arn:aws:iam::111122223333:user/ann", … },
 *       action: "s3:GetObject",
 *       resource: "arn:aws:s3:::docs/a.txt",
 *       keys: { "aws:SourceVpce": "vpce-0123456789abcdef0" },
 *     });
 */

import type { Result } from "../base/result.ts";
import { err, ok } from "../base/result.ts";
import { compile } from "./compile.ts";
import { type Counterfactual, counterfactual } from "./counterfactual.ts";
import { decide, decideInFull, type NamedPolicy, type Policies } from "./decide.ts";
import type { Decision } from "./decision.ts";
import { denialText } from "./denial.ts";
import { parsePolicy } from "./parse.ts";
import type { PolicyKind } from "./policy.ts";
import { describePolicyError, type PolicyError } from "./policy-error.ts";
import type { PolicyRequest, Principal } from "./request.ts";

/** JSON documents of every layer; what is absent takes no part. */
export interface PolicyDocuments {
  readonly identity?: readonly string[];
  readonly boundary?: string;
  /** Present for a session that was opened with session policies. */
  readonly session?: readonly string[];
  /** For each level of the organization from the root down the documents attached there. */
  readonly serviceControl?: readonly (readonly string[])[];
  readonly resourceControl?: readonly (readonly string[])[];
  /** Of the VPC endpoint that requests come through. */
  readonly endpoint?: { readonly type: "Gateway" | "Interface"; readonly document: string };
  /** Of the bucket. */
  readonly bucket?: string;
  /** Of the role that is to be assumed. */
  readonly trust?: string;
}

export interface EngineRequest {
  readonly principal: Principal;
  /** `s3:GetObject`. */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** The caller's own account where absent. */
  readonly resourceAccountId?: string;
  /** Condition keys in any case, with one value or several. */
  readonly keys?: Readonly<Record<string, string | readonly string[]>>;
}

export interface PolicyEngine {
  /** The decision with the statement that settled it. */
  readonly decide: (request: EngineRequest) => Decision;
  /** The same decision with the first failing element of every statement that did not match. */
  readonly explain: (request: EngineRequest) => Decision;
  /** AWS's text for a refusal; undefined where the request is allowed. */
  readonly denialText: (request: EngineRequest) => string | undefined;
  /** The smallest single change that would turn the decision round, or undefined. */
  readonly counterfactual: (request: EngineRequest) => Counterfactual | undefined;
}

export interface DocumentError {
  /** `identity[0]`, `endpoint`, `serviceControl[1][0]`. */
  readonly document: string;
  readonly error: PolicyError;
  /** One line for people. */
  readonly text: string;
}

/** The engine over these documents, all compiled; or the first document that is no policy of its kind, and why. */
export function openPolicies(documents: PolicyDocuments): Result<PolicyEngine, DocumentError> {
  let failed: DocumentError | undefined;
  const read = (kind: PolicyKind, name: string, document: string): NamedPolicy[] => {
    const parsed = parsePolicy(document, kind);
    if (parsed.ok) {
      compile(parsed.value);
      return [{ name, policy: parsed.value }];
    }
    failed ??= { document: name, error: parsed.error, text: describePolicyError(parsed.error) };
    return [];
  };
  const policies = policiesOf(documents, read);
  return failed === undefined ? ok(engineOver(policies)) : err(failed);
}

type Read = (kind: PolicyKind, name: string, document: string) => readonly NamedPolicy[];

function policiesOf(documents: PolicyDocuments, read: Read): Policies {
  const { identity = [], boundary, session, serviceControl, resourceControl, endpoint, bucket, trust } = documents;
  const list = (kind: PolicyKind, name: string, all: readonly string[]): readonly NamedPolicy[] =>
    all.flatMap((document, at) => read(kind, `${name}[${at}]`, document));
  const levels = (kind: PolicyKind, name: string, all: readonly (readonly string[])[]) =>
    all.map((level, at) => list(kind, `${name}[${at}]`, level));
  const endpointKind = endpoint?.type === "Interface" ? "interface-endpoint" : "gateway-endpoint";
  const [limit] = boundary === undefined ? [] : read("permissions-boundary", "boundary", boundary);
  const [through] = endpoint === undefined ? [] : read(endpointKind, "endpoint", endpoint.document);
  const ofBucket = bucket === undefined ? [] : read("bucket", "bucket", bucket);
  const [resource] = trust === undefined ? ofBucket : read("trust", "trust", trust);
  return {
    identity: list("identity", "identity", identity),
    ...(limit === undefined ? {} : { boundary: limit }),
    ...(session === undefined ? {} : { session: list("session", "session", session) }),
    ...(serviceControl === undefined
      ? {}
      : { serviceControl: levels("service-control", "serviceControl", serviceControl) }),
    ...(resourceControl === undefined
      ? {}
      : { resourceControl: levels("resource-control", "resourceControl", resourceControl) }),
    ...(through === undefined ? {} : { endpoint: through }),
    ...(resource === undefined ? {} : { resource }),
    ...(trust === undefined ? {} : { resourceMustAllow: true }),
  };
}

function engineOver(policies: Policies): PolicyEngine {
  return {
    decide: (request) => decide(requestOf(request), policies),
    explain: (request) => decideInFull(requestOf(request), policies),
    denialText: (request) => {
      const asked = requestOf(request);
      const decision = decide(asked, policies);
      return decision.allowed ? undefined : denialText(asked, decision);
    },
    counterfactual: (request) => counterfactual(requestOf(request), policies),
  };
}

function requestOf({ keys = {}, ...rest }: EngineRequest): PolicyRequest {
  const values = new Map(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), [value].flat()] as const));
  return { ...rest, context: { values, absent: new Map() } };
}
