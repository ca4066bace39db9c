/** The rules by which the kinds of policies differ. Source: IAM User Guide, "IAM JSON policy elements reference" and the guide of each kind. */

import type { PolicyKind } from "./policy.ts";

export interface KindRule {
  readonly principal: "required" | "forbidden";
  readonly resource: "required" | "forbidden";
  /** Largest document; `unit` says what is counted. */
  readonly size?: { readonly limit: number; readonly unit: "characters" | "characters without white space" | "bytes" };
  /** Actions must belong to this service. */
  readonly service?: "s3" | "sts";
  /** Sids hold only letters and digits and are unique. Source: IAM User Guide, "IAM JSON policy elements: Sid". */
  readonly strictSid: boolean;
  /** Only `"Principal": "*"`, and neither NotPrincipal nor NotAction. */
  readonly everyoneOnly?: boolean;
}

const identity: KindRule = { principal: "forbidden", resource: "required", strictSid: true };
/** Source: PrivateLink guide, "Control access to VPC endpoints using endpoint policies": 20,480 characters with white space. */
const endpoint: KindRule = {
  principal: "required",
  resource: "required",
  strictSid: false,
  size: { limit: 20_480, unit: "characters" },
};

export const kindRules: Readonly<Record<PolicyKind, KindRule>> = {
  identity,
  "permissions-boundary": identity,
  /** Source: AWS STS API Reference, "AssumeRole": Policy, 2,048 characters. */
  session: { ...identity, size: { limit: 2048, unit: "characters" } },
  /** Source: AWS Organizations User Guide, "Quotas": 5,120 characters. */
  "service-control": { ...identity, size: { limit: 5120, unit: "characters" } },
  "resource-control": {
    principal: "required",
    resource: "required",
    strictSid: true,
    everyoneOnly: true,
    size: { limit: 5120, unit: "characters" },
  },
  "gateway-endpoint": endpoint,
  "interface-endpoint": endpoint,
  /** Source: Amazon S3 User Guide, "Bucket policies": 20 KB. */
  bucket: {
    principal: "required",
    resource: "required",
    strictSid: false,
    service: "s3",
    size: { limit: 20_480, unit: "bytes" },
  },
  /** Source: IAM User Guide, "IAM and AWS STS quotas": at most 8,192 characters without white space once raised; 2,048 by default. */
  trust: {
    principal: "required",
    resource: "forbidden",
    strictSid: true,
    service: "sts",
    size: { limit: 8192, unit: "characters without white space" },
  },
};

/** How much of its limit a document of this kind takes; undefined where there is no limit of its own. */
export function sizeOf(text: string, kind: PolicyKind): { readonly used: number; readonly limit: number } | undefined {
  const size = kindRules[kind].size;
  if (size === undefined) return undefined;
  switch (size.unit) {
    case "characters":
      return { used: text.length, limit: size.limit };
    case "characters without white space":
      return { used: text.replace(/\s+/g, "").length, limit: size.limit };
    case "bytes":
      return { used: new TextEncoder().encode(text).length, limit: size.limit };
  }
}
