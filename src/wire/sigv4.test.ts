import { createHmac, hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { RequestHead } from "./canonical-request.ts";
import { type SignatureFailure, signingKeyOf, type VerifyOptions, verifyHead, verifyRequest } from "./sigv4.ts";

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const key = { secretAccessKey: secret };
const docKeys: Readonly<Record<string, typeof key>> = {
  AKIAIOSFODNN7EXAMPLE: key,
  AKIDEXAMPLE: { secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
};
const docNowMs = Date.parse("2013-05-24T00:00:00Z");
const emptySha256 = hash("sha256", "", "hex");

const docOptions: VerifyOptions<typeof key> = { service: "s3", lookup: (id) => docKeys[id], nowMs: docNowMs };

function headOf(method: string, target: string, headers: Readonly<Record<string, string>>): RequestHead {
  return { method, target, rawHeaders: Object.entries(headers).flat() };
}

function authorization(signedHeaders: string, signature: string): string {
  return `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${signedHeaders},Signature=${signature}`;
}

/** Source: S3 API Reference, "Signature Calculations for the Authorization Header", examples. */
const getObject = headOf("GET", "/test.txt", {
  Host: "examplebucket.s3.amazonaws.com",
  Authorization: authorization(
    "host;range;x-amz-content-sha256;x-amz-date",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ),
  Range: "bytes=0-9",
  "x-amz-content-sha256": emptySha256,
  "x-amz-date": "20130524T000000Z",
});

const presigned = headOf(
  "GET",
  "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  { Host: "examplebucket.s3.amazonaws.com" },
);

describe("examples of AWS's documentation", () => {
  test("GET with a range", () => {
    expect(verifyHead(getObject, docOptions)).toMatchObject({
      ok: true,
      value: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", payload: { kind: "sha256", hex: emptySha256 } },
    });
  });

  test("PUT with a reserved character and a Date header", () => {
    const head = headOf("PUT", "/test$file.text", {
      Date: "Fri, 24 May 2013 00:00:00 GMT",
      Host: "examplebucket.s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": hash("sha256", "Welcome to Amazon S3.", "hex"),
      Authorization: authorization(
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
      ),
    });
    expect(verifyHead(head, docOptions)).toMatchObject({ ok: true });
  });

  test.each([
    ["/?lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"],
    ["/?max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"],
  ])("GET %s", (target, signature) => {
    const head = headOf("GET", target, {
      Host: "examplebucket.s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-content-sha256": emptySha256,
      Authorization: authorization("host;x-amz-content-sha256;x-amz-date", signature),
    });
    expect(verifyHead(head, docOptions)).toMatchObject({ ok: true });
  });

  test("presigned GET", () => {
    expect(verifyHead(presigned, docOptions)).toMatchObject({
      ok: true,
      value: { form: "presigned", payload: { kind: "unsigned" } },
    });
  });

  test("IAM ListUsers", () => {
    const head = headOf("GET", "/?Action=ListUsers&Version=2010-05-08", {
      Host: "iam.amazonaws.com",
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      "X-Amz-Date": "20150830T123600Z",
      Authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    });
    const options = { service: "iam", lookup: docOptions.lookup, nowMs: Date.parse("2015-08-30T12:36:00Z") };
    expect(verifyRequest(head, "", options)).toMatchObject({ ok: true });
  });
});

describe("tampering", () => {
  const changed = (head: RequestHead, change: Readonly<Record<string, string | undefined>>): RequestHead => {
    const headers = Object.fromEntries(pairsOf(head));
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) delete headers[name];
      else headers[name] = value;
    }
    return { ...head, rawHeaders: Object.entries(headers).flat() };
  };
  const withAuthorization = (from: string | RegExp, to: string): RequestHead =>
    changed(getObject, { Authorization: Object.fromEntries(pairsOf(getObject))["Authorization"]!.replace(from, to) });
  const withQuery = (from: string | RegExp, to: string): RequestHead => ({
    ...presigned,
    target: presigned.target.replace(from, to),
  });

  const cases: readonly (readonly [string, RequestHead, Partial<SignatureFailure> & { readonly kind: string }])[] = [
    ["method", { ...getObject, method: "PUT" }, { kind: "wrong-signature" }],
    ["path", { ...getObject, target: "/test.tx" }, { kind: "wrong-signature" }],
    ["query", { ...getObject, target: "/test.txt?acl" }, { kind: "wrong-signature" }],
    ["a signed header", changed(getObject, { Range: "bytes=0-8" }), { kind: "wrong-signature" }],
    ["a signed header gone", changed(getObject, { Range: undefined }), { kind: "wrong-signature" }],
    [
      "a signed header twice",
      { ...getObject, rawHeaders: [...getObject.rawHeaders, "Range", "bytes=0-9"] },
      { kind: "wrong-signature" },
    ],
    ["host", changed(getObject, { Host: "other.s3.amazonaws.com" }), { kind: "wrong-signature" }],
    [
      "payload hash",
      changed(getObject, { "x-amz-content-sha256": hash("sha256", "a", "hex") }),
      { kind: "wrong-signature" },
    ],
    [
      "payload hash to unsigned",
      changed(getObject, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" }),
      { kind: "wrong-signature" },
    ],
    [
      "payload word",
      changed(getObject, { "x-amz-content-sha256": "STREAMING-OTHER" }),
      { kind: "malformed", what: "content-sha256" },
    ],
    [
      "no payload hash",
      changed(getObject, { "x-amz-content-sha256": undefined }),
      { kind: "malformed", what: "content-sha256" },
    ],
    ["time of day", changed(getObject, { "x-amz-date": "20130524T000001Z" }), { kind: "wrong-signature" }],
    ["day", changed(getObject, { "x-amz-date": "20130523T235959Z" }), { kind: "malformed", what: "credential" }],
    ["no date", changed(getObject, { "x-amz-date": undefined }), { kind: "malformed", what: "date" }],
    [
      "date that is none",
      changed(getObject, { "x-amz-date": "20139924T000000Z" }),
      { kind: "malformed", what: "date" },
    ],
    [
      "an x-amz header added",
      changed(getObject, { "x-amz-acl": "public-read" }),
      { kind: "unsigned-headers", headers: ["x-amz-acl"] },
    ],
    ["one digit of the signature", withAuthorization("Signature=f0", "Signature=f1"), { kind: "wrong-signature" }],
    ["signature cut", withAuthorization(/.$/, ""), { kind: "malformed", what: "signature" }],
    [
      "signature in capitals",
      withAuthorization("Signature=f0", "Signature=F0"),
      { kind: "malformed", what: "signature" },
    ],
    ["signed headers fewer", withAuthorization("host;range;", "host;"), { kind: "wrong-signature" }],
    ["signed headers without host", withAuthorization("host;", ""), { kind: "malformed", what: "signed-headers" }],
    ["no signed headers", withAuthorization(/SignedHeaders=[^,]*,/, ""), { kind: "malformed", what: "signed-headers" }],
    ["region", withAuthorization("us-east-1", "us-west-2"), { kind: "wrong-signature" }],
    ["service", withAuthorization("/s3/", "/ec2/"), { kind: "wrong-scope", what: "service", given: "ec2" }],
    ["terminator", withAuthorization("aws4_request", "aws5_request"), { kind: "malformed", what: "credential" }],
    ["access key", withAuthorization("AKIAIOSFODNN7EXAMPLE", "AKIDEXAMPLE"), { kind: "wrong-signature" }],
    [
      "unknown access key",
      withAuthorization("AKIAIOSFODNN7EXAMPLE", "AKIAOTHER"),
      { kind: "unknown-key", accessKeyId: "AKIAOTHER" },
    ],
    ["no credential", withAuthorization(/Credential=[^,]*,/, ""), { kind: "malformed", what: "credential" }],
    [
      "field twice",
      withAuthorization(",Signature", ",Signature=0,Signature"),
      { kind: "malformed", what: "authorization" },
    ],
    [
      "algorithm",
      withAuthorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
      { kind: "unsupported-algorithm", algorithm: "AWS4-ECDSA-P256-SHA256" },
    ],
    [
      "version 2",
      changed(getObject, { Authorization: "AWS AKIAIOSFODNN7EXAMPLE:abc=" }),
      { kind: "unsupported-algorithm", algorithm: "AWS" },
    ],
    ["no signature at all", changed(getObject, { Authorization: undefined }), { kind: "missing" }],
    ["a token that the key has not", changed(getObject, { "x-amz-security-token": "t" }), { kind: "unsigned-headers" }],
    ["both forms", { ...getObject, target: presigned.target }, { kind: "malformed", what: "two-mechanisms" }],
    ["presigned: signature", withQuery("Signature=ae", "Signature=af"), { kind: "wrong-signature" }],
    ["presigned: longer life", withQuery("Expires=86400", "Expires=86401"), { kind: "wrong-signature" }],
    ["presigned: no life", withQuery("Expires=86400", "Expires=0"), { kind: "malformed", what: "expires" }],
    [
      "presigned: life over a week",
      withQuery("Expires=86400", "Expires=604801"),
      { kind: "malformed", what: "expires" },
    ],
    [
      "presigned: life that is no number",
      withQuery("Expires=86400", "Expires=-1"),
      { kind: "malformed", what: "expires" },
    ],
    ["presigned: parameter added", withQuery("?", "?versionId=1&"), { kind: "wrong-signature" }],
    [
      "presigned: parameter twice",
      withQuery("&X-Amz-Expires", "&X-Amz-Date=20130524T000000Z&X-Amz-Expires"),
      { kind: "malformed", what: "authorization" },
    ],
    [
      "presigned: header added",
      changed(presigned, { "x-amz-acl": "public-read" }),
      { kind: "unsigned-headers", headers: ["x-amz-acl"] },
    ],
    [
      "presigned: algorithm",
      withQuery("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
      { kind: "unsupported-algorithm", algorithm: "AWS4-HMAC-SHA1" },
    ],
    ["presigned: no credential", withQuery(/X-Amz-Credential=[^&]*&/, ""), { kind: "malformed", what: "credential" }],
    [
      "presigned: token added",
      withQuery("&X-Amz-Expires", "&X-Amz-Security-Token=x&X-Amz-Expires"),
      { kind: "bad-token", why: "unexpected" },
    ],
    [
      "presigned: version 2",
      headOf("GET", "/a?AWSAccessKeyId=x&Signature=y&Expires=1", { Host: "h" }),
      { kind: "unsupported-algorithm" },
    ],
  ];

  test.each(cases)("%s", (_, head, failure) => {
    expect(verifyHead(head, docOptions)).toMatchObject({ ok: false, error: failure });
  });

  test("a wrong signature shows what was signed", () => {
    const result = verifyHead({ ...getObject, target: "/a b?x=1&y" }, docOptions);
    expect(result).toMatchObject({
      error: {
        signatureProvided: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        canonicalRequest: expect.stringContaining("GET\n/a%20b\nx=1&y=\nhost:examplebucket.s3.amazonaws.com\n"),
        stringToSign: expect.stringContaining(
          "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n",
        ),
      },
    });
  });
});

describe("time", () => {
  const minute = 60_000;
  const at = (offsetMs: number, head = getObject): unknown =>
    verifyHead(head, { ...docOptions, nowMs: docNowMs + offsetMs });

  test.each([15 * minute, -15 * minute, 0])("%d ms off is taken", (offset) => {
    expect(at(offset)).toMatchObject({ ok: true });
  });

  test.each([15 * minute + 1, -15 * minute - 1])("%d ms off is refused", (offset) => {
    expect(at(offset)).toMatchObject({ error: { kind: "skewed", requestMs: docNowMs, allowedMs: 15 * minute } });
  });

  test("a presigned URL lives its time and not longer", () => {
    expect(at(86_400_000, presigned)).toMatchObject({ ok: true });
    expect(at(86_400_001, presigned)).toMatchObject({
      error: { kind: "expired-url", expiresSeconds: 86_400, expiredAtMs: docNowMs + 86_400_000 },
    });
    expect(at(-15 * minute - 1, presigned)).toMatchObject({ error: { kind: "skewed" } });
  });
});

/** Signs by the book, independently of the code under test but for the key. */
function sign(
  head: RequestHead,
  parts: {
    readonly service: string;
    readonly canonicalPath: string;
    readonly canonicalQuery: string;
    readonly payloadHash: string;
    readonly amzDate: string;
  },
): RequestHead {
  const scope = `${parts.amzDate.slice(0, 8)}/us-east-1/${parts.service}/aws4_request`;
  const lines = new Map<string, string>();
  for (const [name, value] of pairsOf(head)) {
    const lower = name.toLowerCase();
    const text = value.trim().replace(/\s+/g, " ");
    lines.set(lower, lines.has(lower) ? `${lines.get(lower)},${text}` : text);
  }
  const names = [...lines.keys()].sort();
  const canonical = [
    head.method,
    parts.canonicalPath,
    parts.canonicalQuery,
    ...names.map((name) => `${name}:${lines.get(name)}`),
    "",
    names.join(";"),
    parts.payloadHash,
  ].join("\n");
  const text = `AWS4-HMAC-SHA256\n${parts.amzDate}\n${scope}\n${hash("sha256", canonical, "hex")}`;
  const [date = "", region = "", service = ""] = scope.split("/");
  const signature = createHmac("sha256", signingKeyOf(secret, { date, region, service })).update(text).digest("hex");
  const value = `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  return { ...head, rawHeaders: [...head.rawHeaders, "Authorization", value] };
}

describe("canonical forms", () => {
  const amzDate = "20130524T000000Z";
  const s3 = (target: string, canonicalPath: string, canonicalQuery = ""): unknown => {
    const head = headOf("GET", target, {
      host: "h",
      "x-amz-date": amzDate,
      "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    });
    return verifyHead(
      sign(head, { service: "s3", canonicalPath, canonicalQuery, payloadHash: "UNSIGNED-PAYLOAD", amzDate }),
      docOptions,
    );
  };
  const other = (target: string, canonicalPath: string, canonicalQuery = ""): unknown => {
    const head = headOf("GET", target, { host: "h", "x-amz-date": amzDate });
    return verifyRequest(
      sign(head, { service: "ec2", canonicalPath, canonicalQuery, payloadHash: emptySha256, amzDate }),
      "",
      { ...docOptions, service: "ec2" },
    );
  };

  test.each([
    ["/a%20b", "/a%20b", ""],
    ["/a b", "/a%20b", ""],
    ["/a+b", "/a%2Bb", ""],
    ["/a%2Bb", "/a%2Bb", ""],
    ["/b//c/../d/./", "/b//c/../d/./", ""],
    ["/%C3%A4%E2%82%AC", "/%C3%A4%E2%82%AC", ""],
    ["/(a)*!'~", "/%28a%29%2A%21%27~", ""],
    ["/a%2Fb", "/a%2Fb", ""],
    ["/?prefix=a+b&list-type=2", "/", "list-type=2&prefix=a%20b"],
    ["/?b=2&a=1&a=0&a-b=3&a", "/", "a=&a=0&a=1&a-b=3&b=2"],
    ["/?prefix=%2F%2B%3D", "/", "prefix=%2F%2B%3D"],
    ["/?acl", "/", "acl="],
    ["http://h/a?acl", "/a", "acl="],
  ])("S3 %s", (target, path, query) => {
    expect(s3(target, path, query)).toMatchObject({ ok: true });
  });

  test.each([
    ["/", "/", ""],
    ["/a%20b", "/a%2520b", ""],
    ["/a//b/./c/../d", "/a/b/d", ""],
    ["/a/", "/a/", ""],
    ["/?Action=x&Version=2", "/", "Action=x&Version=2"],
  ])("others %s", (target, path, query) => {
    expect(other(target, path, query)).toMatchObject({ ok: true });
  });

  test("headers given twice are joined, their spaces folded", () => {
    const head: RequestHead = {
      method: "GET",
      target: "/",
      rawHeaders: ["Host", "h", "X-Amz-Date", amzDate, "My-Header", "  a   b ", "my-header", "c"],
    };
    expect(
      verifyRequest(
        sign(head, { service: "ec2", canonicalPath: "/", canonicalQuery: "", payloadHash: emptySha256, amzDate }),
        "",
        { ...docOptions, service: "ec2" },
      ),
    ).toMatchObject({ ok: true });
  });

  test.each(["Fri, 24 May 2013 00:00:00 GMT", amzDate])("Date: %s stands for x-amz-date", (date) => {
    const head = headOf("GET", "/", { host: "h", date });
    expect(
      verifyRequest(
        sign(head, { service: "ec2", canonicalPath: "/", canonicalQuery: "", payloadHash: emptySha256, amzDate }),
        "",
        { ...docOptions, service: "ec2" },
      ),
    ).toMatchObject({ ok: true });
  });

  test("the body of a query service is signed", () => {
    const head = headOf("POST", "/", { host: "h", "x-amz-date": amzDate });
    const signed = sign(head, {
      service: "ec2",
      canonicalPath: "/",
      canonicalQuery: "",
      payloadHash: hash("sha256", "Action=A", "hex"),
      amzDate,
    });
    expect(verifyRequest(signed, "Action=A", { ...docOptions, service: "ec2" })).toMatchObject({ ok: true });
    expect(verifyRequest(signed, "Action=B", { ...docOptions, service: "ec2" })).toMatchObject({
      error: { kind: "wrong-signature" },
    });
  });

  test("a claimed hash of the body must be its hash", () => {
    const claimed = hash("sha256", "Action=A", "hex");
    const head = headOf("POST", "/", { host: "h", "x-amz-date": amzDate, "x-amz-content-sha256": claimed });
    const signed = sign(head, {
      service: "ec2",
      canonicalPath: "/",
      canonicalQuery: "",
      payloadHash: claimed,
      amzDate,
    });
    expect(verifyRequest(signed, "Action=B", { ...docOptions, service: "ec2" })).toMatchObject({
      error: { kind: "payload-mismatch", claimed },
    });
  });

  test("a region other than ours", () => {
    expect(verifyHead(getObject, { ...docOptions, region: "eu-west-1" })).toMatchObject({
      error: { kind: "wrong-scope", what: "region", given: "us-east-1", expected: "eu-west-1" },
    });
  });
});

describe("temporary credentials", () => {
  const amzDate = "20130524T000000Z";
  const request = (token: string | undefined): RequestHead =>
    sign(
      headOf("POST", "/", {
        host: "h",
        "x-amz-date": amzDate,
        ...(token !== undefined && { "x-amz-security-token": token }),
      }),
      {
        service: "ec2",
        canonicalPath: "/",
        canonicalQuery: "",
        payloadHash: emptySha256,
        amzDate,
      },
    );
  const check = (token: string | undefined, expiresAtMs = docNowMs + 1): unknown =>
    verifyRequest(request(token), "", {
      service: "ec2",
      nowMs: docNowMs,
      lookup: () => ({ secretAccessKey: secret, sessionToken: "right", expiresAtMs }),
    });

  test("with their token", () => expect(check("right")).toMatchObject({ ok: true }));
  test("with another", () => expect(check("left")).toMatchObject({ error: { kind: "bad-token", why: "different" } }));
  test("with none", () => expect(check(undefined)).toMatchObject({ error: { kind: "bad-token", why: "absent" } }));
  test("too late", () =>
    expect(check("right", docNowMs)).toMatchObject({ error: { kind: "expired-token", expiredAtMs: docNowMs } }));
});

function pairsOf(head: RequestHead): readonly (readonly [string, string])[] {
  return head.rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, head.rawHeaders[at + 1] ?? ""] as const] : []));
}
