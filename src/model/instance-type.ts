/** What hangs on the type of an instance. */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";

/** Source: EC2 API Reference, "RunInstances". */
export const defaultInstanceType = "m1.small";

/** Source: Amazon EC2 User Guide, "Instances built on the AWS Nitro System": those of Xen. */
const xenPattern = /^((c[134]|cc2|cr1|d2|f1|g[23]s?|h1|hs1|i2|m[1-4]|p[23]|r[34]|t[12]|x1e?)\.|i3\.(?!metal))/;

/** Whether instances of a type run on the Nitro System. */
export function isNitro(instanceType: string): boolean {
  return !xenPattern.test(instanceType);
}

/**
 * What a subnet of IPv6 alone demands of its instances. Source: Amazon VPC User Guide, "Subnet types"; the text is the one
 * that AWS answers.
 */
export function checkNitro(instanceType: string): Result<void, ApiError> {
  return isNitro(instanceType)
    ? ok(undefined)
    : fail("UnsupportedOperation", { message: `IPv6 addresses are not supported on ${instanceType}` });
}
