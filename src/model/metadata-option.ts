/** What the options of an instance's metadata service may be. Source: EC2 API Reference, "InstanceMetadataOptionsRequest". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { Tags } from "./resource.ts";

/** Source: EC2 API Reference, "InstanceMetadataOptionsResponse". */
export interface MetadataOptions {
  readonly httpTokens: "optional" | "required";
  readonly httpPutResponseHopLimit: number;
  readonly httpEndpoint: "enabled" | "disabled";
  readonly httpProtocolIpv6: "enabled" | "disabled";
  readonly instanceMetadataTags: "enabled" | "disabled";
}

export const defaultMetadataOptions: MetadataOptions = {
  httpTokens: "optional",
  httpPutResponseHopLimit: 1,
  httpEndpoint: "enabled",
  httpProtocolIpv6: "disabled",
  instanceMetadataTags: "disabled",
};

/** Fails with InvalidParameterValue for a hop limit that there is not, and for tags that metadata cannot show. */
export function checkMetadataOptions(options: MetadataOptions, tags: Tags): Result<void, ApiError> {
  const hops = options.httpPutResponseHopLimit;
  if (hops < 1 || hops > 64) {
    return refuse(`Value (${hops}) for parameter httpPutResponseHopLimit is invalid. It must be between 1 and 64.`);
  }
  return checkShownTags(options, tags);
}

/**
 * Keys become names of files, so where tags are shown fewer are allowed.
 * Source: Amazon EC2 User Guide, "View tags for your EC2 instances using instance metadata"; the text is the one that
 * reports of AWS's refusals show.
 */
export function checkShownTags({ instanceMetadataTags }: MetadataOptions, tags: Tags): Result<void, ApiError> {
  if (instanceMetadataTags !== "enabled") return ok(undefined);
  const wrong = tags.find(({ key }) => !/^[0-9a-zA-Z\-_+=,.@:]{1,255}$/.test(key) || reserved.has(key));
  if (wrong === undefined) return ok(undefined);
  return refuse(
    `'${wrong.key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')`,
  );
}

const reserved: ReadonlySet<string> = new Set([".", "..", "_index"]);

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
