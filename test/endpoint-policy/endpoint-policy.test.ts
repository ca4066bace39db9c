/** The truth table of endpoint policies over the wire: every request is made inside an instance, through a routed endpoint. */

import { ModifyVpcEndpointCommand } from "@aws-sdk/client-ec2";
import {
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
} from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { type RegionProcess, startRegionProcess } from "../../demo/region-process.ts";
import { doorGroups, type EndpointCase, type Expected } from "../../src/analyse/testdata/endpoint-case.ts";
import { policyGroups } from "../../src/analyse/testdata/endpoint-condition-case.ts";
import { linuxPlaneLack } from "../../src/dataplane/linux/plane.ts";
import { testWith } from "../need.ts";
import { account, buildWorld, otherAccount, type World } from "./world.ts";

const lack = await linuxPlaneLack();
const test = testWith(lack);
const groups = [...doorGroups, ...policyGroups];

let region: RegionProcess;
let world: World;
/** What is set at the moment, so that only changes are sent. */
const current = new Map<string, string | undefined>();

beforeAll(async () => {
  if (lack !== undefined) return;
  region = await startRegionProcess({ dataplane: "linux" });
  world = await buildWorld(region);
  await fillBuckets();
});

afterAll(async () => {
  if (lack !== undefined) return;
  await world.close();
  expect(await region.stop()).toBe(0);
});

function filled(text: string): string {
  return Object.entries(world.placeholders).reduce((done, [name, value]) => done.replaceAll(name, value), text);
}

interface Asked {
  readonly operation: string;
  readonly bucket: string | undefined;
  readonly key: string | undefined;
  readonly options: Readonly<Record<string, string>>;
}

/** `ListBucket docs prefix=a/`. */
function parseAsk(text: string): Asked {
  const [operation = "", target, ...options] = filled(text).split(" ");
  const slash = target?.indexOf("/") ?? -1;
  const pairs = options.map((option) => option.split("=") as [string, string]);
  return {
    operation,
    bucket: slash < 0 ? target : target?.slice(0, slash),
    key: slash < 0 ? undefined : target?.slice(slash + 1),
    options: Object.fromEntries(pairs),
  };
}

function ownerOf(bucket: string): string {
  return bucket === "docs" ? account : otherAccount;
}

/** Every object that a case reads, so that a missing one is never taken for a refusal. */
async function fillBuckets(): Promise<void> {
  const asks = groups.flatMap(({ cases }) => cases).map((one) => parseAsk(one.ask));
  for (const bucket of new Set(asks.map((ask) => ask.bucket).filter((name) => name !== undefined))) {
    const s3 = world.s3Of(ownerOf(bucket));
    await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
    for (const key of new Set(asks.filter((ask) => ask.bucket === bucket).map((ask) => ask.key))) {
      if (key !== undefined && key !== "") await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
    }
  }
}

const everything = [{ Effect: "Allow", Action: "s3:*", Resource: "*" }];
const open = [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }];

function document(statements: readonly object[], version = "2012-10-17"): string {
  return filled(JSON.stringify({ Version: version, Statement: statements }));
}

async function set(name: string, value: string | undefined, send: () => Promise<unknown>): Promise<void> {
  if (current.has(name) && current.get(name) === value) return;
  await send();
  current.set(name, value);
}

async function setPolicies(one: EndpointCase, bucket: string | undefined): Promise<void> {
  const PolicyDocument = document(one.endpoint ?? open, one.version);
  const VpcEndpointId = world.vpcEndpointId;
  await set("endpoint", PolicyDocument, () =>
    world.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId, PolicyDocument })),
  );
  await setIdentity(one.identity ?? everything);
  if (bucket === undefined) return;
  const readable = [{ ...open[0], Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/*` }];
  const statements = one.bucket ?? (bucket.endsWith(".amazonaws.com") ? readable : undefined);
  const policy = statements === undefined ? undefined : document(statements);
  const s3 = world.s3Of(ownerOf(bucket));
  await set(`bucket ${bucket}`, policy, () =>
    policy === undefined
      ? s3.send(new DeleteBucketPolicyCommand({ Bucket: bucket }))
      : s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: policy })),
  );
}

async function setIdentity(statements: readonly object[]): Promise<void> {
  const { iam } = world;
  const ofUser = { UserName: "ann", PolicyName: "own" };
  const ofRole = { RoleName: "app", PolicyName: "own" };
  if (statements.length === 0) {
    await set("identity", undefined, async () => {
      await iam.send(new DeleteUserPolicyCommand(ofUser));
      await iam.send(new DeleteRolePolicyCommand(ofRole));
    });
    return;
  }
  const PolicyDocument = document(statements);
  await set("identity", PolicyDocument, async () => {
    await iam.send(new PutUserPolicyCommand({ ...ofUser, PolicyDocument }));
    await iam.send(new PutRolePolicyCommand({ ...ofRole, PolicyDocument }));
  });
}

/** What the answer's header says of each verdict. */
const deniedBy: Readonly<Record<Exclude<Expected, "allowed">, RegExp>> = {
  "no VPC endpoint policy": /^endpoint-policy; no-allow$/,
  "explicit deny in a VPC endpoint policy": /^endpoint-policy; explicit-deny;/,
  "no identity-based policy": /^identity-policy; no-allow$/,
  "explicit deny in an identity-based policy": /^identity-policy; explicit-deny;/,
  "no resource-based policy": /^resource-policy; no-allow$/,
  "explicit deny in a resource-based policy": /^resource-policy; explicit-deny;/,
};

async function check(one: EndpointCase): Promise<void> {
  const { operation, bucket, key, options } = parseAsk(one.ask);
  await setPolicies(one, bucket);
  const caller = one.as ?? "user";
  const answer = await world.ask(one.from ?? "endpoint", {
    operation,
    ...(bucket === undefined ? {} : { bucket }),
    ...(key === undefined ? {} : { key }),
    options,
    ...(caller === "anonymous" ? {} : { credentials: world.credentials[caller] }),
    plain: one.plain === true,
  });
  if (one.expected === "allowed") {
    expect(answer).toMatchObject({ status: operation === "DeleteObject" ? 204 : 200 });
    if (operation === "DeleteObject" && bucket !== undefined && key !== undefined) {
      await world.s3Of(ownerOf(bucket)).send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
    }
    return;
  }
  expect(answer).toMatchObject({
    status: 403,
    error: "AccessDenied",
    deniedBy: expect.stringMatching(deniedBy[one.expected]),
  });
  // S3 tells an anonymous caller nothing more.
  const words = one.expected.startsWith("no ")
    ? `because ${one.expected} allows the s3:${operation} action`
    : `with an ${one.expected}`;
  expect(answer.message).toContain(caller === "anonymous" ? "Access Denied" : words);
}

for (const { source, cases } of groups) {
  describe(`${source}`, () => {
    for (const one of cases) test(`${one.ask}, ${one.what}: ${one.expected}`, () => check(one));
  });
}
