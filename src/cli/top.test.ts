import { expect, test } from "vitest";
import type { EndpointCounts, Figures } from "../api/underpass/figures.ts";
import { topText } from "./top.ts";

const counts = (opened: number): EndpointCounts => ({
  activeConnections: 1,
  newConnections: opened,
  bytesIn: 2048,
  bytesOut: 1_572_864,
  packetsDropped: 0,
  rstPacketsReceived: 0,
});

const figures = (atMs: number, opened: number): Figures => ({
  atMs,
  endpoints: [
    {
      ...counts(opened * 2),
      vpcEndpointId: "vpce-1",
      endpointType: "Interface",
      vpcId: "vpc-1",
      serviceName: "com.amazonaws.us-east-1.sts",
      subnets: ["a", "b"].map((name) => ({
        ...counts(opened),
        subnetId: `subnet-${name}`,
        networkInterfaceId: `eni-${name}`,
      })),
    },
  ],
  drops: [
    { kind: "no-route", vpcId: "vpc-1", networkInterfaceId: "eni-9", direction: "egress", packets: 2 },
    { kind: "security-group", vpcId: "vpc-1", networkInterfaceId: "eni-b", direction: "ingress", packets: 7 },
  ],
});

test("an endpoint in two subnets has a line for each below its own, and drops say whose interface it was", () => {
  expect(topText(figures(0, 4))).toBe(
    [
      "ENDPOINT    SERVICE                      ACTIVE  NEW  IN       OUT      RESETS  DROPS",
      "vpce-1      com.amazonaws.us-east-1.sts  1       8    2.0 KiB  1.5 MiB  0       0",
      "  subnet-a    eni-a                      1       4    2.0 KiB  1.5 MiB  0       0",
      "  subnet-b    eni-b                      1       4    2.0 KiB  1.5 MiB  0       0",
      "",
      "PACKETS  DROPPED BY",
      "7        the security groups of eni-b of vpce-1, inbound",
      "2        no route that leads to anybody, from eni-9",
    ].join("\n"),
  );
});

test("between two readings there are rates, of each subnet its own", () => {
  const [, endpoint, first] = topText(figures(2000, 14), figures(0, 4)).split("\n");
  expect(endpoint).toMatch(/^vpce-1 +com\.amazonaws\.us-east-1\.sts +1 +10 +0 B +0 B/);
  expect(first).toMatch(/^ {2}subnet-a +eni-a +1 +5 +0 B +0 B/);
});
