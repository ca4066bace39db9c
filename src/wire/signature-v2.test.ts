import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { RequestHead } from "./canonical-request.ts";
import { isSignatureV2, presignedHeadersV2, verifySignatureV2 } from "./signature-v2.ts";
import type { SigningSecret } from "./sigv4.ts";

const accessKeyId = "AKIAIOSFODNN7EXAMPLE";
const secretAccessKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const expires = 1175139620;

interface Check {
  readonly nowMs?: number;
  readonly hostBucket?: string;
  readonly key?: SigningSecret;
}

function check(head: RequestHead, { nowMs, hostBucket, key }: Check = {}): unknown {
  expect(isSignatureV2(head)).toBe(true);
  const lookup = (id: string) => (id === accessKeyId ? (key ?? { secretAccessKey }) : undefined);
  const result = verifySignatureV2(head, { lookup, nowMs: nowMs ?? (expires - 60) * 1000, hostBucket });
  return result.ok ? result.value.form : result.error;
}

function headOf(method: string, target: string, headers: Readonly<Record<string, string>> = {}): RequestHead {
  return { method, target, rawHeaders: Object.entries(headers).flat() };
}

/** By a client of our own: the string to sign is written out. */
function sign(stringToSign: string): string {
  return createHmac("sha1", secretAccessKey).update(stringToSign).digest("base64");
}

function presign(method: string, target: string, stringToSign: string): RequestHead {
  const mark = target.includes("?") ? "&" : "?";
  const signature = encodeURIComponent(sign(stringToSign));
  return headOf(method, `${target}${mark}AWSAccessKeyId=${accessKeyId}&Signature=${signature}&Expires=${expires}`);
}

const query = "AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
const wrong = expect.objectContaining({ kind: "wrong-v2-signature" }) as unknown;

describe("examples of AWS's documentation", () => {
  test("GET by query, the bucket in the host or in the path", () => {
    expect(check(headOf("GET", `/photos/puppy.jpg?${query}`), { hostBucket: "johnsmith" })).toBe("presigned");
    expect(check(headOf("GET", `/johnsmith/photos/puppy.jpg?${query}`))).toBe("presigned");
  });

  test.each([
    ["johnsmith", "bWq2s1WEIj+Ydj0vQ697zp+IXMU="],
    ["awsexamplebucket1", "qgk2+6Sv9/oM7G3qLEjTH1a1l1g="],
  ])("GET by header from %s", (hostBucket, signature) => {
    const date = "Tue, 27 Mar 2007 19:36:42 +0000";
    const head = headOf("GET", "/photos/puppy.jpg", { Date: date, Authorization: `AWS ${accessKeyId}:${signature}` });
    const atMs = Date.parse(date);
    expect(check(head, { hostBucket, nowMs: atMs })).toBe("header");
    expect(check(head, { hostBucket, nowMs: atMs + 15 * 60_000 + 1 })).toMatchObject({ kind: "skewed" });
    expect(check(head, { hostBucket, nowMs: atMs - 15 * 60_000 - 1 })).toMatchObject({ kind: "skewed" });
    expect(check(head, { hostBucket: "other", nowMs: atMs })).toMatchObject({ kind: "wrong-v2-signature" });
  });
});

describe("what is signed", () => {
  test.each([
    [
      "subresources, sorted, their values decoded",
      "/b/k?versionId=1&response-content-type=a%2Fb&x=1",
      "?response-content-type=a/b&versionId=1",
    ],
    ["a subresource without a value", "/b/k?tagging", "?tagging"],
    ["other parameters not", "/b/k?prefix=p", ""],
    ["characters beyond ASCII", "/b/k?response-content-disposition=%C3%A4", "?response-content-disposition=ä"],
  ])("%s", (_, target, suffix) => {
    expect(check(presign("GET", target, `GET\n\n\n${expires}\n/b/k${suffix}`))).toBe("presigned");
  });

  test("the path as it is written", () => {
    expect(check(presign("GET", "/b/a%20b", `GET\n\n\n${expires}\n/b/a%20b`))).toBe("presigned");
    expect(check(presign("GET", "/b/a%20b", `GET\n\n\n${expires}\n/b/a b`))).toEqual(wrong);
  });

  test("a bucket in the path with and without a last slash", () => {
    expect(check(presign("GET", "/b", `GET\n\n\n${expires}\n/b`))).toBe("presigned");
    expect(check(presign("GET", "/b", `GET\n\n\n${expires}\n/b/`))).toBe("presigned");
    expect(check(presign("GET", "/", `GET\n\n\n${expires}\n/b/`), { hostBucket: "b" })).toBe("presigned");
  });

  test("headers: content, and all of Amazon's from the head and from the query", () => {
    const text = `PUT\nmd5\ntext/plain\n${expires}\nx-amz-acl:private\nx-amz-meta-a:1,2\nx-amz-tagging:t=1\n/b/k`;
    const target = "/b/k?X-Amz-Tagging=t%3D1&x-amz-acl=private";
    const rawHeaders = ["Content-Type", "text/plain", "Content-MD5", "md5", "X-Amz-Meta-A", "1", "x-amz-meta-a", " 2 "];
    const head = { ...presign("PUT", target, text), rawHeaders };
    expect(check(head)).toBe("presigned");
    expect(presignedHeadersV2(head.target)).toEqual(
      new Map([
        ["x-amz-tagging", "t=1"],
        ["x-amz-acl", "private"],
      ]),
    );
    for (const [name, value] of [
      ["x-amz-tagging", "t=2"],
      ["x-amz-meta-b", "1"],
      ["Content-Type", "text/html"],
    ] as const)
      expect(check({ ...head, rawHeaders: [...rawHeaders, name, value] })).toEqual(wrong);
    expect(check({ ...head, rawHeaders: rawHeaders.slice(2) })).toEqual(wrong);
  });

  test("x-amz-date in place of the date", () => {
    const date = "Tue, 27 Mar 2007 21:20:26 +0000";
    const signature = sign(`DELETE\n\n\n\nx-amz-date:${date}\n/b/k`);
    const headers = { Date: "Tue, 27 Mar 2007 21:20:27 +0000", "x-amz-date": date };
    const head = headOf("DELETE", "/b/k", { ...headers, Authorization: `AWS ${accessKeyId}:${signature}` });
    expect(check(head, { nowMs: Date.parse(date) })).toBe("header");
  });
});

describe("tampering", () => {
  const target = `/johnsmith/photos/puppy.jpg?${query}`;
  test.each<readonly [string, RequestHead, unknown]>([
    ["method", headOf("PUT", target), wrong],
    ["path", headOf("GET", target.replace("puppy", "kitten")), wrong],
    ["a subresource added", headOf("GET", `${target}&acl`), wrong],
    ["a later subresource added", headOf("GET", `${target}&attributes`), wrong],
    ["a copy's source added", headOf("GET", target, { "x-amz-copy-source": "/other/k" }), wrong],
    ["the same in the query", headOf("GET", `${target}&x-amz-copy-source=/other/k`), wrong],
    ["a longer time", headOf("GET", target.replace("1175139620", "1175139621")), wrong],
    ["the signature", headOf("GET", target.replace("Npg", "npg")), wrong],
    ["no signature at all", headOf("GET", target.replace(/Signature=[^&]*/, "Signature=x")), wrong],
    [
      "another key",
      headOf("GET", target.replace("EXAMPLE", "EXAMPLF")),
      { kind: "unknown-key", accessKeyId: "AKIAIOSFODNN7EXAMPLF" },
    ],
    ["no time", headOf("GET", target.replace(/&Expires=\d+/, "")), { kind: "malformed-query" }],
    ["two times", headOf("GET", `${target}&Expires=9999999999`), { kind: "malformed-query" }],
    ["no number", headOf("GET", target.replace("1175139620", "-1")), { kind: "malformed-expires", given: "-1" }],
    ["a second signature", headOf("GET", target, { Authorization: "AWS a:b" }), { kind: "two-mechanisms" }],
    [
      "signed chunks",
      headOf("GET", target, { "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }),
      { kind: "malformed-payload" },
    ],
    ["no date", headOf("GET", "/b/k", { Authorization: `AWS ${accessKeyId}:c2ln` }), { kind: "malformed-date" }],
    [
      "nonsense",
      headOf("GET", "/b/k", { Authorization: "AWS x" }),
      { kind: "malformed-header", authorization: "AWS x" },
    ],
  ])("%s", (_, head, expected) => {
    expect(check(head)).toEqual(expected);
  });

  test("too late", () => {
    expect(check(headOf("GET", target), { nowMs: expires * 1000 })).toBe("presigned");
    const expiredAtMs = expires * 1000;
    expect(check(headOf("GET", target), { nowMs: expiredAtMs + 1 })).toEqual({ kind: "expired", expiredAtMs });
  });

  test("a plus of the signature that was not encoded", () => {
    expect(check(headOf("GET", target.replace("%2B", "+")))).toBe("presigned");
  });
});

describe("temporary credentials", () => {
  const text = `GET\n\n\n${expires}\nx-amz-security-token:to/ken+=\n/b/k`;
  const head = presign("GET", "/b/k?x-amz-security-token=to%2Fken%2B%3D", text);
  const key = { secretAccessKey, sessionToken: "to/ken+=", expiresAtMs: expires * 1000 };
  test("with their token", () => expect(check(head, { key })).toBe("presigned"));
  test("with another", () =>
    expect(check(head, { key: { ...key, sessionToken: "other" } })).toMatchObject({
      kind: "bad-token",
      why: "different",
    }));
  test("with none", () =>
    expect(check(presign("GET", "/b/k", text), { key })).toMatchObject({ kind: "bad-token", why: "absent" }));
  test("too late", () =>
    expect(check(head, { key: { ...key, expiresAtMs: 0 } })).toMatchObject({ kind: "expired-token" }));
  test("a key that nobody checks", () =>
    expect(check(headOf("GET", `/b/k?${query}`), { nowMs: 9e12, key: { ...key, unchecked: true } })).toBe("presigned"));
});

test.each(["/b/k", "/b/k?X-Amz-Signature=a&Signature=b", "/b/k?prefix=Signature%3D"])(
  "%s is not of version 2",
  (target) => {
    expect(isSignatureV2(headOf("GET", target, { Authorization: "AWS4-HMAC-SHA256 Credential=a" }))).toBe(false);
  },
);
