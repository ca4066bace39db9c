import { expect, test } from "vitest";
import { addressOf } from "./address.ts";

test.each([
  ["localhost:4566", "/docs/a/b", "docs a/b - path"],
  ["127.0.0.1:4566", "/docs", "docs - - path"],
  ["127.0.0.1", "/docs/", "docs - - path"],
  ["127.0.0.1", "/", "- - - path"],
  ["s3.amazonaws.com", "/docs/k", "docs k - path"],
  ["s3.eu-west-1.amazonaws.com", "/docs/k", "docs k eu-west-1 path"],
  ["s3-us-west-2.amazonaws.com", "/docs/k", "docs k us-west-2 path"],
  ["s3-external-1.amazonaws.com", "/docs/k", "docs k us-east-1 path"],
  ["s3.dualstack.us-east-1.amazonaws.com", "/docs/k", "docs k us-east-1 path"],
  ["s3-fips.us-east-1.amazonaws.com", "/docs/k", "docs k us-east-1 path"],
  ["docs.s3.us-east-1.amazonaws.com", "/k/l?x=1", "docs k/l us-east-1 virtual-host"],
  ["my.dotted.docs.s3.us-east-1.amazonaws.com", "/k", "my.dotted.docs k us-east-1 virtual-host"],
  ["docs.s3.amazonaws.com", "/", "docs - - virtual-host"],
  ["docs.s3.dualstack.eu-central-1.amazonaws.com:443", "/k", "docs k eu-central-1 virtual-host"],
  ["s3.localhost.localstack.cloud:4566", "/docs/k", "docs k - path"],
  ["docs.s3.localhost.localstack.cloud:4566", "/k", "docs k - virtual-host"],
  ["docs.s3.us-east-1.localhost.localstack.cloud:4566", "/k", "docs k us-east-1 virtual-host"],
  ["docs.localhost:4566", "/k", "docs k - virtual-host"],
  ["s3.localhost:4566", "/docs/k", "docs k - path"],
  ["some.host.example", "/docs/k", "docs k - path"],
  ["localhost", "http://localhost/docs/k?x", "docs k - path"],
  ["localhost", "/docs/a%20b%2Fc+d", "docs a b/c+d - path"],
  ["localhost", "/docs//a//../b", "docs /a//../b - path"],
  ["localhost", "/docs/%F0%9F%98%80", "docs 😀 - path"],
])("%s%s", (host, target, expected) => {
  const address = addressOf(host, target);
  if (!address.ok) throw new Error(address.error.code);
  const { bucket = "-", key = "-", region = "-", style } = address.value;
  expect(`${bucket} ${key} ${region} ${style}`).toBe(expected);
});

test.each([
  ["/docs/%zz", "InvalidURI"],
  ["/docs/%ff", "InvalidURI"],
  ["/%c3%28/k", "InvalidURI"],
  [`/docs/${"k".repeat(1025)}`, "KeyTooLongError"],
  [`/docs/${"%C3%A4".repeat(513)}`, "KeyTooLongError"],
])("%s is refused", (target, code) => {
  expect(addressOf("localhost", target)).toMatchObject({ ok: false, error: { code } });
});

test("a key of 1,024 bytes is no longer than allowed", () => {
  expect(addressOf("localhost", `/docs/${"%C3%A4".repeat(512)}`).ok).toBe(true);
});
