import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { createFlowLogs, deleteFlowLogs } from "../model/flow-log.ts";
import type { FlowCount } from "../network/traffic-count.ts";
import { openObjectStore } from "../services/s3/store/object-store.ts";
import { openFlowLogs } from "./flow-log.ts";
import { nothingCounted, openTraffic } from "./traffic.ts";

test("an instance that came and went between two readings has its records, and so has a log that is deleted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "underpass-flow-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  await using store = await openObjectStore(":memory:", join(folder, "s3"));
  const build = regionBuilder();
  const subnetId = build.subnet(build.vpc("10.0.0.0/16"), "10.0.1.0/24");
  const { ids } = build.run(createFlowLogs, {
    kind: "subnet",
    resourceIds: [subnetId],
    trafficType: "ALL",
    destination: { kind: "cloud-watch-logs", logGroup: "flows", roleArn: "arn:aws:iam::000000000000:role/flows" },
    logFormat: "${interface-id} ${instance-id} ${az-id} ${srcaddr} ${dstaddr} ${action}",
    maxAggregationSeconds: 60,
    tags: [],
  });
  let flows: FlowCount[] = [];
  const traffic = openTraffic(() => Promise.resolve({ ...nothingCounted, flows: flows.splice(0) }), Date.now);
  const logs = openFlowLogs({ traffic, state: build.state, store, folder, nowMs: Date.now, log: () => {} });
  const short = build.instance(subnetId);
  const elsewhere = build.instance(build.subnet(build.vpc("10.1.0.0/16"), "10.1.1.0/24"));
  traffic.follow(build.state());
  for (const { id } of [short, elsewhere]) build.terminate(id);
  traffic.follow(build.state());
  flows = [short, elsewhere].map(({ eni }) => ({
    vpcId: "",
    networkInterfaceId: eni,
    direction: "egress",
    action: "ACCEPT",
    protocol: 6,
    sourceIp: "10.0.1.4",
    destinationIp: "52.216.10.10",
    sourcePort: 40_000,
    destinationPort: 443,
    tcpFlags: 2,
    packets: 1,
    bytes: 60,
  }));
  await traffic.collect();
  // Of what was gathered by then, nothing is lost.
  build.run(deleteFlowLogs, { flowLogIds: ids });
  await logs[Symbol.asyncDispose]();
  const [, ...told] = readFileSync(join(folder, `${ids[0]}.log`), "utf8")
    .trimEnd()
    .split("\n");
  expect(told).toEqual([`${short.eni} ${short.id} use1-az1 10.0.1.4 52.216.10.10 ACCEPT`]);
});
