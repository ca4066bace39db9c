/** Instance profiles of instances on the wire. Source: Amazon EC2 API Reference, "AssociateIamInstanceProfile" and others. */

import type {
  AssociateIamInstanceProfileRequest,
  AssociateIamInstanceProfileResult,
  DescribeIamInstanceProfileAssociationsRequest,
  DescribeIamInstanceProfileAssociationsResult,
  DisassociateIamInstanceProfileRequest,
  DisassociateIamInstanceProfileResult,
  IamInstanceProfileAssociation,
  IamInstanceProfileAssociationState,
  IamInstanceProfileSpecification,
  ReplaceIamInstanceProfileAssociationRequest,
  ReplaceIamInstanceProfileAssociationResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import {
  associateIamInstanceProfile,
  type AssociatedInstance,
  disassociateIamInstanceProfile,
  replaceIamInstanceProfileAssociation,
} from "../../model/instance-profile-association.ts";
import { findBy, ownerKey } from "../../model/state.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters } from "./filter.ts";
import { pageOf } from "./page.ts";
import { newProfileKeys, passRole } from "./launch-target.ts";
import { readProfile } from "./run-instances.ts";
import { onAnything, onExisting } from "./target.ts";

const associate: Handler<AssociateIamInstanceProfileRequest, AssociateIamInstanceProfileResult> = async (
  input,
  call,
) => {
  const wanted = { instanceId: input.InstanceId ?? "", profile: readProfile(input.IamInstanceProfile ?? {}) };
  const done = await call.run((state, context) => associateIamInstanceProfile(state, wanted, context));
  return done.ok ? ok({ IamInstanceProfileAssociation: wireAssociation(done.value, "associating") }) : done;
};

const disassociate: Handler<DisassociateIamInstanceProfileRequest, DisassociateIamInstanceProfileResult> = async (
  input,
  call,
) => {
  const associationId = input.AssociationId ?? "";
  const done = await call.run((state, context) => disassociateIamInstanceProfile(state, { associationId }, context));
  return done.ok ? ok({ IamInstanceProfileAssociation: wireAssociation(done.value, "disassociating") }) : done;
};

const replace: Handler<
  ReplaceIamInstanceProfileAssociationRequest,
  ReplaceIamInstanceProfileAssociationResult
> = async (input, call) => {
  const wanted = { associationId: input.AssociationId ?? "", profile: readProfile(input.IamInstanceProfile ?? {}) };
  const done = await call.run((state, context) => replaceIamInstanceProfileAssociation(state, wanted, context));
  return done.ok ? ok({ IamInstanceProfileAssociation: wireAssociation(done.value, "associating") }) : done;
};

const describe: Handler<
  DescribeIamInstanceProfileAssociationsRequest,
  DescribeIamInstanceProfileAssociationsResult
> = async (input, call) => {
  const read = readFilters(input.Filters, filters);
  if (!read.ok) return read;
  const ids = input.AssociationIds ?? [];
  const held = associationsOf(call);
  const missing = ids.find((id) => !held.some((one) => one.association.id === id));
  if (missing !== undefined) return fail("NoSuchAssociation", { associationId: missing });
  const hits = held.filter((one) => (ids.length === 0 || ids.includes(one.association.id)) && read.value.matches(one));
  const page = pageOf(hits, (one) => one.association.id, input);
  if (!page.ok) return page;
  return ok({
    IamInstanceProfileAssociations: page.value.items.map((one) => wireAssociation(one, "associated")),
    NextToken: page.value.nextToken,
  });
};

function associationsOf(call: Call): readonly AssociatedInstance[] {
  return findBy(call.state(), "instance", "owner", ownerKey(call.accountId, call.region))
    .flatMap((one) =>
      one.iamInstanceProfile === undefined ? [] : [{ instanceId: one.id, association: one.iamInstanceProfile }],
    )
    .toSorted((a, b) => (a.association.id < b.association.id ? -1 : 1));
}

function wireAssociation(
  { instanceId, association }: AssociatedInstance,
  state: IamInstanceProfileAssociationState,
): IamInstanceProfileAssociation {
  return {
    AssociationId: association.id,
    InstanceId: instanceId,
    IamInstanceProfile: { Arn: association.instanceProfileArn, Id: association.instanceProfileId },
    State: state,
    ...(state === "associated" ? {} : { Timestamp: new Date(association.associatedAtMs) }),
  };
}

const filters: FilterTable<AssociatedInstance> = {
  "instance-id": (it) => [it.instanceId],
  state: () => ["associated"],
};

function instanceOf(associationId: string | undefined, call: Call): string {
  return associationsOf(call).find((one) => one.association.id === associationId)?.instanceId ?? "*";
}

/** The instance, the profile that it is to get, and the role that goes with it. */
function withProfile(
  name: string,
  instanceId: string | undefined,
  given: IamInstanceProfileSpecification | undefined,
  call: Call,
): readonly Target[] {
  const profile = readProfile(given ?? {});
  const keys = newProfileKeys(profile, call);
  const instances = onExisting(name, "instance", [instanceId], call);
  return [...instances.map((target) => ({ ...target, keys: { ...target.keys, ...keys } })), ...passRole(profile, call)];
}

export const instanceProfileAssociationActions: Actions = {
  AssociateIamInstanceProfile: action(associate, (input, call) =>
    withProfile("AssociateIamInstanceProfile", input.InstanceId, input.IamInstanceProfile, call),
  ),
  DisassociateIamInstanceProfile: action(disassociate, (input, call) =>
    onExisting("DisassociateIamInstanceProfile", "instance", [instanceOf(input.AssociationId, call)], call),
  ),
  ReplaceIamInstanceProfileAssociation: action(replace, (input, call) => {
    const instanceId = instanceOf(input.AssociationId, call);
    return withProfile("ReplaceIamInstanceProfileAssociation", instanceId, input.IamInstanceProfile, call);
  }),
  DescribeIamInstanceProfileAssociations: action(describe, (_, call) =>
    onAnything("DescribeIamInstanceProfileAssociations", call),
  ),
};
