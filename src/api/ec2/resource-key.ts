/**
 * The condition keys that a resource of EC2 brings into a request: its tags, its id, and what it lies in. Which of them a
 * request may have `authorization.ts` says.
 * Source: Service Authorization Reference, "Condition keys for Amazon EC2".
 */

import { type Ec2Kind, ec2Arn } from "../../model/lookup.ts";
import { findZone } from "../../model/region.ts";
import type { Documents } from "../../model/state.ts";
import type { Call } from "../handler.ts";

type Keys = Readonly<Record<string, readonly string[]>>;

/** For every kind the keys of one document. */
type KeysOf = { readonly [K in Ec2Kind]: (document: Documents[K], call: Call) => Keys };

export function keysOfResource<K extends Ec2Kind>(kind: K, document: Documents[K], call: Call): Keys {
  const tags = document.tags.flatMap((tag) => [
    [`aws:ResourceTag/${tag.key}`, [tag.value]] as const,
    [`ec2:ResourceTag/${tag.key}`, [tag.value]] as const,
  ]);
  const vpcId = "vpcId" in document ? document.vpcId : undefined;
  const vpc = vpcId === undefined ? {} : { "ec2:Vpc": [ec2Arn("vpc", vpcId, call)] };
  return { ...Object.fromEntries(tags), ...vpc, ...ownKeys[kind](document, call) };
}

const ownKeys: KeysOf = {
  vpc: (it) => ({ "ec2:VpcID": [it.id], "ec2:Tenancy": [it.instanceTenancy] }),
  subnet: (it, call) => ({ "ec2:SubnetID": [it.id], ...zoneKeys(it.availabilityZone, call) }),
  "route-table": (it) => ({ "ec2:RouteTableID": [it.id] }),
  "internet-gateway": (it) => ({ "ec2:InternetGatewayID": [it.id] }),
  instance: (it, call) => ({
    "ec2:InstanceID": [it.id],
    "ec2:InstanceType": [it.instanceType],
    "ec2:EbsOptimized": [String(it.attributes.ebsOptimized)],
    "ec2:InstanceProfile": it.iamInstanceProfile === undefined ? [] : [it.iamInstanceProfile.instanceProfileArn],
    "ec2:MetadataHttpEndpoint": [it.attributes.metadata.httpEndpoint],
    "ec2:MetadataHttpPutResponseHopLimit": [String(it.attributes.metadata.httpPutResponseHopLimit)],
    "ec2:MetadataHttpTokens": [it.attributes.metadata.httpTokens],
    "ec2:InstanceMetadataTags": [it.attributes.metadata.instanceMetadataTags],
    "ec2:RootDeviceType": ["ebs"],
    "ec2:Tenancy": ["default"],
    ...zoneOfSubnet(it.subnetId, call),
  }),
  "network-interface": (it, call) => ({
    "ec2:NetworkInterfaceID": [it.id],
    "ec2:Subnet": [ec2Arn("subnet", it.subnetId, call)],
    ...zoneOfSubnet(it.subnetId, call),
  }),
  "vpc-endpoint": (it) => ({
    "ec2:VpceServiceName": [it.serviceName],
    "ec2:VpceServiceRegion": [it.region],
    "ec2:VpceMultiRegion": ["false"],
  }),
  "vpc-endpoint-service": (it) => ({
    "ec2:VpceServiceRegion": [it.region],
    "ec2:VpceMultiRegion": ["false"],
    "ec2:VpceServicePrivateDnsName": it.privateDns === undefined ? [] : [it.privateDns.name],
  }),
  "security-group": (it) => ({ "ec2:SecurityGroupID": [it.id] }),
  "security-group-rule": () => ({}),
  "network-acl": (it) => ({ "ec2:NetworkAclID": [it.id] }),
  "elastic-ip": (it) => ({ "ec2:AllocationId": [it.id], "ec2:PublicIpAddress": [it.publicIp], "ec2:Domain": ["vpc"] }),
  natgateway: () => ({}),
  "egress-only-internet-gateway": () => ({}),
  "key-pair": (it) => ({ "ec2:KeyPairName": [it.name], "ec2:KeyPairType": [it.type] }),
  "prefix-list": () => ({}),
  "dhcp-options": (it) => ({ "ec2:DhcpOptionsID": [it.id] }),
  "vpc-peering-connection": (it) => ({
    "ec2:VpcPeeringConnectionID": [it.id],
    "ec2:RequesterVpc": [ec2Arn("vpc", it.requester.vpcId, it.requester)],
    "ec2:AccepterVpc": [ec2Arn("vpc", it.accepter.vpcId, it.accepter)],
  }),
  "vpn-gateway": () => ({}),
  "customer-gateway": () => ({}),
  "vpn-connection": () => ({ "ec2:GatewayType": ["vgw"] }),
  "vpc-flow-log": () => ({}),
  volume: (it) => ({
    "ec2:VolumeID": [it.id],
    "ec2:VolumeType": [it.volumeType],
    "ec2:VolumeSize": [String(it.sizeGib)],
    "ec2:Encrypted": [String(it.encrypted)],
  }),
};

function zoneOfSubnet(subnetId: string, call: Call): Keys {
  const subnet = call.state().tables.subnet.byId.get(subnetId);
  return subnet === undefined ? {} : zoneKeys(subnet.availabilityZone, call);
}

function zoneKeys(name: string, { region }: Call): Keys {
  const zone = findZone(region, name);
  return { "ec2:AvailabilityZone": [name], ...(zone === undefined ? {} : { "ec2:AvailabilityZoneId": [zone.id] }) };
}

/**
 * The keys that name what a request changes: each member of its input that is no id, and the value it gets.
 *
 * ASSUMPTION: the attributes that `ec2:Attribute` tells are the members of the request that say what to change.
 */
export function attributeKeys(input: object): Keys {
  const keys: Record<string, readonly string[]> = {};
  const names: string[] = [];
  for (const [name, given] of Object.entries(input)) {
    if (/(Id|Ids|DryRun|ClientToken|TagSpecifications)$/.test(name) || given === undefined) continue;
    names.push(name);
    const value: unknown = typeof given === "object" && given !== null && "Value" in given ? given.Value : given;
    if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") {
      keys[`ec2:Attribute/${name}`] = [String(value)];
    }
  }
  return names.length === 0 ? {} : { ...keys, "ec2:Attribute": names };
}
