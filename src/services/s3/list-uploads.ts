/** What multipart uploads there are, and their parts. Source: Amazon S3 API Reference, "ListMultipartUploads", "ListParts". */

import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  ListPartsCommandInput,
  ListPartsCommandOutput,
} from "@aws-sdk/client-s3";
import { ok } from "../../base/result.ts";
import { bucketOf, type Handler, ownerOf } from "./call.ts";
import { commonPrefixes, encoder, markerPosition, readLimit } from "./list-objects.ts";
import { findUpload } from "./multipart.ts";
import { checksumMembers } from "./object-header.ts";
import type { StoredUpload } from "./store/stored-object.ts";

export const listMultipartUploads: Handler<
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput
> = async (input, call) => {
  const limit = readLimit(input.MaxUploads, "max-uploads");
  if (!limit.ok) return limit;
  const encode = encoder(input.EncodingType);
  if (!encode.ok) return encode;
  const { Prefix: prefix = "", Delimiter: delimiter, KeyMarker: marker, UploadIdMarker: uploadIdMarker } = input;
  const after = markerPosition({ Marker: marker, Prefix: prefix, Delimiter: delimiter });
  const page = call.store.uploads.list(call.bucketName, {
    prefix: Buffer.from(prefix),
    ...(delimiter ? { delimiter: Buffer.from(delimiter) } : {}),
    ...(after === undefined ? {} : { after }),
    ...(uploadIdMarker ? { afterUploadId: uploadIdMarker } : {}),
    limit: limit.value,
  });
  const owner = ownerOf(bucketOf(call).accountId);
  const last = page.entries.at(-1);
  const nextKey = last?.kind === "row" ? last.row.key : last?.prefix.toString("utf8");
  const next =
    page.next === undefined || nextKey === undefined
      ? {}
      : { NextKeyMarker: encode.value(nextKey), ...(last?.kind === "row" ? { NextUploadIdMarker: last.row.id } : {}) };
  return ok({
    output: {
      Bucket: call.bucketName,
      KeyMarker: encode.value(marker ?? ""),
      UploadIdMarker: uploadIdMarker ?? "",
      ...next,
      Prefix: encode.value(prefix),
      ...(delimiter ? { Delimiter: encode.value(delimiter) } : {}),
      ...(input.EncodingType === "url" ? { EncodingType: "url" as const } : {}),
      MaxUploads: limit.value,
      IsTruncated: page.next !== undefined,
      Uploads: page.entries.flatMap((entry) =>
        entry.kind === "row" ? [wireUpload(entry.row, encode.value(entry.row.key), owner)] : [],
      ),
      CommonPrefixes: commonPrefixes(page, encode.value),
    },
  });
};

export const listParts: Handler<ListPartsCommandInput, ListPartsCommandOutput> = async (input, call) => {
  const limit = readLimit(input.MaxParts, "max-parts");
  if (!limit.ok) return limit;
  const upload = findUpload(call, input.UploadId);
  if (!upload.ok) return upload;
  const after = Number(input.PartNumberMarker ?? 0) || 0;
  const parts = call.store.uploads.parts(upload.value.id).filter((part) => part.number > after);
  const page = parts.slice(0, limit.value);
  const owner = ownerOf(bucketOf(call).accountId);
  return ok({
    output: {
      Bucket: call.bucketName,
      Key: call.key,
      UploadId: upload.value.id,
      PartNumberMarker: String(after),
      NextPartNumberMarker: String(page.at(-1)?.number ?? after),
      MaxParts: limit.value,
      IsTruncated: parts.length > page.length,
      Parts: page.map((part) => {
        const { ChecksumType: _, ...checksum } = checksumMembers(part.checksum);
        const LastModified = new Date(part.modifiedAtMs);
        return { PartNumber: part.number, LastModified, ETag: `"${part.etag}"`, Size: part.sizeBytes, ...checksum };
      }),
      Initiator: { ID: upload.value.initiator },
      Owner: owner,
      StorageClass: "STANDARD",
    },
  });
};

function wireUpload(upload: StoredUpload, key: string, owner: { readonly ID: string }) {
  return {
    UploadId: upload.id,
    Key: key,
    Initiated: new Date(upload.createdAtMs),
    StorageClass: "STANDARD" as const,
    Owner: owner,
    Initiator: { ID: upload.initiator },
  };
}
