/**
 * When an access key or a role was last used, and for what. AWS tells it hours later and to the day; it is no part of the
 * state, and a region that is started again has forgotten it.
 * Source: IAM API Reference, "GetAccessKeyLastUsed", "RoleLastUsed".
 */

import type { Principal } from "../policy/request.ts";

export interface LastUse {
  readonly atMs: number;
  readonly region: string;
  /** As in ARNs: `s3`, `ec2`. */
  readonly service: string;
}

export interface KeyUse {
  /** `id` of an access key or of a role; the caller has proved that it exists. */
  readonly note: (id: string, use: LastUse) => void;
  readonly lastOf: (id: string) => LastUse | undefined;
}

/** Notes a request that was signed with the key, and the role whose session it is. */
export function noteUse(keyUse: KeyUse, { principal, accessKeyId }: Signer, use: LastUse): void {
  keyUse.note(accessKeyId, use);
  if (principal.kind === "assumed-role") keyUse.note(principal.roleId, use);
}

interface Signer {
  readonly principal: Principal;
  readonly accessKeyId: string;
}

export function openKeyUse(): KeyUse {
  const uses = new Map<string, LastUse>();
  return { note: (id, use) => void uses.set(id, use), lastOf: (id) => uses.get(id) };
}
