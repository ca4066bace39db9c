/**
 * Instances and the IAM instance profiles they carry: at most one each.
 * Source: Amazon EC2 API Reference, "AssociateIamInstanceProfile" and the operations beside it.
 */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { InstanceProfile } from "./instance-profile.ts";
import type { Instance, ProfileAssociation } from "./instance.ts";
import { isEnding } from "./instance-transition.ts";
import { lookup } from "./lookup.ts";
import { findBy, ownerKey, put, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

/** A profile by its name or its ARN. */
export interface ProfileName {
  readonly name?: string;
  readonly arn?: string;
}

export interface AssociatedInstance {
  readonly instanceId: Id<"i">;
  readonly association: ProfileAssociation;
}

/** Fails with IncorrectState where the instance has a profile already. */
export function associateIamInstanceProfile(
  state: State,
  input: { readonly instanceId: string; readonly profile: ProfileName },
  context: Context,
): Outcome<AssociatedInstance> {
  const instance = lookup(state, "instance", input.instanceId, context);
  if (!instance.ok) return instance;
  if (isEnding(instance.value)) return gone(instance.value);
  if (instance.value.iamInstanceProfile !== undefined) {
    return fail("IncorrectState", {
      message: `There is an existing association for instance ${instance.value.id}`,
    });
  }
  return joined(state, instance.value, input.profile, context);
}

/** Answers what the association was. */
export function disassociateIamInstanceProfile(
  state: State,
  input: { readonly associationId: string },
  context: Context,
): Outcome<AssociatedInstance> {
  const found = byAssociation(state, input.associationId, context);
  if (!found.ok) return found;
  const { instance, association } = found.value;
  const { iamInstanceProfile: _, ...rest } = instance;
  return accept({ instanceId: instance.id, association }, [put("instance", rest)]);
}

/** The instance gets another profile, under another association id. */
export function replaceIamInstanceProfileAssociation(
  state: State,
  input: { readonly associationId: string; readonly profile: ProfileName },
  context: Context,
): Outcome<AssociatedInstance> {
  const found = byAssociation(state, input.associationId, context);
  return found.ok ? joined(state, found.value.instance, input.profile, context) : found;
}

/** The caller's profile; fails with InvalidParameterValue in AWS's words. */
export function findProfile(state: State, wanted: ProfileName, caller: Caller): Result<InstanceProfile, ApiError> {
  const { name, arn } = wanted;
  if (name !== undefined && arn !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    });
  }
  const own = name ?? /^arn:aws:iam::\d{12}:instance-profile\/(?:.*\/)?([^/]+)$/.exec(arn ?? "")?.[1] ?? "";
  const [profile] = findBy(state, "instance-profile", "name", `${caller.accountId}/${own.toLowerCase()}`);
  if (profile !== undefined && (arn === undefined || arn.includes(`::${caller.accountId}:`))) return ok(profile);
  const [parameter, what] = name === undefined ? ["arn", "ARN"] : ["name", "name"];
  return fail("InvalidParameterValue", {
    message: `Value (${name ?? arn ?? ""}) for parameter iamInstanceProfile.${parameter} is invalid. Invalid IAM Instance Profile ${what}`,
  });
}

export function associationWith(profile: InstanceProfile, context: Context): ProfileAssociation {
  return {
    id: makeId("iip-assoc", context.hex),
    instanceProfileId: profile.id,
    instanceProfileArn: `arn:aws:iam::${profile.accountId}:instance-profile${profile.path}${profile.name}`,
    associatedAtMs: context.nowMs,
  };
}

function joined(state: State, instance: Instance, wanted: ProfileName, context: Context): Outcome<AssociatedInstance> {
  const profile = findProfile(state, wanted, context);
  if (!profile.ok) return profile;
  const association = associationWith(profile.value, context);
  const changed = { ...instance, iamInstanceProfile: association };
  return accept({ instanceId: instance.id, association }, [put("instance", changed)]);
}

function byAssociation(
  state: State,
  associationId: string,
  caller: Caller,
): Result<{ readonly instance: Instance; readonly association: ProfileAssociation }, ApiError> {
  const own = findBy(state, "instance", "owner", ownerKey(caller.accountId, caller.region));
  for (const instance of own) {
    const association = instance.iamInstanceProfile;
    if (association?.id === associationId) return ok({ instance, association });
  }
  return fail("NoSuchAssociation", { associationId });
}

function gone(instance: Instance): Result<never, ApiError> {
  return fail("IncorrectInstanceState", {
    message: `The instance '${instance.id}' is not in the 'running' or 'stopped' states.`,
  });
}
