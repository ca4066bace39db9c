import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fail } from "../../model/error.ts";
import { emptyState } from "../../model/state.ts";
import { ProgramTable } from "./program-table.ts";
import type { DropCount } from "../../network/traffic-count.ts";
import type { EndpointFigures } from "./figures.ts";
import { ownApi } from "./server.ts";

const server = createServer((incoming, response) => {
  void ownApi({
    state: () => emptyState,
    status: () => {
      throw new Error("not asked for here");
    },
    entry: async () => undefined,
    onPremises: {
      add: ({ vpnConnectionId }) => Promise.resolve(fail("InvalidVpnConnectionID.NotFound", { vpnConnectionId })),
      remove: (named) => Promise.resolve(fail("NotFound", { message: named })),
    },
    findRequest: () => undefined,
    lastRequests: () => [],
    followRequests: () => () => {},
    metadataRequests: { last: () => [], follow: () => () => {} },
    programs: new ProgramTable(() => 0),
    coverage: () => [],
    figures: () => Promise.resolve({ atMs: 0, endpoints: [endpointFigures, interfaceFigures], drops: [ruleDrop] }),
    reset: () => Promise.resolve(),
    nowMs: () => 0,
  })(incoming, response, { kind: "host", sourceIp: "127.0.0.1" });
});
let port: number;

const endpointFigures: EndpointFigures = {
  vpcEndpointId: "vpce-1",
  endpointType: "Gateway",
  subnets: [],
  vpcId: "vpc-1",
  serviceName: "com.amazonaws.us-east-1.s3",
  activeConnections: 2,
  newConnections: 5,
  bytesIn: 100,
  bytesOut: 200,
  packetsDropped: 3,
  rstPacketsReceived: 1,
};
const inSubnet = {
  activeConnections: 1,
  newConnections: 4,
  bytesIn: 10,
  bytesOut: 20,
  packetsDropped: 0,
  rstPacketsReceived: 0,
};
const interfaceFigures: EndpointFigures = {
  ...inSubnet,
  vpcEndpointId: "vpce-2",
  endpointType: "Interface",
  vpcId: "vpc-1",
  serviceName: "com.amazonaws.us-east-1.sts",
  subnets: [{ ...inSubnet, subnetId: "subnet-1", networkInterfaceId: "eni-1" }],
};
const ruleDrop: DropCount = {
  kind: "network-acl-rule",
  vpcId: "vpc-1",
  networkAclId: "acl-1",
  ruleNumber: 90,
  direction: "ingress",
  packets: 7,
};

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

/** `node:http` instead of fetch: it sends the Host and Origin that it is told. */
async function call(
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = "",
): Promise<{ status: number; text: string }> {
  const outgoing = request({ port, host: "127.0.0.1", method, path, headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: response.statusCode ?? 0, text };
}

test.each<[string, string, Record<string, string>, string, number, RegExp]>([
  ["GET", "/_underpass/requests", {}, "", 200, /^\[\]/],
  ["GET", "/_underpass/metadata-requests", {}, "", 200, /^\[\]/],
  ["GET", "/_underpass/requests", { host: "rebound.example" }, "", 403, /foreign-origin/],
  ["GET", "/_underpass/requests", { origin: "https://page.example" }, "", 403, /foreign-origin/],
  ["GET", "/_underpass/requests/ABC", {}, "", 404, /no request `ABC`/],
  ["GET", "/_underpass/requests/%ZZ", {}, "", 400, /bad-path/],
  ["GET", "/_underpass/instances/i-1/entry", {}, "", 404, /no instance `i-1` is running/],
  ["GET", "/_underpass/nothing", {}, "", 404, /no-such-path/],
  ["DELETE", "/_underpass/status", {}, "", 404, /no-such-path/],
  ["POST", "/_underpass/trace", {}, "{", 400, /JSON object/],
  ["POST", "/_underpass/trace", {}, `"${"x".repeat(70_000)}"`, 400, /at most 64 KiB/],
  ["POST", "/_underpass/trace", {}, "{}", 400, /bad-question/],
  ["POST", "/_underpass/trace", {}, '{"from":7,"action":[],"target":null}', 400, /bad-question/],
  ["POST", "/_underpass/trace", {}, '{"to":7,"from":"i-1"}', 400, /`to` must be a string/],
  ["POST", "/_underpass/trace", {}, '{"to":"i-2:22","from":"i-1"}', 400, /no instance `i-1`/],
])("%s %s %j %s", async (method, path, headers, body, status, says) => {
  const answer = await call(method, path, headers, body);
  expect(answer.text).toMatch(says);
  expect(answer.status).toBe(status);
});

test("figures as OpenMetrics, for who names this machine", async () => {
  const { status, text } = await call("GET", "/metrics", { host: "127.0.0.1" });
  expect(status).toBe(200);
  const labels =
    'vpc_endpoint_id="vpce-1",endpoint_type="Gateway",vpc_id="vpc-1",service_name="com.amazonaws.us-east-1.s3"';
  const inSubnet1 =
    'vpc_endpoint_id="vpce-2",endpoint_type="Interface",vpc_id="vpc-1",service_name="com.amazonaws.us-east-1.sts",subnet_id="subnet-1"';
  expect(text.split("\n").filter((line) => !line.startsWith("# ") && line !== "")).toEqual([
    `underpass_endpoint_connections_active{${labels}} 2`,
    `underpass_endpoint_connections_active{${inSubnet1}} 1`,
    `underpass_endpoint_connections_total{${labels}} 5`,
    `underpass_endpoint_connections_total{${inSubnet1}} 4`,
    `underpass_endpoint_bytes_total{${labels},direction="in"} 100`,
    `underpass_endpoint_bytes_total{${inSubnet1},direction="in"} 10`,
    `underpass_endpoint_bytes_total{${labels},direction="out"} 200`,
    `underpass_endpoint_bytes_total{${inSubnet1},direction="out"} 20`,
    `underpass_endpoint_resets_total{${labels}} 1`,
    `underpass_endpoint_resets_total{${inSubnet1}} 0`,
    `underpass_endpoint_drops_total{${labels}} 3`,
    `underpass_endpoint_drops_total{${inSubnet1}} 0`,
    'underpass_network_acl_rule_drops_total{vpc_id="vpc-1",network_acl_id="acl-1",rule_number="90",direction="ingress"} 7',
  ]);
  expect(text.endsWith("# EOF\n")).toBe(true);
  expect((await call("GET", "/metrics", { host: "elsewhere.example" })).status).toBe(403);
});
