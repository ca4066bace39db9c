/**
 * Whether and where the log delivery service may write a flow log, and the permission that it gives itself.
 * Source: Amazon VPC User Guide, "Publish flow logs to Amazon S3" and "Flow log files".
 */

import type { Bucket } from "../model/bucket.ts";
import { bucketArn, objectArn } from "../model/bucket.ts";
import { bucketOf, type BucketPlace, type FlowLog } from "../model/flow-log.ts";
import { find, type State } from "../model/state.ts";
import { authorise } from "./authorise.ts";

const deliveryService = "delivery.logs.amazonaws.com";

type Owned = Pick<FlowLog, "accountId" | "region">;
type S3Destination = Extract<FlowLog["destination"], { readonly kind: "s3" }>;

/** Whether the policy of the bucket lets the service look at it and write there; false where there is no such bucket. */
export function mayDeliver(state: State, log: Owned, destination: S3Destination, nowMs: number): boolean {
  const place = bucketOf(destination.arn);
  const bucket = place && find(state, "bucket", place.bucketName);
  if (place === undefined || bucket === undefined) return false;
  const asks = [
    { action: "s3:GetBucketAcl", resource: bucketArn(bucket.id), keys: {} },
    {
      action: "s3:PutObject",
      resource: objectArn(bucket.id, `${folderOf(place, log, destination)}x`),
      keys: { "s3:x-amz-acl": ["bucket-owner-full-control"] },
    },
  ];
  return asks.every(
    ({ action, resource, keys }) =>
      authorise(state, {
        principal: { kind: "service", service: deliveryService },
        action,
        resource,
        resourceAccountId: bucket.accountId,
        bucketName: bucket.id,
        path: { kind: "host", sourceIp: "127.0.0.1" },
        region: log.region,
        nowMs,
        secureTransport: true,
        keys: { ...keys, "aws:SourceAccount": [log.accountId], "aws:SourceArn": [sourceArn(log)] },
      }).allowed,
  );
}

/**
 * The bucket's policy with the permission of the service added.
 *
 * ASSUMPTION: the permission is added to the bucket's policy as it is. AWS's guide to flow logs says that it overwrites the
 * policy, its guide to log delivery that it is appended.
 */
export function policyWithDelivery(bucket: Bucket, log: Owned, destination: S3Destination): string {
  const before = JSON.parse(bucket.policyDocument ?? '{"Version":"2012-10-17","Statement":[]}') as {
    readonly Statement: unknown;
  };
  const place = bucketOf(destination.arn) ?? { bucketName: bucket.id, folder: "" };
  const conditions = {
    StringEquals: { "aws:SourceAccount": log.accountId },
    ArnLike: { "aws:SourceArn": sourceArn(log) },
  };
  const common = { Effect: "Allow", Principal: { Service: deliveryService } };
  const added = [
    {
      Sid: "AWSLogDeliveryWrite",
      ...common,
      Action: "s3:PutObject",
      Resource: objectArn(bucket.id, `${folderOf(place, log, destination)}*`),
      Condition: {
        ...conditions,
        StringEquals: { ...conditions.StringEquals, "s3:x-amz-acl": "bucket-owner-full-control" },
      },
    },
    {
      Sid: "AWSLogDeliveryAclCheck",
      ...common,
      Action: "s3:GetBucketAcl",
      Resource: bucketArn(bucket.id),
      Condition: conditions,
    },
  ];
  const kept = [before.Statement].flat();
  const sids = new Set(kept.map((one) => (one as { readonly Sid?: string }).Sid));
  const named = added.map((one) => ({ ...one, Sid: freeSid(one.Sid, sids) }));
  return JSON.stringify({ ...before, Statement: [...kept, ...named] });
}

function freeSid(sid: string, taken: ReadonlySet<string | undefined>): string {
  if (!taken.has(sid)) return sid;
  let number = 1;
  while (taken.has(`${sid}${number}`)) number += 1;
  return `${sid}${number}`;
}

/** The key of the file for an interval that ends at `atMs`; `hash` is what tells files of one minute apart. */
export function deliveryKey(log: FlowLog, destination: S3Destination, atMs: number, hash: string): string {
  const place = bucketOf(destination.arn) ?? { bucketName: "", folder: "" };
  const [year = "", month = "", day = "", hour = "", minute = ""] = new Date(atMs).toISOString().split(/[-T:]/);
  const { accountId, region, id } = log;
  const file = `${accountId}_vpcflowlogs_${region}_${id}_${year}${month}${day}T${hour}${minute}Z_${hash}.log.gz`;
  const isHive = destination.hiveCompatiblePartitions === true;
  const parts = isHive
    ? ["aws-service=vpcflowlogs", `aws-region=${region}`, `year=${year}`, `month=${month}`, `day=${day}`]
    : ["vpcflowlogs", region, year, month, day];
  if (destination.perHourPartition === true) parts.push(isHive ? `hour=${hour}` : hour);
  return `${folderOf(place, log, destination)}${parts.join("/")}/${file}`;
}

function folderOf({ folder }: BucketPlace, { accountId }: Owned, destination: S3Destination): string {
  return `${folder}AWSLogs/${destination.hiveCompatiblePartitions === true ? "aws-account-id=" : ""}${accountId}/`;
}

/** ASSUMPTION: the service names `arn:aws:logs:region:account:*` as the source of what it delivers, as AWS's policy for it asks. */
function sourceArn({ accountId, region }: Owned): string {
  return `arn:aws:logs:${region}:${accountId}:*`;
}
