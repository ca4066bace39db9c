/** Flow logs on the wire. Source: Amazon EC2 API Reference, "CreateFlowLogs", "DescribeFlowLogs" and "DeleteFlowLogs". */

import type {
  CreateFlowLogsRequest,
  CreateFlowLogsResult,
  DeleteFlowLogsRequest,
  DeleteFlowLogsResult,
  DescribeFlowLogsRequest,
  DescribeFlowLogsResult,
  DestinationOptionsRequest,
  FlowLog as WireFlowLog,
} from "@aws-sdk/client-ec2";
import { authorise } from "../../analyse/authorise.ts";
import { mayDeliver, policyWithDelivery } from "../../analyse/flow-log-delivery.ts";
import { ok, type Result } from "../../base/result.ts";
import { type Bucket, bucketArn, putBucketPolicy } from "../../model/bucket.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  bucketOf,
  type CreatedFlowLogs,
  createFlowLogs,
  type CreateFlowLogsInput,
  deleteFlowLogs,
  type FlowLog,
  type FlowLogDestination,
} from "../../model/flow-log.ts";
import { apply, find, type State } from "../../model/state.ts";
import { accept, type Context, type Outcome } from "../../model/verb.ts";
import type { Call, Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import type { PageBounds } from "./page.ts";
import { readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onExisting, onNew } from "./target.ts";
import { unsuccessfulItem } from "./vpc-endpoint.ts";

/** Source: EC2 API Reference, "DescribeFlowLogs": no least number is given. */
const bounds: PageBounds = { least: 1, most: 1000, above: "cut" };

const create: Handler<CreateFlowLogsRequest, CreateFlowLogsResult> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createDelivered(state, wanted.value, { context, call }));
  if (!made.ok) return made;
  return ok({
    ClientToken: input.ClientToken,
    FlowLogIds: [...made.value.ids],
    Unsuccessful: made.value.unsuccessful.map(unsuccessfulItem),
  });
};

const describe: Handler<DescribeFlowLogsRequest, DescribeFlowLogsResult> = async (input, call) => {
  const listing = {
    kind: "vpc-flow-log",
    ids: input.FlowLogIds,
    filters: filtersOf(call),
    bounds,
  } as const;
  const { Filter: Filters, MaxResults, NextToken } = input;
  const page = list(listing, { Filters, MaxResults, NextToken }, call);
  return page.ok
    ? ok({
        FlowLogs: page.value.items.map((log) => wireLog(log, isDelivered(log, call))),
        NextToken: page.value.nextToken,
      })
    : page;
};

const remove: Handler<DeleteFlowLogsRequest, DeleteFlowLogsResult> = async (input, call) => {
  const wanted = { flowLogIds: input.FlowLogIds ?? [] };
  const gone = await call.run((state, context) => deleteFlowLogs(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

/**
 * Makes the logs where their bucket is there and takes them. Where the caller may change the bucket's policy, it is made to.
 * Source: Amazon VPC User Guide, "Amazon S3 bucket permissions for flow logs".
 *
 * ASSUMPTION: the texts about buckets, and their code 400, are those that reports of AWS's refusals show.
 */
function createDelivered(
  state: State,
  input: CreateFlowLogsInput,
  { context, call }: { readonly context: Context; readonly call: Call },
): Outcome<CreatedFlowLogs> {
  const made = createFlowLogs(state, input, context);
  const { destination } = input;
  if (!made.ok || made.value.changes.length === 0 || destination.kind !== "s3") return made;
  if (mayDeliver(state, context, destination, context.nowMs)) return made;
  const { bucketName } = bucketOf(destination.arn) ?? { bucketName: "" };
  const bucket = find(state, "bucket", bucketName);
  const refuse = (message: string): Outcome<CreatedFlowLogs> => {
    const unsuccessful = input.resourceIds.map((resourceId) => ({ resourceId, error: fail("400", { message }).error }));
    return accept({ ids: [], unsuccessful }, []);
  };
  if (bucket === undefined) return refuse(`LogDestination: ${bucketName} does not exist`);
  const denied = `Access Denied for LogDestination: ${bucketName}. Please check LogDestination permission`;
  if (!mayChangePolicy(state, bucket, call)) return refuse(denied);
  const changed = putBucketPolicy(state, bucketName, policyWithDelivery(bucket, context, destination));
  if (!changed.ok) return refuse(denied);
  const changes = [...made.value.changes, ...changed.value.changes];
  // A statement that denies still stands.
  if (!mayDeliver(apply(state, changes), context, destination, context.nowMs)) return refuse(denied);
  return accept(made.value.value, changes);
}

function mayChangePolicy(state: State, bucket: Bucket, call: Call): boolean {
  const { principal, region, nowMs } = call;
  return ["s3:GetBucketPolicy", "s3:PutBucketPolicy"].every(
    (action) =>
      bucket.accountId === call.accountId &&
      authorise(state, {
        principal,
        action,
        resource: bucketArn(bucket.id),
        resourceAccountId: bucket.accountId,
        bucketName: bucket.id,
        path: { kind: "host", sourceIp: "127.0.0.1" },
        region,
        nowMs,
        secureTransport: true,
        keys: {},
      }).allowed,
  );
}

const kinds = { VPC: "vpc", Subnet: "subnet", NetworkInterface: "network-interface" } as const;

function kindOf(type: string | undefined): CreateFlowLogsInput["kind"] | undefined {
  return type === "VPC" || type === "Subnet" || type === "NetworkInterface" ? kinds[type] : undefined;
}

/** Source: EC2 API Reference, "CreateFlowLogs", ResourceType. */
const unservedTypes: ReadonlySet<string> = new Set([
  "TransitGateway",
  "TransitGatewayAttachment",
  "RegionalNatGateway",
]);

function readCreation(input: CreateFlowLogsRequest): Result<CreateFlowLogsInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-flow-log"]);
  if (!tags.ok) return tags;
  const kind = kindOf(input.ResourceType);
  if (unservedTypes.has(input.ResourceType ?? "")) {
    return fail("UnsupportedOperation", {
      message: `Flow logs of a ${input.ResourceType} are not served by Underpass`,
    });
  }
  if (kind === undefined)
    return invalid(`Value (${String(input.ResourceType)}) for parameter resourceType is invalid.`);
  const { TrafficType: trafficType } = input;
  if (trafficType === undefined) return fail("MissingParameter", { parameter: "TrafficType" });
  if (trafficType !== "ACCEPT" && trafficType !== "REJECT" && trafficType !== "ALL") {
    return invalid(`Value (${String(trafficType)}) for parameter trafficType is invalid.`);
  }
  const seconds = input.MaxAggregationInterval ?? 600;
  if (seconds !== 60 && seconds !== 600) {
    return fail("InvalidParameter", { message: "Invalid Flow Log Max Aggregation Interval" });
  }
  const destination = readDestination(input);
  if (!destination.ok) return destination;
  return ok({
    kind,
    resourceIds: input.ResourceIds ?? [],
    trafficType,
    destination: destination.value,
    ...(input.LogFormat !== undefined && input.LogFormat !== "" && { logFormat: input.LogFormat }),
    maxAggregationSeconds: seconds,
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    tags: tags.value["vpc-flow-log"],
  });
}

function readDestination(input: CreateFlowLogsRequest): Result<FlowLogDestination, ApiError> {
  const { LogDestination: arn, LogGroupName: named, DeliverLogsPermissionArn: roleArn = "" } = input;
  if (arn !== undefined && named !== undefined) {
    return fail("InvalidParameter", {
      message: "Please only provide LogGroupName or only provide LogDestination.",
    });
  }
  const type = input.LogDestinationType ?? "cloud-watch-logs";
  if (arn === undefined && named === undefined) {
    return fail("InvalidParameter", { message: "LogDestination can't be empty if LogGroupName is not provided." });
  }
  switch (type) {
    case "s3": {
      if (roleArn !== "") {
        // Source: the text that reports of AWS's refusals show.
        return fail("InvalidParameter", { message: "DeliverLogsPermissionArn is not applicable for s3 delivery" });
      }
      const message = "LogDestination type must be cloud-watch-logs if LogGroupName is provided.";
      return arn === undefined ? fail("InvalidParameter", { message }) : readBucket(arn, input.DestinationOptions);
    }
    case "cloud-watch-logs": {
      const logGroup = named ?? /:log-group:([^:]+)/.exec(arn ?? "")?.[1] ?? "";
      return ok({ kind: "cloud-watch-logs", logGroup, roleArn });
    }
    case "kinesis-data-firehose":
      return fail("UnsupportedOperation", { message: "Flow logs to Data Firehose are not served by Underpass" });
  }
  return invalid(`Value (${String(type)}) for parameter logDestinationType is invalid.`);
}

function readBucket(arn: string, options: DestinationOptionsRequest = {}): Result<FlowLogDestination, ApiError> {
  if (options.FileFormat === "parquet") {
    return fail("UnsupportedOperation", { message: "Flow logs as Parquet files are not served by Underpass" });
  }
  return ok({
    kind: "s3",
    arn,
    ...(options.HiveCompatiblePartitions === true && { hiveCompatiblePartitions: true }),
    ...(options.PerHourPartition === true && { perHourPartition: true }),
  });
}

/** There is no log group anywhere, so nothing gets to one. */
function isDelivered(log: FlowLog, call: Call): boolean {
  const { destination } = log;
  return destination.kind === "s3" && mayDeliver(call.state(), log, destination, call.nowMs);
}

function wireLog(log: FlowLog, delivered: boolean): WireFlowLog {
  const shared = {
    CreationTime: new Date(log.createdAtMs),
    DeliverLogsStatus: delivered ? "SUCCESS" : "FAILED",
    ...(!delivered && { DeliverLogsErrorMessage: "Access error" }),
    FlowLogId: log.id,
    FlowLogStatus: "ACTIVE",
    ResourceId: log.resourceId,
    TrafficType: log.trafficType,
    LogFormat: log.logFormat,
    Tags: tagSet(log.tags),
    MaxAggregationInterval: log.maxAggregationSeconds,
  };
  const { destination } = log;
  if (destination.kind === "s3") {
    const { arn, hiveCompatiblePartitions = false, perHourPartition = false } = destination;
    const DestinationOptions = {
      FileFormat: "plain-text",
      HiveCompatiblePartitions: hiveCompatiblePartitions,
      PerHourPartition: perHourPartition,
    } as const;
    return { ...shared, LogDestinationType: "s3", LogDestination: arn, DestinationOptions };
  }
  return {
    ...shared,
    DeliverLogsPermissionArn: destination.roleArn,
    LogGroupName: destination.logGroup,
    LogDestinationType: "cloud-watch-logs",
    LogDestination: `arn:aws:logs:${log.region}:${log.accountId}:log-group:${destination.logGroup}`,
  };
}

const filtersOf = (call: Call): FilterTable<FlowLog> => ({
  ...tagFilters,
  "deliver-log-status": (it) => [isDelivered(it, call) ? "SUCCESS" : "FAILED"],
  "flow-log-id": (it) => [it.id],
  "log-destination-type": (it) => [it.destination.kind],
  "log-group-name": (it) => (it.destination.kind === "s3" ? [] : [it.destination.logGroup]),
  "resource-id": (it) => [it.resourceId],
  "traffic-type": (it) => [it.trafficType],
});

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}

export const flowLogActions: Actions = {
  CreateFlowLogs: action(create, (input, call) => [
    ...onNew("CreateFlowLogs", { kind: "vpc-flow-log", tagSpecifications: input.TagSpecifications }, call),
    ...onExisting("CreateFlowLogs", kindOf(input.ResourceType) ?? "vpc", input.ResourceIds ?? [], call),
  ]),
  DescribeFlowLogs: action(describe, (_, call) => onAnything("DescribeFlowLogs", call)),
  DeleteFlowLogs: action(remove, (input, call) =>
    onExisting("DeleteFlowLogs", "vpc-flow-log", input.FlowLogIds ?? [], call),
  ),
};
