/** The canonical user id of an account: what S3 calls an owner. Source: AWS Account Management, "View AWS account identifiers". */

import { stableHex } from "./stable-id.ts";

/** 64 lower-case hexadecimal digits, always the same for an account. */
export function canonicalUserId(accountId: string): string {
  return stableHex(`canonical user ${accountId}`, 64);
}
