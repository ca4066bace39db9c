/**
 * All that exists in the region, as an immutable value, and the one way it changes: `apply`.
 * Verbs (one file per resource) return changes and never touch a state; the journal stores changes, not commands.
 */

import { PersistentMap } from "../base/persistent-map.ts";
import type { AccessKey } from "./access-key.ts";
import type { AccountRegion } from "./account-region.ts";
import type { AccountSetting } from "./account-setting.ts";
import type { Bucket } from "./bucket.ts";
import type { DhcpOptions } from "./default-dhcp-options.ts";
import type { FlowLog } from "./flow-log.ts";
import type { EgressOnlyInternetGateway } from "./egress-only-internet-gateway.ts";
import type { ElasticIp } from "./elastic-ip.ts";
import type { Group } from "./group.ts";
import type { ConnectionNotification } from "./connection-notification.ts";
import type { VpcEndpointService } from "./endpoint-service.ts";
import { clientTokenKeys } from "./idempotent.ts";
import type { InstanceProfile } from "./instance-profile.ts";
import type { Instance } from "./instance.ts";
import type { Listener } from "./listener.ts";
import { nameKey } from "./load-balancer-name.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { TargetGroup } from "./target-group.ts";
import type { InternetGateway } from "./internet-gateway.ts";
import type { KeyPair } from "./key-pair.ts";
import type { ManagedPolicy } from "./managed-policy.ts";
import type { ManagedPrefixList } from "./managed-prefix-list.ts";
import type { NatGateway } from "./nat-gateway.ts";
import type { NetworkAcl } from "./network-acl.ts";
import type { NetworkInterface } from "./network-interface.ts";
import type { OnPremisesHost } from "./on-premises-host.ts";
import type { Role } from "./role.ts";
import type { RouteTable } from "./route-table.ts";
import type { SecurityGroup } from "./security-group.ts";
import type { SecurityGroupRule } from "./security-group-rule.ts";
import type { Session } from "./session.ts";
import type { Subnet } from "./subnet.ts";
import { transitionKeys } from "./transition.ts";
import type { Topic } from "./topic.ts";
import type { User } from "./user.ts";
import type { VpcEndpoint } from "./vpc-endpoint.ts";
import type { VpcPeeringConnection } from "./vpc-peering.ts";
import type { Vpc } from "./vpc.ts";
import type { VpnConnection } from "./vpn-connection.ts";
import type { CustomerGateway, VpnGateway } from "./vpn-gateway.ts";
import type { Volume } from "./volume.ts";

/** Every kind of resource and its document. */
export interface Documents {
  readonly "account-region": AccountRegion;
  readonly "account-setting": AccountSetting;
  readonly vpc: Vpc;
  readonly subnet: Subnet;
  readonly "route-table": RouteTable;
  readonly "internet-gateway": InternetGateway;
  readonly instance: Instance;
  readonly "network-interface": NetworkInterface;
  readonly "vpc-endpoint": VpcEndpoint;
  readonly "vpc-endpoint-service": VpcEndpointService;
  readonly "vpc-endpoint-connection-notification": ConnectionNotification;
  readonly "security-group": SecurityGroup;
  readonly "security-group-rule": SecurityGroupRule;
  readonly "network-acl": NetworkAcl;
  readonly "elastic-ip": ElasticIp;
  readonly natgateway: NatGateway;
  readonly "egress-only-internet-gateway": EgressOnlyInternetGateway;
  readonly "key-pair": KeyPair;
  readonly "prefix-list": ManagedPrefixList;
  readonly "dhcp-options": DhcpOptions;
  readonly "vpc-peering-connection": VpcPeeringConnection;
  readonly "vpn-gateway": VpnGateway;
  readonly "customer-gateway": CustomerGateway;
  readonly "vpn-connection": VpnConnection;
  readonly "on-premises-host": OnPremisesHost;
  readonly "vpc-flow-log": FlowLog;
  readonly volume: Volume;
  readonly bucket: Bucket;
  readonly user: User;
  readonly role: Role;
  readonly "managed-policy": ManagedPolicy;
  readonly "access-key": AccessKey;
  readonly session: Session;
  readonly group: Group;
  readonly "instance-profile": InstanceProfile;
  readonly "load-balancer": LoadBalancer;
  readonly "target-group": TargetGroup;
  readonly listener: Listener;
  readonly topic: Topic;
}

export type Kind = keyof Documents;

export type Change = { readonly [K in Kind]: Put<K> | Delete<K> }[Kind];

export interface Put<K extends Kind> {
  readonly op: "put";
  readonly kind: K;
  readonly document: Documents[K];
}

export interface Delete<K extends Kind> {
  readonly op: "delete";
  readonly kind: K;
  readonly id: string;
}

/**
 * What documents can be found by beside their id: for each kind, the name of an index and the keys that a document has
 * in it. Every kind also has the index `owner`, keyed by `ownerKey(accountId, region)`.
 */
const indexes = {
  "account-region": {},
  "account-setting": {},
  vpc: {},
  subnet: { vpcId: (it: Subnet) => [it.vpcId] },
  "route-table": {
    vpcId: (it: RouteTable) => [it.vpcId],
    subnetId: (it: RouteTable) => it.associations.flatMap((one) => (one.kind === "subnet" ? [one.subnetId] : [])),
    associationId: (it: RouteTable) => it.associations.map((one) => one.id),
    clientToken: clientTokenKeys,
    mainOfVpcId: (it: RouteTable) => (it.associations.some((one) => one.kind === "main") ? [it.vpcId] : []),
  },
  "internet-gateway": { vpcId: (it: InternetGateway) => (it.vpcId === undefined ? [] : [it.vpcId]) },
  instance: {
    vpcId: (it: Instance) => [it.vpcId],
    subnetId: (it: Instance) => [it.subnetId],
    clientToken: clientTokenKeys,
    transition: transitionKeys,
  },
  "network-interface": {
    vpcId: (it: NetworkInterface) => [it.vpcId],
    subnetId: (it: NetworkInterface) => [it.subnetId],
    publicIpAddress: (it: NetworkInterface) => (it.publicIpAddress === undefined ? [] : [it.publicIpAddress]),
    ipv6Address: (it: NetworkInterface) => it.ipv6Addresses,
    securityGroupId: (it: NetworkInterface) => it.securityGroupIds,
    attachmentId: (it: NetworkInterface) => (it.attachment === undefined ? [] : [it.attachment.id]),
    clientToken: clientTokenKeys,
  },
  "vpc-endpoint": {
    vpcId: (it: VpcEndpoint) => [it.vpcId],
    serviceName: (it: VpcEndpoint) => [it.serviceName],
    routeTableId: (it: VpcEndpoint) => (it.kind === "Gateway" ? it.routeTableIds : []),
    clientToken: clientTokenKeys,
    transition: transitionKeys,
    tag: (it: VpcEndpoint) => it.tags.map((tag) => tagKey(it, tag.key, tag.value)),
  },
  "vpc-endpoint-service": {
    name: (it: VpcEndpointService) => [it.name],
    loadBalancerArn: (it: VpcEndpointService) => it.loadBalancerArns,
    clientToken: clientTokenKeys,
    transition: transitionKeys,
  },
  "vpc-endpoint-connection-notification": {
    subjectId: (it: ConnectionNotification) => [it.subject.id],
    clientToken: clientTokenKeys,
  },
  "security-group": {
    vpcId: (it: SecurityGroup) => [it.vpcId],
    name: (it: SecurityGroup) => [groupNameKey(it.vpcId, it.name)],
  },
  "security-group-rule": {
    groupId: (it: SecurityGroupRule) => [it.groupId],
    referencedGroupId: (it: SecurityGroupRule) => (it.peer.kind === "security-group" ? [it.peer.groupId] : []),
    prefixListId: (it: SecurityGroupRule) => (it.peer.kind === "prefix-list" ? [it.peer.prefixListId] : []),
  },
  "network-acl": {
    vpcId: (it: NetworkAcl) => [it.vpcId],
    subnetId: (it: NetworkAcl) => it.associations.map((one) => one.subnetId),
    associationId: (it: NetworkAcl) => it.associations.map((one) => one.id),
    clientToken: clientTokenKeys,
  },
  "elastic-ip": {
    publicIp: (it: ElasticIp) => [it.publicIp],
    vpcId: (it: ElasticIp) => (it.association === undefined ? [] : [it.association.vpcId]),
    networkInterfaceId: (it: ElasticIp) => (it.association === undefined ? [] : [it.association.networkInterfaceId]),
    associationId: (it: ElasticIp) => (it.association === undefined ? [] : [it.association.id]),
  },
  natgateway: {
    vpcId: (it: NatGateway) => [it.vpcId],
    subnetId: (it: NatGateway) => [it.subnetId],
    clientToken: clientTokenKeys,
    transition: transitionKeys,
  },
  "egress-only-internet-gateway": {
    vpcId: (it: EgressOnlyInternetGateway) => [it.vpcId],
    clientToken: clientTokenKeys,
  },
  "key-pair": {},
  "prefix-list": { clientToken: clientTokenKeys },
  "dhcp-options": {},
  "vpc-peering-connection": {
    vpcId: (it: VpcPeeringConnection) => [...new Set([it.requester.vpcId, it.accepter.vpcId])],
    side: (it: VpcPeeringConnection) => [
      ...new Set([it.requester, it.accepter].map((side) => ownerKey(side.accountId, side.region))),
    ],
    transition: transitionKeys,
  },
  "vpn-gateway": { vpcId: (it: VpnGateway) => (it.vpcId === undefined ? [] : [it.vpcId]) },
  "customer-gateway": {},
  "vpn-connection": {
    vpnGatewayId: (it: VpnConnection) => (it.deletedAtMs === undefined ? [it.vpnGatewayId] : []),
    customerGatewayId: (it: VpnConnection) => (it.deletedAtMs === undefined ? [it.customerGatewayId] : []),
    transition: transitionKeys,
  },
  "on-premises-host": { vpnConnectionId: (it: OnPremisesHost) => [it.vpnConnectionId] },
  "vpc-flow-log": { resourceId: (it: FlowLog) => [it.resourceId], clientToken: clientTokenKeys },
  volume: { instanceId: (it: Volume) => (it.attachment === undefined ? [] : [it.attachment.instanceId]) },
  bucket: {},
  user: {
    name: (it: User) => [`${it.accountId}/${it.name.toLowerCase()}`],
    groupId: (it: User) => it.groupIds,
    policyArn: policyArnsOf,
  },
  role: { name: (it: Role) => [`${it.accountId}/${it.name.toLowerCase()}`], policyArn: policyArnsOf },
  "managed-policy": { name: (it: ManagedPolicy) => [`${it.accountId}/${it.name.toLowerCase()}`] },
  "access-key": { userId: (it: AccessKey) => [it.userId] },
  session: {
    roleId: (it: Session) => (it.principal.kind === "assumed-role" ? [it.principal.roleId] : []),
    instanceId: (it: Session) => (it.instance === undefined ? [] : [it.instance.instanceId]),
  },
  group: { name: (it: Group) => [`${it.accountId}/${it.name.toLowerCase()}`], policyArn: policyArnsOf },
  "instance-profile": {
    name: (it: InstanceProfile) => [`${it.accountId}/${it.name.toLowerCase()}`],
    roleId: (it: InstanceProfile) => (it.roleId === undefined ? [] : [it.roleId]),
  },
  "load-balancer": {
    name: (it: LoadBalancer) => [nameKey(it, it.name)],
    vpcId: (it: LoadBalancer) => [it.vpcId],
    transition: transitionKeys,
  },
  "target-group": {
    name: (it: TargetGroup) => [nameKey(it, it.name)],
    vpcId: (it: TargetGroup) => [it.vpcId],
  },
  topic: {},
  listener: {
    loadBalancerArn: (it: Listener) => [it.loadBalancerArn],
    targetGroupArn: (it: Listener) => it.forward.map((one) => one.targetGroupArn),
  },
} satisfies { readonly [K in Kind]: Readonly<Record<string, (document: Documents[K]) => readonly string[]>> };

/** The managed policies that an identity holds, its boundary included. */
function policyArnsOf(it: User | Role | Group): readonly string[] {
  const boundary = "permissionsBoundaryArn" in it ? it.permissionsBoundaryArn : undefined;
  return boundary === undefined ? it.attachedPolicyArns : [...it.attachedPolicyArns, boundary];
}

export type IndexName<K extends Kind> = keyof (typeof indexes)[K] | "owner";

export interface State {
  /** The number of accepted changes sets; the journal's last revision. */
  readonly revision: number;
  readonly tables: { readonly [K in Kind]: Table<Documents[K]> };
  /** Where policies are taken from while changed ones are not in force yet (`policy-delay.ts`); else from this state. */
  readonly policies?: State;
}

interface Table<D> {
  readonly byId: PersistentMap<D>;
  /** Index name, then key, then id. */
  readonly byIndex: Readonly<Record<string, PersistentMap<PersistentMap<D>>>>;
}

export const kinds = Object.keys(indexes) as readonly Kind[];

export const emptyState: State = {
  revision: 0,
  tables: Object.fromEntries(kinds.map((kind) => [kind, emptyTable(kind)])) as unknown as State["tables"],
};

/** The key of the index `owner`. */
export function ownerKey(accountId: string, region: string): string {
  return `${accountId}/${region}`;
}

/** The key of the index `name` of security groups, whose names are unique within a VPC. */
export function groupNameKey(vpcId: string, name: string): string {
  return `${vpcId}/${name}`;
}

/** The key of the index `tag`. */
export function tagKey(
  caller: { readonly accountId: string; readonly region: string },
  key: string,
  value: string,
): string {
  return `${ownerKey(caller.accountId, caller.region)}/${key}=${value}`;
}

/** The document with this id, whoever owns it. */
export function find<K extends Kind>(state: State, kind: K, id: string): Documents[K] | undefined {
  return state.tables[kind].byId.get(id);
}

/** All documents of a kind, in no useful order. */
export function all<K extends Kind>(state: State, kind: K): Iterable<Documents[K]> {
  return state.tables[kind].byId.values();
}

/** The documents that have `key` in an index, in no useful order. */
export function findBy<K extends Kind>(
  state: State,
  kind: K,
  index: IndexName<K>,
  key: string,
): readonly Documents[K][] {
  const hits = state.tables[kind].byIndex[index as string]?.get(key);
  return hits === undefined ? [] : [...hits.values()];
}

/** How many documents have `key` in an index. */
export function countBy<K extends Kind>(state: State, kind: K, index: IndexName<K>, key: string): number {
  return state.tables[kind].byIndex[index as string]?.get(key)?.size ?? 0;
}

/** The state after the changes, one revision later. Total: putting replaces, deleting what is not there does nothing. */
export function apply(state: State, changes: readonly Change[]): State {
  const tables: Record<string, Table<Documents[Kind]>> = { ...state.tables };
  for (const change of changes) {
    const table = tables[change.kind] ?? emptyTable(change.kind);
    tables[change.kind] =
      change.op === "put"
        ? replaced(change.kind, table, change.document.id, change.document)
        : replaced(change.kind, table, change.id, undefined);
  }
  return { revision: state.revision + 1, tables: tables as unknown as State["tables"] };
}

export function put<K extends Kind>(kind: K, document: Documents[K]): Change {
  return { op: "put", kind, document } as Change;
}

export function remove<K extends Kind>(kind: K, id: string): Change {
  return { op: "delete", kind, id } as Change;
}

type KeysOf = (document: Documents[Kind]) => readonly string[];

function indexesOf(kind: Kind): readonly (readonly [string, KeysOf])[] {
  return indexEntries[kind];
}

const indexEntries = Object.fromEntries(
  Object.entries(indexes).map(([kind, named]) => [
    kind,
    [...Object.entries(named), ["owner", (it: Documents[Kind]) => [ownerKey(it.accountId, it.region)]]],
  ]),
) as unknown as Record<Kind, readonly (readonly [string, KeysOf])[]>;

function emptyTable<K extends Kind>(kind: K): Table<Documents[K]> {
  const names = [...Object.keys(indexes[kind]), "owner"];
  return {
    byId: PersistentMap.empty(),
    byIndex: Object.fromEntries(names.map((name) => [name, PersistentMap.empty()])),
  };
}

function replaced(
  kind: Kind,
  table: Table<Documents[Kind]>,
  id: string,
  document: Documents[Kind] | undefined,
): Table<Documents[Kind]> {
  const old = table.byId.get(id);
  const byIndex = { ...table.byIndex };
  for (const [name, keysOf] of indexesOf(kind)) {
    let index = byIndex[name] ?? PersistentMap.empty<PersistentMap<Documents[Kind]>>();
    for (const key of old === undefined ? [] : keysOf(old)) {
      const rest = (index.get(key) ?? PersistentMap.empty<Documents[Kind]>()).delete(id);
      index = rest.size === 0 ? index.delete(key) : index.set(key, rest);
    }
    for (const key of document === undefined ? [] : keysOf(document)) {
      index = index.set(
        key,
        (index.get(key) ?? PersistentMap.empty<Documents[Kind]>()).set(id, document as Documents[Kind]),
      );
    }
    byIndex[name] = index;
  }
  return { byId: document === undefined ? table.byId.delete(id) : table.byId.set(id, document), byIndex };
}
