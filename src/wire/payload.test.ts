import { createHmac, createSecretKey, hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checksumOf } from "./checksum.ts";
import { openPayload, type PayloadOptions } from "./payload.ts";
import { PayloadError, type PayloadFailure } from "./payload-error.ts";
import { type ChunkSigning, type PayloadClaim, signingKeyOf } from "./sigv4.ts";

const signing: ChunkSigning = {
  key: signingKeyOf("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {
    date: "20130524",
    region: "us-east-1",
    service: "s3",
  }),
  amzDate: "20130524T000000Z",
  scope: "20130524/us-east-1/s3/aws4_request",
  seedSignature: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
};

const signedChunks: PayloadClaim = { kind: "chunks", signed: true, trailer: false };
const signedTrailer: PayloadClaim = { kind: "chunks", signed: true, trailer: true };
const unsignedTrailer: PayloadClaim = { kind: "chunks", signed: false, trailer: true };

interface Read {
  readonly bytes: Buffer;
  readonly checksums: ReadonlyMap<string, string>;
}

/** What is read of the body when it arrives in these pieces, or the failure. */
async function read(
  options: Omit<PayloadOptions, "source">,
  pieces: readonly Uint8Array[],
): Promise<Read | PayloadFailure> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* pieces;
  }
  const payload = openPayload({ ...options, source: source() });
  if (!payload.ok) return payload.error;
  const parts: Uint8Array[] = [];
  try {
    for await (const part of payload.value.body) parts.push(part);
  } catch (thrown) {
    if (thrown instanceof PayloadError) return thrown.failure;
    throw thrown;
  }
  return { bytes: Buffer.concat(parts), checksums: payload.value.checksums };
}

function splitAt(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

/** 65 KiB of `a`. Source: S3 API Reference, "Transferring Payload in Multiple Chunks", example. */
const example = Buffer.alloc(66_560, "a");
const exampleBody = Buffer.concat([
  Buffer.from("10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"),
  example.subarray(0, 65_536),
  Buffer.from("\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"),
  example.subarray(65_536),
  Buffer.from("\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"),
]);
const exampleOptions = { claim: signedChunks, signing, headers: { "x-amz-decoded-content-length": "66560" } };

describe("signed chunks", () => {
  test.each([1, 7, 64, 1000, 65_536, 100_000])("AWS's example in pieces of %d", async (size) => {
    expect(await read(exampleOptions, splitAt(exampleBody, size))).toMatchObject({ bytes: example });
  });

  const tampered = (at: number): Buffer => {
    const copy = Buffer.from(exampleBody);
    copy[at] = (copy[at] ?? 0) ^ 1;
    return copy;
  };
  const secondHead = exampleBody.indexOf("\r\n400;");

  test.each([
    ["a byte of the first chunk", tampered(100), { kind: "wrong-chunk-signature", chunk: 0 }],
    ["a byte of the second chunk", tampered(secondHead + 100), { kind: "wrong-chunk-signature", chunk: 1 }],
    ["a digit of the last signature", tampered(exampleBody.length - 5), { kind: "wrong-chunk-signature", chunk: 2 }],
    ["cut before the last chunk", exampleBody.subarray(0, exampleBody.length - 90), { kind: "incomplete" }],
    ["cut in a chunk", exampleBody.subarray(0, 5000), { kind: "incomplete" }],
    ["cut in the last line end", exampleBody.subarray(0, exampleBody.length - 1), { kind: "incomplete" }],
    ["more behind the end", Buffer.concat([exampleBody, Buffer.from("x")]), { kind: "malformed-chunk" }],
    [
      "an unannounced trailer",
      Buffer.concat([exampleBody.subarray(0, -2), Buffer.from("a:b\r\n\r\n")]),
      { kind: "malformed-chunk" },
    ],
    ["no size", Buffer.from("xyz;chunk-signature=00\r\n"), { kind: "malformed-chunk" }],
    ["no signature", Buffer.from("1\r\na\r\n"), { kind: "malformed-chunk" }],
    ["an endless line", Buffer.alloc(9000, "1"), { kind: "malformed-chunk" }],
    ["a bare line feed", Buffer.from("0\n\n"), { kind: "malformed-chunk" }],
  ])("%s", async (_, body, failure) => {
    expect(await read(exampleOptions, [body])).toMatchObject(failure);
  });

  test("chunks cannot change places", async () => {
    const first = chunk("aaaa", signing.seedSignature);
    const second = chunk("bbbb", first.signature);
    const last = chunk("", second.signature);
    const options = { claim: signedChunks, signing, headers: { "x-amz-decoded-content-length": "8" } };
    expect(await read(options, [Buffer.from(first.text + second.text + last.text)])).toMatchObject({
      bytes: Buffer.from("aaaabbbb"),
    });
    expect(await read(options, [Buffer.from(second.text + first.text + last.text)])).toMatchObject({
      kind: "wrong-chunk-signature",
      chunk: 0,
    });
    expect(await read(options, [Buffer.from(first.text + last.text)])).toMatchObject({
      kind: "wrong-chunk-signature",
      chunk: 1,
    });
  });

  test("the decoded length must be told and true", async () => {
    expect(await read({ ...exampleOptions, headers: {} }, [exampleBody])).toEqual({ kind: "missing-length" });
    expect(
      await read({ ...exampleOptions, headers: { "x-amz-decoded-content-length": "66559" } }, [exampleBody]),
    ).toMatchObject({ kind: "wrong-length" });
    expect(
      await read({ ...exampleOptions, headers: { "x-amz-decoded-content-length": "66561" } }, [exampleBody]),
    ).toMatchObject({ kind: "wrong-length", actualBytes: 66_560 });
  });

  test("an anonymous request cannot have them", async () => {
    expect(await read({ ...exampleOptions, signing: undefined }, [exampleBody])).toMatchObject({
      kind: "malformed-chunk",
    });
  });
});

describe("signed chunks with a trailer", () => {
  /** Source: S3 API Reference, "Transferring Payload in Multiple Chunks … Including Trailing Headers", example. */
  const trailerSigning = {
    ...signing,
    seedSignature: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
  };
  const body = (checksum: string, signature: string): Buffer =>
    Buffer.concat([
      Buffer.from("10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"),
      example.subarray(0, 65_536),
      Buffer.from("\r\n400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"),
      example.subarray(65_536),
      Buffer.from("\r\n0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"),
      Buffer.from(`x-amz-checksum-crc32c:${checksum}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`),
    ]);
  const options = {
    claim: signedTrailer,
    signing: trailerSigning,
    headers: { "x-amz-decoded-content-length": "66560", "x-amz-trailer": "x-amz-checksum-crc32c" },
  };
  const right = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

  test("AWS's example", async () => {
    const result = await read(options, [body("sOO8/Q==", right)]);
    expect(result).toMatchObject({ bytes: example });
    expect("checksums" in result && result.checksums.get("CRC32C")).toBe("sOO8/Q==");
  });

  test("the trailer's signature covers its fields", async () => {
    expect(await read(options, [body("sOO8/A==", right)])).toMatchObject({
      kind: "wrong-chunk-signature",
      chunk: undefined,
    });
    expect(await read(options, [body("sOO8/Q==", right.replace("d8", "d9"))])).toMatchObject({
      kind: "wrong-chunk-signature",
      chunk: undefined,
    });
  });
});

describe("unsigned chunks with a trailer", () => {
  const options = (headers: Readonly<Record<string, string>>): Omit<PayloadOptions, "source"> => ({
    claim: unsignedTrailer,
    signing: undefined,
    headers: { "x-amz-decoded-content-length": "5", ...headers },
  });
  const crc = checksumOf("CRC32", Buffer.from("hello"));
  const announced = { "x-amz-trailer": "x-amz-checksum-crc32" };
  const body = (trailer: string): Buffer[] => [Buffer.from(`2\r\nhe\r\n3\r\nllo\r\n0\r\n${trailer}\r\n`)];

  test("a right checksum", async () => {
    expect(await read(options(announced), body(`x-amz-checksum-crc32:${crc}\r\n`))).toMatchObject({
      bytes: Buffer.from("hello"),
    });
  });

  test.each([
    [
      "a wrong one",
      announced,
      "x-amz-checksum-crc32:AAAAAA==\r\n",
      { kind: "checksum-mismatch", algorithm: "CRC32", actual: crc },
    ],
    ["one that is no checksum", announced, "x-amz-checksum-crc32:hello\r\n", { kind: "invalid-checksum" }],
    ["none", announced, "", { kind: "wrong-trailer", header: "x-amz-checksum-crc32" }],
    ["another than announced", announced, "x-amz-checksum-crc32c:AAAAAA==\r\n", { kind: "wrong-trailer" }],
    ["one not announced", {}, `x-amz-checksum-crc32:${crc}\r\n`, { kind: "wrong-trailer" }],
    [
      "one twice",
      announced,
      `x-amz-checksum-crc32:${crc}\r\nx-amz-checksum-crc32:${crc}\r\n`,
      { kind: "malformed-chunk" },
    ],
    ["no colon", announced, "hello\r\n", { kind: "malformed-chunk" }],
    ["an algorithm that we lack", { "x-amz-trailer": "x-amz-checksum-xxhash64" }, "", { kind: "unsupported-checksum" }],
  ])("%s", async (_, headers, trailer, failure) => {
    expect(await read(options(headers as Record<string, string>), body(trailer))).toMatchObject(failure);
  });

  test("a chunk with a signature was not announced", async () => {
    expect(await read(options({}), [Buffer.from(`5;chunk-signature=${"0".repeat(64)}\r\nhello\r\n`)])).toMatchObject({
      kind: "malformed-chunk",
    });
  });

  test("any body in any chunks and any pieces", async () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 40 }),
        async (given, chunkSize, pieceSize) => {
          const whole = Buffer.from(given);
          const chunks = splitAt(whole, chunkSize).flatMap((part) => [
            Buffer.from(`${part.length.toString(16)}\r\n`),
            part,
            Buffer.from("\r\n"),
          ]);
          const encoded = Buffer.concat([
            ...chunks,
            Buffer.from(`0\r\nx-amz-checksum-crc64nvme:${checksumOf("CRC64NVME", whole)}\r\n\r\n`),
          ]);
          const result = await read(
            {
              claim: unsignedTrailer,
              signing: undefined,
              headers: {
                "x-amz-decoded-content-length": String(whole.length),
                "x-amz-trailer": "x-amz-checksum-crc64nvme",
              },
            },
            splitAt(encoded, pieceSize),
          );
          expect(result).toMatchObject({ bytes: whole });
        },
      ),
    );
  });
});

describe("plain bodies", () => {
  const hello = Buffer.from("hello");
  const unsigned = (headers: Readonly<Record<string, string>>, extra: Partial<PayloadOptions> = {}): Promise<unknown> =>
    read({ claim: { kind: "unsigned" }, signing: undefined, headers, ...extra }, [
      hello.subarray(0, 2),
      hello.subarray(2),
    ]);

  test("with their hash", async () => {
    const claim: PayloadClaim = { kind: "sha256", hex: hash("sha256", "hello", "hex") };
    expect(await unsigned({}, { claim })).toMatchObject({ bytes: hello });
    expect(await unsigned({}, { claim: { kind: "sha256", hex: hash("sha256", "hullo", "hex") } })).toMatchObject({
      kind: "payload-mismatch",
      actual: claim.hex,
    });
  });

  const md5 = hash("md5", "hello", "base64");
  test.each([
    ["no claim", {}, { bytes: hello }],
    ["Content-MD5", { "content-md5": md5 }, { bytes: hello }],
    [
      "a wrong Content-MD5",
      { "content-md5": hash("md5", "", "base64") },
      { kind: "checksum-mismatch", header: "content-md5", actual: md5 },
    ],
    ["Content-MD5 that is none", { "content-md5": "abc" }, { kind: "invalid-checksum", header: "content-md5" }],
    ["SHA-256", { "x-amz-checksum-sha256": hash("sha256", "hello", "base64") }, { bytes: hello }],
    [
      "a wrong SHA-1",
      { "x-amz-checksum-sha1": hash("sha1", "", "base64") },
      { kind: "checksum-mismatch", algorithm: "SHA1" },
    ],
    [
      "two checksums",
      { "x-amz-checksum-sha1": hash("sha1", "hello", "base64"), "x-amz-checksum-crc32": "NhCmhg==" },
      { kind: "several-checksums" },
    ],
    [
      "a type beside one",
      { "x-amz-checksum-crc32": "NhCmhg==", "x-amz-checksum-type": "FULL_OBJECT" },
      { bytes: hello },
    ],
    ["an algorithm that we lack", { "x-amz-checksum-sha512": "x" }, { kind: "unsupported-checksum" }],
    ["the right length", { "content-length": "5" }, { bytes: hello }],
    ["a greater length", { "content-length": "6" }, { kind: "wrong-length", declaredBytes: 6, actualBytes: 5 }],
    ["a smaller length", { "content-length": "4" }, { kind: "wrong-length", declaredBytes: 4 }],
  ])("%s", async (_, headers, result) => {
    expect(await unsigned(headers as Record<string, string>)).toMatchObject(result);
  });

  test("checksums of the object are not held against the body", async () => {
    expect(await unsigned({ "x-amz-checksum-crc32": "AAAAAA==" }, { checksumHeaders: "of-object" })).toMatchObject({
      bytes: hello,
    });
  });

  test("further ones are computed on demand", async () => {
    const result = (await unsigned({}, { compute: ["MD5", "CRC64NVME"] })) as Read;
    expect([...result.checksums]).toEqual([
      ["MD5", md5],
      ["CRC64NVME", checksumOf("CRC64NVME", hello)],
    ]);
  });
});

function chunk(data: string, previous: string): { readonly text: string; readonly signature: string } {
  const text = [
    "AWS4-HMAC-SHA256-PAYLOAD",
    signing.amzDate,
    signing.scope,
    previous,
    hash("sha256", "", "hex"),
    hash("sha256", data, "hex"),
  ].join("\n");
  const key = createSecretKey(signing.key.export());
  const signature = createHmac("sha256", key).update(text).digest("hex");
  return { text: `${data.length.toString(16)};chunk-signature=${signature}\r\n${data}\r\n`, signature };
}
