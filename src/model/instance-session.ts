/**
 * The credentials of an instance: a session of the role in its instance profile, issued when the metadata service is asked
 * and kept until it comes near its end. Source: Amazon EC2 User Guide, "IAM roles for Amazon EC2", "Retrieve security
 * credentials from instance metadata": new ones are there at least five minutes before the old ones expire.
 *
 * What was issued stays valid until it expires, also when the profile is taken off or the instance ends; a role that is
 * deleted ends it at once. Source: IAM User Guide, "Revoke IAM role temporary security credentials".
 */

import { ok } from "../base/result.ts";
import { fail } from "./error.ts";
import type { Instance } from "./instance.ts";
import type { InstanceProfile } from "./instance-profile.ts";
import { ec2Arn } from "./lookup.ts";
import type { Role } from "./role.ts";
import { issuedSession, type Session } from "./session.ts";
import { find, findBy, put, type State } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

/** Which metadata service handed the credentials out: `1.0` is IMDSv1. Source: the condition key ec2:RoleDelivery. */
export type RoleDelivery = "1.0" | "2.0";

/** Where the credentials of an instance came from: what its requests say by aws:Ec2InstanceSourceVpc and its kin. */
export interface InstanceOrigin {
  readonly instanceId: string;
  readonly instanceArn: string;
  readonly vpcId: string;
  /** The primary private IPv4 address; absent for an instance of IPv6 alone. */
  readonly privateIp?: string;
  readonly roleDelivery: RoleDelivery;
}

/** Source: "Retrieve security credentials from instance metadata", whose examples last six hours. */
const lifetimeSeconds = 21_600;
/** ASSUMPTION: an instance gets new role credentials an hour before the old ones expire; AWS says at least five minutes. */
const renewBeforeMs = 3_600_000;

/** The instance profile of an instance and the role in it; each undefined where there is none (any more). */
export function profileOfInstance(
  state: State,
  instance: Instance,
): { readonly profile?: InstanceProfile; readonly role?: Role } {
  const profile = find(state, "instance-profile", instance.iamInstanceProfile?.instanceProfileId ?? "");
  const role = find(state, "role", profile?.roleId ?? "");
  return { ...(profile && { profile }), ...(role && { role }) };
}

/** The instance's session in force, or a new one. Fails with InvalidInstanceID.NotFound where no role is to be had. */
export function instanceSession(
  state: State,
  input: { readonly instanceId: string; readonly roleDelivery: RoleDelivery },
  context: Context,
): Outcome<Session> {
  const { instanceId, roleDelivery } = input;
  const instance = find(state, "instance", instanceId);
  const role = instance && profileOfInstance(state, instance).role;
  const primary = find(state, "network-interface", instance?.networkInterfaceIds[0] ?? "");
  if (instance === undefined || role === undefined || primary === undefined) {
    return fail("InvalidInstanceID.NotFound", { instanceId });
  }
  const origin: InstanceOrigin = {
    instanceId,
    instanceArn: ec2Arn("instance", instanceId, instance),
    vpcId: instance.vpcId,
    ...(primary.privateIpAddress !== undefined && { privateIp: primary.privateIpAddress }),
    roleDelivery,
  };
  const before = findBy(state, "session", "instanceId", instanceId).find((one) =>
    isInForce(one, role, origin, context),
  );
  if (before !== undefined) return ok({ changes: [], value: before });
  const session: Session = {
    ...issuedSession(role.accountId, lifetimeSeconds, context),
    tags: [],
    principal: { kind: "assumed-role", roleId: role.id, sessionName: instanceId },
    sessionPolicies: [],
    sessionPolicyArns: [],
    transitiveTagKeys: [],
    instance: origin,
  };
  return ok({ changes: [put("session", session)], value: session });
}

function isInForce(session: Session, role: Role, origin: InstanceOrigin, { nowMs }: Context): boolean {
  return (
    session.principal.kind === "assumed-role" &&
    session.principal.roleId === role.id &&
    session.instance?.roleDelivery === origin.roleDelivery &&
    session.instance.privateIp === origin.privateIp &&
    session.expiresAtMs - nowMs > renewBeforeMs
  );
}
