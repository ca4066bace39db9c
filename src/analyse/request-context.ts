/**
 * The condition keys of a request, by the way it came: which are set, and of those somebody could expect but that are
 * absent, why. Keys of the path come from the socket alone; no key that a server passes can set them.
 * Source: IAM User Guide, "AWS global condition context keys"; PrivateLink guide, "Control access to VPC endpoints using endpoint
 * policies"; Amazon S3 User Guide, "Controlling access from VPC endpoints with bucket policies".
 */

import type { Tags } from "../model/resource.ts";
import { find, type State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import { nameOf } from "../policy/principal.ts";
import type { Principal, RequestContext } from "../policy/request.ts";
import type { Ask } from "./authorise.ts";

/** Every key that the request has, in lower case, and the reasons for the absent ones. */
export function contextOf(state: State, ask: Ask): RequestContext {
  const context: Keys = { values: new Map(), absent: new Map() };
  for (const [key, values] of Object.entries(ask.keys)) {
    if (values.length > 0) context.values.set(key.toLowerCase(), values);
  }
  setRequestKeys(context, ask);
  setPrincipalKeys(context, state, ask);
  setSessionKeys(context, state, ask.principal);
  setPathKeys(context, state, ask.path);
  return context;
}

interface Keys {
  readonly values: Map<string, readonly string[]>;
  readonly absent: Map<string, string>;
}

function set({ values }: Keys, key: string, value: string): void {
  values.set(key, [value]);
}

/** The key is gone, whoever tried to set it. */
function leaveOut(keys: Keys, names: readonly string[], why: string): void {
  for (const name of names) {
    keys.values.delete(name);
    keys.absent.set(name, why);
  }
}

function setRequestKeys(keys: Keys, ask: Ask): void {
  const seconds = Math.floor(ask.nowMs / 1000);
  set(keys, "aws:currenttime", textOfSecond(seconds));
  set(keys, "aws:epochtime", String(seconds));
  set(keys, "aws:requestedregion", ask.region);
  set(keys, "aws:securetransport", String(ask.secureTransport));
  set(keys, "aws:viaawsservice", "false");
  leaveOut(
    keys,
    ["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"],
    "no AWS service stands between the caller and this one",
  );
  if (ask.userAgent === undefined) leaveOut(keys, ["aws:useragent"], "the client sent no User-Agent header");
  else set(keys, "aws:useragent", ask.userAgent);
  const { resourceAccountId } = ask;
  const ownerKeys = ["aws:resourceaccount", ...(ask.action.startsWith("s3:") ? ["s3:resourceaccount"] : [])];
  if (resourceAccountId === undefined) leaveOut(keys, ownerKeys, "nobody owns the resource yet");
  else for (const key of ownerKeys) set(keys, key, resourceAccountId);
  if (ask.action.startsWith("s3:") && !ask.secureTransport) {
    leaveOut(keys, ["s3:tlsversion"], "the request came over plain HTTP");
  }
  leaveOut(keys, ["aws:resourceorgid", "aws:resourceorgpaths"], "the resource's account is in no organization");
}

/** `2026-11-28T12:00:00Z`; many requests fall into one second. */
function textOfSecond(seconds: number): string {
  if (second.at !== seconds) second = { at: seconds, text: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
  return second.text;
}

// A memo of a pure result.
let second = { at: NaN, text: "" };

/** Source: IAM User Guide, "AWS global condition context keys", "Properties of the principal" and "Principal key values". */
function setPrincipalKeys(keys: Keys, state: State, ask: Ask): void {
  const { principal } = ask;
  const type = typesOf[principal.kind];
  leaveOut(keys, ["aws:principalorgid", "aws:principalorgpaths"], "the caller's account is in no organization");
  if (type === undefined)
    leaveOut(keys, ["aws:principaltype", "aws:userid", "aws:principalaccount"], "the caller has no identity in AWS");
  else {
    set(keys, "aws:principaltype", type);
    set(keys, "aws:userid", userIdOf(principal));
    set(keys, "aws:principalaccount", "accountId" in principal ? principal.accountId : "anonymous");
  }
  if (principal.kind === "anonymous")
    leaveOut(keys, ["aws:principalarn", "aws:principalisawsservice"], "the request is anonymous");
  else {
    set(keys, "aws:principalisawsservice", String(principal.kind === "service"));
    if ("accountId" in principal)
      set(keys, "aws:principalarn", principal.kind === "assumed-role" ? principal.roleArn : nameOf(principal));
    else leaveOut(keys, ["aws:principalarn"], "the caller has no identity in AWS");
  }
  if (principal.kind === "service") set(keys, "aws:principalservicename", principal.service);
  else leaveOut(keys, ["aws:principalservicename", "aws:principalservicenameslist"], "the caller is no AWS service");
  if (principal.kind === "user") set(keys, "aws:username", principal.userName);
  else leaveOut(keys, ["aws:username"], `the caller is ${callerOf[principal.kind]}, not a user`);
  setPrincipalTags(keys, tagsOf(state, principal));
}

/** Tags of the session replace those of the role with the same key. */
function setPrincipalTags({ values }: Keys, tags: Tags): void {
  for (const { key, value } of tags) values.set(`aws:principaltag/${key.toLowerCase()}`, [value]);
}

function tagsOf(state: State, principal: Principal): Tags {
  const session = sessionOf(state, principal)?.tags ?? [];
  switch (principal.kind) {
    case "user":
      return [...(find(state, "user", principal.userId)?.tags ?? []), ...session];
    case "assumed-role":
      return [...(find(state, "role", principal.roleId)?.tags ?? []), ...session];
    case "root":
    case "federated-user":
      return session;
    case "anonymous":
    case "service":
    case "web-identity":
      return [];
  }
}

const sessionKeys = ["aws:tokenissuetime", "aws:multifactorauthpresent"];

/** What only temporary credentials have. No credential here ever comes with a second factor. */
function setSessionKeys(keys: Keys, state: State, principal: Principal): void {
  const session = sessionOf(state, principal);
  leaveOut(keys, ["aws:multifactorauthage"], "the caller did not sign in with a second factor");
  if (session === undefined) leaveOut(keys, sessionKeys, "the credentials are not temporary");
  else {
    set(keys, "aws:tokenissuetime", `${new Date(session.createdAtMs).toISOString().slice(0, 19)}Z`);
    set(keys, "aws:multifactorauthpresent", "false");
  }
  if (session?.sourceIdentity === undefined)
    leaveOut(keys, ["aws:sourceidentity"], "the session was opened without a source identity");
  else set(keys, "aws:sourceidentity", session.sourceIdentity);
  const origin = session?.instance;
  if (origin === undefined) {
    leaveOut(keys, instanceKeys, "the credentials did not come from an instance's metadata service");
    return;
  }
  set(keys, "aws:ec2instancesourcevpc", origin.vpcId);
  if (origin.privateIp === undefined)
    leaveOut(keys, ["aws:ec2instancesourceprivateipv4"], "the instance has no private IPv4 address");
  else set(keys, "aws:ec2instancesourceprivateipv4", origin.privateIp);
  set(keys, "ec2:sourceinstancearn", origin.instanceArn);
  set(keys, "ec2:roledelivery", origin.roleDelivery);
}

/** Source: as above; Service Authorization Reference, "Condition keys for Amazon EC2": ec2:RoleDelivery, ec2:SourceInstanceARN. */
const instanceKeys = [
  "aws:ec2instancesourcevpc",
  "aws:ec2instancesourceprivateipv4",
  "ec2:sourceinstancearn",
  "ec2:roledelivery",
];

const endpointKeys = ["aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:sourcevpcarn", "aws:vpceaccount"];
const endpointOrganizationKeys = ["aws:vpceorgid", "aws:vpceorgpaths"];

/** INVARIANT: these keys say what the data plane saw; nothing that a client sends changes them. */
function setPathKeys(keys: Keys, state: State, path: Path): void {
  switch (path.kind) {
    case "host":
    case "internet": {
      set(keys, "aws:sourceip", path.sourceIp);
      const how = path.kind === "host" ? "from the machine itself" : "over the internet";
      leaveOut(
        keys,
        [...endpointKeys, ...endpointOrganizationKeys],
        `the request came ${how}, not through a VPC endpoint`,
      );
      return;
    }
    case "interface-endpoint":
    case "gateway-endpoint": {
      const { vpcEndpointId, vpcId } = path;
      leaveOut(
        keys,
        ["aws:sourceip"],
        `the request came through ${vpcEndpointId}, where only aws:VpcSourceIp says the address`,
      );
      leaveOut(keys, endpointOrganizationKeys, "the endpoint's account is in no organization");
      set(keys, "aws:sourcevpce", vpcEndpointId);
      set(keys, "aws:sourcevpc", vpcId);
      set(keys, "aws:vpcsourceip", path.sourceIp);
      const endpoint = find(state, "vpc-endpoint", vpcEndpointId);
      if (endpoint === undefined) {
        leaveOut(keys, ["aws:vpceaccount", "aws:sourcevpcarn"], `${vpcEndpointId} is gone`);
        return;
      }
      const vpcAccountId = find(state, "vpc", vpcId)?.accountId ?? endpoint.accountId;
      set(keys, "aws:vpceaccount", endpoint.accountId);
      set(keys, "aws:sourcevpcarn", `arn:aws:ec2:${endpoint.region}:${vpcAccountId}:vpc/${vpcId}`);
      return;
    }
  }
}

function sessionOf(state: State, principal: Principal) {
  return "sessionId" in principal && principal.sessionId !== undefined
    ? find(state, "session", principal.sessionId)
    : undefined;
}

/** Source: IAM User Guide, "Principal key values". */
const typesOf: Readonly<Record<Principal["kind"], string | undefined>> = {
  anonymous: "Anonymous",
  root: "Account",
  user: "User",
  "assumed-role": "AssumedRole",
  "federated-user": "FederatedUser",
  service: undefined,
  "web-identity": undefined,
};

const callerOf: Readonly<Record<Exclude<Principal["kind"], "user">, string>> = {
  anonymous: "anonymous",
  root: "the root user",
  "assumed-role": "a role session",
  "federated-user": "a federated user",
  service: "an AWS service",
  "web-identity": "an outside identity",
};

function userIdOf(principal: Principal): string {
  switch (principal.kind) {
    case "root":
      return principal.accountId;
    case "user":
      return principal.userId;
    case "assumed-role":
      return `${principal.roleId}:${principal.sessionName}`;
    case "federated-user":
      return `${principal.accountId}:${principal.name}`;
    case "anonymous":
    case "service":
    case "web-identity":
      return "anonymous";
  }
}
