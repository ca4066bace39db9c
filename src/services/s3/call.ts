/** What an operation sees of its request, and what it answers. */

import type { IncomingHttpHeaders } from "node:http";
import type { Result } from "../../base/result.ts";
import { assert } from "../../base/assert.ts";
import type { Bucket } from "../../model/bucket.ts";
import { canonicalUserId } from "../../model/canonical-user.ts";
import type { State } from "../../model/state.ts";
import type { Control } from "../../model/verb.ts";
import type { Caller } from "./authenticate.ts";
import type { Gate } from "./gate.ts";
import type { RequestBody } from "./request-body.ts";
import type { S3Error } from "./s3-error.ts";
import type { ObjectStore } from "./store/object-store.ts";
import type { OpenContent } from "./store/content-table.ts";

export interface S3Call {
  readonly control: Control;
  readonly store: ObjectStore;
  /** As it was when the request began. */
  readonly state: State;
  readonly caller: Caller;
  /** Where the bucket of the address exists. */
  readonly bucket?: Bucket;
  /** As addressed; empty when the path names none. */
  readonly bucketName: string;
  /** Empty when the path names none. */
  readonly key: string;
  /** The region that the endpoint stands for. */
  readonly region: string;
  readonly headers: IncomingHttpHeaders;
  /** Decoded; of a repeated parameter the first value. */
  readonly query: ReadonlyMap<string, string>;
  readonly gate: Gate;
  readonly body: RequestBody;
  readonly nowMs: number;
  readonly requestId: string;
}

export interface Answer<O> {
  /** As the SDK's output type has it. */
  readonly output: O;
  /** When it is not the operation's own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The bytes of an object; disposed of by whoever sends them. */
  readonly content?: { readonly open: OpenContent; readonly sizeBytes: number };
}

export type Handler<I, O> = (input: I, call: S3Call) => Promise<Result<Answer<Output<O>>, S3Error>>;

/** The SDK's output types without what the client adds. */
export type Output<O> = Omit<O, "$metadata">;

/** The bucket; only for operations that the server lets through when it exists. */
export function bucketOf(call: S3Call): Bucket {
  assert(call.bucket !== undefined, "operations on a bucket run only when it exists");
  return call.bucket;
}

export interface Owner {
  readonly ID: string;
}

/** As S3 writes owners; display names are gone since 2025. */
export function ownerOf(accountId: string): Owner {
  return { ID: canonicalUserId(accountId) };
}

/** Whether the bucket still stands and lets things in; for guards of the store. */
export function isOpen(call: S3Call): boolean {
  const bucket = call.control.state().tables.bucket.byId.get(call.bucketName);
  return (
    bucket !== undefined && bucket.createdAtMs === call.bucket?.createdAtMs && !call.store.isClosing(call.bucketName)
  );
}
