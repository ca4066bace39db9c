/**
 * Access control lists of S3, which grant beside the bucket policy where the bucket's ownership leaves them in force.
 * Source: Amazon S3 User Guide, "Access control list (ACL) overview": "Mapping of ACL permissions and access policy permissions".
 */

import { accountOf, type Grant } from "./principal.ts";
import type { PolicyRequest } from "./request.ts";

/** INVARIANT: the list is in force: with bucket-owner-enforced ownership, the default of new buckets, there is none. */
export interface AccessControlList {
  readonly of: "bucket" | "object";
  readonly grants: readonly AclGrant[];
}

export interface AclGrant {
  readonly grantee: AclGrantee;
  readonly permission: "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP" | "FULL_CONTROL";
}

/** `everyone`, `authenticated-users` and `log-delivery` are the groups AllUsers, AuthenticatedUsers and LogDelivery. */
export type AclGrantee =
  | { readonly kind: "canonical-user"; readonly canonicalUserId: string }
  | { readonly kind: "everyone" }
  | { readonly kind: "authenticated-users" }
  | { readonly kind: "log-delivery" };

/**
 * How strongly the list grants the action to the caller, or undefined. An account that is granted something has to pass it
 * on to its users and roles.
 */
export function aclGrantOf(list: AccessControlList, request: PolicyRequest, ignorePublic: boolean): Grant | undefined {
  const permission = permissionFor(list, request.action);
  if (permission === undefined) return undefined;
  const grants = list.grants
    .filter((grant) => grant.permission === "FULL_CONTROL" || grant.permission === permission)
    .filter((grant) => !ignorePublic || !isPublicGrant(grant))
    .map(({ grantee }) => granteeGrant(grantee, request));
  return grants.find((grant) => grant === "direct") ?? grants.find((grant) => grant !== undefined);
}

/** Whether the grant is to everyone or to everyone with an account of AWS. */
export function isPublicGrant({ grantee }: AclGrant): boolean {
  return grantee.kind === "everyone" || grantee.kind === "authenticated-users";
}

function granteeGrant(grantee: AclGrantee, { principal, canonicalUserId }: PolicyRequest): Grant | undefined {
  const ofAccount = principal.kind === "root" ? "direct" : "account";
  switch (grantee.kind) {
    case "everyone":
      return "direct";
    // The group holds a service of AWS's alone, which asks for itself.
    case "log-delivery":
      return undefined;
    case "authenticated-users":
      return accountOf(principal) === undefined ? undefined : ofAccount;
    case "canonical-user":
      return accountOf(principal) !== undefined && grantee.canonicalUserId === canonicalUserId ? ofAccount : undefined;
  }
}

function permissionFor({ of }: AccessControlList, action: string): AclGrant["permission"] | undefined {
  return (of === "bucket" ? bucketPermissions : objectPermissions).get(action.toLowerCase());
}

const bucketPermissions: ReadonlyMap<string, AclGrant["permission"]> = new Map([
  ["s3:listbucket", "READ"],
  ["s3:listbucketversions", "READ"],
  ["s3:listbucketmultipartuploads", "READ"],
  ["s3:putobject", "WRITE"],
  ["s3:deleteobject", "WRITE"],
  ["s3:deleteobjectversion", "WRITE"],
  ["s3:getbucketacl", "READ_ACP"],
  ["s3:putbucketacl", "WRITE_ACP"],
] as const);

const objectPermissions: ReadonlyMap<string, AclGrant["permission"]> = new Map([
  ["s3:getobject", "READ"],
  ["s3:getobjectversion", "READ"],
  ["s3:getobjecttorrent", "READ"],
  ["s3:getobjectacl", "READ_ACP"],
  ["s3:getobjectversionacl", "READ_ACP"],
  ["s3:putobjectacl", "WRITE_ACP"],
  ["s3:putobjectversionacl", "WRITE_ACP"],
] as const);
