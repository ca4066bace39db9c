/** Who may make endpoints for a service. Source: AWS PrivateLink guide, "Manage permissions"; EC2 API Reference, "ModifyVpcEndpointServicePermissions". */

import { makeId } from "../base/id.ts";
import type { ServicePermission, VpcEndpointService } from "./endpoint-service.ts";
import { fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { put, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export type PrincipalType = "All" | "Service" | "Account" | "User" | "Role";

/** Adds and takes away principals; answers those that were added. One that is there already keeps its id. */
export function modifyServicePermissions(
  state: State,
  input: { readonly serviceId: string; readonly add: readonly string[]; readonly remove: readonly string[] },
  context: Context,
): Outcome<readonly ServicePermission[]> {
  const found = lookup(state, "vpc-endpoint-service", input.serviceId, context);
  if (!found.ok) return found;
  const bad = [...input.add, ...input.remove].find((one) => principalTypeOf(one) === undefined);
  if (bad !== undefined) return fail("InvalidPrincipal", { principal: bad });
  const { permissions } = found.value;
  const absent = input.remove.find((one) => !permissions.some((held) => held.principal === one));
  // ASSUMPTION: taking a principal off an endpoint service that it was not on is refused as InvalidPrincipal.
  if (absent !== undefined) return fail("InvalidPrincipal", { principal: absent });
  const stay = permissions.filter((one) => !input.remove.includes(one.principal));
  const added = [...new Set(input.add)]
    .filter((principal) => !stay.some((one) => one.principal === principal))
    .map((principal): ServicePermission => ({ id: makeId("vpce-svc-perm", context.hex), principal }));
  const after: VpcEndpointService = { ...found.value, permissions: [...stay, ...added] };
  return accept(added, [put("vpc-endpoint-service", after)]);
}

/** What a principal is; undefined for what cannot be one. */
export function principalTypeOf(principal: string): PrincipalType | undefined {
  if (principal === "*") return "All";
  if (/^arn:aws:iam::\d{12}:root$/.test(principal)) return "Account";
  if (/^arn:aws:iam::\d{12}:user\/.+$/.test(principal)) return "User";
  if (/^arn:aws:(iam::\d{12}:role|sts::\d{12}:assumed-role)\/.+$/.test(principal)) return "Role";
  return /^[a-z0-9.-]+\.amazonaws\.com$/.test(principal) ? "Service" : undefined;
}
