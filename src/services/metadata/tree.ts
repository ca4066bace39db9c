/**
 * The tree that the metadata service of an instance shows.
 * Source: Amazon EC2 User Guide, "Instance metadata categories", "Dynamic data categories" and "Retrieve the instance
 * identity document". What has no meaning here (spot, rebalancing) is not in it, as for an instance without it.
 */

import { profileOfInstance } from "../../model/instance-session.ts";
import type { Instance } from "../../model/instance.ts";
import { keyPairNamed } from "../../model/key-pair.ts";
import { instanceHostName, privateHostName, publicHostName, resourceHostName } from "../../model/host-name.ts";
import { type NetworkInterface, privateAddressesOf } from "../../model/network-interface.ts";
import { findZone } from "../../model/region.ts";
import { find, findBy, type State } from "../../model/state.ts";
import { volumesOf } from "../../model/volume.ts";
import { guestHostName } from "../../network/guest-host-name.ts";

export type Entry =
  | { readonly kind: "text"; readonly text: string | Buffer; readonly type?: string }
  | Folder
  /** The credentials of the role in the instance's profile, which are issued when they are asked for. */
  | { readonly kind: "role-credentials" };

export interface Folder {
  readonly kind: "folder";
  readonly entries: ReadonlyMap<string, Entry>;
  /** What a listing says in place of a name: `0=key` for the public key 0. */
  readonly labels?: ReadonlyMap<string, string>;
  /** Whether a listing writes folders without the slash, as AWS does for the versions and for what is in one. */
  readonly hasPlainNames?: boolean;
}

/** Source: "Instance metadata categories": the versions of the service, of which each shows the same here. */
const versions = [
  "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 2011-01-01 2011-05-01",
  "2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 2018-08-17 2018-09-24",
  "2019-10-01 2020-10-27 2021-01-03 2021-03-23 2021-07-15 2022-07-09 2022-09-24 2024-04-11 latest",
]
  .join(" ")
  .split(" ");

/** Everything that the service shows to the instance. */
export function metadataTree(state: State, instance: Instance): Folder {
  const { userData } = instance.attributes;
  const version = folder({
    dynamic: dynamicData(state, instance),
    "meta-data": metadata(state, instance),
    // User data is base64 in EC2's API and plain here.
    "user-data": userData === undefined || userData === "" ? undefined : binary(Buffer.from(userData, "base64")),
  });
  const plain = { ...version, hasPlainNames: true };
  return { ...folder(Object.fromEntries(versions.map((name) => [name, plain]))), hasPlainNames: true };
}

/** The entry at a path, without empty parts; undefined where there is none. */
export function entryAt(root: Folder, path: readonly string[]): Entry | undefined {
  let entry: Entry | undefined = root;
  for (const part of path) entry = entry?.kind === "folder" ? entry.entries.get(part) : undefined;
  return entry;
}

/** One name a line, folders with a slash at their end but for the upper ones. */
export function listingOf({ entries, hasPlainNames = false, labels }: Folder): string {
  const slashed = (name: string, entry: Entry): string =>
    entry.kind === "folder" && !hasPlainNames ? `${name}/` : name;
  return [...entries].map(([name, entry]) => labels?.get(name) ?? slashed(name, entry)).join("\n");
}

function metadata(state: State, instance: Instance): Folder {
  const interfaces = instance.networkInterfaceIds.flatMap((id) => find(state, "network-interface", id) ?? []);
  const [primary] = interfaces;
  const zone = find(state, "subnet", instance.subnetId)?.availabilityZone ?? "";
  const { region } = instance;
  const hostName = primary && guestHostName(state, instance.vpcId, instanceHostName(instance, primary));
  const { instanceMetadataTags } = instance.attributes.metadata;
  return folder({
    "ami-id": instance.imageId,
    "ami-launch-index": `${instance.launchIndex}`,
    "ami-manifest-path": "(unknown)",
    "block-device-mapping": devices(state, instance),
    // There is no maintenance.
    events: folder({ maintenance: folder({ history: "[]", scheduled: "[]" }) }),
    hostname: hostName,
    iam: iamFolder(state, instance),
    "identity-credentials": identityFolder(instance),
    "instance-action": "none",
    "instance-id": instance.id,
    "instance-life-cycle": "on-demand",
    "instance-type": instance.instanceType,
    ipv6: primary?.ipv6Addresses[0],
    "local-hostname": hostName,
    "local-ipv4": primary?.privateIpAddress,
    mac: primary?.macAddress,
    network: folder({
      interfaces: folder({
        macs: folder(
          Object.fromEntries(interfaces.map((one) => [one.macAddress, interfaceFolder(state, instance, one)])),
        ),
      }),
    }),
    placement: folder({
      "availability-zone": zone,
      "availability-zone-id": findZone(region, zone)?.id,
      region,
    }),
    profile: "default-hvm",
    "public-hostname": primary && publicNameOf(state, primary),
    "public-ipv4": primary?.publicIpAddress,
    "public-keys": publicKeys(state, instance),
    "reservation-id": instance.reservationId,
    "security-groups": primary && groupNames(state, primary),
    services: folder({ domain: "amazonaws.com", partition: "aws" }),
    system: "nitro",
    tags:
      instanceMetadataTags === "enabled"
        ? folder({ instance: folder(Object.fromEntries(instance.tags.map(({ key, value }) => [key, value]))) })
        : undefined,
  });
}

/** The root device, also as `ami`, and the other volumes by number. */
function devices(state: State, instance: Instance): Folder {
  const names = volumesOf(state, instance.id).flatMap(({ attachment }) => attachment?.deviceName ?? []);
  const root = ["/dev/xvda", "/dev/sda1"].find((one) => names.includes(one)) ?? names[0];
  const others = names.filter((one) => one !== root);
  return folder({
    ami: root,
    ...Object.fromEntries(others.map((name, at) => [`ebs${at + 1}`, name.replace(/^\/dev\//, "")])),
    root,
  });
}

function interfaceFolder(state: State, instance: Instance, one: NetworkInterface): Folder {
  const subnet = find(state, "subnet", one.subnetId);
  const vpc = find(state, "vpc", one.vpcId);
  const lines = (texts: readonly string[]): string | undefined => (texts.length === 0 ? undefined : texts.join("\n"));
  const mapped = publicAddressesOf(state, one);
  return folder({
    "device-number": `${one.attachment?.deviceIndex ?? 0}`,
    "interface-id": one.id,
    "ipv4-associations": mapped.size === 0 ? undefined : folder(Object.fromEntries(mapped)),
    ipv6s: lines(one.ipv6Addresses),
    // Source: "Instance metadata categories": the resource name where there is no private IPv4 address.
    "local-hostname": guestHostName(
      state,
      one.vpcId,
      one.privateIpAddress === undefined
        ? resourceHostName(instance)
        : privateHostName(one.region, one.privateIpAddress),
    ),
    "local-ipv4s": lines(privateAddressesOf(one)),
    mac: one.macAddress,
    "owner-id": one.accountId,
    "public-hostname": publicNameOf(state, one),
    "public-ipv4s": lines([...mapped.keys()]),
    "security-group-ids": lines(one.securityGroupIds),
    "security-groups": groupNames(state, one),
    "subnet-id": one.subnetId,
    "subnet-ipv4-cidr-block": subnet?.cidrBlock,
    "subnet-ipv6-cidr-blocks": lines((subnet?.ipv6CidrBlocks ?? []).map(({ cidrBlock }) => cidrBlock)),
    "vpc-id": one.vpcId,
    "vpc-ipv4-cidr-block": vpc?.cidrBlocks[0]?.cidrBlock,
    "vpc-ipv4-cidr-blocks": lines((vpc?.cidrBlocks ?? []).map(({ cidrBlock }) => cidrBlock)),
    "vpc-ipv6-cidr-blocks": lines((vpc?.ipv6CidrBlocks ?? []).map(({ cidrBlock }) => cidrBlock)),
  });
}

/** From public address to private one, that of the primary one first. */
function publicAddressesOf(state: State, one: NetworkInterface): ReadonlyMap<string, string> {
  const { privateIpAddress, publicIpAddress } = one;
  const shown =
    publicIpAddress === undefined || privateIpAddress === undefined
      ? []
      : [[publicIpAddress, privateIpAddress] as const];
  const elastic = findBy(state, "elastic-ip", "networkInterfaceId", one.id).flatMap(({ association, publicIp }) =>
    association === undefined ? [] : [[publicIp, association.privateIpAddress] as const],
  );
  return new Map([...shown, ...elastic]);
}

/** Only with an instance profile. */
function iamFolder(state: State, instance: Instance): Folder | undefined {
  const association = instance.iamInstanceProfile;
  if (association === undefined) return undefined;
  const { profile, role } = profileOfInstance(state, instance);
  const lastUpdated = second(association.associatedAtMs);
  return folder({
    info: json({
      // Source: "Troubleshoot IAM and Amazon EC2": the code where the profile is gone.
      Code: profile === undefined ? "InstanceProfileNotFound" : "Success",
      LastUpdated: lastUpdated,
      InstanceProfileArn: association.instanceProfileArn,
      InstanceProfileId: association.instanceProfileId,
    }),
    "security-credentials": role && folder({ [role.name]: { kind: "role-credentials" } }),
  });
}

/** Whose the instance is; the credentials beside it are for AWS's own programs and are not issued here. */
function identityFolder(instance: Instance): Folder {
  return folder({
    ec2: folder({
      info: json({
        Code: "Success",
        LastUpdated: second(instance.startedAtMs ?? instance.createdAtMs),
        AccountId: instance.accountId,
      }),
    }),
  });
}

function publicKeys(state: State, instance: Instance): Folder | undefined {
  const { keyName } = instance;
  const pair = keyName === undefined ? undefined : keyPairNamed(state, keyName, instance);
  if (pair === undefined || keyName === undefined) return undefined;
  const entries = new Map([["0", folder({ "openssh-key": `${pair.publicKey} ${keyName}` })]]);
  return { kind: "folder", entries, labels: new Map([["0", `0=${keyName}`]]) };
}

/** Source: "Instance identity documents for Amazon EC2 instances". */
function dynamicData(state: State, instance: Instance): Folder {
  const primary = find(state, "network-interface", instance.networkInterfaceIds[0] ?? "");
  const document = {
    accountId: instance.accountId,
    architecture: "x86_64",
    availabilityZone: find(state, "subnet", instance.subnetId)?.availabilityZone ?? null,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: instance.imageId,
    instanceId: instance.id,
    instanceType: instance.instanceType,
    kernelId: null,
    pendingTime: second(instance.startedAtMs ?? instance.createdAtMs),
    privateIp: primary?.privateIpAddress ?? null,
    ramdiskId: null,
    region: instance.region,
    version: "2017-09-30",
  };
  return folder({
    fws: folder({ "instance-monitoring": instance.attributes.detailedMonitoring ? "enabled" : "disabled" }),
    "instance-identity": folder({ document: json(document) }),
  });
}

function groupNames(state: State, one: NetworkInterface): string {
  return one.securityGroupIds.flatMap((id) => find(state, "security-group", id)?.name ?? []).join("\n");
}

function publicNameOf(state: State, one: NetworkInterface): string | undefined {
  const named = find(state, "vpc", one.vpcId)?.enableDnsHostnames === true;
  return named && one.publicIpAddress !== undefined ? publicHostName(one.region, one.publicIpAddress) : undefined;
}

/** A folder of what there is: entries that are undefined are left out. */
function folder(entries: Readonly<Record<string, Entry | string | undefined>>): Folder {
  const there = Object.entries(entries).flatMap(([name, entry]): [string, Entry][] =>
    entry === undefined ? [] : [[name, typeof entry === "string" ? { kind: "text", text: entry } : entry]],
  );
  return { kind: "folder", entries: new Map(there) };
}

function binary(bytes: Buffer): Entry {
  return { kind: "text", text: bytes, type: "application/octet-stream" };
}

function json(value: Readonly<Record<string, string | null>>): Entry {
  return { kind: "text", text: jsonText(value) };
}

/** A flat object; AWS writes a blank on both sides of the colon. */
export function jsonText(value: Readonly<Record<string, string | null>>): string {
  const lines = Object.entries(value).map(([name, text]) => `  ${JSON.stringify(name)} : ${JSON.stringify(text)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

/** `2026-11-28T09:00:00Z`. */
export function second(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
