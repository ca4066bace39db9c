/** Storing and deleting objects. Source: Amazon S3 API Reference, "PutObject", "DeleteObject", "DeleteObjects". */

import type {
  DeletedObject,
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  DeleteObjectsCommandInput,
  DeleteObjectsCommandOutput,
  ObjectIdentifier,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from "@aws-sdk/client-s3";
import { err, ok } from "../../base/result.ts";
import { accessOfNewObject } from "./access-control.ts";
import { type Handler, isOpen, type S3Call } from "./call.ts";
import { checksumMembers, readAttributes, refuseUnserved } from "./object-header.ts";
import { refuseVersion } from "./object-read.ts";
import { refuseWrite } from "./precondition.ts";
import { refuse, s3Error, type S3Error, unservedHeader } from "./s3-error.ts";
import type { Guard } from "./store/object-store.ts";

export const putObject: Handler<PutObjectCommandInput, PutObjectCommandOutput> = async (input, call) => {
  const guard = writeGuard(call, input);
  const at = { bucket: call.bucketName, key: call.key };
  const refused = refuseUnserved(call.headers) ?? refuseConditions(input.IfNoneMatch) ?? guard(call.store.find(at));
  if (refused !== undefined) return err(refused);
  const attributes = readAttributes(call.headers);
  if (!attributes.ok) return attributes;
  const access = accessOfNewObject(call, input);
  if (!access.ok) return access;
  const received = await call.body.receive({ take: call.store.receive, algorithm: "CRC64NVME" });
  if (!received.ok) return received;
  await using draft = received.value.draft;
  const { checksum } = received.value;
  const etag = draft.md5.toString("hex");
  const object = {
    ...at,
    etag,
    modifiedAtMs: call.nowMs,
    attributes: { ...attributes.value, ...access.value, checksum },
  };
  const stored = await call.store.put(object, draft, guard);
  if (!stored.ok) return stored;
  draft.adopt();
  return ok({ output: { ETag: `"${etag}"`, ServerSideEncryption: "AES256", ...checksumMembers(checksum) } });
};

export const deleteObject: Handler<DeleteObjectCommandInput, DeleteObjectCommandOutput> = async (input, call) => {
  const version = refuseVersion(input.VersionId, call.key);
  // Deleting a version that is not there is no failure.
  if (version?.code === "NoSuchVersion") return ok({ output: {} });
  if (version !== undefined) return err(version);
  const { IfMatch: ifMatch } = input;
  const at = { bucket: call.bucketName, key: call.key };
  const deleted = await call.store.delete(at, (current) => refuseWrite(current, { ifMatch }));
  return deleted.ok ? ok({ output: {} }) : deleted;
};

const maxDeletedKeys = 1000;

/**
 * ASSUMPTION: DeleteObjects without Content-MD5 or checksum is taken, though S3 demands one; if there is one it is
 * verified.
 */
export const deleteObjects: Handler<DeleteObjectsCommandInput, DeleteObjectsCommandOutput> = async (input, call) => {
  const objects = input.Delete?.Objects ?? [];
  if (objects.length === 0 || objects.length > maxDeletedKeys) return refuse("MalformedXML");
  // All go into one transaction: the store gathers what is asked for in the same turn.
  const outcomes = await Promise.all(objects.map((one) => deleteOne(call, one)));
  const failed = outcomes.flatMap(({ key, error }) => (error === undefined ? [] : [{ key, error }]));
  const deleted = outcomes.filter(({ error }) => error === undefined);
  const quiet = input.Delete?.Quiet === true;
  return ok({
    headers: failed[0]?.error.headers ?? {},
    output: {
      ...(quiet ? {} : { Deleted: deleted.map(({ key }): DeletedObject => ({ Key: key })) }),
      Errors: failed.map(({ key, error }) => ({ Key: key, Code: error.code, Message: error.message })),
    },
  });
};

/** Whether a conditional write asks for more than S3 offers. */
export function refuseConditions(ifNoneMatch: string | undefined): S3Error | undefined {
  return ifNoneMatch === undefined || ifNoneMatch === "*" ? undefined : unservedHeader("If-None-Match");
}

/** Looks again in the moment of the change: the bucket must still stand and the conditions still hold. */
export function writeGuard(
  call: S3Call,
  input: { readonly IfMatch?: string | undefined; readonly IfNoneMatch?: string | undefined },
): Guard<S3Error> {
  const { IfMatch: ifMatch, IfNoneMatch: ifNoneMatch } = input;
  return (current) => {
    if (!isOpen(call)) return s3Error("NoSuchBucket", { details: { BucketName: call.bucketName } });
    return refuseWrite(current, { ifMatch, ifNoneMatch });
  };
}

interface Deletion {
  readonly key: string;
  readonly error?: S3Error;
}

async function deleteOne(call: S3Call, one: ObjectIdentifier): Promise<Deletion> {
  const key = one.Key ?? "";
  const { bucketName } = call;
  const version = refuseVersion(one.VersionId, key);
  if (version !== undefined && version.code !== "NoSuchVersion") return { key, error: version };
  const action = one.VersionId === undefined ? "s3:DeleteObject" : "s3:DeleteObjectVersion";
  const error = call.gate.refuse({ action, bucketName, key });
  if (error !== undefined) return { key, error };
  if (version !== undefined) return { key };
  const ifMatch = one.ETag;
  const deleted = await call.store.delete({ bucket: bucketName, key }, (current) => refuseWrite(current, { ifMatch }));
  return deleted.ok ? { key } : { key, error: deleted.error };
}
