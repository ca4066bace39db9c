/**
 * Which policies apply to a request: those of the caller, of his session, of the resource and of the endpoint that the
 * request came through. Each document is parsed once and remembered with the resource that holds it.
 * Source: IAM User Guide, "Policy evaluation logic"; PrivateLink guide, "Control access to VPC endpoints using endpoint policies".
 */

import { findAwsManagedPolicy } from "../model/aws-managed-policy.ts";
import type { Bucket } from "../model/bucket.ts";
import type { Group } from "../model/group.ts";
import type { ManagedPolicy } from "../model/managed-policy.ts";
import type { Role } from "../model/role.ts";
import type { Session } from "../model/session.ts";
import { find, findBy, type State } from "../model/state.ts";
import type { User } from "../model/user.ts";
import type { VpcEndpoint } from "../model/vpc-endpoint.ts";
import type { NamedPolicy, Policies } from "../policy/decide.ts";
import { parsePolicy } from "../policy/parse.ts";
import type { Policy, PolicyKind } from "../policy/policy.ts";
import type { Principal } from "../policy/request.ts";
import type { Ask } from "./authorise.ts";

export function policiesFor(state: State, ask: Ask): Policies {
  const own = ownPolicies(state, ask.principal);
  const endpoint = endpointPolicy(state, ask);
  const resource = resourcePolicy(state, ask);
  const { accessControlLists, publicAccessBlock } = ask;
  return {
    ...own,
    ...(endpoint === undefined ? undefined : { endpoint }),
    ...resource,
    ...(accessControlLists === undefined ? undefined : { accessControlLists }),
    ...(publicAccessBlock === undefined ? undefined : { publicAccessBlock }),
  };
}

type Own = Pick<Policies, "identity" | "boundary" | "session">;

function ownPolicies(state: State, principal: Principal): Own {
  switch (principal.kind) {
    case "root":
    case "anonymous":
    case "service":
    case "web-identity":
      return { identity: [] };
    case "user":
      return policiesOfUser(state, principal.userId);
    case "assumed-role": {
      const role = find(state, "role", principal.roleId);
      if (role === undefined) return { identity: [] };
      const own = holderPolicies(state, role, `role ${role.name}`);
      const session = sessionPolicies(state, principal.sessionId);
      return session.length === 0 ? own : { ...own, session };
    }
    // May do what both his issuer and the session policies allow; without session policies nothing.
    case "federated-user": {
      const own =
        principal.issuerUserId === undefined
          ? { identity: [everything()] }
          : policiesOfUser(state, principal.issuerUserId);
      return { ...own, session: sessionPolicies(state, principal.sessionId) };
    }
  }
}

function policiesOfUser(state: State, userId: string): Own {
  const user = find(state, "user", userId);
  if (user === undefined) return { identity: [] };
  const own = holderPolicies(state, user, `user ${user.name}`);
  const ofGroups = user.groupIds.flatMap((id) => {
    const group = find(state, "group", id);
    return group === undefined ? [] : holderPolicies(state, group, `group ${group.name}`).identity;
  });
  return ofGroups.length === 0 ? own : { ...own, identity: [...own.identity, ...ofGroups] };
}

/** What a user (with his groups), a role or a group is allowed by his own policies. */
export function policiesOfIdentity(
  state: State,
  kind: "user" | "role" | "group",
  holder: User | Role | Group,
): Pick<Policies, "identity" | "boundary"> {
  return kind === "user" ? policiesOfUser(state, holder.id) : holderPolicies(state, holder, `${kind} ${holder.name}`);
}

/** Inline and attached policies of a user, a role or a group, and the boundary where there is one. */
function holderPolicies(state: State, holder: User | Role | Group, name: string): Own {
  const inline = remembered(holder, () =>
    holder.inlinePolicies.map((one) => named(`inline policy ${one.name} of ${name}`, one.document, "identity")),
  );
  const attached = holder.attachedPolicyArns.flatMap((arn) => managedPolicy(state, arn));
  const identity = attached.length === 0 ? inline : [...inline, ...attached];
  const boundaryArn = "permissionsBoundaryArn" in holder ? holder.permissionsBoundaryArn : undefined;
  if (boundaryArn === undefined) return { identity };
  // A boundary that is gone allows nothing.
  const boundary = managedPolicy(state, boundaryArn)[0] ?? unreadable(boundaryArn, "permissions-boundary");
  return { identity, boundary };
}

function managedPolicy(state: State, arn: string): readonly NamedPolicy[] {
  const ofAws = findAwsManagedPolicy(arn);
  if (ofAws !== undefined) return remembered(ofAws, () => [named(arn, ofAws.document, "identity")]);
  const match = /^arn:aws:iam::(\d{12}):policy\/(?:.*\/)?([^/]+)$/.exec(arn);
  const key = `${match?.[1] ?? ""}/${(match?.[2] ?? "").toLowerCase()}`;
  const policy: ManagedPolicy | undefined = findBy(state, "managed-policy", "name", key)[0];
  if (policy === undefined) return [];
  return remembered(policy, () => {
    const version = policy.versions.find((one) => one.id === policy.defaultVersionId);
    return version === undefined ? [] : [named(arn, version.document, "identity")];
  });
}

function sessionPolicies(state: State, sessionId: string | undefined): readonly NamedPolicy[] {
  const session: Session | undefined = sessionId === undefined ? undefined : find(state, "session", sessionId);
  if (session === undefined) return [];
  const inline = remembered(session, () =>
    session.sessionPolicies.map((document, at) =>
      named(`session policy ${at + 1} of ${session.id}`, document, "session"),
    ),
  );
  return [...inline, ...session.sessionPolicyArns.flatMap((arn) => managedPolicy(state, arn))];
}

/** The endpoint's policy rules over requests to the endpoint's own service only. */
function endpointPolicy(state: State, ask: Ask): NamedPolicy | undefined {
  const { path } = ask;
  if (path.kind !== "gateway-endpoint" && path.kind !== "interface-endpoint") return undefined;
  const { kind, vpcEndpointId } = path;
  const endpoint: VpcEndpoint | undefined = find(state, "vpc-endpoint", vpcEndpointId);
  // What came through an endpoint that has been deleted since is let through by nothing.
  if (endpoint?.kind !== (kind === "gateway-endpoint" ? "Gateway" : "Interface"))
    return unreadable(vpcEndpointId, kind);
  const service = endpoint.serviceName.slice(endpoint.serviceName.lastIndexOf(".") + 1);
  if (!ask.action.toLowerCase().startsWith(`${service}:`)) return undefined;
  return remembered(endpoint, () => [named(endpoint.id, endpoint.policyDocument, kind)])[0];
}

function resourcePolicy(state: State, ask: Ask): Pick<Policies, "resource" | "resourceMustAllow"> | undefined {
  if (ask.bucketName !== undefined) {
    const bucket: Bucket | undefined = find(state, "bucket", ask.bucketName);
    const document = bucket?.policyDocument;
    if (bucket === undefined || document === undefined) return undefined;
    const principalIds = bucket.policyPrincipalIds ?? {};
    const resource = remembered(bucket, () => [
      { ...named(`bucket policy of ${bucket.id}`, document, "bucket"), principalIds },
    ])[0];
    return resource === undefined ? undefined : { resource };
  }
  const roleArn = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(ask.resource);
  if (roleArn === null || !trustActions.has(ask.action.toLowerCase())) return undefined;
  const role = findBy(state, "role", "name", `${roleArn[1] ?? ""}/${(roleArn[2] ?? "").toLowerCase()}`)[0];
  const resource = role === undefined ? undefined : trustPolicies(role)[0];
  return resource === undefined ? { resourceMustAllow: true } : { resource, resourceMustAllow: true };
}

/** Actions whose resource is a role and that its trust policy has to allow. */
const trustActions = new Set([
  "sts:assumerole",
  "sts:assumerolewithsaml",
  "sts:assumerolewithwebidentity",
  "sts:setsourceidentity",
  "sts:tagsession",
]);

function trustPolicies(role: Role): readonly NamedPolicy[] {
  let known = trusts.get(role);
  if (known === undefined) {
    const policy = named(`trust policy of role ${role.name}`, role.assumeRolePolicyDocument, "trust");
    known = [{ ...policy, principalIds: role.trustedPrincipalIds }];
    trusts.set(role, known);
  }
  return known;
}

/** Documents are immutable: a changed resource is another object. */
const memory = new WeakMap<object, readonly NamedPolicy[]>();
/** A role holds identity policies and a trust policy, so the latter are kept apart. */
const trusts = new WeakMap<Role, readonly NamedPolicy[]>();

function remembered(holder: object, make: () => readonly NamedPolicy[]): readonly NamedPolicy[] {
  let known = memory.get(holder);
  if (known === undefined) {
    known = make();
    memory.set(holder, known);
  }
  return known;
}

function named(name: string, document: string, kind: PolicyKind): NamedPolicy {
  const parsed = parsePolicy(document, kind);
  return parsed.ok ? { name, policy: parsed.value } : unreadable(name, kind);
}

/**
 * Stands for a document that cannot be read. Stored documents were checked when they came in, so this is damage, and
 * damage closes doors: a Deny that could not be read must not be forgotten.
 */
function unreadable(name: string, kind: PolicyKind): NamedPolicy {
  return { name: `unreadable ${name}`, policy: closed(kind) };
}

function closed(kind: PolicyKind): Policy {
  const principal = namesPrincipals.has(kind) ? '"Principal":"*",' : "";
  const resource = kind === "trust" ? '"Action":"sts:*"' : '"Action":"*","Resource":"*"';
  return parsedOrBug(`{"Version":"2012-10-17","Statement":{"Effect":"Deny",${principal}${resource}}}`, kind);
}

const namesPrincipals: ReadonlySet<PolicyKind> = new Set<PolicyKind>([
  "bucket",
  "trust",
  "gateway-endpoint",
  "interface-endpoint",
]);

function everything(): NamedPolicy {
  const text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
  return { name: "the root user's own rights", policy: parsedOrBug(text, "identity") };
}

function parsedOrBug(text: string, kind: PolicyKind): Policy {
  const parsed = parsePolicy(text, kind);
  if (parsed.ok) return parsed.value;
  throw new Error(`broken invariant: our own policy can be read as ${kind}`);
}
