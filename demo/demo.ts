/**
 * The main job, shown: S3 through a gateway endpoint, with real packets and real policies. Prints a row for each request;
 * ends with status 0 only when every row is as expected. `--json` prints the rows as JSON; `--userspace` takes that data
 * plane.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateRouteCommand, CreateVpcEndpointCommand, ModifyVpcEndpointCommand } from "@aws-sdk/client-ec2";
import { DeleteBucketPolicyCommand, PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import type { RequestTrace } from "../src/analyse/request-trace.ts";
import { buildAccount, docsBucket, given, largeKey, otherBucket, packagesBucket, smallKey } from "./account.ts";
import type { Outcome } from "./instance-client.ts";
import { oneBucketOnly, onlyFromVpc, onlyThroughEndpoint, packageRepositoriesOnly } from "./policy.ts";
import { type Inside, startRegion } from "./region.ts";
import { openTable, type Row, type Seen } from "./table.ts";

const json = process.argv.includes("--json");
const folder = mkdtempSync(join(tmpdir(), "underpass-demo-"));
const startedMs = Date.now();
const table = openTable(json);

await using ending = new AsyncDisposableStack();
ending.defer(() => rmSync(folder, { recursive: true, force: true }));
const region = ending.use(
  await startRegion({ stateFolder: folder, dataplane: process.argv.includes("--userspace") ? "userspace" : "auto" }),
);
table.note(`region at ${region.endpoint}, data plane ${region.dataplane}`);
const account = await buildAccount(region.endpoint);
table.note(`VPC ${account.vpcId} with a private and a public subnet, an instance in each, three buckets, user app`);

await withoutEndpoint();
const vpcEndpointId = await endpointPolicies();
await bucketPolicies(vpcEndpointId);
await changeover(vpcEndpointId);

process.exitCode = table.close(Date.now() - startedMs) ? 0 : 1;

interface Expected {
  readonly path: Seen["path"];
  readonly verdict: Seen["verdict"];
  readonly decidedBy?: RegExp;
}

/** Makes one request inside an instance and adds what Underpass says of it to the table. */
async function row(
  step: string,
  from: Inside,
  [verb, bucket, key]: readonly ["get" | "put", string, string],
  expected: Expected,
): Promise<void> {
  const outcome = await region.request(from, verb, bucket, key);
  table.add(
    judge(
      { step, from: placeOf(from), request: `${verb} ${bucket}/${key}` },
      await seen(from, outcome, bucket, key),
      expected,
    ),
  );
}

function judge(what: Pick<Row, "step" | "from" | "request">, it: Seen, expected: Expected): Row {
  const asExpected =
    it.path === expected.path &&
    it.verdict === expected.verdict &&
    (expected.decidedBy === undefined || expected.decidedBy.test(it.decidedBy));
  return { ...what, ...it, asExpected };
}

function placeOf(from: Inside): string {
  return from === account.inPrivate ? "private subnet" : "public subnet";
}

async function seen(from: Inside, outcome: Outcome, bucket: string, key: string): Promise<Seen> {
  if (outcome.requestId !== undefined) return seenOf(await region.why(outcome.requestId), outcome);
  const dry = await region.trace(from, "s3:GetObject", `s3://${bucket}/${key}`);
  return {
    path: dry.path === undefined ? "none" : dry.path.kind,
    source: "",
    verdict: "no connection",
    decidedBy: `${outcome.error}: ${dry.unreachable ?? "reachable"}`,
  };
}

function seenOf(trace: RequestTrace, outcome: Outcome): Seen {
  const last = trace.decisions.at(-1)?.decision;
  const { statement, layer, reason } = last?.decidedBy ?? {};
  const where =
    statement === undefined
      ? `${layer}: ${reason}`
      : `${layer}: ${statement.sid ?? `statement ${statement.index}`} of ${statement.policy}`;
  return {
    path: trace.path?.kind ?? "none",
    source: trace.path?.sourceIp ?? "",
    verdict: outcome.status === 200 ? "allowed" : outcome.status === 403 ? "denied" : `status ${outcome.status}`,
    decidedBy: where,
  };
}

async function withoutEndpoint(): Promise<void> {
  await row("no endpoint", account.inPrivate, ["get", docsBucket, smallKey], {
    path: "none",
    verdict: "no connection",
  });
  await row("no endpoint", account.inPublic, ["get", docsBucket, smallKey], { path: "internet", verdict: "allowed" });
}

async function endpointPolicies(): Promise<string> {
  const { VpcEndpoint } = await account.ec2.send(
    new CreateVpcEndpointCommand({
      VpcId: account.vpcId,
      ServiceName: "com.amazonaws.us-east-1.s3",
      RouteTableIds: [account.privateTableId],
      PolicyDocument: JSON.stringify(oneBucketOnly(docsBucket)),
    }),
  );
  const id = given(VpcEndpoint?.VpcEndpointId);
  const oneBucket = "endpoint policy: one bucket";
  const through = "gateway-endpoint";
  await row(oneBucket, account.inPrivate, ["get", docsBucket, smallKey], { path: through, verdict: "allowed" });
  await row(oneBucket, account.inPrivate, ["put", docsBucket, "note.txt"], { path: through, verdict: "allowed" });
  await row(oneBucket, account.inPrivate, ["get", otherBucket, smallKey], {
    path: through,
    verdict: "denied",
    decidedBy: /^endpoint-policy: no-allow/,
  });

  await account.ec2.send(
    new ModifyVpcEndpointCommand({ VpcEndpointId: id, PolicyDocument: JSON.stringify(packageRepositoriesOnly) }),
  );
  const packages = "endpoint policy: packages.*";
  await row(packages, account.inPrivate, ["get", packagesBucket, smallKey], { path: through, verdict: "allowed" });
  await row(packages, account.inPrivate, ["get", docsBucket, smallKey], {
    path: through,
    verdict: "denied",
    decidedBy: /^endpoint-policy: no-allow/,
  });
  await account.ec2.send(new ModifyVpcEndpointCommand({ VpcEndpointId: id, ResetPolicy: true }));
  return id;
}

async function bucketPolicies(id: string): Promise<void> {
  for (const [step, policy, sid] of [
    ["bucket policy: sourceVpce", onlyThroughEndpoint(docsBucket, id), "AccessThroughOneEndpointOnly"],
    ["bucket policy: sourceVpc", onlyFromVpc(docsBucket, account.vpcId), "AccessFromOneVpcOnly"],
  ] as const) {
    await account.s3.send(new PutBucketPolicyCommand({ Bucket: docsBucket, Policy: JSON.stringify(policy) }));
    await row(step, account.inPrivate, ["get", docsBucket, smallKey], { path: "gateway-endpoint", verdict: "allowed" });
    await row(step, account.inPublic, ["get", docsBucket, smallKey], {
      path: "internet",
      verdict: "denied",
      decidedBy: new RegExp(`^resource-policy: ${sid}`),
    });
  }
  await account.s3.send(new DeleteBucketPolicyCommand({ Bucket: docsBucket }));
}

async function changeover(id: string): Promise<void> {
  const { inPublic } = account;
  const held = await region.hold(inPublic, docsBucket, largeKey);
  await account.ec2.send(
    new ModifyVpcEndpointCommand({ VpcEndpointId: id, AddRouteTableIds: [account.publicTableId] }),
  );
  const outcome = await held.goOn();
  // A request is remembered once it has ended.
  const before = await region.why(held.begun);
  const cut = outcome.status === undefined && outcome.error === "ECONNRESET";
  table.add(
    judge(
      {
        step: "endpoint added to its table",
        from: placeOf(inPublic),
        request: `get ${docsBucket}/${largeKey}, under way`,
      },
      { ...seenOf(before, { status: 200 }), verdict: cut ? "cut" : `not cut: ${JSON.stringify(outcome)}` },
      { path: "internet", verdict: "cut" },
    ),
  );
  await row("the same instance again", inPublic, ["get", docsBucket, smallKey], {
    path: "gateway-endpoint",
    verdict: "allowed",
  });

  const address = (await region.trace(inPublic, "s3:GetObject", `s3://${docsBucket}/${smallKey}`)).name?.ips[0];
  const block = `${given(address).split(".").slice(0, 3).join(".")}.0/24`;
  await account.ec2.send(
    new CreateRouteCommand({
      RouteTableId: account.publicTableId,
      DestinationCidrBlock: block,
      GatewayId: account.internetGatewayId,
    }),
  );
  await row(`static route ${block}`, inPublic, ["get", docsBucket, smallKey], { path: "internet", verdict: "allowed" });
}
