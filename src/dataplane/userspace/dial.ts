/** Where a connection of an instance goes: the name resolved and the packet walked by the same functions as everywhere. */

import { formatIp, parseIp } from "../../base/ip.ts";
import type { Instance } from "../../model/instance.ts";
import { find, type State } from "../../model/state.ts";
import type { MetadataClient } from "../../network/metadata-client.ts";
import type { Path } from "../../network/path.ts";
import { portsOnInternet, servicePorts } from "../../network/echo-host.ts";
import { dropText } from "../../network/drop-text.ts";
import { type Reach, reach } from "../../network/reach.ts";
import { namePlaceOf, resolveAddresses } from "../../network/resolve.ts";
import type { Exit } from "../../network/exit.ts";
import { pathOf } from "../../network/path-origin.ts";

export type Dial =
  | { readonly kind: "open"; readonly flow: OpenFlow }
  /** `status` is that of a proxy: 502 where something says no, 504 where packets would vanish. */
  | {
      readonly kind: "refused";
      readonly status: 502 | 504;
      readonly text: string;
      /** The packet that left the instance and was never answered. */
      readonly lost?: LostPacket;
    };

/** A packet that opens no connection: a filter drops it or its answer, or no way leads where it is to go. */
export interface LostPacket {
  readonly destinationIp: string;
  readonly port: number;
  readonly reached: Reach;
}

/** A connection as it was opened. */
export type OpenFlow = ServiceFlow | MetadataFlow;

export interface ServiceFlow {
  readonly kind: "service";
  readonly instanceId: string;
  readonly destinationIp: string;
  readonly path: Path;
  readonly port: number;
}

/** To the metadata service of the instance. */
export interface MetadataFlow {
  readonly kind: "metadata";
  readonly instanceId: string;
  readonly client: MetadataClient;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * What a connection from an instance to a host (a name or an address) and port meets. Of several addresses the first that
 * opens is taken, as clients do. Source: RFC 8305.
 */
export function dial(state: State, instanceId: string, target: DialTarget): Dial {
  const instance = find(state, "instance", instanceId);
  if (instance === undefined) return refused(504, `${instanceId} does not exist`);
  const { by, ips } = addressesOf(state, instance, target.host);
  const dials = ips.map((ip) => dialAddress(state, instance, ip, target));
  return dials.find(({ kind }) => kind === "open") ?? dials[0] ?? refused(502, `cannot resolve ${target.host}: ${by}`);
}

function dialAddress(state: State, instance: Instance, address: string, { host, port }: DialTarget): Dial {
  const instanceId = instance.id;
  const reached = reach(state, instanceId, { destinationIp: address, opens: { kind: "tcp", port } });
  const { exit } = reached;
  if (exit.kind === "vpc-service" && exit.service === "instance-metadata" && port === 80) {
    const client: MetadataClient = { vpcId: instance.vpcId, sourceIp: privateIpOf(state, instance) };
    return { kind: "open", flow: { kind: "metadata", instanceId, client } };
  }
  const path = pathOf(instance, reached, address);
  const name = host === address ? host : `${host} (${address})`;
  const lost: LostPacket = { destinationIp: address, port, reached };
  if (reached.dropped !== undefined) {
    return { ...refused(504, `no answer from ${name}: ${dropText(reached.dropped)}`), lost };
  }
  if (reached.astray !== undefined) return { ...refused(504, `no answer from ${name}: ${reached.astray}`), lost };
  if (path === undefined) {
    const isSent = reached.exit.kind === "none" && reached.route !== undefined;
    return { ...deadEnd(reached.exit, name), ...(isSent && { lost }) };
  }
  const ports = path.kind === "interface-endpoint" ? servicePorts : portsOnInternet(reached.translatedIp ?? address);
  if (ports === undefined) {
    const text = `no answer from ${name}: behind the internet gateway only AWS's services and the echo host answer`;
    return { ...refused(504, text), lost };
  }
  if (!ports.includes(port)) return refused(502, `connection to ${name} refused: nothing listens on port ${port}`);
  return { kind: "open", flow: { kind: "service", instanceId, destinationIp: address, path, port } };
}

/** Whether an open connection goes on: its way is the same and no network ACL drops it; security groups track it. */
export function goesOn(state: State, flow: OpenFlow): boolean {
  const { instanceId } = flow;
  const instance = find(state, "instance", instanceId);
  if (instance === undefined) return false;
  if (flow.kind === "metadata") return instance.state === "running";
  const { destinationIp, path, port } = flow;
  const reached = reach(state, instanceId, { destinationIp, opens: { kind: "tcp", port }, isTracked: true });
  if (reached.dropped !== undefined || reached.astray !== undefined) return false;
  return JSON.stringify(pathOf(instance, reached, destinationIp)) === JSON.stringify(path);
}

function privateIpOf(state: State, { networkInterfaceIds }: Instance): string {
  return find(state, "network-interface", networkInterfaceIds[0] ?? "")?.privateIpAddress ?? "";
}

function addressesOf(state: State, instance: Instance, host: string): ReturnType<typeof resolveAddresses> {
  const ip = parseIp(host);
  if (ip !== undefined) return { ips: [formatIp(ip)], by: "address" };
  return resolveAddresses(state, namePlaceOf(state, instance), host);
}

function deadEnd(exit: Exit, name: string): Extract<Dial, { kind: "refused" }> {
  switch (exit.kind) {
    case "none":
      return refused(504, `no route to ${name}: ${exit.reason}`);
    case "local":
      return refused(502, `no way to ${name}: the userspace data plane carries no traffic between instances`);
    case "on-premises":
      return refused(502, `no way to ${name}: the userspace data plane has no on-premises hosts`);
    case "vpc-service":
      return refused(502, `no way to ${name}: the userspace data plane does not carry the VPC's ${exit.service}`);
    case "interface-endpoint":
    case "gateway-endpoint":
    case "internet":
      return refused(502, `no way to ${name}`);
  }
}

function refused(status: 502 | 504, text: string): Extract<Dial, { kind: "refused" }> {
  return { kind: "refused", status, text };
}
