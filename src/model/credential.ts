/** From an access key id to its secret and to who holds it. Source: IAM User Guide, "Access keys"; AWS STS, "AssumeRole". */

import type { Principal } from "../policy/request.ts";
import { assumedRoleArn, federatedUserArn, roleArn, userArn } from "./iam-arn.ts";
import type { Session } from "./session.ts";
import type { State } from "./state.ts";
import { find } from "./state.ts";

export interface Credential {
  readonly secretAccessKey: string;
  /** Only with temporary credentials: the request must carry it. */
  readonly sessionToken?: string;
  /** Only with temporary credentials. Expired ones are still known until they are swept, so that the caller is told why. */
  readonly expiresAtMs?: number;
  readonly accountId: string;
  readonly principal: Principal;
  /** Set for a key that nobody has and that is let in all the same: its signature is not looked at. */
  readonly unchecked?: true;
}

/** What whoever runs the region says of keys. */
export interface CredentialRules {
  /** The account of the access key `test`. */
  readonly defaultAccountId: string;
  /** Whether a key that nobody has is refused, or is the root of the default account without a look at its signature. */
  readonly unknownKeys: "refused" | "root";
}

export const usualCredentialRules: CredentialRules = { defaultAccountId: "000000000000", unknownKeys: "refused" };

/**
 * The credential, or undefined for a key that is unknown, inactive or of a principal that is gone. `test` is the root of
 * the default account, twelve digits are the root of that account; the secret of both is `test`.
 */
export function credentialOf(
  state: State,
  accessKeyId: string,
  rules: CredentialRules = usualCredentialRules,
): Credential | undefined {
  const known = knownCredential(state, accessKeyId, rules);
  if (known !== undefined || rules.unknownKeys === "refused" || isHeld(state, accessKeyId)) return known;
  return { ...rootCredential(rules.defaultAccountId), unchecked: true };
}

/** Whether somebody has the key, though it may not be in force: such a one is never let in as another's. */
function isHeld(state: State, accessKeyId: string): boolean {
  return find(state, "access-key", accessKeyId) !== undefined || find(state, "session", accessKeyId) !== undefined;
}

function knownCredential(state: State, accessKeyId: string, rules: CredentialRules): Credential | undefined {
  if (accessKeyId === "test") return rootCredential(rules.defaultAccountId);
  if (/^[0-9]{12}$/.test(accessKeyId)) return rootCredential(accessKeyId);
  const key = find(state, "access-key", accessKeyId);
  if (key !== undefined) {
    const principal = key.status === "Active" ? userPrincipal(state, key.userId) : undefined;
    if (principal === undefined) return undefined;
    return { secretAccessKey: key.secretAccessKey, accountId: key.accountId, principal };
  }
  const session = find(state, "session", accessKeyId);
  const principal = session === undefined ? undefined : sessionPrincipal(state, session);
  if (session === undefined || principal === undefined) return undefined;
  const { secretAccessKey, sessionToken, expiresAtMs, accountId } = session;
  return { secretAccessKey, sessionToken, expiresAtMs, accountId, principal };
}

function rootCredential(accountId: string): Credential {
  return { secretAccessKey: "test", accountId, principal: { kind: "root", accountId } };
}

function userPrincipal(state: State, userId: string): (Principal & { kind: "user" }) | undefined {
  const user = find(state, "user", userId);
  if (user === undefined) return undefined;
  return { kind: "user", accountId: user.accountId, arn: userArn(user), userId, userName: user.name };
}

function sessionPrincipal(state: State, session: Session): Principal | undefined {
  const { accountId, principal: of } = session;
  const sessionId = session.id;
  switch (of.kind) {
    case "root":
      return { kind: "root", accountId, sessionId };
    case "user": {
      const principal = userPrincipal(state, of.userId);
      return principal === undefined ? undefined : { ...principal, sessionId };
    }
    case "assumed-role": {
      const role = find(state, "role", of.roleId);
      if (role === undefined) return undefined;
      const { roleId, sessionName } = of;
      const arn = assumedRoleArn(accountId, role.name, sessionName);
      return { kind: "assumed-role", accountId, arn, roleArn: roleArn(role), roleId, sessionName, sessionId };
    }
    case "federated-user": {
      const { name, issuerUserId } = of;
      const arn = federatedUserArn(accountId, name);
      if (issuerUserId === undefined) return { kind: "federated-user", accountId, arn, name, sessionId };
      // Without its issuer there is nothing left that a federated user may do.
      if (find(state, "user", issuerUserId) === undefined) return undefined;
      return { kind: "federated-user", accountId, arn, name, issuerUserId, sessionId };
    }
  }
}
