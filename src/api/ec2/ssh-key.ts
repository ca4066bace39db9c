/**
 * Keys of key pairs: made, read from the form of OpenSSH, and their fingerprints.
 * Source: RFC 4253 section 6.6 and RFC 8709 section 4 (public keys), Amazon EC2 User Guide, "Verify the fingerprint of your
 * key pair": SHA-1 over the DER private key for an RSA key of AWS's, MD5 over the DER public key for an imported one,
 * SHA-256 for ED25519.
 */

import { createHash, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

export interface SshKey {
  readonly type: "rsa" | "ed25519";
  /** `ssh-rsa AAAA…`. */
  readonly publicKey: string;
  readonly fingerprint: string;
}

/** A new key with its private half in PEM. */
export async function makeSshKey(
  type: SshKey["type"],
): Promise<Omit<SshKey, "type"> & { readonly privateKey: string }> {
  if (type === "rsa") {
    const { publicKey, privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2048 });
    const der = privateKey.export({ type: "pkcs8", format: "der" });
    return {
      publicKey: sshText("ssh-rsa", rsaBlob(publicKey)),
      fingerprint: colons(createHash("sha1").update(der).digest("hex")),
      privateKey: privateKey.export({ type: "pkcs1", format: "pem" }).toString().trim(),
    };
  }
  const { publicKey, privateKey } = await promisify(generateKeyPair)("ed25519");
  const blob = ed25519Blob(publicKey);
  return {
    publicKey: sshText("ssh-ed25519", blob),
    fingerprint: sha256Of(blob),
    privateKey: opensshPem(publicKey, privateKey),
  };
}

/** The key that `text` writes (`ssh-rsa AAAA… comment`), or undefined for what is none. */
export function readSshKey(text: string): SshKey | undefined {
  const [algorithm, base64 = ""] = text.trim().split(/\s+/);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  const blob = Buffer.from(base64, "base64");
  const fields = fieldsOf(blob);
  const [name, first, second] = fields ?? [];
  if (name?.toString() !== algorithm || first === undefined) return undefined;
  if (algorithm === "ssh-ed25519" && first.length === 32 && second === undefined) {
    return { type: "ed25519", publicKey: text.trim(), fingerprint: sha256Of(blob) };
  }
  if (algorithm !== "ssh-rsa" || second === undefined) return undefined;
  const key = rsaKey(first, second);
  if (key === undefined) return undefined;
  const der = key.export({ type: "spki", format: "der" });
  return {
    type: "rsa",
    publicKey: text.trim(),
    fingerprint: colons(createHash("md5").update(der).digest("hex")),
  };
}

function rsaKey(exponent: Buffer, modulus: Buffer): KeyObject | undefined {
  const base64url = (bytes: Buffer): string => (bytes[0] === 0 ? bytes.subarray(1) : bytes).toString("base64url");
  try {
    return createPublicKey({ key: { kty: "RSA", e: base64url(exponent), n: base64url(modulus) }, format: "jwk" });
  } catch {
    return undefined;
  }
}

function rsaBlob(key: KeyObject): Buffer {
  const { e = "", n = "" } = key.export({ format: "jwk" });
  return Buffer.concat([field(Buffer.from("ssh-rsa")), mpint(e), mpint(n)]);
}

function ed25519Blob(key: KeyObject): Buffer {
  const { x = "" } = key.export({ format: "jwk" });
  return Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.from(x, "base64url"))]);
}

/** The private key in OpenSSH's own format, without a passphrase. Source: OpenSSH, PROTOCOL.key. */
function opensshPem(publicKey: KeyObject, privateKey: KeyObject): string {
  const { d = "" } = privateKey.export({ format: "jwk" });
  const { x = "" } = publicKey.export({ format: "jwk" });
  const point = Buffer.from(x, "base64url");
  const secret = Buffer.concat([Buffer.from(d, "base64url"), point]);
  const check = Buffer.alloc(8);
  const none = field(Buffer.from("none"));
  const name = field(Buffer.from("ssh-ed25519"));
  const inner = Buffer.concat([check, name, field(point), field(secret), field(Buffer.alloc(0))]);
  const padding = Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, at) => at + 1));
  const count = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    none,
    none,
    field(Buffer.alloc(0)),
    count,
    field(ed25519Blob(publicKey)),
    field(Buffer.concat([inner, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----"].join("\n");
}

function mpint(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, "base64url");
  return field((bytes[0] ?? 0) >= 128 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The fields of a blob, or undefined when it does not end with one. */
function fieldsOf(blob: Buffer): readonly Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at < blob.length) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function sshText(algorithm: string, blob: Buffer): string {
  return `${algorithm} ${blob.toString("base64")}`;
}

function sha256Of(blob: Buffer): string {
  return createHash("sha256").update(blob).digest("base64");
}

/** `0a:1b:…`. */
function colons(hex: string): string {
  return hex.replace(/..(?!$)/g, "$&:");
}
