/** Flow logs on the wire. Source: Amazon EC2 API Reference, "CreateFlowLogs", "DescribeFlowLogs" and "DeleteFlowLogs". */

import type {
  CreateFlowLogsRequest,
  CreateFlowLogsResult,
  DeleteFlowLogsRequest,
  DeleteFlowLogsResult,
  DescribeFlowLogsRequest,
  DescribeFlowLogsResult,
  FlowLog as WireFlowLog,
} from "@aws-sdk/client-ec2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  createFlowLogs,
  type CreateFlowLogsInput,
  deleteFlowLogs,
  type FlowLog,
  type FlowLogDestination,
} from "../../model/flow-log.ts";
import type { Handler } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { always, type FilterTable, tagFilters } from "./filter.ts";
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
  const made = await call.run((state, context) => createFlowLogs(state, wanted.value, context));
  if (!made.ok) return made;
  return ok({
    ClientToken: input.ClientToken,
    FlowLogIds: [...made.value.ids],
    Unsuccessful: made.value.unsuccessful.map(unsuccessfulItem),
  });
};

const describe: Handler<DescribeFlowLogsRequest, DescribeFlowLogsResult> = async (input, call) => {
  const listing = { kind: "vpc-flow-log", ids: input.FlowLogIds, idsName: "flowLogIdSet", filters, bounds } as const;
  const { Filter: Filters, MaxResults, NextToken } = input;
  const page = list(listing, { Filters, MaxResults, NextToken }, call);
  return page.ok ? ok({ FlowLogs: page.value.items.map(wireLog), NextToken: page.value.nextToken }) : page;
};

const remove: Handler<DeleteFlowLogsRequest, DeleteFlowLogsResult> = async (input, call) => {
  const wanted = { flowLogIds: input.FlowLogIds ?? [] };
  const gone = await call.run((state, context) => deleteFlowLogs(state, wanted, context));
  return gone.ok ? ok({ Unsuccessful: gone.value.map(unsuccessfulItem) }) : gone;
};

const kinds = { VPC: "vpc", Subnet: "subnet", NetworkInterface: "network-interface" } as const;

function kindOf(type: string | undefined): CreateFlowLogsInput["kind"] | undefined {
  return type === "VPC" || type === "Subnet" || type === "NetworkInterface" ? kinds[type] : undefined;
}

function readCreation(input: CreateFlowLogsRequest): Result<CreateFlowLogsInput, ApiError> {
  const tags = readTagSpecifications(input.TagSpecifications, ["vpc-flow-log"]);
  if (!tags.ok) return tags;
  const kind = kindOf(input.ResourceType);
  if (kind === undefined)
    return invalid(`Value (${String(input.ResourceType)}) for parameter resourceType is invalid.`);
  const { TrafficType: trafficType } = input;
  if (trafficType === undefined) return fail("MissingParameter", { parameter: "TrafficType" });
  if (trafficType !== "ACCEPT" && trafficType !== "REJECT" && trafficType !== "ALL") {
    return invalid(`Value (${String(trafficType)}) for parameter trafficType is invalid.`);
  }
  const seconds = input.MaxAggregationInterval ?? 600;
  if (seconds !== 60 && seconds !== 600) return invalid("Invalid Flow Log Max Aggregation Interval");
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
    return fail("InvalidParameterCombination", {
      message: "Please only provide LogGroupName or only provide LogDestination.",
    });
  }
  const type = input.LogDestinationType ?? "cloud-watch-logs";
  switch (type) {
    case "s3":
      return arn === undefined ? fail("MissingParameter", { parameter: "LogDestination" }) : ok({ kind: "s3", arn });
    case "cloud-watch-logs": {
      const logGroup = named ?? /:log-group:([^:]+)/.exec(arn ?? "")?.[1] ?? "";
      return ok({ kind: "cloud-watch-logs", logGroup, roleArn });
    }
    case "kinesis-data-firehose":
      return fail("UnsupportedOperation", { message: "Flow logs to Data Firehose are not served by Underpass" });
  }
  return invalid(`Value (${String(type)}) for parameter logDestinationType is invalid.`);
}

function wireLog(log: FlowLog): WireFlowLog {
  const shared = {
    CreationTime: new Date(log.createdAtMs),
    DeliverLogsStatus: "SUCCESS",
    FlowLogId: log.id,
    FlowLogStatus: "ACTIVE",
    ResourceId: log.resourceId,
    TrafficType: log.trafficType,
    LogFormat: log.logFormat,
    Tags: tagSet(log.tags),
    MaxAggregationInterval: log.maxAggregationSeconds,
  };
  const { destination } = log;
  if (destination.kind === "s3") return { ...shared, LogDestinationType: "s3", LogDestination: destination.arn };
  return {
    ...shared,
    DeliverLogsPermissionArn: destination.roleArn,
    LogGroupName: destination.logGroup,
    LogDestinationType: "cloud-watch-logs",
    LogDestination: `arn:aws:logs:${log.region}:${log.accountId}:log-group:${destination.logGroup}`,
  };
}

const filters: FilterTable<FlowLog> = {
  ...tagFilters,
  "deliver-log-status": always("SUCCESS"),
  "flow-log-id": (it) => [it.id],
  "log-destination-type": (it) => [it.destination.kind],
  "log-group-name": (it) => (it.destination.kind === "s3" ? [] : [it.destination.logGroup]),
  "resource-id": (it) => [it.resourceId],
  "traffic-type": (it) => [it.trafficType],
};

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
