/**
 * What EC2 operations are about, as policies name it: ARNs and condition keys.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EC2".
 */

import type { TagSpecification } from "@aws-sdk/client-ec2";
import { type Ec2Kind, ec2Arn, owned } from "../../model/lookup.ts";
import type { Tags } from "../../model/resource.ts";
import type { Documents } from "../../model/state.ts";
import type { Call, Target } from "../handler.ts";

type Keys = Readonly<Record<string, readonly string[]>>;

/** An operation without resource-level permissions. */
export function onAnything(name: string, call: Call): readonly Target[] {
  return [{ action: `ec2:${name}`, resource: "*", resourceAccountId: call.accountId, keys: regionKeys(call) }];
}

/** An operation on resources that exist; an id that does not exist is a resource without tags. */
export function onExisting(
  name: string,
  kind: Ec2Kind,
  ids: readonly (string | undefined)[],
  call: Call,
): readonly Target[] {
  return ids
    .filter((id) => id !== undefined)
    .map((id) => ({
      action: `ec2:${name}`,
      resource: ec2Arn(kind, id, call),
      resourceAccountId: call.accountId,
      keys: { ...regionKeys(call), ...keysOfExisting(kind, id, call) },
    }));
}

export interface NewResource {
  /** As AWS names resource types in ARNs and tag specifications. */
  readonly kind: string;
  readonly tagSpecifications: readonly TagSpecification[] | undefined;
  readonly keys?: Keys;
}

/** The making of a resource; with tags also the right to set them is needed. */
export function onNew(name: string, made: NewResource, call: Call): readonly Target[] {
  const tags = (made.tagSpecifications ?? [])
    .filter((one) => one.ResourceType === made.kind)
    .flatMap((one) => one.Tags ?? []);
  const requested = requestTagKeys(tags.map((tag) => ({ key: tag.Key ?? "", value: tag.Value ?? "" })));
  const resource = ec2Arn(made.kind, "*", call);
  const keys = { ...regionKeys(call), ...requested, ...made.keys };
  const create: Target = { action: `ec2:${name}`, resource, resourceAccountId: call.accountId, keys };
  if (tags.length === 0) return [create];
  const tag = { ...create, action: "ec2:CreateTags", keys: { ...keys, "ec2:CreateAction": [name] } };
  return [create, tag];
}

export function regionKeys(call: Call): Keys {
  return { "ec2:Region": [call.region] };
}

/** The keys for tags that a request sets or names. */
export function requestTagKeys(tags: Tags): Keys {
  if (tags.length === 0) return {};
  const values = tags.map((tag) => [`aws:RequestTag/${tag.key}`, [tag.value]] as const);
  return { ...Object.fromEntries(values), "aws:TagKeys": tags.map((tag) => tag.key) };
}

function keysOfExisting(kind: Ec2Kind, id: string, call: Call): Keys {
  const document = owned(call.state(), kind, id, call);
  if (document === undefined) return {};
  const tags = document.tags.flatMap((tag) => [
    [`aws:ResourceTag/${tag.key}`, [tag.value]] as const,
    [`ec2:ResourceTag/${tag.key}`, [tag.value]] as const,
  ]);
  const vpc =
    "vpcId" in document && document.vpcId !== undefined ? { "ec2:Vpc": [ec2Arn("vpc", document.vpcId, call)] } : {};
  const zone = "availabilityZone" in document ? { "ec2:AvailabilityZone": [document.availabilityZone] } : {};
  const service = "serviceName" in document ? { "ec2:VpceServiceName": [document.serviceName] } : {};
  return { ...Object.fromEntries(tags), ...vpc, ...zone, ...service, ...idKeys(kind, document) };
}

function idKeys(kind: Ec2Kind, document: Documents[Ec2Kind]): Keys {
  switch (kind) {
    case "vpc":
      return { "ec2:VpcID": [document.id] };
    case "subnet":
      return { "ec2:SubnetID": [document.id] };
    case "route-table":
      return { "ec2:RouteTableID": [document.id] };
    case "internet-gateway":
      return { "ec2:InternetGatewayID": [document.id] };
    case "instance":
      return { "ec2:InstanceID": [document.id] };
    case "network-interface":
      return { "ec2:NetworkInterfaceID": [document.id] };
    case "security-group":
      return { "ec2:SecurityGroupID": [document.id] };
    case "network-acl":
      return { "ec2:NetworkAclID": [document.id] };
    case "elastic-ip":
      return { "ec2:AllocationId": [document.id] };
    case "natgateway":
    case "egress-only-internet-gateway":
    case "security-group-rule":
    case "prefix-list":
    case "dhcp-options":
    case "vpc-peering-connection":
    case "vpn-gateway":
    case "customer-gateway":
    case "vpn-connection":
    case "vpc-flow-log":
    case "key-pair":
    case "vpc-endpoint":
    case "vpc-endpoint-service":
      return {};
  }
}
