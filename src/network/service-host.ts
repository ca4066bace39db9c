/**
 * The public host names of AWS's services, taken apart.
 * Source: AWS General Reference, "Service endpoints and quotas" and "AWS service endpoints: dual stack endpoints";
 * Amazon S3 User Guide, "Virtual hosting of general purpose buckets" (virtual-host style, dual stack, the legacy dash form
 * and s3-external-1).
 */

import { findRegion } from "../model/region.ts";
import { globalRegion, type Service } from "./service-address.ts";

export interface ServiceHost {
  readonly service: Service;
  /** `aws-global` for IAM. Of a name without a region us-east-1. */
  readonly region: string;
  /** Whether the name itself says the region. */
  readonly regionNamed: boolean;
  /** Whether the name has addresses of IPv6 too. */
  readonly dualStack?: boolean;
  /** What stands before an S3 name: `docs` of `docs.s3.us-east-1.amazonaws.com`. */
  readonly bucketName?: string;
}

/** The service that a host name without port and final dot speaks of, or undefined. Case does not matter. */
export function parseServiceHost(host: string): ServiceHost | undefined {
  const name = host.toLowerCase();
  if (name.endsWith(dualStackSuffix)) return dualStackHost(name.slice(0, -dualStackSuffix.length).split("."));
  if (!name.endsWith(suffix)) return undefined;
  const labels = name.slice(0, -suffix.length).split(".");
  const last = labels.at(-1) ?? "";
  return findRegion(last) === undefined ? globalHost(labels, last) : regionalHost(labels.slice(0, -1), last);
}

const suffix = ".amazonaws.com";
/** Of services whose names under `amazonaws.com` have addresses of IPv4 alone. S3 has its own form. */
const dualStackSuffix = ".api.aws";

const regional = new Map<string, Service>([
  ["s3", "s3"],
  ["dynamodb", "dynamodb"],
  ["ec2", "ec2"],
  ["sts", "sts"],
]);

/** IAM has one endpoint for the whole partition; the others stand for us-east-1. */
const global = new Map<string, Service>([
  ["s3", "s3"],
  ["s3-external-1", "s3"],
  ["ec2", "ec2"],
  ["sts", "sts"],
  ["iam", "iam"],
]);

function regionalHost(labels: readonly string[], region: string): ServiceHost | undefined {
  const dualStack = labels.at(-1) === "dualstack" && labels.at(-2) === "s3";
  const rest = dualStack ? labels.slice(0, -1) : labels;
  const service = regional.get(rest.at(-1) ?? "");
  return (
    service && withBucket({ service, region, regionNamed: true, ...(dualStack && { dualStack }) }, rest.slice(0, -1))
  );
}

/** `ec2.us-east-1.api.aws`, `iam.global.api.aws`. */
function dualStackHost(labels: readonly string[]): ServiceHost | undefined {
  const [name = "", region = ""] = labels;
  if (labels.length !== 2) return undefined;
  if (name === "iam" && region === "global") {
    return { service: "iam", region: globalRegion, regionNamed: false, dualStack: true };
  }
  const service = regional.get(name);
  if (service === undefined || service === "s3" || findRegion(region) === undefined) return undefined;
  return { service, region, regionNamed: true, dualStack: true };
}

function globalHost(labels: readonly string[], last: string): ServiceHost | undefined {
  const rest = labels.slice(0, -1);
  const service = global.get(last);
  if (service === "iam") return withBucket({ service, region: globalRegion, regionNamed: false }, rest);
  if (service !== undefined) return withBucket({ service, region: "us-east-1", regionNamed: last !== service }, rest);
  const dashed = last.startsWith("s3-") ? findRegion(last.slice("s3-".length)) : undefined;
  return dashed && withBucket({ service: "s3", region: dashed.name, regionNamed: true }, rest);
}

/** Only S3 takes a name in front of its own. */
function withBucket(host: ServiceHost, before: readonly string[]): ServiceHost | undefined {
  if (before.length === 0) return host;
  return host.service === "s3" && !before.includes("") ? { ...host, bucketName: before.join(".") } : undefined;
}
