import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  caBundle,
  type CertificateAuthority,
  certificateName,
  openCertificateAuthority,
  readSystemRoots,
} from "./certificate.ts";
import { makeCertificate } from "./x509.ts";

let folder: string;
let authority: CertificateAuthority;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "underpass-ca-"));
  authority = await openCertificateAuthority(folder);
  server = createServer({
    SNICallback: (name, done) => {
      const context = authority.secureContextFor(name);
      if (context === undefined) done(new Error("no such name"));
      else done(null, context);
    },
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe("names", () => {
  test.each([
    ["s3.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"],
    ["S3.US-EAST-1.AMAZONAWS.COM.", "s3.us-east-1.amazonaws.com"],
    ["bucket.s3.us-east-1.amazonaws.com", "*.s3.us-east-1.amazonaws.com"],
    ["a.b.s3.us-east-1.amazonaws.com", "*.b.s3.us-east-1.amazonaws.com"],
    ["bucket.s3.amazonaws.com", "bucket.s3.amazonaws.com"],
    ["sts.amazonaws.com", "sts.amazonaws.com"],
    ["ec2.cn-north-1.amazonaws.com.cn", "ec2.cn-north-1.amazonaws.com.cn"],
    ["ec2.us-east-1.api.aws", "ec2.us-east-1.api.aws"],
    ["api.aws", undefined],
    ["echo.internet.test", "echo.internet.test"],
    ["internet.test", undefined],
    ["amazonaws.com", undefined],
    ["amazonaws.com.cn", undefined],
    ["example.com", undefined],
    ["amazonaws.com.example.com", undefined],
    ["xamazonaws.com", undefined],
    ["*.amazonaws.com", undefined],
    ["a..amazonaws.com", undefined],
    ["a\0.amazonaws.com", undefined],
    [`${"a".repeat(64)}.amazonaws.com`, undefined],
    ["", undefined],
  ])("%s", (asked, name) => {
    expect(certificateName(asked)).toBe(name);
  });
});

/** The names of the certificate that a client which trusts the bundle accepts, or the error's code. */
function handshake(serverName: string): Promise<string> {
  return new Promise((resolve) => {
    const { port } = server.address() as AddressInfo;
    const socket = connect(
      { host: "127.0.0.1", port, servername: serverName, ca: readFileSync(authority.bundleFile) },
      () => {
        resolve(socket.getPeerCertificate().subjectaltname ?? "");
        socket.destroy();
      },
    );
    socket.on("error", () => resolve("refused"));
  });
}

describe("clients that trust the bundle", () => {
  test.each([
    ["s3.us-east-1.amazonaws.com", "DNS:s3.us-east-1.amazonaws.com"],
    ["bucket.s3.us-east-1.amazonaws.com", "DNS:*.s3.us-east-1.amazonaws.com"],
    [`${"b".repeat(63)}.s3.us-east-1.amazonaws.com`, "DNS:*.s3.us-east-1.amazonaws.com"],
    ["example.com", "refused"],
  ])("%s", async (serverName, names) => {
    expect(await handshake(serverName)).toBe(names);
  });
});

test("a context is kept", () => {
  expect(authority.secureContextFor("a.s3.us-east-1.amazonaws.com")).toBe(
    authority.secureContextFor("b.s3.us-east-1.amazonaws.com"),
  );
});

test("the authority is kept, its key for its owner alone", async () => {
  const again = await openCertificateAuthority(folder);
  expect(again.certificate).toBe(authority.certificate);
  expect(statSync(join(folder, "ca-key.pem")).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder).toSorted()).toEqual(["ca-bundle.pem", "ca-key.pem", "ca.pem"]);
  const certificate = new X509Certificate(authority.certificate);
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
});

test("an authority from before a domain was added gives way to one that has it", async () => {
  const old = mkdtempSync(join(tmpdir(), "underpass-ca-"));
  try {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const commonName = "Underpass region CA of old";
    const dates = { notBefore: new Date(), notAfter: new Date(Date.now() + 3650 * 86_400_000) };
    const names = { commonName, issuerCommonName: commonName };
    const use = { kind: "authority", domains: ["amazonaws.com", "amazonaws.com.cn", "api.aws"] } as const;
    writeFileSync(join(old, "ca.pem"), makeCertificate({ ...names, ...dates, publicKey, issuerKey: privateKey, use }));
    writeFileSync(join(old, "ca-key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }));
    const { certificate } = await openCertificateAuthority(old);
    expect(new X509Certificate(certificate).subject).not.toContain(commonName);
  } finally {
    rmSync(old, { recursive: true });
  }
});

test("a key of another certificate is refused by name", async () => {
  const other = mkdtempSync(join(tmpdir(), "underpass-ca-"));
  try {
    await openCertificateAuthority(other);
    writeFileSync(join(other, "ca.pem"), authority.certificate);
    await expect(openCertificateAuthority(other)).rejects.toThrow(`read the certificate authority in \`${other}\``);
  } finally {
    rmSync(other, { recursive: true });
  }
});

test("the bundle holds the system's roots and ours", () => {
  const roots = readSystemRoots();
  const bundle = readFileSync(authority.bundleFile, "utf8");
  expect(bundle).toBe(caBundle(roots, authority.certificate));
  expect(bundle.split("BEGIN CERTIFICATE").length).toBe(roots.split("BEGIN CERTIFICATE").length + 1);
  expect(readSystemRoots([]).split("BEGIN CERTIFICATE").length).toBeGreaterThan(50);
});
