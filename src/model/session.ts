/** Temporary credentials that STS hands out. Source: AWS STS API Reference, "AssumeRole", "GetSessionToken", "GetFederationToken". */

import type { Resource } from "./resource.ts";

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
