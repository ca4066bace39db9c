/** What the launch of instances asks the policies for, and the handing over of a role. Source: Service Authorization Reference, EC2, "RunInstances"; IAM User Guide, "Grant a user permissions to pass a role to an AWS service". */

import type { RunInstancesRequest } from "@aws-sdk/client-ec2";
import { instanceProfileArn, roleArn } from "../../model/iam-arn.ts";
import { findByName } from "../../model/iam-name.ts";
import type { ProfileName } from "../../model/instance-profile-association.ts";
import type { InstanceProfile } from "../../model/instance-profile.ts";
import { keyPairNamed } from "../../model/key-pair.ts";
import { ec2Arn } from "../../model/lookup.ts";
import { find } from "../../model/state.ts";
import type { Call, Target } from "../handler.ts";
import { keysOfResource } from "./resource-key.ts";
import { readProfile } from "./run-instances.ts";
import { onExisting, onNew, regionKeys } from "./target.ts";

type Keys = Readonly<Record<string, readonly string[]>>;

export function runTargets(input: RunInstancesRequest, call: Call): readonly Target[] {
  const name = "RunInstances";
  const [first] = input.NetworkInterfaces ?? [];
  const subnetId = input.SubnetId ?? first?.SubnetId;
  const tagSpecifications = input.TagSpecifications;
  const profile = input.IamInstanceProfile === undefined ? undefined : readProfile(input.IamInstanceProfile);
  const groups = [...(input.SecurityGroupIds ?? []), ...(first?.Groups ?? [])];
  const place = placeKeys(subnetId, call);
  return [
    imageTarget(input, call),
    ...onNew(name, { kind: "instance", tagSpecifications, keys: { ...instanceKeys(input, call), ...place } }, call),
    ...onNew(
      name,
      { kind: "network-interface", tagSpecifications, keys: { ...interfaceKeys(subnetId, first, call), ...place } },
      call,
    ),
    ...onExisting(name, "subnet", [subnetId], call),
    ...onExisting(name, "security-group", groups, call),
    ...(input.KeyName === undefined ? [] : [keyTarget(input.KeyName, call)]),
    ...(profile === undefined ? [] : passRole(profile, call)),
  ];
}

/** Handing a profile to an instance is handing its role to EC2: a permission of its own. */
export function passRole(profile: ProfileName, call: Call): readonly Target[] {
  const roleId = profileMeant(profile, call)?.roleId;
  const role = roleId === undefined ? undefined : find(call.state(), "role", roleId);
  if (role === undefined) return [];
  const tags = role.tags.flatMap(({ key, value }) => [
    [`aws:ResourceTag/${key}`, [value]] as const,
    [`iam:ResourceTag/${key}`, [value]] as const,
  ]);
  const keys = { ...Object.fromEntries(tags), "iam:PassedToService": ["ec2.amazonaws.com"] };
  return [{ action: "iam:PassRole", resource: roleArn(role), resourceAccountId: call.accountId, keys }];
}

/** The key for the profile that an instance is to get. */
export function newProfileKeys(profile: ProfileName, call: Call): Keys {
  const found = profileMeant(profile, call);
  return found === undefined ? {} : { "ec2:NewInstanceProfile": [instanceProfileArn(found)] };
}

function profileMeant({ name, arn }: ProfileName, call: Call): InstanceProfile | undefined {
  const wanted = name ?? arn?.slice(arn.lastIndexOf("/") + 1);
  return wanted === undefined ? undefined : findByName(call.state(), "instance-profile", call.accountId, wanted);
}

function imageTarget({ ImageId: id = "" }: RunInstancesRequest, call: Call): Target {
  const keys = {
    ...regionKeys(call),
    "ec2:ImageID": [id],
    "ec2:ImageType": ["machine"],
    "ec2:RootDeviceType": ["ebs"],
  };
  return { action: "ec2:RunInstances", resource: `arn:aws:ec2:${call.region}::image/${id}`, keys };
}

function keyTarget(name: string, call: Call): Target {
  const pair = keyPairNamed(call.state(), name, call);
  const own = pair === undefined ? { "ec2:KeyPairName": [name] } : keysOfResource("key-pair", pair, call);
  return {
    action: "ec2:RunInstances",
    resource: ec2Arn("key-pair", name, call),
    resourceAccountId: call.accountId,
    keys: { ...regionKeys(call), ...own },
  };
}

/** As the call says it; what it leaves out is absent. */
function instanceKeys(input: RunInstancesRequest, call: Call): Keys {
  const { MetadataOptions: metadata, IamInstanceProfile: given } = input;
  const profile = given === undefined ? undefined : profileMeant(readProfile(given), call);
  return {
    "ec2:InstanceType": one(input.InstanceType),
    "ec2:EbsOptimized": [String(input.EbsOptimized ?? false)],
    "ec2:InstanceProfile": profile === undefined ? [] : [instanceProfileArn(profile)],
    "ec2:MetadataHttpEndpoint": one(metadata?.HttpEndpoint),
    "ec2:MetadataHttpPutResponseHopLimit": one(metadata?.HttpPutResponseHopLimit),
    "ec2:MetadataHttpTokens": one(metadata?.HttpTokens),
    "ec2:InstanceMetadataTags": one(metadata?.InstanceMetadataTags),
    "ec2:RootDeviceType": ["ebs"],
    "ec2:Tenancy": [input.Placement?.Tenancy ?? "default"],
  };
}

function interfaceKeys(
  subnetId: string | undefined,
  first: NonNullable<RunInstancesRequest["NetworkInterfaces"]>[number] | undefined,
  call: Call,
): Keys {
  const subnet = subnetId === undefined ? undefined : find(call.state(), "subnet", subnetId);
  return {
    "ec2:AssociatePublicIpAddress": one(first?.AssociatePublicIpAddress),
    ...(subnet === undefined
      ? {}
      : { "ec2:Subnet": [ec2Arn("subnet", subnet.id, call)], "ec2:Vpc": [ec2Arn("vpc", subnet.vpcId, call)] }),
  };
}

function placeKeys(subnetId: string | undefined, call: Call): Keys {
  const subnet = subnetId === undefined ? undefined : find(call.state(), "subnet", subnetId);
  if (subnet === undefined) return {};
  const keys = keysOfResource("subnet", subnet, call);
  const zone = ["ec2:AvailabilityZone", "ec2:AvailabilityZoneId"].map((key) => [key, keys[key] ?? []] as const);
  return Object.fromEntries(zone);
}

function one(value: string | number | boolean | undefined): readonly string[] {
  return value === undefined ? [] : [String(value)];
}
