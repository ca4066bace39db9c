/**
 * Access control lists as clients write them: a canned one, grants in headers, or a document.
 * Source: Amazon S3 User Guide, "Access control list (ACL) overview"; S3 API Reference, "PutBucketAcl", "PutObjectAcl".
 */

import type { AccessControlPolicy, Grant, Grantee } from "@aws-sdk/client-s3";
import { err, ok, type Result } from "../../base/result.ts";
import { fullControlOf } from "../../model/bucket-access.ts";
import { type AclGrant, type AclGrantee, isPublicGrant } from "../../policy/access-control-list.ts";
import { refuse, s3Error, type S3Error } from "./s3-error.ts";

/** What every operation that takes a list takes in its headers. */
export interface AclHeaders {
  readonly ACL?: string | undefined;
  readonly GrantFullControl?: string | undefined;
  readonly GrantRead?: string | undefined;
  readonly GrantReadACP?: string | undefined;
  readonly GrantWrite?: string | undefined;
  readonly GrantWriteACP?: string | undefined;
}

/** Canonical user ids. Of a bucket's list both are the same. */
export interface Owners {
  readonly owner: string;
  readonly bucketOwner: string;
}

/** Those who own what anonymous callers write. */
export const anonymousOwner = "65a011a29cdf8ec533ec3d1ccaae921c";

const groupUri = {
  everyone: "http://acs.amazonaws.com/groups/global/AllUsers",
  "authenticated-users": "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
  "log-delivery": "http://acs.amazonaws.com/groups/s3/LogDelivery",
} as const;

/** Grants at most. Source: S3 User Guide, "Access control list (ACL) overview": "An ACL can have up to 100 grants." */
const maxGrants = 100;

/** The list that the headers ask for; undefined when they ask for none. */
export function readAclHeaders(headers: AclHeaders, owners: Owners): Result<readonly AclGrant[] | undefined, S3Error> {
  const named = grantHeaders(headers);
  if (headers.ACL !== undefined) {
    if (named.length > 0) {
      return refuse("InvalidRequest", { message: "Specifying both Canned ACLs and Header Grants is not allowed" });
    }
    return readCanned(headers.ACL, owners);
  }
  if (named.length === 0) return ok(undefined);
  const grants: AclGrant[] = [];
  for (const [header, permission] of named) {
    for (const item of header.split(",")) {
      const grantee = readHeaderGrantee(item.trim());
      if (!grantee.ok) return grantee;
      grants.push({ grantee: grantee.value, permission });
    }
  }
  return ok(grants);
}

/** The list of a document, which must name the owner that there is. */
export function readAclDocument(
  document: AccessControlPolicy,
  { owner }: Pick<Owners, "owner">,
): Result<readonly AclGrant[], S3Error> {
  const given = document.Owner?.ID;
  if (given === undefined || (document.Grants?.length ?? 0) > maxGrants) return refuse("MalformedACLError");
  if (given !== owner) return refuse("AccessDenied");
  const grants: AclGrant[] = [];
  for (const { Grantee: wanted, Permission: permission } of document.Grants ?? []) {
    if (wanted === undefined || permission === undefined || !permissions.has(permission)) {
      return refuse("MalformedACLError");
    }
    const grantee = readGrantee(wanted);
    if (!grantee.ok) return grantee;
    grants.push({ grantee: grantee.value, permission });
  }
  return ok(grants);
}

/** As answers show them. */
export function wireGrants(grants: readonly AclGrant[]): Grant[] {
  return grants.map(({ grantee, permission }) => ({
    Grantee:
      grantee.kind === "canonical-user"
        ? { Type: "CanonicalUser", ID: grantee.canonicalUserId }
        : { Type: "Group", URI: groupUri[grantee.kind] },
    Permission: permission,
  }));
}

/** The word of a header as a canned list's, for the few that a bucket without lists takes. */
export function isOwnersAlone(grants: readonly AclGrant[], { bucketOwner }: Owners): boolean {
  return grants.every(
    ({ grantee, permission }) =>
      grantee.kind === "canonical-user" && grantee.canonicalUserId === bucketOwner && permission === "FULL_CONTROL",
  );
}

export function isPublicList(grants: readonly AclGrant[]): boolean {
  return grants.some(isPublicGrant);
}

const permissions: ReadonlySet<string> = new Set(["READ", "WRITE", "READ_ACP", "WRITE_ACP", "FULL_CONTROL"]);

function grantHeaders(headers: AclHeaders): readonly (readonly [string, AclGrant["permission"]])[] {
  const all = [
    [headers.GrantRead, "READ"],
    [headers.GrantWrite, "WRITE"],
    [headers.GrantReadACP, "READ_ACP"],
    [headers.GrantWriteACP, "WRITE_ACP"],
    [headers.GrantFullControl, "FULL_CONTROL"],
  ] as const;
  return all.flatMap(([header, permission]) => (header === undefined ? [] : [[header, permission] as const]));
}

function readCanned(name: string, { owner, bucketOwner }: Owners): Result<readonly AclGrant[], S3Error> {
  const own = fullControlOf(owner);
  const to = (kind: keyof typeof groupUri, permission: AclGrant["permission"]): AclGrant => ({
    grantee: { kind },
    permission,
  });
  switch (name) {
    // The last lets EC2 read machine images, which this region has none of.
    case "private":
    case "aws-exec-read":
      return ok([own]);
    case "public-read":
      return ok([own, to("everyone", "READ")]);
    case "public-read-write":
      return ok([own, to("everyone", "READ"), to("everyone", "WRITE")]);
    case "authenticated-read":
      return ok([own, to("authenticated-users", "READ")]);
    case "log-delivery-write":
      return ok([own, to("log-delivery", "WRITE"), to("log-delivery", "READ_ACP")]);
    case "bucket-owner-read":
      return ok(owner === bucketOwner ? [own] : [own, { ...fullControlOf(bucketOwner), permission: "READ" }]);
    case "bucket-owner-full-control":
      return ok(owner === bucketOwner ? [own] : [own, fullControlOf(bucketOwner)]);
    default:
      return refuse("InvalidArgument", {
        message: "Invalid canned ACL",
        details: { ArgumentName: "x-amz-acl", ArgumentValue: name },
      });
  }
}

/** `id="…"`, `uri="…"` or `emailAddress="…"`; the quotes may be left out. */
function readHeaderGrantee(item: string): Result<AclGrantee, S3Error> {
  const match = /^(id|uri|emailAddress)\s*=\s*"?([^"]*)"?$/i.exec(item);
  const [, kind = "", value = ""] = match ?? [];
  switch (kind.toLowerCase()) {
    case "id":
      return readUser(value);
    case "uri":
      return readGroup(value);
    case "emailaddress":
      return refuse("UnresolvableGrantByEmailAddress");
    default:
      return refuse("InvalidArgument", { message: "Argument format not recognized" });
  }
}

function readGrantee(wire: Grantee): Result<AclGrantee, S3Error> {
  const type: string = wire.Type ?? "";
  switch (type) {
    case "CanonicalUser":
      return readUser(wire.ID ?? "");
    case "Group":
      return readGroup(wire.URI ?? "");
    case "AmazonCustomerByEmail":
      return refuse("UnresolvableGrantByEmailAddress");
    default:
      return refuse("MalformedACLError");
  }
}

function readUser(id: string): Result<AclGrantee, S3Error> {
  if (/^[0-9a-f]{64}$/.test(id)) return ok({ kind: "canonical-user", canonicalUserId: id });
  return err(
    s3Error("InvalidArgument", {
      message: "Invalid id",
      details: { ArgumentName: "CanonicalUser/ID", ArgumentValue: id },
    }),
  );
}

function readGroup(uri: string): Result<AclGrantee, S3Error> {
  const kind = (Object.keys(groupUri) as (keyof typeof groupUri)[]).find((one) => groupUri[one] === uri);
  if (kind !== undefined) return ok({ kind });
  return refuse("InvalidArgument", {
    message: "Invalid group uri",
    details: { ArgumentName: "Group/URI", ArgumentValue: uri },
  });
}
