/** From an access key id to its secret and to who holds it. Source: IAM User Guide, "Access keys"; AWS STS, "AssumeRole". */

import type { Principal } from "../policy/request.ts";
import type { State } from "./state.ts";

export interface Credential {
  readonly secretAccessKey: string;
  /** Only with temporary credentials: the request must carry it. */
  readonly sessionToken?: string;
  /** Only with temporary credentials. */
  readonly expiresAtMs?: number;
  readonly accountId: string;
  readonly principal: Principal;
}

/** The credential, or undefined for an unknown or inactive key. `test` is the root of account 000000000000. */
export function credentialOf(_state: State, _accessKeyId: string): Credential | undefined {
  throw new Error("not built yet");
}
