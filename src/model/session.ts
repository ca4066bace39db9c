/** Temporary credentials that STS hands out. Source: AWS STS API Reference, "AssumeRole", "GetSessionToken", "GetFederationToken". */

import { parseArn } from "../base/arn.ts";
import type { Result } from "../base/result.ts";
import { ok } from "../base/result.ts";
import type { ApiError } from "./error.ts";
import { fail, textOf } from "./error.ts";
import { roleArn } from "./iam-arn.ts";
import type { Constraint } from "./iam-constraint.ts";
import { checked } from "./iam-constraint.ts";
import { checkedDocument, documentSize } from "./iam-document.ts";
import { makeAccessKeyId, makeSecretAccessKey, makeSessionToken } from "./iam-id.ts";
import { findByName, iamRegion } from "./iam-name.ts";
import { checkedTags } from "./iam-tag.ts";
import type { InstanceOrigin } from "./instance-session.ts";
import { policyFor } from "./managed-policy.ts";
import type { Resource, Tags } from "./resource.ts";
import type { Role } from "./role.ts";
import type { Change, State } from "./state.ts";
import { all, find, put, remove } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

/** `tags` are the session's tags: what `aws:PrincipalTag` says beside the role's own. */
export interface Session extends Resource {
  /** `ASIA…`: the access key id. */
  readonly id: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly principal: SessionPrincipal;
  /** Session policies: inline documents, exactly as passed. */
  readonly sessionPolicies: readonly string[];
  readonly sessionPolicyArns: readonly string[];
  /** Session tags that go on to the roles which this session assumes. */
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** The instance whose metadata service handed it out. */
  readonly instance?: InstanceOrigin;
}

export type SessionPrincipal = AssumedRole | SessionUser | SessionRoot | FederatedUser;

export interface AssumedRole {
  readonly kind: "assumed-role";
  readonly roleId: string;
  readonly sessionName: string;
}

/** Of GetSessionToken: the user himself. */
export interface SessionUser {
  readonly kind: "user";
  readonly userId: string;
}

/** Of GetSessionToken: the root user of the session's account. */
export interface SessionRoot {
  readonly kind: "root";
}

/** Of GetFederationToken: may do what both the issuer and the session policies allow. */
export interface FederatedUser {
  readonly kind: "federated-user";
  readonly name: string;
  /** The unique id of the user who asked; absent when it was the root user. */
  readonly issuerUserId?: string;
}

/** A new session, with what the answer tells of it. */
export interface Issued {
  readonly session: Session;
  /** How much of the space for session policies and tags is taken, in percent; absent when none were passed. */
  readonly packedPolicySize?: number;
}

/** What makes a session narrower than its principal. */
export interface SessionScope {
  readonly policy?: string;
  readonly policyArns: readonly string[];
  readonly tags: Tags;
}

export interface AssumeRole extends SessionScope {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds?: number;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  /** What a refusal calls the caller. */
  readonly callerName: string;
  /** The caller's session, where he has one: its transitive tags and its source identity go on. */
  readonly callerSessionId?: string;
}

/**
 * A session of a role. Whether the caller may assume it is decided before. Fails with ValidationError, AccessDenied (also
 * for a role that does not exist), MalformedPolicyDocument or PackedPolicyTooLarge.
 */
export function assumeRole(
  state: State,
  input: AssumeRole,
  context: Context,
): Outcome<Issued & { readonly role: Role }> {
  const wrong = checked(assumeRoleConstraints(input));
  if (!wrong.ok) return wrong;
  const role = findRole(state, input.roleArn);
  if (role === undefined) {
    // AWS does not tell whether the role exists.
    const { callerName, roleArn: arn } = input;
    return fail("AccessDenied", {
      message: `User: ${callerName} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    });
  }
  const caller = input.callerSessionId === undefined ? undefined : find(state, "session", input.callerSessionId);
  const duration = assumedDuration(input, role, caller);
  if (!duration.ok) return duration;
  const inherited = inheritedBy(input, caller);
  if (!inherited.ok) return inherited;
  const packed = packedSize(state, input, role.accountId);
  if (!packed.ok) return packed;
  const { sourceIdentity, tags, transitiveTagKeys } = inherited.value;
  const session: Session = {
    ...issuedSession(role.accountId, duration.value, context),
    tags,
    principal: { kind: "assumed-role", roleId: role.id, sessionName: input.sessionName },
    sessionPolicies: input.policy === undefined ? [] : [input.policy],
    sessionPolicyArns: input.policyArns,
    transitiveTagKeys,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
  return ok({ changes: [put("session", session)], value: { session, role, ...packed.value } });
}

/** The role with this ARN, in any account. */
function findRole(state: State, arn: string): Role | undefined {
  const parsed = parseArn(arn);
  if (parsed?.service !== "iam" || !parsed.resource.startsWith("role/")) return undefined;
  const name = parsed.resource.slice(parsed.resource.lastIndexOf("/") + 1);
  const role = findByName(state, "role", parsed.accountId, name);
  return role !== undefined && roleArn(role) === arn ? role : undefined;
}

function assumeRoleConstraints(input: AssumeRole): readonly Constraint[] {
  return [
    { parameter: "roleArn", value: input.roleArn, min: 20, max: 2048 },
    { parameter: "roleSessionName", value: input.sessionName, min: 2, max: 64, pattern: /[\w+=,.@-]*/u },
    { parameter: "durationSeconds", value: input.durationSeconds, min: 900, max: 43_200 },
    { parameter: "sourceIdentity", value: input.sourceIdentity, min: 2, max: 64, pattern: /[\w+=,.@-]*/u },
  ];
}

/** Source: AWS STS API Reference, "AssumeRole", DurationSeconds. */
function assumedDuration(input: AssumeRole, role: Role, caller: Session | undefined): Result<number, ApiError> {
  const duration = input.durationSeconds ?? 3600;
  if (caller !== undefined && duration > 3600) {
    return fail("ValidationError", {
      message: "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    });
  }
  if (duration <= role.maxSessionDurationSeconds) return ok(duration);
  return fail("ValidationError", {
    message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
  });
}

/** Source: IAM User Guide, "Pass session tags in AWS STS", section "Chaining roles with session tags". */
function inheritedBy(
  input: AssumeRole,
  caller: Session | undefined,
): Result<Pick<Session, "tags" | "transitiveTagKeys" | "sourceIdentity">, ApiError> {
  const sourceIdentity = input.sourceIdentity ?? caller?.sourceIdentity;
  if (caller?.sourceIdentity !== undefined && sourceIdentity !== caller.sourceIdentity) {
    // ASSUMPTION: AWS documents that the source identity cannot be changed, not in which words it is refused.
    return fail("AccessDenied", { message: "The source identity of a session cannot be changed by role chaining" });
  }
  const transitive = new Set((caller?.transitiveTagKeys ?? []).map((key) => key.toLowerCase()));
  const handedOn = (caller?.tags ?? []).filter((one) => transitive.has(one.key.toLowerCase()));
  const clash = input.tags.find((one) => transitive.has(one.key.toLowerCase()));
  if (clash !== undefined) {
    // ASSUMPTION: AWS documents that a transitive tag cannot be overridden, not in which words it is refused.
    return fail("ValidationError", { message: `The session tag ${clash.key} is transitive and cannot be overridden` });
  }
  const passed = new Set(input.tags.map((one) => one.key.toLowerCase()));
  const unknown = input.transitiveTagKeys.find((key) => !passed.has(key.toLowerCase()));
  if (unknown !== undefined) {
    return fail("ValidationError", { message: `The transitive tag key ${unknown} must be among the session tags` });
  }
  return ok({
    tags: [...input.tags, ...handedOn],
    transitiveTagKeys: [...input.transitiveTagKeys, ...handedOn.map((one) => one.key)],
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  });
}

export interface GetSessionToken {
  readonly durationSeconds?: number;
  readonly principal: SessionUser | SessionRoot;
}

/** A session of the caller himself. The root user's lasts at most an hour. */
export function getSessionToken(_state: State, input: GetSessionToken, context: Context): Outcome<Issued> {
  const wrong = checked([longDuration(input.durationSeconds)]);
  if (!wrong.ok) return wrong;
  const session: Session = {
    ...issuedSession(
      context.accountId,
      callerDuration(input.durationSeconds, input.principal.kind === "root"),
      context,
    ),
    tags: [],
    principal: input.principal,
    sessionPolicies: [],
    sessionPolicyArns: [],
    transitiveTagKeys: [],
  };
  return ok({ changes: [put("session", session)], value: { session } });
}

export interface GetFederationToken extends SessionScope {
  readonly name: string;
  readonly durationSeconds?: number;
  /** Absent when the root user asks. */
  readonly issuerUserId?: string;
}

/** A session for somebody whom the caller vouches for; without session policies it may do next to nothing. */
export function getFederationToken(state: State, input: GetFederationToken, context: Context): Outcome<Issued> {
  const { name, issuerUserId } = input;
  const wrong = checked([
    { parameter: "name", value: name, min: 2, max: 32, pattern: /[\w+=,.@-]*/u },
    longDuration(input.durationSeconds),
  ]);
  if (!wrong.ok) return wrong;
  const packed = packedSize(state, input, context.accountId);
  if (!packed.ok) return packed;
  const session: Session = {
    ...issuedSession(context.accountId, callerDuration(input.durationSeconds, issuerUserId === undefined), context),
    tags: input.tags,
    principal: { kind: "federated-user", name, ...(issuerUserId === undefined ? {} : { issuerUserId }) },
    sessionPolicies: input.policy === undefined ? [] : [input.policy],
    sessionPolicyArns: input.policyArns,
    transitiveTagKeys: [],
  };
  return ok({ changes: [put("session", session)], value: { session, ...packed.value } });
}

function longDuration(value: number | undefined): Constraint {
  return { parameter: "durationSeconds", value, min: 900, max: 129_600 };
}

/** Source: AWS STS API Reference, "GetSessionToken": 12 hours unless said otherwise, and one hour for the root user. */
function callerDuration(durationSeconds: number | undefined, isRoot: boolean): number {
  const wanted = durationSeconds ?? 43_200;
  return isRoot ? Math.min(wanted, 3600) : wanted;
}

type Fresh = Pick<
  Session,
  "id" | "accountId" | "region" | "createdAtMs" | "secretAccessKey" | "sessionToken" | "expiresAtMs"
>;

/** Who and for how long, with fresh secrets. */
export function issuedSession(accountId: string, durationSeconds: number, context: Context): Fresh {
  return {
    id: makeAccessKeyId("ASIA", context.hex),
    accountId,
    region: iamRegion,
    createdAtMs: context.nowMs,
    secretAccessKey: makeSecretAccessKey(context.hex),
    sessionToken: makeSessionToken(context.hex),
    expiresAtMs: context.nowMs + durationSeconds * 1000,
  };
}

/** Source: AWS STS API Reference, "AssumeRole": 2,048 characters of plain text and at most 10 ARNs. */
const packedLimit = 2048;

/**
 * The size of what is passed with a session. ASSUMPTION: AWS packs policies and tags into an undocumented binary form;
 * here the plain characters of ARNs, keys and values and of the policy without white space count.
 */
function packedSize(
  state: State,
  scope: SessionScope,
  accountId: string,
): Result<Pick<Issued, "packedPolicySize">, ApiError> {
  if (scope.policyArns.length > 10) {
    return fail("ValidationError", {
      message: `1 validation error detected: Value '[${scope.policyArns.join(", ")}]' at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10`,
    });
  }
  const tags = checkedTags(scope.tags);
  if (!tags.ok) return tags;
  for (const arn of scope.policyArns) {
    const policy = policyFor(state, accountId, arn);
    if (!policy.ok) return fail("ValidationError", { message: textOf(policy.error) });
  }
  const document = scope.policy === undefined ? ok(undefined) : checkedDocument("session", scope.policy, "policy");
  if (!document.ok) return document;
  const policySize = documentSize(scope.policy ?? "");
  const arnSize = scope.policyArns.reduce((sum, arn) => sum + arn.length, 0);
  const tagSize = scope.tags.reduce((sum, one) => sum + one.key.length + one.value.length, 0);
  const size = policySize + arnSize + tagSize;
  if (size === 0) return ok({});
  const packedPolicySize = Math.ceil((100 * size) / packedLimit);
  if (packedPolicySize <= 100) return ok({ packedPolicySize });
  return fail("PackedPolicyTooLarge", {
    message: `Packed policy consumes ${packedPolicySize}% of allotted space, please use smaller policy.`,
  });
}

/** How long an expired session is remembered, so that its holder is told that it expired. */
const rememberedMs = 3_600_000;

/** The changes that forget sessions which expired more than an hour ago. */
export function expiredSessions(state: State, nowMs: number): Change[] {
  const changes: Change[] = [];
  for (const session of all(state, "session")) {
    if (session.expiresAtMs + rememberedMs <= nowMs) changes.push(remove("session", session.id));
  }
  return changes;
}
