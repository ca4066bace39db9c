import { expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import type { FlowLog } from "../model/flow-log.ts";
import { defaultLogFormat } from "../model/flow-log-format.ts";
import { find } from "../model/state.ts";
import { unservedService } from "../network/unserved-service.ts";
import type { FlowDoor } from "../network/traffic-count.ts";
import { type RecordedFlow, recordHeader, recordsOf } from "./flow-record.ts";

const build = regionBuilder();
const instance = build.instance(build.subnet(build.vpc("10.0.0.0/16"), "10.0.1.0/24"), {
  instanceType: "m1.small",
});
const holder = find(build.state(), "network-interface", instance.eni)!;
const window = { startMs: 1_700_000_000_500, endMs: 1_700_000_060_000, skipped: false };

const logOf = (logFormat: string, trafficType: FlowLog["trafficType"] = "ALL"): FlowLog => ({
  id: "fl-0a1b2c3d" as FlowLog["id"],
  accountId: holder.accountId,
  region: holder.region,
  createdAtMs: 0,
  tags: [],
  resourceId: holder.id,
  trafficType,
  destination: { kind: "s3", arn: "arn:aws:s3:::flows" },
  logFormat,
  maxAggregationSeconds: 60,
});

const flowOf = (change: Partial<RecordedFlow> = {}): RecordedFlow => ({
  vpcId: holder.vpcId,
  networkInterfaceId: holder.id,
  direction: "egress",
  action: "ACCEPT",
  protocol: 6,
  sourceIp: holder.privateIpAddress!,
  destinationIp: "52.216.10.10",
  sourcePort: 40_000,
  destinationPort: 443,
  tcpFlags: 3,
  packets: 10,
  bytes: 840,
  startMs: 1_700_000_010_000,
  endMs: 1_700_000_020_000,
  ...change,
});

const lines = (log: FlowLog, ...flows: RecordedFlow[]): readonly string[] =>
  recordsOf(build.state(), log, holder, { flows, window });

test("the default format, as the guide's examples have it", () => {
  expect(lines(logOf(defaultLogFormat), flowOf())).toEqual([
    `2 ${holder.accountId} ${holder.id} ${holder.privateIpAddress} 52.216.10.10 40000 443 6 10 840 1700000010 1700000020 ACCEPT OK`,
  ]);
  expect(recordHeader(logOf(defaultLogFormat))).toMatch(/^version account-id interface-id srcaddr .* log-status$/);
});

test("an interval without packets says NODATA, one with flows missing SKIPDATA", () => {
  const own = `2 ${holder.accountId} ${holder.id} - - - - - - - 1700000000 1700000060 -`;
  expect(lines(logOf(defaultLogFormat))).toEqual([`${own} NODATA`]);
  const skipped = { flows: [], window: { ...window, skipped: true } };
  expect(recordsOf(build.state(), logOf(defaultLogFormat), holder, skipped)).toEqual([`${own} SKIPDATA`]);
});

test("a log of one action keeps the other out", () => {
  const format = "${action}";
  const flows = [flowOf(), flowOf({ action: "REJECT" })];
  expect(lines(logOf(format, "REJECT"), ...flows)).toEqual(["REJECT"]);
  expect(lines(logOf(format, "ALL"), ...flows)).toEqual(["ACCEPT", "REJECT"]);
});

test.each<[FlowDoor | undefined, Partial<RecordedFlow>, string]>([
  [{ kind: "interface" }, {}, "1"],
  // The instance's type is one of those before Nitro.
  [{ kind: "gateway-endpoint", vpcEndpointId: "vpce-1" }, {}, "2"],
  [{ kind: "internet-gateway" }, {}, "2"],
  [{ kind: "vpc-peering-connection", vpcPeeringConnectionId: "pcx-1" }, {}, "4"],
  [{ kind: "internet-gateway" }, { action: "REJECT" }, "-"],
  [undefined, { direction: "ingress" }, "-"],
])("the traffic path of %o", (door, change, path) => {
  expect(lines(logOf("${traffic-path}"), flowOf({ ...change, ...(door && { door }) }))).toEqual([path]);
});

test("on Nitro the traffic path tells an endpoint from an internet gateway", () => {
  const { attachment: _, ...ofService } = holder;
  const pathBy = (door: FlowDoor): readonly string[] =>
    recordsOf(build.state(), logOf("${traffic-path}"), ofService, { flows: [flowOf({ door })], window });
  expect(pathBy({ kind: "gateway-endpoint", vpcEndpointId: "vpce-1" })).toEqual(["7"]);
  expect(pathBy({ kind: "internet-gateway" })).toEqual(["8"]);
});

test("AWS's names for what is at either end are told, served here or not", () => {
  const format = "${pkt-src-aws-service} ${pkt-dst-aws-service}";
  const [lambda = ""] = unservedService("lambda.us-east-1.amazonaws.com")?.ips ?? [];
  const flows = [
    flowOf({ destinationIp: lambda }),
    flowOf({ direction: "ingress", sourceIp: lambda, destinationIp: instance.ip }),
    flowOf({ sourceIp: "2600:1f18:1:2::3", destinationIp: "2600:1f18:1:2::4" }),
    flowOf({ destinationIp: "13.32.7.7" }),
    flowOf({ destinationIp: "10.0.1.77" }),
  ];
  expect(lines(logOf(format), ...flows)).toEqual(["- AMAZON", "AMAZON -", "EC2 EC2", "- CLOUDFRONT", "- -"]);
});

test("the interface's own end is its address, and what packets said stands beside", () => {
  const format = "${srcaddr} ${pkt-srcaddr} ${dstaddr} ${pkt-dstaddr} ${pkt-src-aws-service} ${pkt-dst-aws-service}";
  const own = holder.privateIpAddress;
  expect(lines(logOf(format), flowOf({ sourceIp: "10.9.9.9" }))).toEqual([
    `${own} 10.9.9.9 52.216.10.10 52.216.10.10 - S3`,
  ]);
  const back = flowOf({ direction: "ingress", sourceIp: "52.216.10.10", destinationIp: "10.9.9.9" });
  expect(lines(logOf(format), back)).toEqual([`52.216.10.10 52.216.10.10 ${own} 10.9.9.9 S3 -`]);
});
