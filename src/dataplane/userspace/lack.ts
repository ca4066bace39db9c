/**
 * What the userspace plane lacks beside the kernel's, one sentence for each thing that a user would miss. `underpass status`
 * prints them, docs/differences.md lists them, and tests name by them what they cannot ask of this plane.
 */

export const lacks = {
  enforcement: "routes are not kernel-enforced: programs that ignore proxy settings reach the network of this machine",
  credentials: "programs of an instance can use the proxy credentials of another one if they get hold of them",
  protocol: "TCP is carried alone, and of the instance's addresses the first of each family: no UDP, no ping",
  clientAddress: "a server in an instance sees 127.0.0.1 as the address of its clients",
  server: "servers are reached by others if they run in Node or Python; other programs can only call",
  resolver: "the VPC's resolver answers only for names that the proxy is asked for",
  hostName: "the host name inside an instance is this machine's",
  hopLimit: "the hop limit of the metadata service's tokens is not kept",
  lifetime: "when an instance ends, `exec` without -d ends its program, but not what that program has started",
  isolation:
    "security is that of the proxy: an instance shares the files, processes and loopback interface of this machine",
} as const;

export type Lack = keyof typeof lacks;

export const notEnforced: readonly string[] = Object.values(lacks);
