/**
 * The records of an endpoint's names: which types go with which addresses.
 * Source: AWS PrivateLink guide, "DNS record IP type"; Amazon S3 User Guide, "DNS record IP types for VPC endpoints".
 */

import type { Width } from "../base/ip.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { DnsRecordIpType, EndpointIpAddressType } from "./vpc-endpoint.ts";

/** The families that a type stands for. */
export const widthsOfType: Readonly<Record<EndpointIpAddressType, readonly Width[]>> = {
  ipv4: [32],
  ipv6: [128],
  dualstack: [32, 128],
};

/** A family that the endpoint has no addresses of has no records either. */
export function checkRecordType(record: DnsRecordIpType, address: EndpointIpAddressType): Result<void, ApiError> {
  const fits = address === "dualstack" || record === address;
  return fits
    ? ok(undefined)
    : fail("InvalidParameter", {
        message: `The DNS record IP type ${record} is not supported for the IP address type ${address}.`,
      });
}

/** What an interface endpoint's names are: its own regional and zonal ones, the service's, the service's dual-stack ones. */
export type EndpointNameKind = "own" | "service" | "dual-stack";

/** With records that the service defines its ordinary names have addresses of IPv4 alone. */
export function recordWidths(record: DnsRecordIpType, kind: EndpointNameKind): readonly Width[] {
  if (record !== "service-defined") return widthsOfType[record];
  return widthsOfType[kind === "service" ? "ipv4" : "dualstack"];
}
