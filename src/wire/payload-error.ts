/** What can be wrong with a streamed body. It shows only while the body is read, so it is thrown there. */

import type { ChecksumAlgorithm } from "./checksum.ts";

export type PayloadFailure =
  /** The body ended early. */
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed-chunk"; readonly detail: string }
  /** `chunk` counts from 0; undefined for the trailer's. */
  | {
      readonly kind: "wrong-chunk-signature";
      readonly chunk: number | undefined;
      readonly stringToSign: string;
      readonly signatureProvided: string;
    }
  /** The body is longer or shorter than the header said. */
  | { readonly kind: "wrong-length"; readonly declaredBytes: number; readonly actualBytes: number }
  /** x-amz-content-sha256 and the body differ. */
  | { readonly kind: "payload-mismatch"; readonly claimed: string; readonly actual: string }
  /** Base64; `header` is that which claimed it: `content-md5`, `x-amz-checksum-crc32`. */
  | {
      readonly kind: "checksum-mismatch";
      readonly algorithm: ChecksumAlgorithm;
      readonly header: string;
      readonly claimed: string;
      readonly actual: string;
    }
  /** A declared trailer did not come, or one came that was not declared. */
  | { readonly kind: "wrong-trailer"; readonly header: string }
  | { readonly kind: "invalid-checksum"; readonly header: string; readonly value: string }
  | { readonly kind: "several-checksums" }
  | { readonly kind: "unsupported-checksum"; readonly header: string }
  /** A chunked body without a valid x-amz-decoded-content-length. */
  | { readonly kind: "missing-length" };

/** Carries a failure out of a body: whoever reads must drop what he has read. */
export class PayloadError extends Error {
  readonly failure: PayloadFailure;

  constructor(failure: PayloadFailure) {
    super(`refuse a request body: ${failure.kind}`);
    this.failure = failure;
  }
}
