import { describe, expect, test } from "vitest";
import { s3Table } from "./generated/s3.ts";
import { wordRequestError } from "./request-error.ts";
import { writeRestAnswer } from "./rest-answer.ts";
import { readRestInput } from "./rest-input.ts";
import { restRouter, s3TargetOf } from "./rest-route.ts";
import { parseXmlDocument, xmlLimits } from "./xml-reader.ts";

const router = restRouter(s3Table);

describe("targets", () => {
  test.each([
    ["127.0.0.1:4566", "/", "path", undefined, undefined],
    ["localhost:4566", "/b", "path", "b", undefined],
    ["s3.localhost:4566", "/b/", "path", "b", undefined],
    ["127.0.0.1:4566", "/b/k", "path", "b", "k"],
    ["127.0.0.1:4566", "/b//k/", "path", "b", "/k/"],
    ["s3.amazonaws.com", "/b/a%20b%2Bc+d", "path", "b", "a b+c+d"],
    ["s3.us-east-1.amazonaws.com", "/b/k?x=1", "path", "b", "k"],
    ["s3.dualstack.us-east-1.amazonaws.com", "/b/k", "path", "b", "k"],
    ["b.s3.amazonaws.com", "/", "host", "b", undefined],
    ["B.s3.us-east-1.amazonaws.com:443", "/k/l", "host", "b", "k/l"],
    ["b.s3.us-east-1.amazonaws.com", "//k", "host", "b", "/k"],
    ["a.b.c.s3.us-west-2.amazonaws.com", "/k", "host", "a.b.c", "k"],
    ["x.s3.s3.us-east-1.amazonaws.com", "/k", "host", "x.s3", "k"],
    ["b.s3.dualstack.eu-west-1.amazonaws.com", "/k", "host", "b", "k"],
    ["b.s3-us-west-2.amazonaws.com", "/k", "host", "b", "k"],
    ["b.s3-fips.us-east-1.amazonaws.com", "/k", "host", "b", "k"],
    ["b.s3.cn-north-1.amazonaws.com.cn", "/k", "host", "b", "k"],
    ["b.s3.localhost:4566", "/k", "host", "b", "k"],
    ["b.localhost:4566", "/k", "host", "b", "k"],
    ["a.b.localhost:4566", "/k", "host", "a.b", "k"],
    ["b.s3.us-east-1.localhost:4566", "/k", "host", "b", "k"],
    ["s3.us-east-1.localhost:4566", "/b/k", "path", "b", "k"],
    ["vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com", "/b/k", "path", "b", "k"],
    ["bucket.vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com", "/b/k", "path", "b", "k"],
    ["b.bucket.vpce-0a1b-c2d3.s3.us-east-1.vpce.amazonaws.com", "/k", "host", "b", "k"],
    ["example.com", "/b/k", "path", "b", "k"],
  ])("%s %s", (host, target, ...[style, bucket, key]) => {
    expect(s3TargetOf(host, target)).toMatchObject({ ok: true, value: { style, bucket, key } });
  });

  test.each(["/b/%zz", "/b/%", "/b/%ff"])("%s is no path", (target) => {
    const result = s3TargetOf("s3.amazonaws.com", target);
    expect(!result.ok && wordRequestError("restXml", result.error)).toEqual({
      code: "InvalidURI",
      message: "Couldn't parse the specified URI.",
      status: 400,
    });
  });
});

describe("routes", () => {
  const route = (method: string, target: string, headers: Readonly<Record<string, string>> = {}): string => {
    const parsed = s3TargetOf("127.0.0.1", target);
    if (!parsed.ok) return "no target";
    const found = router({ method, target: parsed.value, headers });
    return found.kind === "served"
      ? found.operation.name
      : found.kind === "unserved"
        ? `unserved ${found.name}`
        : found.kind;
  };

  test.each([
    ["GET", "/", "ListBuckets"],
    ["PUT", "/b", "CreateBucket"],
    ["HEAD", "/b", "HeadBucket"],
    ["DELETE", "/b", "DeleteBucket"],
    ["GET", "/b", "ListObjects"],
    ["GET", "/b?prefix=a&delimiter=/", "ListObjects"],
    ["GET", "/b?list-type=2&prefix=a", "ListObjectsV2"],
    ["GET", "/b?list-type=3", "ListObjects"],
    ["GET", "/b?versions", "ListObjectVersions"],
    ["GET", "/b?uploads", "ListMultipartUploads"],
    ["GET", "/b?location", "GetBucketLocation"],
    ["GET", "/b?policy", "GetBucketPolicy"],
    ["GET", "/b?policyStatus", "GetBucketPolicyStatus"],
    ["PUT", "/b?policy", "PutBucketPolicy"],
    ["DELETE", "/b?policy", "DeleteBucketPolicy"],
    ["GET", "/b?object-lock", "GetObjectLockConfiguration"],
    ["PUT", "/b?publicAccessBlock", "PutPublicAccessBlock"],
    ["POST", "/b?delete", "DeleteObjects"],
    ["GET", "/b?analytics&id=1", "unserved GetBucketAnalyticsConfiguration"],
    ["GET", "/b?analytics", "unserved ListBucketAnalyticsConfigurations"],
    ["PUT", "/b?metrics&id=1", "unserved PutBucketMetricsConfiguration"],
    ["PUT", "/b?select", "unserved select"],
    ["POST", "/b", "method-not-allowed"],
    ["GET", "/b/k", "GetObject"],
    ["GET", "/b/k?versionId=1", "GetObject"],
    ["GET", "/b/k?partNumber=1", "GetObject"],
    ["GET", "/b/k?attributes", "GetObjectAttributes"],
    ["GET", "/b/k?tagging", "GetObjectTagging"],
    ["GET", "/b/k?uploadId=u", "ListParts"],
    ["GET", "/b/k?torrent", "unserved GetObjectTorrent"],
    ["HEAD", "/b/k", "HeadObject"],
    ["PUT", "/b/k", "PutObject"],
    ["PUT", "/b/k?x-id=PutObject", "PutObject"],
    ["PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"],
    ["PUT", "/b/k?acl", "PutObjectAcl"],
    ["PUT", "/b/k?renameObject", "unserved RenameObject"],
    ["POST", "/b/k?uploads", "CreateMultipartUpload"],
    ["POST", "/b/k?uploadId=u", "CompleteMultipartUpload"],
    ["POST", "/b/k?restore", "unserved RestoreObject"],
    ["POST", "/b/k?select&select-type=2", "unserved SelectObjectContent"],
    ["POST", "/b/k", "method-not-allowed"],
    ["DELETE", "/b/k", "DeleteObject"],
    ["DELETE", "/b/k?uploadId=u", "AbortMultipartUpload"],
    ["DELETE", "/b/k?tagging", "DeleteObjectTagging"],
    ["PATCH", "/b/k", "method-not-allowed"],
    ["PUT", "/", "method-not-allowed"],
  ])("%s %s", (method, target, name) => {
    expect(route(method, target)).toBe(name);
  });

  test("a source makes a copy", () => {
    expect(route("PUT", "/b/k", { "x-amz-copy-source": "a/b" })).toBe("CopyObject");
    expect(route("PUT", "/b/k?partNumber=1&uploadId=u", { "x-amz-copy-source": "a/b" })).toBe("UploadPartCopy");
  });
});

function inputOf(
  name: string,
  target: string,
  request: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string },
): unknown {
  const parsed = s3TargetOf("127.0.0.1", target);
  if (!parsed.ok) return "no target";
  const asked = { method: "PUT", target: parsed.value, headers: request.headers ?? {} };
  const input = readRestInput(
    s3Table.operations[name]!,
    asked,
    request.body === undefined ? undefined : Buffer.from(request.body),
  );
  if (input.ok) return input.value;
  const { code, message } = wordRequestError("restXml", input.error);
  return `${code}: ${message}`;
}

const malformed =
  "MalformedXML: The XML you provided was not well-formed or did not validate against our published schema";

describe("inputs", () => {
  test.each([
    [
      "ListObjectsV2",
      "/b?list-type=2&max-keys=5&prefix=a%2Fb&fetch-owner=true",
      {},
      { Bucket: "b", MaxKeys: 5, Prefix: "a/b", FetchOwner: true },
    ],
    ["ListObjectsV2", "/b?max-keys=&prefix=", {}, { Bucket: "b", Prefix: "" }],
    ["ListObjectsV2", "/b?max-keys=x", {}, "InvalidArgument: Provided max-keys not an integer"],
    [
      "GetObject",
      "/b/k",
      { headers: { "if-modified-since": "Wed, 21 Oct 2015 07:28:00 GMT", range: "bytes=0-1" } },
      { Bucket: "b", Key: "k", IfModifiedSince: new Date("2015-10-21T07:28:00Z"), Range: "bytes=0-1" },
    ],
    ["GetObject", "/b/k", { headers: { "if-modified-since": "once upon a time" } }, { Bucket: "b", Key: "k" }],
    [
      "PutObject",
      "/b/k",
      { headers: { "x-amz-meta-a": "1", "x-amz-meta-b-c": "2", "content-length": "7" } },
      { Bucket: "b", Key: "k", Metadata: { a: "1", "b-c": "2" }, ContentLength: 7 },
    ],
    ["PutBucketPolicy", "/b?policy", { body: '{"Statement":[]}' }, { Bucket: "b", Policy: '{"Statement":[]}' }],
    ["PutBucketPolicy", "/b?policy", {}, "MissingRequestBodyError: Request Body is empty"],
    ["UploadPart", "/b/k", {}, "InvalidRequest: Missing required parameter for this request: partNumber"],
    ["CopyObject", "/b/k", {}, "InvalidRequest: Missing required header for this request: x-amz-copy-source"],
    [
      "DeleteObjects",
      "/b?delete",
      {
        body: "<Delete><Object><Key>a</Key></Object><Object><Key>&lt;b&#x20;</Key><VersionId>v</VersionId></Object><Quiet> true </Quiet></Delete>",
      },
      { Bucket: "b", Delete: { Objects: [{ Key: "a" }, { Key: "<b ", VersionId: "v" }], Quiet: true } },
    ],
    [
      "DeleteObjects",
      "/b?delete",
      { body: '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object></Delete>' },
      { Bucket: "b", Delete: { Objects: [{ Key: "a" }] } },
    ],
    ["DeleteObjects", "/b?delete", { body: "<Delete><Object><VersionId>v</VersionId></Object></Delete>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Delete><Object><Key>a</Key></Object><Other/></Delete>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Delete>text<Object><Key>a</Key></Object></Delete>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Delete><Object><Key><a/></Key></Object></Delete>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Remove><Object><Key>a</Key></Object></Remove>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "<Delete><Object>" }, malformed],
    ["DeleteObjects", "/b?delete", { body: "" }, "MissingRequestBodyError: Request Body is empty"],
    ["CreateBucket", "/b", { body: "" }, { Bucket: "b" }],
    [
      "CreateBucket",
      "/b",
      {
        body: "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
      },
      { Bucket: "b", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } },
    ],
  ])("%s %s %j", (name, target, request, input) => {
    expect(inputOf(name, target, request)).toEqual(input);
  });
});

describe("documents that are refused", () => {
  test.each([
    ["a document type", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'],
    ["a document type alone", "<!DOCTYPE a><a/>"],
    ["an unknown entity", "<a>&e;</a>"],
    ["two roots", "<a/><b/>"],
    ["nothing", ""],
    ["no markup", "hello"],
    ["a broken tag", "<a"],
    ["a stray end", "</a>"],
    ["an attribute twice", '<a b="1" b="2"/>'],
    ["too deep", "<a>".repeat(xmlLimits.depth + 1) + "</a>".repeat(xmlLimits.depth + 1)],
    ["far too deep", "<a>".repeat(200_000)],
    ["too deep behind comments", "<a><!-- </a> -->".repeat(xmlLimits.depth + 1) + "</a>".repeat(xmlLimits.depth + 1)],
    ["too deep behind CDATA", "<a><![CDATA[</a>]]>".repeat(xmlLimits.depth + 1) + "</a>".repeat(xmlLimits.depth + 1)],
    [
      "too deep behind attributes",
      '<a b="</a>" c="/">'.repeat(xmlLimits.depth + 1) + "</a>".repeat(xmlLimits.depth + 1),
    ],
  ])("%s", (_, text) => {
    expect(parseXmlDocument(Buffer.from(text))).toMatchObject({ ok: false, error: { kind: "malformed-xml" } });
  });

  test("bytes that are no UTF-8", () => {
    expect(parseXmlDocument(Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toMatchObject({
      error: { kind: "malformed-xml" },
    });
  });

  test("as deep as allowed is taken", () => {
    expect(parseXmlDocument(Buffer.from("<a>".repeat(xmlLimits.depth) + "</a>".repeat(xmlLimits.depth)))).toMatchObject(
      { ok: true },
    );
  });

  test("too long", () => {
    expect(parseXmlDocument(Buffer.alloc(xmlLimits.bytes + 1, " "))).toMatchObject({ error: { kind: "too-large" } });
  });
});

describe("answers", () => {
  const answer = (name: string, output: unknown): unknown =>
    writeRestAnswer(s3Table.operations[name]!, output, s3Table.xmlNamespace);

  test("GetBucketLocation has its text in the root", () => {
    expect(answer("GetBucketLocation", {})).toMatchObject({
      body: expect.stringMatching(/\n<LocationConstraint xmlns="[^"]*"\/>$/),
    });
    expect(answer("GetBucketLocation", { LocationConstraint: "eu-west-1" })).toMatchObject({
      body: expect.stringMatching(/\n<LocationConstraint xmlns="[^"]*">eu-west-1<\/LocationConstraint>$/),
    });
  });

  test("roots are named as S3 names them", () => {
    expect(answer("ListBuckets", { Buckets: [] })).toMatchObject({
      body: expect.stringContaining(
        '<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets/>',
      ),
    });
    expect(answer("ListObjectsV2", { Contents: [{ Key: "a&b", Size: 1 }], KeyCount: 1 })).toMatchObject({
      body: expect.stringContaining(
        "<Contents><Key>a&amp;b</Key><Size>1</Size></Contents><KeyCount>1</KeyCount></ListBucketResult>",
      ),
    });
    expect(answer("CopyObject", { CopyObjectResult: { ETag: '"x"', LastModified: new Date(0) } })).toMatchObject({
      body: expect.stringMatching(
        /<CopyObjectResult xmlns="[^"]*"><ETag>&quot;x&quot;<\/ETag><LastModified>1970-01-01T00:00:00.000Z/,
      ),
    });
  });

  test("headers, status and no body", () => {
    expect(answer("DeleteObject", { VersionId: "v", DeleteMarker: true })).toEqual({
      status: 204,
      headers: { "x-amz-version-id": "v", "x-amz-delete-marker": "true" },
      body: undefined,
    });
    expect(answer("HeadObject", { LastModified: new Date(0), ContentLength: 3, Metadata: { a: "b" } })).toEqual({
      status: 200,
      headers: { "last-modified": "Thu, 01 Jan 1970 00:00:00 GMT", "content-length": "3", "x-amz-meta-a": "b" },
      body: undefined,
    });
    expect(answer("DeleteBucket", undefined)).toEqual({ status: 204, headers: {}, body: undefined });
  });

  test("a policy goes out as it is", () => {
    expect(answer("GetBucketPolicy", { Policy: '{"a":"<"}' })).toMatchObject({
      body: '{"a":"<"}',
      headers: { "content-type": "application/json" },
    });
  });
});
