/** Requests that real clients signed: the SDK for JavaScript and botocore, in every form that they have. */

import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { openPayload } from "../../src/wire/payload.ts";
import { verifyHead, verifyRequest } from "../../src/wire/sigv4.ts";
import { lackOfProgram, testWith } from "../need.ts";
import { type Caught, credentials, sdkClient, sdkCommand } from "./sdk-client.ts";
import { taken } from "./taken.ts";

const key = { secretAccessKey: credentials.secretAccessKey, sessionToken: credentials.sessionToken };

function optionsFor(service: string, token = true): Parameters<typeof verifyHead>[1] {
  return {
    service,
    nowMs: Date.now(),
    lookup: (id) =>
      id === credentials.accessKeyId ? (token ? key : { secretAccessKey: key.secretAccessKey }) : undefined,
  };
}

interface Request {
  readonly method: string;
  readonly target: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Verifies an S3 request and its body; the body as it was meant, and the form of the payload. */
async function s3Check(request: Request, token = true): Promise<{ readonly payload: string; readonly body: string }> {
  const verified = taken(verifyHead(request, optionsFor("s3", token)));
  const headers = Object.fromEntries(
    request.rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), request.rawHeaders[at + 1]]] : [])),
  );
  async function* source(): AsyncGenerator<Uint8Array> {
    yield request.body;
  }
  const { payload: claim, signing } = verified;
  const payload = taken(openPayload({ source: source(), claim, signing, headers }));
  const parts: Uint8Array[] = [];
  for await (const part of payload.body) parts.push(part);
  return {
    payload: claim.kind === "chunks" ? `chunks ${claim.signed ? "signed" : "unsigned"}` : claim.kind,
    body: Buffer.concat(parts).toString(),
  };
}

async function sentBySdk(
  service: "ec2" | "iam" | "sts" | "s3",
  operation: string,
  input: object,
  settings: object = {},
): Promise<Caught> {
  let request: Caught | undefined;
  const client = sdkClient(
    service,
    (one) => {
      request = one;
      return { status: 200, body: "" };
    },
    settings,
  );
  await client.send(sdkCommand(service, operation, input)).catch(() => undefined);
  return request!;
}

describe("SDK for JavaScript", () => {
  test.each([
    ["ec2", "DescribeVpcs", { Filters: [{ Name: "tag:a b", Values: ["ä+*&"] }] }],
    ["iam", "CreateUser", { UserName: "u" }],
    ["sts", "GetCallerIdentity", {}],
  ] as const)("%s %s", async (service, operation, input) => {
    const request = await sentBySdk(service, operation, input);
    expect(verifyRequest(request, request.body, optionsFor(service))).toMatchObject({ ok: true });
    expect(verifyRequest(request, `${request.body.toString()}x`, optionsFor(service))).toMatchObject({ ok: false });
  });

  const keys = ["plain.txt", "a b+c&d=e?f#g", "ä/€/😀", "x//y/", "(paren)*!'~", "%20", "a%2Fb", "+"];
  test.each(keys.flatMap((name) => [[name, true] as const, [name, false] as const]))(
    "S3 key %s, path style %s",
    async (name, forcePathStyle) => {
      const request = await sentBySdk(
        "s3",
        "PutObject",
        { Bucket: "bucket", Key: name, Body: "hello", Metadata: { a: "two  spaces" } },
        { forcePathStyle },
      );
      expect(await s3Check(request)).toMatchObject({ body: "hello" });
    },
  );

  test("S3 list with every parameter", async () => {
    const request = await sentBySdk("s3", "ListObjectsV2", {
      Bucket: "bucket",
      Prefix: "a+b /é",
      Delimiter: "/",
      MaxKeys: 2,
      StartAfter: "~*'()",
    });
    expect(await s3Check(request)).toEqual({ payload: "sha256", body: "" });
  });

  test.each(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])(
    "S3 upload of a stream with %s in the trailer",
    async (algorithm) => {
      const { Readable } = await import("node:stream");
      const Body = Readable.from([Buffer.from("hel"), Buffer.from("lo")]);
      const settings = { requestChecksumCalculation: "WHEN_SUPPORTED" };
      const request = await sentBySdk(
        "s3",
        "PutObject",
        { Bucket: "bucket", Key: "k", Body, ContentLength: 5, ChecksumAlgorithm: algorithm },
        settings,
      );
      expect(await s3Check(request)).toEqual({ payload: "chunks unsigned", body: "hello" });
    },
  );

  test("S3 upload of bytes with a checksum in a header", async () => {
    const request = await sentBySdk(
      "s3",
      "PutObject",
      { Bucket: "bucket", Key: "k", Body: "hello" },
      { requestChecksumCalculation: "WHEN_SUPPORTED" },
    );
    expect(request.headers["x-amz-checksum-crc32"]).toBe("NhCmhg==");
    expect(await s3Check(request)).toMatchObject({ body: "hello" });
  });
});

const python = `
import json, sys, botocore.session, base64, io
from botocore.awsrequest import AWSRequest, AWSPreparedRequest
from botocore.config import Config
seen = []
def catch(request, **kwargs):
    body = request.body
    if hasattr(body, "read"): body = body.read()
    if body is None: body = b""
    if isinstance(body, str): body = body.encode()
    from urllib.parse import urlsplit
    url = urlsplit(request.url)
    headers = []
    for name, value in request.headers.items():
        headers += [name, value.decode() if isinstance(value, bytes) else str(value)]
    if not any(h.lower() == "host" for h in headers[::2]): headers += ["Host", url.netloc]
    seen.append({"method": request.method, "target": url.path + ("?" + url.query if url.query else ""), "rawHeaders": headers, "body": base64.b64encode(body).decode()})
    raise RuntimeError("caught")
session = botocore.session.get_session()
def client(service, token=True, scheme="https", **config):
    c = session.create_client(service, region_name="us-east-1", aws_access_key_id="${credentials.accessKeyId}", aws_secret_access_key="${credentials.secretAccessKey}", aws_session_token="${credentials.sessionToken}" if token else None, config=Config(retries={"total_max_attempts": 1}, **config), endpoint_url=(scheme + "://s3.us-east-1.amazonaws.com") if service == "s3" else None)
    c.meta.events.register("before-send." + service, catch)
    return c
def call(f, **kwargs):
    try: f(**kwargs)
    except RuntimeError: pass
def presign(c, name, params):
    from urllib.parse import urlsplit
    method = {"get_object": "GET", "put_object": "PUT", "get_caller_identity": "POST"}[name]
    url = urlsplit(c.generate_presigned_url(name, Params=params, ExpiresIn=60))
    seen.append({"method": method, "target": url.path + "?" + url.query, "rawHeaders": ["Host", url.netloc], "body": ""})
v4 = {"signature_version": "s3v4"}
call(client("ec2").describe_vpcs, Filters=[{"Name": "tag:a b", "Values": ["ä+*&"]}])
call(client("iam").create_user, UserName="u")
call(client("sts").get_caller_identity)
for style in ("path", "virtual"):
    c = client("s3", s3={"addressing_style": style})
    for k in ("plain.txt", "a b+c&d=e?f#g", "ä/€/😀", "x//y/", "(paren)*!'~", "%20", "a%2Fb", "+"):
        call(c.put_object, Bucket="bucket", Key=k, Body=b"hello", Metadata={"a": "two  spaces"})
    call(c.put_object, Bucket="bucket", Key="stream", Body=io.BytesIO(b"hello"))
    call(c.list_objects_v2, Bucket="bucket", Prefix="a+b /é", Delimiter="/", StartAfter="~*'()")
    presign(client("s3", s3={"addressing_style": style}, **v4), "get_object", {"Bucket": "bucket", "Key": "a b+ä"})
    presign(client("s3", token=False, s3={"addressing_style": style}, **v4), "put_object", {"Bucket": "bucket", "Key": "a%2Fb"})
call(client("s3", scheme="http").put_object, Bucket="bucket", Key="k", Body=io.BytesIO(b"hello"))
call(client("s3", s3={"payload_signing_enabled": True}).put_object, Bucket="bucket", Key="k", Body=b"hello")
print(json.dumps(seen))
`;

const lackOfBotocore = lackOfProgram("python3", "-c", "import botocore");

describe("botocore", () => {
  testWith(lackOfBotocore)("every request", async () => {
    const run = spawnSync("python3", ["-c", python], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    expect(run.stderr).toBe("");
    const requests = (JSON.parse(run.stdout) as readonly (Omit<Request, "body"> & { readonly body: string })[]).map(
      (request) => ({ ...request, body: Buffer.from(request.body, "base64") }),
    );
    const [ec2, iam, sts, ...s3] = requests;
    for (const [service, request] of [
      ["ec2", ec2!],
      ["iam", iam!],
      ["sts", sts!],
    ] as const) {
      expect(taken(verifyRequest(request, request.body, optionsFor(service))).form).toBe("header");
    }
    const forms = new Set<string>();
    for (const request of s3) {
      // Only the presigned upload goes without a token.
      const token = !(request.method === "PUT" && request.target.includes("X-Amz-Signature"));
      const { payload, body } = await s3Check(request, token);
      forms.add(payload);
      expect(body).toBe(request.method === "PUT" && request.body.length > 0 ? "hello" : "");
    }
    expect([...forms].toSorted()).toEqual(expect.arrayContaining(["chunks unsigned", "sha256", "unsigned"]));
    expect(s3.length).toBe(26);
  });
});
