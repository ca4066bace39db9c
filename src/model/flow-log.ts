/** Flow logs, as orders to keep them. Source: EC2 API Reference, "CreateFlowLogs"; Amazon VPC User Guide, "VPC Flow Logs". */

import { type Id, makeId } from "../base/id.ts";
import { parseArn } from "../base/arn.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import { defaultLogFormat, fieldsOfFormat } from "./flow-log-format.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup, owned } from "./lookup.ts";
import type { Resource, Tags } from "./resource.ts";
import { type Change, findBy, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import type { Unsuccessful } from "./vpc-endpoint.ts";

export interface FlowLog extends Resource, Idempotent {
  readonly id: Id<"fl">;
  /** A VPC, a subnet or a network interface. */
  readonly resourceId: string;
  readonly trafficType: "ACCEPT" | "REJECT" | "ALL";
  readonly destination: FlowLogDestination;
  readonly logFormat: string;
  readonly maxAggregationSeconds: 60 | 600;
}

export type FlowLogDestination =
  | { readonly kind: "cloud-watch-logs"; readonly logGroup: string; readonly roleArn: string }
  | {
      readonly kind: "s3";
      /** Of the bucket, with a folder behind where one is wanted. */
      readonly arn: string;
      /** Absent for neither. */
      readonly hiveCompatiblePartitions?: boolean;
      readonly perHourPartition?: boolean;
    };

export interface CreateFlowLogsInput {
  readonly kind: "vpc" | "subnet" | "network-interface";
  readonly resourceIds: readonly string[];
  readonly trafficType: FlowLog["trafficType"];
  readonly destination: FlowLogDestination;
  readonly logFormat?: string;
  readonly maxAggregationSeconds: 60 | 600;
  readonly clientToken?: string;
  readonly tags: Tags;
}

export interface CreatedFlowLogs {
  readonly ids: readonly string[];
  readonly unsuccessful: readonly Unsuccessful[];
}

/** One flow log for each resource; those that do not exist are told. Failure, of all: FlowLogAlreadyExists. */
export function createFlowLogs(state: State, input: CreateFlowLogsInput, context: Context): Outcome<CreatedFlowLogs> {
  const before = madeBefore(state, "vpc-flow-log", input, context);
  if (!before.ok) return before;
  if (before.value.length > 0) return accept({ ids: before.value.map((one) => one.id), unsuccessful: [] }, []);
  const destination = checkDestination(input.destination);
  if (!destination.ok) return destination;
  const format = fieldsOfFormat(input.logFormat ?? defaultLogFormat);
  if (!format.ok) return format;
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const changes: Change[] = [];
  const ids: string[] = [];
  const unsuccessful: Unsuccessful[] = [];
  for (const resourceId of new Set(input.resourceIds)) {
    const found = lookup(state, input.kind, resourceId, context);
    if (!found.ok) {
      unsuccessful.push({ resourceId, error: found.error });
      continue;
    }
    const rivals = findBy(state, "vpc-flow-log", "resourceId", resourceId);
    if (rivals.some((one) => destinationKey(one.destination) === destinationKey(input.destination))) {
      const message = "Error. There is an existing Flow Log with the same configuration and log destination.";
      return fail("FlowLogAlreadyExists", { message });
    }
    const log: FlowLog = {
      id: makeId("fl", context.hex),
      accountId: context.accountId,
      region: context.region,
      createdAtMs: context.nowMs,
      tags: tags.value,
      resourceId,
      trafficType: input.trafficType,
      destination: input.destination,
      logFormat: input.logFormat ?? defaultLogFormat,
      maxAggregationSeconds: input.maxAggregationSeconds,
      ...idempotency(input),
    };
    ids.push(log.id);
    changes.push(put("vpc-flow-log", log));
  }
  return accept({ ids, unsuccessful }, changes);
}

/** Deletes those that exist; answers which do not. */
export function deleteFlowLogs(
  state: State,
  input: { readonly flowLogIds: readonly string[] },
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  const changes: Change[] = [];
  const unsuccessful: Unsuccessful[] = [];
  for (const id of new Set(input.flowLogIds)) {
    if (owned(state, "vpc-flow-log", id, context) !== undefined) changes.push(remove("vpc-flow-log", id));
    else unsuccessful.push({ resourceId: id, error: fail("InvalidFlowLogId.NotFound", { flowLogId: id }).error });
  }
  return accept(unsuccessful, changes);
}

function checkDestination(destination: FlowLogDestination): Result<void, ApiError> {
  if (destination.kind === "cloud-watch-logs") {
    const isRole = parseArn(destination.roleArn)?.resource.startsWith("role/") === true;
    const message = "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.";
    return isRole ? ok(undefined) : fail("InvalidParameter", { message });
  }
  const place = bucketOf(destination.arn);
  if (place === undefined) return refuse(`LogDestination: ${destination.arn} is not a valid ARN of a bucket`);
  // Source: EC2 API Reference, "CreateFlowLogs", LogDestination: a reserved term. The text is ours.
  const isReserved = place.folder.split("/").includes("AWSLogs");
  return isReserved
    ? refuse("LogDestination: AWSLogs is reserved and cannot be the name of a subfolder")
    : ok(undefined);
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}

export interface BucketPlace {
  readonly bucketName: string;
  /** Empty, or a folder with a slash behind. */
  readonly folder: string;
}

/** The bucket and folder that the ARN of a destination names. */
export function bucketOf(arn: string): BucketPlace | undefined {
  const parsed = parseArn(arn);
  const [, bucketName, path] = /^([^/]+)\/?(.*)$/.exec(parsed?.resource ?? "") ?? [];
  if (parsed?.service !== "s3" || bucketName === undefined) return undefined;
  const folder = (path ?? "").replace(/\/+$/, "");
  return { bucketName, folder: folder === "" ? "" : `${folder}/` };
}

function destinationKey(destination: FlowLogDestination): string {
  return destination.kind === "s3" ? destination.arn : destination.logGroup;
}
