/** Makes X.509 certificates over ECDSA P-256 with SHA-256. Source: RFC 5280 section 4, RFC 5758 section 3.2. */

import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, boolean, explicit, implicit, integer, objectId, octets, sequence, set, time, utf8 } from "./der.ts";

export interface CertificateFields {
  readonly commonName: string;
  readonly issuerCommonName: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: KeyObject;
  /** Signs; its public half identifies the issuer. */
  readonly issuerKey: KeyObject;
  /** `authority`: may sign others, for names in these domains alone; `server`: proves these names, which may begin with `*.`. */
  readonly use:
    | { readonly kind: "authority"; readonly domains: readonly string[] }
    | { readonly kind: "server"; readonly names: readonly string[] };
}

/** The certificate in PEM, with a random serial number. */
export function makeCertificate(fields: CertificateFields): string {
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serialNumber()),
    ecdsaWithSha256,
    nameOf(fields.issuerCommonName),
    sequence(time(fields.notBefore), time(fields.notAfter)),
    nameOf(fields.commonName),
    spkiOf(fields.publicKey),
    explicit(3, sequence(...extensionsOf(fields))),
  );
  const signature = sign("sha256", body, fields.issuerKey);
  return pem(sequence(body, ecdsaWithSha256, bits(signature)));
}

const ecdsaWithSha256 = sequence(objectId("1.2.840.10045.4.3.2"));
const organization = "Underpass";

/** 127 random bits: positive, and unique without a count. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function nameOf(commonName: string): Buffer {
  const part = (id: string, text: string): Buffer => set(sequence(objectId(id), utf8(text)));
  return sequence(part("2.5.4.10", organization), part("2.5.4.3", commonName));
}

function extensionsOf({ use, publicKey, issuerKey }: CertificateFields): readonly Buffer[] {
  const identifiers = [
    extension("2.5.29.14", octets(keyId(publicKey))),
    extension("2.5.29.35", sequence(implicit(0, keyId(createPublicKey(issuerKey))))),
  ];
  switch (use.kind) {
    case "authority":
      // Signs certificates and revocation lists; no authority below it.
      return [
        extension("2.5.29.19", sequence(boolean(true), integer(Buffer.of(0))), true),
        extension("2.5.29.15", bits(Buffer.of(0b0000_0110), 1), true),
        extension("2.5.29.30", sequence(explicit(0, ...use.domains.map((domain) => sequence(dnsName(domain))))), true),
        ...identifiers,
      ];
    case "server":
      return [
        extension("2.5.29.19", sequence(), true),
        extension("2.5.29.15", bits(Buffer.of(0b1000_0000), 7), true),
        extension("2.5.29.37", sequence(objectId("1.3.6.1.5.5.7.3.1"))),
        extension("2.5.29.17", sequence(...use.names.map(dnsName))),
        ...identifiers,
      ];
  }
}

function extension(id: string, value: Uint8Array, critical = false): Buffer {
  return critical ? sequence(objectId(id), boolean(true), octets(value)) : sequence(objectId(id), octets(value));
}

function dnsName(name: string): Buffer {
  return implicit(2, Buffer.from(name, "ascii"));
}

function spkiOf(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** SHA-1 of the key's bits. Source: RFC 5280 section 4.2.1.2, method 1. A P-256 point is the last 65 bytes. */
function keyId(key: KeyObject): Buffer {
  return createHash("sha1").update(spkiOf(key).subarray(-65)).digest();
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
