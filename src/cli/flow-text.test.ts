import { expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { traceFlow } from "../analyse/trace-flow.ts";
import { formatFlow } from "./flow-text.ts";

/** An instance in a public subnet, and one behind its NAT gateway. */
function textOf(to: string): string {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  const [near, open] = [build.subnet(vpc, "10.0.1.0/24"), build.subnet(vpc, "10.0.2.0/24")];
  const [table, openTable] = [build.table(vpc, near), build.table(vpc, open)];
  build.route(openTable, "0.0.0.0/0", build.gateway(vpc));
  build.route(table, "0.0.0.0/0", build.nat(open));
  build.instance(near, { name: "web" });
  const traced = traceFlow(build.state(), { from: "web", to }, 1_700_000_000_000);
  if (!traced.ok) throw new Error(traced.error);
  return formatFlow(traced.value).replaceAll(/\b([a-z]+)-[0-9a-f]{17}\b/g, "$1-…");
}

test("a way through a NAT gateway, there and back", () => {
  expect(textOf("echo.internet.test:80")).toBe(
    `to         echo.internet.test:80 at 198.51.100.7
opens      tcp 80
at         2023-11-14T22:13:20.000Z
from       i-…
answer     the network lets it pass, and its answers
name       echo.internet.test is 198.51.100.7 (the echo host)
there      at       10.0.1.4, eni-… of i-… in subnet-… of vpc-…
           passes   egress of eni-…, by sgr-… of sg-…: tcp 80 from 10.0.1.4 to 198.51.100.7
           route    0.0.0.0/0 to nat-… (static) in rtb-… by subnet association
           passes   egress of subnet-…, by rule 100 of acl-…: tcp 80 from 10.0.1.4 to 198.51.100.7
           passes   ingress of subnet-…, by rule 100 of acl-…: tcp 80 from 10.0.1.4 to 198.51.100.7
           through  nat-… as 10.0.2.4
           route    0.0.0.0/0 to igw-… (static) in rtb-… by subnet association
           passes   egress of subnet-…, by rule 100 of acl-…: tcp 80 from 10.0.2.4 to 198.51.100.7
           through  igw-… as 54.153.150.153
           at       198.51.100.7, echo.internet.test
back       passes   ingress of subnet-…, by rule 100 of acl-…: tcp 1024-65535 from 198.51.100.7 to 10.0.2.4
           through  nat-…
           route    10.0.0.0/16 to local (local) in rtb-… by subnet association
                      beats 0.0.0.0/0 to igw-… (static)
           passes   egress of subnet-…, by rule 100 of acl-…: tcp 32768-60999 from 198.51.100.7 to 10.0.1.4
           passes   ingress of subnet-…, by rule 100 of acl-…: tcp 32768-60999 from 198.51.100.7 to 10.0.1.4
           passes   ingress of eni-…, by connection tracking: tcp 32768-60999 from 198.51.100.7 to 10.0.1.4`,
  );
});

test("a refusal, with what would help", () => {
  const text = textOf("10.0.2.200/icmp");
  expect(text).toMatch(/^opens +icmp type 8 code 0$/m);
  expect(text).toMatch(/^answer +does not pass: nobody in the VPC has 10\.0\.2\.200$/m);
  expect(text).not.toMatch(/^back/m);
});
