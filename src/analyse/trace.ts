/**
 * The story of a request: of one that was made, from its record, or of one that nobody made. Both are told by the functions
 * that decide: resolver, walk and policies.
 */

import { parseArn } from "../base/arn.ts";
import { err, ok, type Result } from "../base/result.ts";
import { credentialOf, type CredentialRules } from "../model/credential.ts";
import type { Instance } from "../model/instance.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import { findRegion } from "../model/region.ts";
import { find, type State } from "../model/state.ts";
import type { Path } from "../network/path.ts";
import { type NamePlace, namePlaceOf, resolveAddresses } from "../network/resolve.ts";
import { parseServiceHost } from "../network/service-host.ts";
import type { Principal } from "../policy/request.ts";
import { type Ask, explain } from "./authorise.ts";
import type { RequestRecord } from "./request-record.ts";
import type { RequestTrace, TracedDecision } from "./request-trace.ts";
import { s3ActionsOf } from "./s3-action.ts";
import { s3Ask } from "./s3-ask.ts";
import { sourceOf } from "./trace-source.ts";
import { originOf, wayOf } from "./way.ts";

/** The trace of a request that was made, on the state that it was decided on. */
export function traceOf(record: RequestRecord): RequestTrace {
  const { state, path } = record;
  const [firstAsk] = record.asks;
  const { instance, onPremisesHost, vpcId, ...way } = originOf(
    state,
    path,
    firstAsk?.secureTransport === false ? 80 : 443,
  );
  const asked = { ...namePlaceOf(state, instance), vpcId };
  const name = nameOf(state, asked, record.host);
  return {
    requestId: record.requestId,
    atMs: record.atMs,
    service: record.service,
    ...(record.operation !== undefined && { operation: record.operation }),
    request: `${record.method} ${record.target}`,
    ...(name && { name }),
    ...(instance && { instanceId: instance.id }),
    ...(onPremisesHost && { onPremisesHost: onPremisesHost.name }),
    path,
    ...(firstAsk && { transport: firstAsk.secureTransport ? "https" : "http" }),
    ...way,
    ...(firstAsk && { principalArn: principalText(firstAsk.principal) }),
    decisions: record.asks.map((ask) => tracedDecision(state, ask)),
    status: record.status,
    ...(record.errorCode !== undefined && { errorCode: record.errorCode }),
    ...(record.errorMessage !== undefined && { errorMessage: record.errorMessage }),
    durationMs: record.durationMs,
  };
}

export interface TraceQuestion {
  /** An instance's id, its Name tag where just one running instance has it, an on-premises host's name, or `host`. */
  readonly from: string;
  /** `s3:GetObject`, or an operation of S3 whose actions are called otherwise: `s3:ListObjectsV2`. */
  readonly action: string;
  /** `s3://bucket/key`, an ARN, or `*`. */
  readonly target: string;
  /** Whose request it would be. */
  readonly accessKeyId: string;
}

/** The trace of a request that nobody made; nothing changes by it. Fails with a sentence about what is wrong. */
export function traceDry(
  state: State,
  question: TraceQuestion,
  nowMs: number,
  rules?: CredentialRules,
): Result<RequestTrace, string> {
  const { from, action, target, accessKeyId } = question;
  for (const [member, value] of Object.entries({ from, action, target, accessKeyId })) {
    // The question comes as JSON from outside.
    if (typeof value !== "string") return err(`\`${member}\` must be a string`);
  }
  const credential = credentialOf(state, accessKeyId, rules);
  if (credential === undefined) return err(`no access key \`${accessKeyId}\``);
  const source = sourceOf(state, from);
  if (!source.ok) return source;
  const aim = aimOf(state, { action, target, region: source.value?.region ?? defaultRegion });
  if (!aim.ok) return aim;
  const { principal } = credential;
  // The region's own port speaks plain HTTP; inside instances clients of AWS speak TLS.
  const transport = source.value === undefined ? "http" : "https";
  const { ips, by, path, unreachable, ...way } = wayOf(state, source.value, aim.value.host);
  const { host, service, operation, request, bucketName } = aim.value;
  const missing = bucketName !== undefined && operation !== "CreateBucket" && !find(state, "bucket", bucketName);
  return ok({
    requestId: "dry",
    atMs: nowMs,
    service,
    operation,
    request,
    // The host calls the region's own port, whatever the name leads to inside.
    ...(source.value && { name: { host, ips, by }, ...nameOfSource(source.value) }),
    ...(path ? { path } : { unreachable }),
    transport,
    ...way,
    principalArn: principalText(principal),
    decisions: path
      ? asksOf({ state, principal, path, nowMs, transport }, aim.value).map((ask) => tracedDecision(state, ask))
      : [],
    ...(missing && { errorCode: "NoSuchBucket", errorMessage: `there is no bucket \`${bucketName}\`` }),
  });
}

function nameOfSource(source: Instance | OnPremisesHost): Pick<RequestTrace, "instanceId" | "onPremisesHost"> {
  return isOnPremises(source) ? { onPremisesHost: source.name } : { instanceId: source.id };
}

interface Asking {
  readonly state: State;
  readonly principal: Principal;
  readonly path: Path;
  readonly nowMs: number;
  readonly transport: "http" | "https";
}

function asksOf({ transport, ...asking }: Asking, aim: Aim): readonly Ask[] {
  const { service, operation, resource, region, bucketName, key } = aim;
  const secure = transport === "https";
  if (service === "s3") {
    const at = { ...(bucketName !== undefined && { bucketName }), ...(key !== undefined && { key }) };
    const request = { ...asking, region, secure, keys: secure ? { ...s3Keys, ...tlsKeys } : s3Keys };
    return s3ActionsOf(operation).map((action) => s3Ask(request, { action: `s3:${action}`, ...at }));
  }
  const { principal, path, nowMs } = asking;
  const action = `${service}:${operation}`;
  const owner = parseArn(resource)?.accountId;
  const owned = owner === undefined || owner === "" ? {} : { resourceAccountId: owner };
  return [{ principal, action, resource, ...owned, path, region, nowMs, secureTransport: secure, keys: {} }];
}

const defaultRegion = "us-east-1";

/** As SDKs send requests: signed in a header. Source: Amazon S3 User Guide, "Signature Version 4 policy keys". */
const s3Keys = {
  "s3:authType": ["REST-HEADER"],
  "s3:signatureversion": ["AWS4-HMAC-SHA256"],
};

const tlsKeys = { "s3:TlsVersion": ["1.3"] };

/** What a question is about, in the words of the wire. */
interface Aim {
  readonly service: string;
  readonly operation: string;
  readonly host: string;
  readonly region: string;
  readonly request: string;
  readonly resource: string;
  readonly bucketName?: string;
  readonly key?: string;
}

function aimOf(
  state: State,
  { action, target, region }: { readonly action: string; readonly target: string; readonly region: string },
): Result<Aim, string> {
  const [service = "", operation = ""] = action.split(":");
  if (!/^[a-z0-9-]+:[A-Za-z][A-Za-z0-9]*$/.test(action))
    return err(`\`${action}\` is not an action; one looks like s3:GetObject`);
  switch (service) {
    case "s3":
      return s3Aim(state, { action, target, region });
    case "ec2":
    case "sts":
    case "iam": {
      if (target !== "*" && parseArn(target) === undefined) return err(`\`${target}\` is neither an ARN nor \`*\``);
      const host = service === "iam" ? "iam.amazonaws.com" : `${service}.${region}.amazonaws.com`;
      return ok({ service, operation, host, region, request: `POST / Action=${operation}`, resource: target });
    }
  }
  return err(`no service \`${service}\`: traces are of s3, ec2, iam and sts`);
}

function s3Aim(
  state: State,
  { action, target, region }: { readonly action: string; readonly target: string; readonly region: string },
): Result<Aim, string> {
  const operation = action.slice("s3:".length);
  if (target === "*") {
    const host = `s3.${region}.amazonaws.com`;
    return ok({ service: "s3", operation, host, region, request: `${methodOf(operation)} /`, resource: "*" });
  }
  const place = /^(?:s3:\/\/|arn:aws:s3:::)([^/]+)(?:\/(.*))?$/s.exec(target);
  const [, bucketName, key] = place ?? [];
  if (bucketName === undefined) return err(`\`${target}\` is neither s3://bucket/key nor an ARN of S3 nor \`*\``);
  const bucketRegion = find(state, "bucket", bucketName)?.region ?? region;
  return ok({
    service: "s3",
    operation,
    host: `${bucketName}.s3.${findRegion(bucketRegion) === undefined ? region : bucketRegion}.amazonaws.com`,
    region: bucketRegion,
    request: `${methodOf(operation)} /${key ?? ""}`,
    resource: `arn:aws:s3:::${bucketName}${key === undefined || key === "" ? "" : `/${key}`}`,
    bucketName,
    ...(key !== undefined && key !== "" && { key }),
  });
}

/** The HTTP method of an S3 operation, told from its verb. */
function methodOf(operation: string): string {
  if (posted.has(operation)) return "POST";
  if (/^(Put|Create|Upload|Copy)/.test(operation)) return "PUT";
  if (/^(Delete|Abort)/.test(operation)) return "DELETE";
  return operation.startsWith("Head") ? "HEAD" : "GET";
}

const posted: ReadonlySet<string> = new Set(["CreateMultipartUpload", "CompleteMultipartUpload", "DeleteObjects"]);

/** What the resolver says now of the host that a request named; nothing for a bare address. */
function nameOf(state: State, asked: NamePlace, host: string | undefined): RequestTrace["name"] {
  const name = host?.replace(/:\d+$/, "");
  if (name === undefined || (asked.vpcId === undefined && parseServiceHost(name) === undefined)) return undefined;
  return { host: name, ...resolveAddresses(state, asked, name) };
}

function tracedDecision(state: State, ask: Ask): TracedDecision {
  const { decision, context, askedKeys, unless } = explain(state, ask);
  return {
    action: ask.action,
    resource: ask.resource,
    decision,
    askedKeys: [...askedKeys].toSorted(),
    present: Object.fromEntries(context.values),
    absent: Object.fromEntries(context.absent),
    ...(unless && { unless }),
  };
}

function principalText(principal: Principal): string {
  switch (principal.kind) {
    case "anonymous":
      return "anonymous";
    case "root":
      return `arn:aws:iam::${principal.accountId}:root`;
    case "user":
    case "assumed-role":
    case "federated-user":
      return principal.arn;
    case "service":
      return principal.service;
    case "web-identity":
      return principal.provider;
  }
}
