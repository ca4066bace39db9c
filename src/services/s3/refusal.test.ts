/** What the service refuses, with which words, and that nothing is left of it. */

import { createHmac } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { clientOfUser, policyText, testEndpointId, throughEndpoint } from "./test-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let root: S3Client;

const allowAll = policyText({ Effect: "Allow", Action: "s3:*", Resource: "*" });
const open = { Effect: "Allow" as const, Principal: "*" };

beforeAll(async () => {
  server = await startTestServer();
  root = server.client();
  for (const Bucket of ["docs", "public", "other"]) await root.send(new CreateBucketCommand({ Bucket }));
  await root.send(new PutObjectCommand({ Bucket: "docs", Key: "a/b.txt", Body: "hello" }));
  const Policy = policyText(
    { ...open, Action: ["s3:GetObject*", "s3:PutObject"], Resource: "arn:aws:s3:::public/*" },
    { ...open, Action: "s3:ListBucket", Resource: "arn:aws:s3:::public" },
  );
  await root.send(new DeletePublicAccessBlockCommand({ Bucket: "public" }));
  await root.send(new PutBucketPolicyCommand({ Bucket: "public", Policy }));
});

afterAll(() => server[Symbol.asyncDispose]());

beforeEach(() => {
  server.path = { kind: "host", sourceIp: "127.0.0.1" };
  server.clockOffsetMs = 0;
});

/** An answer as text, with the headers that matter. */
async function ask(method: string, target: string, headers: Record<string, string> = {}, body?: string) {
  const init = body === undefined ? { method, headers } : { method, headers, body };
  const response = await fetch(server.endpoint + target, init);
  const text = await response.text();
  const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? "";
  const message = /<Message>(.*?)<\/Message>/s.exec(text)?.[1] ?? "";
  return { status: response.status, code, message, text, headers: response.headers };
}

describe("signatures", () => {
  test.each([
    ["a wrong secret", { accessKeyId: "test", secretAccessKey: "wrong" }, 0, "SignatureDoesNotMatch 403"],
    ["an unknown key", { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" }, 0, "InvalidAccessKeyId 403"],
    ["a clock far behind", { accessKeyId: "test", secretAccessKey: "test" }, 16 * 60_000, "RequestTimeTooSkewed 403"],
    ["a token nobody gave", { accessKeyId: "test", secretAccessKey: "test", sessionToken: "x" }, 0, "InvalidToken 400"],
  ])("%s", async (_, credentials, offset, expected) => {
    const [name, status] = expected.split(" ");
    server.clockOffsetMs = offset;
    // The client would set its clock by the answer and try again.
    const client = server.client({ credentials, maxAttempts: 1 });
    const refused = await client
      .send(new GetObjectCommand({ Bucket: "docs", Key: "a/b.txt" }))
      .catch((e: unknown) => e);
    expect(refused).toMatchObject({ name, $metadata: { httpStatusCode: Number(status) } });
  });

  test("a refused signature shows what was to be signed", async () => {
    const client = server.client({ credentials: { accessKeyId: "test", secretAccessKey: "wrong" } });
    await expect(client.send(new HeadBucketCommand({ Bucket: "docs" }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
    await expect(client.send(new ListObjectsV2Command({ Bucket: "docs" }))).rejects.toMatchObject({
      AWSAccessKeyId: "test",
      StringToSign: expect.stringMatching(/^AWS4-HMAC-SHA256\n\d{8}T\d{6}Z\n\d{8}\/us-east-1\/s3\/aws4_request\n/),
      CanonicalRequest: expect.stringContaining("GET\n/docs"),
    });
  });

  test.each([
    ["AWS AKIA", 400, "InvalidArgument"],
    ["AWS AKIA:abc", 403, "AccessDenied"],
    ["Bearer x", 400, "InvalidArgument"],
    ["AWS4-HMAC-SHA256 nonsense", 400, "AuthorizationHeaderMalformed"],
  ])("Authorization: %s", async (authorization, status, code) => {
    expect(await ask("GET", "/docs", { authorization })).toMatchObject({ status, code });
  });

  test("a URL of version 2 is as good as its user, and known as what it is", async () => {
    const secretAccessKey = "secret";
    const Condition = { StringEquals: { "s3:signatureversion": "AWS", "s3:authType": "REST-QUERY-STRING" } };
    const only = policyText({ Effect: "Allow", Action: "s3:*", Resource: "arn:aws:s3:::docs/*", Condition });
    await clientOfUser(server, "presigner", only);
    const accessKeyId = "AKIAPRESIGNERAAAAAAA";
    const presigned = (method: string, path: string, seconds = 60): string => {
      const expires = Math.floor(Date.now() / 1000) + seconds;
      const text = `${method}\n\n\n${expires}\n${path}`;
      const signature = encodeURIComponent(createHmac("sha1", secretAccessKey).update(text).digest("base64"));
      return `${path}?AWSAccessKeyId=${accessKeyId}&Signature=${signature}&Expires=${expires}`;
    };
    const good = presigned("GET", "/docs/a/b.txt");
    expect(await ask("GET", good)).toMatchObject({ status: 200, text: "hello" });
    expect(server.records.at(-1)?.target).toMatch(/^\/docs\/a\/b.txt\?AWSAccessKeyId=…&Signature=…&Expires=\d+$/);
    expect(await ask("GET", presigned("GET", "/other/k"))).toMatchObject({ status: 403, code: "AccessDenied" });
    expect(await ask("GET", `${good}&tagging`)).toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
    const late = await ask("GET", presigned("GET", "/docs/a/b.txt", -2));
    expect(late).toMatchObject({ status: 403, code: "AccessDenied", message: "Request has expired" });
    const bare = await ask("GET", `/docs/a/b.txt?AWSAccessKeyId=${accessKeyId}`);
    expect(bare).toMatchObject({ status: 403, code: "AccessDenied", message: expect.stringContaining("requires the") });
  });

  test("the region must be the bucket's", async () => {
    const europe = server.client({ region: "eu-west-1" });
    const location = { LocationConstraint: "eu-west-1" as const };
    await europe.send(new CreateBucketCommand({ Bucket: "europe", CreateBucketConfiguration: location }));
    await expect(root.send(new ListObjectsV2Command({ Bucket: "europe" }))).rejects.toMatchObject({
      name: "AuthorizationHeaderMalformed",
      message: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      Region: "eu-west-1",
    });
    expect((await europe.send(new ListObjectsV2Command({ Bucket: "europe" }))).KeyCount).toBe(0);
    const strayed = await askHost("s3.us-east-1.amazonaws.com", "/europe/k");
    expect(strayed).toEqual({ status: 301, region: "eu-west-1" });
  });
});

function askHost(host: string, path: string): Promise<{ status: number | undefined; region: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port: server.port, path, headers: { host } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, region: response.headers["x-amz-bucket-region"] });
    });
    sent.on("error", reject).end();
  });
}

describe("policies", () => {
  test("an anonymous caller is told nothing", async () => {
    const refused = await ask("GET", "/docs/a/b.txt");
    expect(refused).toMatchObject({ status: 403, code: "AccessDenied", message: "Access Denied" });
    expect(refused.headers.get("x-underpass-denied-by")).toBe("resource-policy; no-allow");
  });

  test("an anonymous caller may do what the bucket policy allows", async () => {
    expect(await ask("PUT", "/public/k", {}, "body")).toMatchObject({ status: 200 });
    expect(await ask("GET", "/public/k")).toMatchObject({ status: 200, text: "body" });
    expect(await ask("DELETE", "/public/k")).toMatchObject({ status: 403 });
  });

  test("a key that is not there shows only to those who may list", async () => {
    const reader = await clientOfUser(
      server,
      "reader",
      policyText({ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }),
    );
    const missing = { Bucket: "docs", Key: "none" };
    await expect(root.send(new GetObjectCommand(missing))).rejects.toMatchObject({ name: "NoSuchKey", Key: "none" });
    await expect(root.send(new HeadObjectCommand(missing))).rejects.toMatchObject({ name: "NotFound" });
    await expect(reader.send(new GetObjectCommand(missing))).rejects.toMatchObject({
      name: "AccessDenied",
      message:
        'User: arn:aws:iam::000000000000:user/reader is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::docs" because no identity-based policy allows the s3:ListBucket action',
    });
    await expect(reader.send(new HeadObjectCommand(missing))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("an endpoint policy that does not allow denies in AWS's words", async () => {
    const user = await clientOfUser(server, "inside", allowAll);
    const only = policyText({ ...open, Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" });
    await throughEndpoint(server, only);
    const got = await user.send(new GetObjectCommand({ Bucket: "docs", Key: "a/b.txt" }));
    expect(await got.Body!.transformToString()).toBe("hello");
    await expect(user.send(new PutObjectCommand({ Bucket: "docs", Key: "new", Body: "x" }))).rejects.toMatchObject({
      name: "AccessDenied",
      message:
        'User: arn:aws:iam::000000000000:user/inside is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::docs/new" because no VPC endpoint policy allows the s3:PutObject action',
      $response: { headers: { "x-underpass-denied-by": "endpoint-policy; no-allow" } },
    });
    expect(server.store.find({ bucket: "docs", key: "new" })).toBeUndefined();
    expect(server.records.at(-1)).toMatchObject({
      operation: "PutObject",
      status: 403,
      errorCode: "AccessDenied",
      path: { vpcEndpointId: testEndpointId },
      asks: [{ action: "s3:PutObject", resource: "arn:aws:s3:::docs/new" }],
    });
  });

  test("a bucket policy for one endpoint names the statement that denied", async () => {
    const user = await clientOfUser(server, "outside", allowAll);
    const Policy = policyText({
      Sid: "OnlyEndpoint",
      Effect: "Deny",
      Principal: "*",
      Action: "s3:*",
      Resource: ["arn:aws:s3:::other", "arn:aws:s3:::other/*"],
      Condition: { StringNotEquals: { "aws:sourceVpce": testEndpointId } },
    });
    await root.send(new PutBucketPolicyCommand({ Bucket: "other", Policy }));
    await expect(user.send(new ListObjectsV2Command({ Bucket: "other" }))).rejects.toMatchObject({
      message: expect.stringContaining("with an explicit deny in a resource-based policy"),
      $response: {
        headers: {
          "x-underpass-denied-by": expect.stringMatching(
            /^resource-policy; explicit-deny; policy=".*other"; statement=0; sid="OnlyEndpoint"$/,
          ),
        },
      },
    });
    // The owner's root user is shut out too, but for the policy itself.
    await expect(root.send(new ListObjectsV2Command({ Bucket: "other" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    expect((await root.send(new GetBucketPolicyCommand({ Bucket: "other" }))).Policy).toBe(Policy);
    await throughEndpoint(server, policyText({ ...open, Action: "*", Resource: "*" }));
    expect((await user.send(new ListObjectsV2Command({ Bucket: "other" }))).KeyCount).toBe(0);
    server.path = { kind: "host", sourceIp: "127.0.0.1" };
    await root.send(new DeleteBucketPolicyCommand({ Bucket: "other" }));
    expect((await root.send(new ListObjectsV2Command({ Bucket: "other" }))).KeyCount).toBe(0);
  });

  test("a copy needs its source too, on the same way", async () => {
    const writer = await clientOfUser(
      server,
      "writer",
      policyText({ Effect: "Allow", Action: "s3:PutObject", Resource: "*" }),
    );
    const copy = { Bucket: "other", Key: "copy", CopySource: "docs/a/b.txt" };
    await expect(writer.send(new CopyObjectCommand(copy))).rejects.toMatchObject({
      message: expect.stringContaining('s3:GetObject on resource: "arn:aws:s3:::docs/a/b.txt"'),
    });
    await throughEndpoint(server, policyText({ ...open, Action: "*", Resource: "arn:aws:s3:::other/*" }));
    await expect(root.send(new CopyObjectCommand(copy))).rejects.toMatchObject({
      message: expect.stringContaining("because no VPC endpoint policy allows the s3:GetObject action"),
    });
  });

  test("each key of a deletion is asked for by itself", async () => {
    for (const Key of ["mine/1", "yours/1"]) await root.send(new PutObjectCommand({ Bucket: "other", Key, Body: "x" }));
    const mine = policyText({ Effect: "Allow", Action: "s3:DeleteObject", Resource: "arn:aws:s3:::other/mine/*" });
    const user = await clientOfUser(server, "deleter", mine);
    const Objects = [{ Key: "mine/1" }, { Key: "yours/1" }];
    const { Deleted, Errors } = await user.send(new DeleteObjectsCommand({ Bucket: "other", Delete: { Objects } }));
    expect(Deleted).toEqual([{ Key: "mine/1" }]);
    expect(Errors).toMatchObject([{ Key: "yours/1", Code: "AccessDenied" }]);
    expect(server.store.find({ bucket: "other", key: "yours/1" })).toBeDefined();
  });

  test("conditions on a listing see its prefix", async () => {
    const Condition = { StringLike: { "s3:prefix": "a/*" } };
    const one = policyText({ Effect: "Allow", Action: "s3:ListBucket", Resource: "*", Condition });
    const user = await clientOfUser(server, "lister", one);
    expect((await user.send(new ListObjectsV2Command({ Bucket: "docs", Prefix: "a/" }))).KeyCount).toBe(1);
    await expect(user.send(new ListObjectsV2Command({ Bucket: "docs" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
  });

  test.each([
    ["{", "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'"],
    [
      policyText({ ...open, Action: "s3:GetObject", Resource: "arn:aws:s3:::other/*" }),
      "MalformedPolicy",
      "Policy has invalid resource",
    ],
    [
      policyText({
        ...open,
        Principal: { AWS: "arn:aws:iam::000000000000:user/nobody" },
        Action: "s3:*",
        Resource: "arn:aws:s3:::docs",
      }),
      "MalformedPolicy",
      "Invalid principal in policy",
    ],
  ])("a bucket policy %s", async (Policy, name, message) => {
    await expect(root.send(new PutBucketPolicyCommand({ Bucket: "docs", Policy }))).rejects.toMatchObject({
      name,
      message,
    });
    await expect(root.send(new GetBucketPolicyCommand({ Bucket: "docs" }))).rejects.toMatchObject({
      name: "NoSuchBucketPolicy",
    });
  });
});

describe("uploads", () => {
  const sha256OfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  test.each([
    [{ "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==" }, 400, "BadDigest"],
    [{ "content-md5": "not base64" }, 400, "InvalidDigest"],
    [{ "x-amz-checksum-crc32": "AAAAAA==" }, 400, "BadDigest"],
    [{ "x-amz-checksum-crc32": "short" }, 400, "InvalidRequest"],
    [{ "x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "x" }, 400, "InvalidRequest"],
    [{ "x-amz-content-sha256": sha256OfNothing }, 400, "XAmzContentSHA256Mismatch"],
    [{ "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }, 400, "InvalidRequest"],
    [{ "x-amz-storage-class": "GLACIER" }, 501, "NotImplemented"],
    [{ "x-amz-storage-class": "COLD" }, 400, "InvalidStorageClass"],
    [{ "x-amz-server-side-encryption": "aws:kms" }, 501, "NotImplemented"],
    [{ "x-amz-server-side-encryption-customer-algorithm": "AES256" }, 501, "NotImplemented"],
    [{ "x-amz-meta-long": "m".repeat(2100) }, 400, "MetadataTooLarge"],
    [{ "if-none-match": '"x"' }, 501, "NotImplemented"],
    [{ "if-match": '"x"' }, 404, "NoSuchKey"],
  ])("with %o", async (headers, status, code) => {
    expect(await ask("PUT", "/public/refused", { ...headers }, "body")).toMatchObject({ status, code });
    expect(server.store.find({ bucket: "public", key: "refused" })).toBeUndefined();
  });

  test("a header that is not served is named", async () => {
    const header = "x-amz-server-side-encryption-customer-algorithm";
    const refused = await ask("PUT", "/public/refused", { [header]: "AES256" }, "body");
    expect(refused.message).toBe(`A header you provided implies functionality that is not implemented (${header})`);
    expect(refused.text).toContain(`<Header>${header}</Header>`);
  });

  test("an ACL is refused, since buckets have none", async () => {
    const Policy = policyText({ ...open, Action: "s3:*", Resource: "arn:aws:s3:::other/*" });
    await root.send(new DeletePublicAccessBlockCommand({ Bucket: "other" }));
    await root.send(new PutBucketPolicyCommand({ Bucket: "other", Policy }));
    const refused = await ask("PUT", "/other/refused", { "x-amz-acl": "public-read" }, "body");
    expect(refused).toMatchObject({ status: 400, code: "AccessControlListNotSupported" });
  });

  test("a refused client that waits for leave to send its body is not asked for it", async () => {
    const ask = (path: string): Promise<{ status: number | undefined; continued: boolean }> =>
      new Promise((resolve, reject) => {
        const headers = { expect: "100-continue", "content-length": "4" };
        let continued = false;
        const sent = httpRequest({ port: server.port, method: "PUT", path, headers });
        sent.on("continue", () => {
          continued = true;
          sent.end("body");
        });
        sent.on("response", (response) => {
          response.resume().on("end", () => resolve({ status: response.statusCode, continued }));
        });
        sent.on("error", reject).flushHeaders();
      });
    expect(await ask("/docs/refused")).toEqual({ status: 403, continued: false });
    expect(await ask("/public/taken")).toEqual({ status: 200, continued: true });
  });

  test("an upload whose client goes leaves nothing and is no failure", async () => {
    const before = server.logs.length;
    const socket = connect(server.port, "127.0.0.1");
    socket.write("PUT /public/gone HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
    socket.write(Buffer.alloc(300_000), () => socket.destroy());
    await once(socket, "close");
    await expect.poll(() => server.records.at(-1)?.status).toBe(499);
    expect(server.store.find({ bucket: "public", key: "gone" })).toBeUndefined();
    expect(server.logs.length).toBe(before);
  });
});

describe("what is not there", () => {
  test.each([
    ["GET", "/nowhere", 404, "NoSuchBucket"],
    ["PUT", "/nowhere/k", 404, "NoSuchBucket"],
    ["POST", "/docs/k", 405, "MethodNotAllowed"],
    ["PATCH", "/docs", 405, "MethodNotAllowed"],
    ["GET", "/docs?analytics", 501, "NotImplemented"],
    ["PUT", "/docs?versioning", 501, "NotImplemented"],
    ["PUT", "/public/k?legal-hold", 501, "NotImplemented"],
    ["GET", "/docs/%ff", 400, "InvalidURI"],
    ["GET", `/docs/${"k".repeat(1025)}`, 400, "KeyTooLongError"],
    ["GET", "/public?max-keys=-1", 400, "InvalidArgument"],
    ["GET", "/public?max-keys=many", 400, "InvalidArgument"],
    ["GET", "/public?list-type=2&continuation-token=x", 400, "InvalidArgument"],
    ["GET", "/public?encoding-type=none", 400, "InvalidArgument"],
    ["GET", "/public/k?versionId=x", 400, "InvalidArgument"],
  ])("%s %s", async (method, target, status, code) => {
    const refused = await ask(method, target);
    expect(refused).toMatchObject({ status, code });
    expect(refused.text).toContain(`<RequestId>${refused.headers.get("x-amz-request-id")}</RequestId>`);
  });

  test("an upload by form is told apart from what S3 has not", async () => {
    const type = { "content-type": "multipart/form-data; boundary=b" };
    const body = '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--b--\r\n';
    for (const target of ["/public", "/public/"]) {
      expect(await ask("POST", target, type, body)).toMatchObject({
        status: 501,
        code: "NotImplemented",
        message: "S3 has PostObject (uploads by form), this region does not serve it",
      });
    }
    expect(server.records.at(-1)).toMatchObject({ operation: "PostObject", status: 501 });
    expect(await ask("POST", "/public/k", type, body)).toMatchObject({ status: 405 });
    expect(await ask("POST", "/public", {}, body)).toMatchObject({ status: 405 });
  });

  test("a failure of ours is told to the log, not to the client", async () => {
    await using broken = await startTestServer();
    const client = broken.client({ maxAttempts: 1 });
    await client.send(new CreateBucketCommand({ Bucket: "docs" }));
    const closed = await startTestServer();
    await closed[Symbol.asyncDispose]();
    Object.assign(broken.store, { list: closed.store.list });
    await expect(client.send(new ListObjectsV2Command({ Bucket: "docs" }))).rejects.toMatchObject({
      name: "InternalError",
      message: "We encountered an internal error. Please try again.",
    });
    expect(broken.logs).toEqual([expect.stringMatching(/^s3 ListObjectsV2 [0-9A-F]{16} failed: .*finalized/s)]);
  });
});
