/** Who may connect to an endpoint service, on the wire. Source: Amazon EC2 API Reference, "ModifyVpcEndpointServicePermissions" and "DescribeVpcEndpointServicePermissions". */

import type {
  DescribeVpcEndpointServicePermissionsRequest,
  DescribeVpcEndpointServicePermissionsResult,
  ModifyVpcEndpointServicePermissionsRequest,
  ModifyVpcEndpointServicePermissionsResult,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { modifyServicePermissions, principalTypeOf } from "../../model/endpoint-service-permission.ts";
import type { ServicePermission } from "../../model/endpoint-service.ts";
import { lookup } from "../../model/lookup.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, maybe, readFilters } from "./filter.ts";
import { type PageBounds, pageOf } from "./page.ts";
import { onExisting } from "./target.ts";

const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const modify: Handler<ModifyVpcEndpointServicePermissionsRequest, ModifyVpcEndpointServicePermissionsResult> = async (
  input,
  call,
) => {
  const wanted = {
    serviceId: input.ServiceId ?? "",
    add: input.AddAllowedPrincipals ?? [],
    remove: input.RemoveAllowedPrincipals ?? [],
  };
  const added = await call.run((state, context) => modifyServicePermissions(state, wanted, context));
  if (!added.ok) return added;
  return ok({ AddedPrincipals: added.value.map((one) => wirePermission(one, wanted.serviceId)), ReturnValue: true });
};

const describe: Handler<
  DescribeVpcEndpointServicePermissionsRequest,
  DescribeVpcEndpointServicePermissionsResult
> = async (input, call) => {
  const service = lookup(call.state(), "vpc-endpoint-service", input.ServiceId ?? "", call);
  if (!service.ok) return service;
  const passing = readFilters(input.Filters, filters, "InvalidFilter");
  if (!passing.ok) return passing;
  const { id, permissions } = service.value;
  const hits = permissions.filter(passing.value.matches).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const page = pageOf(hits, (one) => one.id, input, bounds);
  if (!page.ok) return page;
  return ok({
    AllowedPrincipals: page.value.items.map((one) => ({ ...wirePermission(one, id), Tags: [] })),
    NextToken: page.value.nextToken,
  });
};

function wirePermission(permission: ServicePermission, ServiceId: string) {
  return {
    PrincipalType: principalTypeOf(permission.principal),
    Principal: permission.principal,
    ServicePermissionId: permission.id,
    ServiceId,
  };
}

const filters: FilterTable<ServicePermission> = {
  principal: (it) => [it.principal],
  "principal-type": (it) => maybe(principalTypeOf(it.principal)),
};

export const endpointServicePermissionActions: Actions = {
  ModifyVpcEndpointServicePermissions: action(modify, (input, call) =>
    onExisting("ModifyVpcEndpointServicePermissions", "vpc-endpoint-service", [input.ServiceId], call),
  ),
  DescribeVpcEndpointServicePermissions: action(describe, (input, call) =>
    onExisting("DescribeVpcEndpointServicePermissions", "vpc-endpoint-service", [input.ServiceId], call),
  ),
};
