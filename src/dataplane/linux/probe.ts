/**
 * Tries, inside namespaces of its own, all that the Linux data plane asks of a machine, by building a small VPC and
 * entering it. Ends with status 0, or 1 and what was refused on standard error; what IPv6 was refused alone is on standard
 * output. `lack.ts` starts it.
 */

import { spawnSync } from "node:child_process";
import type { Blueprint } from "../../plan/blueprint.ts";
import { diffObjects } from "./diff.ts";
import { Kernel } from "./kernel.ts";
import { closeFd } from "./libc.ts";
import { bindInside } from "./listener.ts";
import { openPacketSocket } from "./nat64.ts";
import { wantedObjects } from "./wanted.ts";

const blueprint: Blueprint = {
  revision: 0,
  internetCidrs: ["198.51.100.0/24"],
  vpcs: [
    {
      vpcId: "probe",
      key: 1,
      cidrBlocks: ["10.0.0.0/24"],
      resolverIps: ["10.0.0.2"],
      nameServers: ["10.0.0.2"],
      searchDomains: [],
      subnets: [
        {
          subnetId: "probe",
          group: 1,
          ipv4: { cidrBlock: "10.0.0.0/24", routerIp: "10.0.0.1" },
          table: 1000,
          networkAcl: 1,
        },
      ],
      routeTables: [
        {
          routeTableId: "probe",
          table: 1000,
          routes: [{ cidrBlock: "198.51.100.0/24", metric: 20, target: { kind: "endpoint", vpcEndpointId: "probe" } }],
        },
      ],
      endpoints: [{ vpcEndpointId: "probe", key: 1, cidrBlocks: ["198.51.100.0/24"] }],
      securityGroups: [
        {
          securityGroupId: "probe",
          key: 1,
          members: ["10.0.0.4"],
          ingress: [
            { ruleId: "probe", traffic: { kind: "tcp", fromPort: 1, toPort: 2 }, peer: { kind: "group", key: 1 } },
          ],
          egress: [
            {
              ruleId: "probe",
              traffic: { kind: "all" },
              peer: { kind: "prefix-list", prefixListId: "pl-probe", cidrBlocks: ["198.51.100.0/25"] },
            },
          ],
        },
      ],
      networkAcls: [
        {
          networkAclId: "probe",
          key: 1,
          ingress: [{ ruleNumber: 100, action: "allow", traffic: { kind: "icmp", type: 8 }, cidrBlock: "10.0.0.0/9" }],
          egress: [],
        },
      ],
      natGateways: [
        { natGatewayId: "probe", key: 1, group: 1, networkInterfaceId: "probe-nat", privateIp: "10.0.0.5" },
      ],
      internetGateway: {
        internetGatewayId: "probe",
        addresses: [{ privateIp: "10.0.0.4", publicIp: "203.0.113.1" }],
      },
      peers: [],
      endpointInterfaces: [],
      hosts: [
        {
          instanceId: "probe",
          networkInterfaceId: "probe",
          deviceIndex: 0,
          key: 1,
          group: 1,
          ips: ["10.0.0.4"],
          macAddress: "02:00:00:00:01:00",
          securityGroups: [1],
        },
      ],
    },
  ],
};

/** A VPC with IPv6 and nothing in it but a gateway: addresses, routes, rules and sockets. */
function ipv6Blueprint(): Blueprint {
  const own = { cidrBlocks: ["10.0.0.0/24", "2001:db8::/56"], resolverIps: ["fd00:ec2::253"] };
  const none = { endpoints: [], securityGroups: [], natGateways: [], hosts: [] };
  return {
    ...blueprint,
    vpcs: blueprint.vpcs.map((vpc) => ({
      ...vpc,
      ...own,
      ...none,
      routeTables: vpc.routeTables.map((table) => ({ ...table, routes: [] })),
    })),
  };
}

function buildNetwork(wanted: Blueprint): void {
  using kernel = new Kernel();
  const { make } = diffObjects(new Map(), wantedObjects(wanted));
  for (const step of make) {
    for (const listener of kernel.perform(step)) closeFd(bindInside(kernel.get(listener.namespace), listener));
  }
}

/** Tries IPv6, which the plane can do without. */
function buildIpv6(): void {
  try {
    buildNetwork(ipv6Blueprint());
    // NAT64 reads packets.
    closeFd(openPacketSocket());
  } catch (error) {
    process.stdout.write(error instanceof Error ? error.message : String(error));
  }
}

/** The files' view and the rights of a program inside, as `entry.ts` makes them. */
function enterView(): void {
  const own = ["unshare", "--user", "--map-user=1", "--map-group=1", "--", "setpriv", "--no-new-privs", "--", "true"];
  const script = 'mount --bind /etc/hosts /etc/hosts && mount -t tmpfs none /tmp && exec "$@"';
  const { error, status, stderr } = spawnSync(
    "unshare",
    ["--mount", "--", "/bin/sh", "-c", script, "underpass", ...own],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`enter a view of the files: ${error?.message ?? stderr.trim()}`);
}

try {
  buildNetwork(blueprint);
  buildIpv6();
  enterView();
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
