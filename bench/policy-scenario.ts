/**
 * Policy sets of a given number of statements (half of them identity, a quarter endpoint, a quarter bucket policy) and
 * requests of every outcome: what `bench/policy.ts` measures, also with other engines.
 */

import type { NamedPolicy, Policies } from "../src/policy/decide.ts";
import { parsePolicy } from "../src/policy/parse.ts";
import type { PolicyKind } from "../src/policy/policy.ts";
import type { PolicyRequest } from "../src/policy/request.ts";

export const accountId = "111122223333";
export const organizationId = "o-exampleorg1";
export const vpcEndpointId = "vpce-0123456789abcdef0";
export const adminArn = `arn:aws:iam::${accountId}:role/Admin`;
export const bucketArn = "arn:aws:s3:::data-bucket";

export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: "*" | { readonly AWS: string };
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

export interface Scenario {
  readonly identity: readonly Statement[];
  readonly endpoint: readonly Statement[];
  readonly bucket: readonly Statement[];
}

/** Of `size` statements in all: 4, or a multiple of 4. */
export function scenario(size: number): Scenario {
  const quarter = size / 4;
  return {
    identity: Array.from({ length: 2 * quarter }, (_, at) => identityStatement(at, at === 2 * quarter - 1)),
    endpoint: Array.from({ length: quarter }, (_, at) => endpointStatement(at, quarter === 1)),
    bucket: Array.from({ length: quarter }, (_, at) => bucketStatement(at, at === quarter - 1)),
  };
}

export function policiesOf({ identity, endpoint, bucket }: Scenario): Policies {
  return {
    identity: [named("identity", identity)],
    endpoint: named("gateway-endpoint", endpoint),
    resource: named("bucket", bucket),
  };
}

/** The same requests each time: of ten about six are allowed, and the others fail for five different reasons. */
export function requests(size: number, count: number): readonly PolicyRequest[] {
  const teams = Math.max(1, size / 2 - 1);
  let state = 12345;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
  return Array.from({ length: count }, (_, at) => {
    const kind = random();
    const team = `team-${Math.floor(random() * teams)}/reports/2026/09/file-${at}.parquet`;
    const key = kind < 0.1 ? `secret/k-${at}` : kind >= 0.2 && kind < 0.3 ? `other-${at}/x` : team;
    return request(kind >= 0.35 && kind < 0.4 ? "s3:DeleteObject" : "s3:GetObject", key, {
      vpce: kind >= 0.1 && kind < 0.2 ? "vpce-0aaaaaaaaaaaaaaaa" : vpcEndpointId,
      ip: kind >= 0.3 && kind < 0.35 ? "8.8.8.8" : "10.1.2.3",
    });
  });
}

function request(action: string, key: string, from: { vpce: string; ip: string }): PolicyRequest {
  const roleArn = `arn:aws:iam::${accountId}:role/App`;
  const keys: Readonly<Record<string, string>> = {
    "aws:principalarn": roleArn,
    "aws:principalaccount": accountId,
    "aws:principalorgid": organizationId,
    "aws:principaltype": "AssumedRole",
    "aws:sourcevpce": from.vpce,
    "aws:sourcevpc": "vpc-0123456789abcdef0",
    "aws:vpcsourceip": from.ip,
    "aws:securetransport": "true",
    "aws:resourceaccount": accountId,
    "aws:userid": "AROAEXAMPLE:session1",
    "aws:requestedregion": "eu-west-1",
    "aws:currenttime": "2026-09-26T12:00:00Z",
  };
  return {
    principal: {
      kind: "assumed-role",
      accountId,
      arn: `arn:aws:sts::${accountId}:assumed-role/App/session1`,
      roleArn,
      roleId: "AROAEXAMPLE",
      sessionName: "session1",
    },
    action,
    resource: `${bucketArn}/${key}`,
    resourceAccountId: accountId,
    context: { values: new Map(Object.entries(keys).map(([name, value]) => [name, [value]])), absent: new Map() },
  };
}

function identityStatement(at: number, last: boolean): Statement {
  if (last) {
    const Condition = { StringNotEquals: { "aws:PrincipalArn": [adminArn] } };
    return { Sid: "Secret", Effect: "Deny", Action: ["s3:*"], Resource: [`${bucketArn}/secret/*`], Condition };
  }
  return {
    Sid: `Team${at}`,
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: [`${bucketArn}/team-${at}/*`, `${bucketArn}/shared-${at}/*`],
    Condition: { IpAddress: { "aws:VpcSourceIp": ["10.0.0.0/8", "172.16.0.0/12"] } },
  };
}

function endpointStatement(at: number, only: boolean): Statement {
  const teams = [`${bucketArn}/team-${2 * at}/*`, `${bucketArn}/team-${2 * at + 1}/*`];
  return {
    Sid: `Endpoint${at}`,
    Effect: "Allow",
    Principal: "*",
    Action: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    Resource: only ? [`${bucketArn}/*`] : teams,
    Condition: { StringEquals: { "aws:PrincipalOrgID": [organizationId] } },
  };
}

function bucketStatement(at: number, last: boolean): Statement {
  if (!last) {
    const Principal = { AWS: `arn:aws:iam::${accountId}:role/partner-${at}` };
    return {
      Sid: `Partner${at}`,
      Effect: "Allow",
      Principal,
      Action: ["s3:GetObject"],
      Resource: [`${bucketArn}/partner-${at}/*`],
    };
  }
  return {
    Sid: "OnlyEndpoint",
    Effect: "Deny",
    Principal: "*",
    Action: ["s3:*"],
    Resource: [bucketArn, `${bucketArn}/*`],
    Condition: { StringNotEqualsIfExists: { "aws:SourceVpce": [vpcEndpointId, "vpce-0ffffffffffffffff"] } },
  };
}

/** The size limits of AWS are lifted: a set of 10,000 statements has to be measured somehow. */
export function named(kind: PolicyKind, statements: readonly Statement[]): NamedPolicy {
  const parsed = parsePolicy(JSON.stringify({ Version: "2012-10-17", Statement: statements }), kind, { anySize: true });
  if (parsed.ok) return { name: kind, policy: parsed.value };
  throw new Error(`read the ${kind} policy: ${parsed.error.problem}`);
}
