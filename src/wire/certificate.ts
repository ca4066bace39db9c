/**
 * The region's certificate authority, so that clients inside reach AWS's names over TLS: made once and kept in a folder,
 * it proves any name under amazonaws.com and api.aws on demand, and no other.
 */

import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";
import { makeCertificate } from "./x509.ts";

export interface CertificateAuthority {
  /** In PEM. */
  readonly certificate: string;
  /** A file of our root alone. */
  readonly caFile: string;
  /** A file of the system's roots and ours, for programs inside instances. */
  readonly bundleFile: string;
  /** What proves the name; undefined when it is none of ours. Names are cached. */
  readonly secureContextFor: (serverName: string) => SecureContext | undefined;
}

/**
 * The authority kept in `folder`, made there when there is none; the bundle is written into `bundleFolder`.
 * Throws when a file cannot be read or written, or when the key is not that of the certificate.
 */
export async function openCertificateAuthority(
  folder: string,
  bundleFolder: string = folder,
  systemRoots: string = readSystemRoots(),
): Promise<CertificateAuthority> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const root = readRoot(folder) ?? makeRoot(folder);
  mkdirSync(bundleFolder, { recursive: true });
  const bundleFile = join(bundleFolder, "ca-bundle.pem");
  writeDurably(bundleFile, caBundle(systemRoots, root.certificate), 0o644);
  return {
    certificate: root.certificate,
    caFile: join(folder, "ca.pem"),
    bundleFile,
    secureContextFor: contextCache(root),
  };
}

/** Both in one text of PEM. */
export function caBundle(systemRoots: string, certificate: string): string {
  return `${systemRoots.trimEnd()}\n${certificate}`;
}

/** The roots that the machine trusts, in PEM: its own bundle where there is one, else Node's. */
export function readSystemRoots(files: readonly string[] = systemBundles): string {
  const file = files.find((path) => existsSync(path));
  return file === undefined ? rootCertificates.join("\n") : readFileSync(file, "utf8");
}

/**
 * The name that a certificate for `serverName` carries: a wildcard over its parent domain where that is deep enough to
 * be one service's, else the name itself; undefined outside amazonaws.com, api.aws and internet.test.
 * Source: RFC 6125 section 6.4.3 (a wildcard stands for the whole leftmost label).
 */
export function certificateName(serverName: string): string | undefined {
  const name = serverName.toLowerCase().replace(/\.$/, "");
  const labels = name.split(".");
  if (name.length > 253 || labels.some((label) => !/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)))
    return undefined;
  const parent = /^(amazonaws\.com(\.cn)?|api\.aws|internet\.test)$/.exec(
    labels.slice(labels.at(-1) === "cn" ? -3 : -2).join("."),
  );
  if (parent === null || labels.length <= parent[0].split(".").length) return undefined;
  const isDeep = labels.length >= parent[0].split(".").length + 3;
  return isDeep ? `*.${labels.slice(1).join(".")}` : name;
}

/** Source: the packages ca-certificates of Debian, Fedora and RHEL, openSUSE, Alpine. */
const systemBundles = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** A client that trusts us trusts us for these alone: AWS's, and that of the plain host on the internet. */
const domains = ["amazonaws.com", "amazonaws.com.cn", "api.aws", "internet.test"];

const dayMs = 86_400_000;
const rootDays = 3650;
/** Clients refuse leaves of more than 398 days. */
const leafDays = 90;
/** A leaf is made anew when it has this long to live. */
const renewBeforeMs = 7 * dayMs;
const maximumContexts = 1000;

interface Root {
  readonly certificate: string;
  readonly commonName: string;
  readonly key: KeyObject;
}

function readRoot(folder: string): Root | undefined {
  const certificateFile = join(folder, "ca.pem");
  if (!existsSync(certificateFile)) return undefined;
  try {
    const certificate = readFileSync(certificateFile, "utf8");
    const key = createPrivateKey(readFileSync(join(folder, "ca-key.pem"), "utf8"));
    const parsed = new X509Certificate(certificate);
    if (!parsed.checkPrivateKey(key)) throw new Error("the key is not that of the certificate");
    if (Date.parse(parsed.validTo) < Date.now() + leafDays * dayMs) return undefined;
    // One from before a domain was added proves no name there.
    if (!domains.every((domain) => parsed.raw.includes(domain))) return undefined;
    const commonName = /^CN=(.*)$/m.exec(parsed.subject)?.[1] ?? "";
    return { certificate, commonName, key };
  } catch (cause) {
    throw new Error(`read the certificate authority in \`${folder}\``, { cause });
  }
}

/** INVARIANT: the key is on the disk before the certificate, so that a certificate always has its key. */
function makeRoot(folder: string): Root {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const commonName = `Underpass region CA ${randomBytes(4).toString("hex")}`;
  const certificate = makeCertificate({
    commonName,
    issuerCommonName: commonName,
    ...validity(rootDays),
    publicKey,
    issuerKey: privateKey,
    use: { kind: "authority", domains },
  });
  try {
    writeDurably(join(folder, "ca-key.pem"), privateKey.export({ type: "pkcs8", format: "pem" }).toString(), 0o600);
    writeDurably(join(folder, "ca.pem"), certificate, 0o644);
  } catch (cause) {
    throw new Error(`write the certificate authority into \`${folder}\``, { cause });
  }
  return { certificate, commonName, key: privateKey };
}

/** One key serves all leaves: it never leaves this process. */
function contextCache(root: Root): CertificateAuthority["secureContextFor"] {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const contexts = new Map<string, { readonly context: SecureContext; readonly renewAtMs: number }>();
  return (serverName) => {
    const name = certificateName(serverName);
    if (name === undefined) return undefined;
    const kept = contexts.get(name);
    if (kept !== undefined && Date.now() < kept.renewAtMs) return kept.context;
    const dates = validity(leafDays);
    const leaf = makeCertificate({
      // A common name holds 64 characters at most; clients read the alternative names.
      commonName: name.length <= 64 ? name : "amazonaws.com",
      issuerCommonName: root.commonName,
      ...dates,
      publicKey,
      issuerKey: root.key,
      use: { kind: "server", names: [name] },
    });
    const context = createSecureContext({ key, cert: leaf + root.certificate, minVersion: "TLSv1.2" });
    if (contexts.size >= maximumContexts) contexts.delete(contexts.keys().next().value ?? "");
    contexts.set(name, { context, renewAtMs: dates.notAfter.getTime() - renewBeforeMs });
    return context;
  };
}

/** From a day ago, since clocks differ. */
function validity(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - dayMs), notAfter: new Date(now + days * dayMs) };
}

/** The whole text or nothing: a temporary file is synced, then takes the name. */
function writeDurably(file: string, text: string, mode: number): void {
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode, flush: true });
  renameSync(temporary, file);
  const folder = openSync(join(file, ".."), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
