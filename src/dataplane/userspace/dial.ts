/** Where a connection of an instance goes: the name resolved and the packet walked by the same functions as everywhere. */

import { formatIp, type Ip, parseIp } from "../../base/ip.ts";
import type { Instance } from "../../model/instance.ts";
import { allAddressesOf } from "../../model/network-interface.ts";
import { isOnPremises, type OnPremisesHost } from "../../model/on-premises-host.ts";
import { find, type State } from "../../model/state.ts";
import type { MetadataClient } from "../../network/metadata-client.ts";
import type { Path } from "../../network/path.ts";
import { portsOnInternet, servicePorts } from "../../network/echo-host.ts";
import { dropText } from "../../network/drop-text.ts";
import { pathFromOnPremises, reachFromOnPremises } from "../../network/on-premises.ts";
import { type Flow, reach, type Reach } from "../../network/reach.ts";
import { namePlaceOf, resolveAddresses } from "../../network/resolve.ts";
import type { Exit } from "../../network/exit.ts";
import { pathOf } from "../../network/path-origin.ts";
import { isIpv6, senderOf } from "../../network/sender.ts";
import { networkOf } from "../../network/vpc-network.ts";
import type { Listeners, LocalAddress } from "./listener.ts";
import { type LostPacket, lostPacket } from "./lost-packet.ts";
import { type Visit, visitsOf } from "./visit.ts";

export type Dial =
  | { readonly kind: "open"; readonly flow: OpenFlow }
  /** `status` is that of a proxy: 502 where something says no, 504 where packets would vanish. */
  | { readonly kind: "refused"; readonly status: 502 | 504; readonly text: string; readonly lost?: LostPacket };

/** A connection as it was opened. */
export type OpenFlow = ServiceFlow | MetadataFlow | PlaceFlow;

interface RoutedFlow {
  /** Where it begins: an instance or an on-premises host. */
  readonly placeId: string;
  readonly destinationIp: string;
  readonly visits: readonly Visit[];
}

export interface ServiceFlow extends RoutedFlow {
  readonly kind: "service";
  readonly path: Path;
  readonly port: number;
}

/** To a server in an instance or on an on-premises host. */
export interface PlaceFlow extends RoutedFlow {
  readonly kind: "place";
  readonly targetId: string;
  readonly port: number;
  readonly at: LocalAddress;
}

/** To the metadata service of the instance. */
export interface MetadataFlow {
  readonly kind: "metadata";
  readonly placeId: string;
  readonly client: MetadataClient;
}

export interface DialTarget {
  readonly host: string;
  readonly port: number;
}

export interface DialRegion {
  readonly state: State;
  readonly listeners: Listeners;
}

type Place = Instance | OnPremisesHost;

/**
 * What a connection from an instance or an on-premises host to a host (a name or an address) and port meets. Of several
 * addresses the first that opens is taken, as clients do. Source: RFC 8305.
 */
export function dial(region: DialRegion, placeId: string, target: DialTarget): Dial {
  const { state } = region;
  const place = placeOf(state, placeId);
  if (place === undefined) return refused(504, `${placeId} does not exist`);
  const own = loopbackOf(target.host);
  if (own !== undefined) return dialItself(region, placeId, { ip: own, port: target.port });
  const { by, ips } = addressesOf(state, place, target.host);
  const dials = ips.map((ip) => dialAddress(region, place, ip, target));
  return dials.find(({ kind }) => kind === "open") ?? dials[0] ?? refused(502, `cannot resolve ${target.host}: ${by}`);
}

/** By its loopback address a program reaches what runs in its own place, not on this machine. */
function dialItself(
  { listeners }: DialRegion,
  placeId: string,
  { ip, port }: { readonly ip: string; readonly port: number },
): Dial {
  const at = listeners.find(placeId, port, true);
  if (at === undefined) return refused(502, unheardText(ip, port, placeId));
  const flow: PlaceFlow = { kind: "place", placeId, destinationIp: ip, visits: [], targetId: placeId, port, at };
  return { kind: "open", flow };
}

function dialAddress(region: DialRegion, place: Place, address: string, { host, port }: DialTarget): Dial {
  const { state } = region;
  const reached = reachFrom(state, place, { destinationIp: address, opens: { kind: "tcp", port } });
  const { dropped, exit } = reached;
  const name = host === address ? host : `${host} (${address})`;
  const visits = visitsOf(state, place, reached, address);
  const lost = (status: 502 | 504, text: string, isReset = false): Dial => ({
    ...refused(status, text),
    lost: lostPacket(state, visits, { port, reached, isReset }),
  });
  if (dropped !== undefined) return lost(504, `no answer from ${name}: ${dropText(dropped)}`);
  if (reached.astray !== undefined) return lost(504, `no answer from ${name}: ${reached.astray}`);
  const routed: RoutedFlow = { placeId: place.id, destinationIp: address, visits };
  switch (exit.kind) {
    case "none":
      return lost(504, `no route to ${name}: ${exit.reason}`);
    case "vpc-service":
      return dialVpcService(state, place, exit.service, { address, name, port });
    case "local":
    case "on-premises": {
      const target = targetOf(state, exit, calledIpOf(reached, address));
      if (target.id === undefined) return lost(504, `no answer from ${name}: ${target.reason}`);
      const at = region.listeners.find(target.id, port, target.id === place.id);
      if (at === undefined) return lost(502, unheardText(name, port, target.id), true);
      return { kind: "open", flow: { kind: "place", ...routed, targetId: target.id, port, at } };
    }
    case "interface-endpoint":
    case "gateway-endpoint":
    case "internet": {
      const path = pathFrom(place, reached, address);
      if (path === undefined) return lost(502, `no way to ${name}`);
      const ports =
        exit.kind === "interface-endpoint" ? servicePorts : portsOnInternet(reached.translatedIp ?? address);
      if (ports === undefined) {
        const text = "behind the internet gateway only AWS's services and the echo host answer";
        return lost(504, `no answer from ${name}: ${text}`);
      }
      if (ports.some((one) => one === port)) return { kind: "open", flow: { kind: "service", ...routed, path, port } };
      return lost(502, `connection to ${name} refused: nothing listens on port ${port}`, true);
    }
  }
}

function dialVpcService(
  state: State,
  place: Place,
  service: "resolver" | "instance-metadata",
  { address, name, port }: { readonly address: string; readonly name: string; readonly port: number },
): Dial {
  if (service === "resolver" || isOnPremises(place)) {
    return refused(502, `no way to ${name}: the userspace data plane does not carry the VPC's ${service}`);
  }
  if (port !== 80) return refused(502, `connection to ${name} refused: nothing listens on port ${port}`);
  const width = isIpv6(address) ? 128 : 32;
  const network = networkOf(state, place.vpcId);
  const sender = senderOf(network, place, width) ?? senderOf(network, place, 128);
  const client: MetadataClient = { vpcId: place.vpcId, sourceIp: sender?.ip ?? "", width };
  return { kind: "open", flow: { kind: "metadata", placeId: place.id, client } };
}

/** Whether an open connection goes on: its way is the same and no network ACL drops it; security groups track it. */
export function goesOn(state: State, flow: OpenFlow): boolean {
  const place = placeOf(state, flow.placeId);
  if (place === undefined) return false;
  if (flow.kind === "metadata") return isOnPremises(place) || place.state === "running";
  const { destinationIp, port } = flow;
  if (loopbackOf(destinationIp) !== undefined) return isOnPremises(place) || place.state === "running";
  const reached = reachFrom(state, place, { destinationIp, opens: { kind: "tcp", port }, isTracked: true });
  if (reached.dropped !== undefined || reached.astray !== undefined) return false;
  if (flow.kind === "place") {
    return targetOf(state, reached.exit, calledIpOf(reached, destinationIp)).id === flow.targetId;
  }
  return JSON.stringify(pathFrom(place, reached, destinationIp)) === JSON.stringify(flow.path);
}

/** The same for connections that go from one place to one server by one way. */
export function flowKey(flow: OpenFlow): string {
  switch (flow.kind) {
    case "metadata":
      return `metadata of ${flow.placeId}`;
    case "service":
      return JSON.stringify([flow.placeId, flow.port, flow.path]);
    case "place":
      return JSON.stringify([flow.placeId, flow.destinationIp, flow.targetId, flow.port, flow.at]);
  }
}

/** What a destination is where packets arrive. */
function calledIpOf({ overInternet, translatedIp }: Reach, destinationIp: string): string {
  return overInternet?.privateIp ?? translatedIp ?? destinationIp;
}

/** The instance or on-premises host that takes packets to an address, or why none does. */
function targetOf(
  state: State,
  exit: Exit,
  ip: string,
): { readonly id: string } | { readonly id: undefined; readonly reason: string } {
  if (exit.kind === "on-premises") return { id: exit.hostId };
  const holder = exit.kind === "local" && find(state, "network-interface", exit.networkInterfaceId ?? "");
  const nobody = { id: undefined, reason: `nobody has ${ip}` };
  if (!holder) return nobody;
  const instance = find(state, "instance", holder.attachment?.instanceId ?? "");
  if (instance?.state !== "running") return nobody;
  return allAddressesOf(holder).includes(ip)
    ? { id: instance.id }
    : { id: undefined, reason: `${instance.id} drops packets that are not for itself` };
}

function placeOf(state: State, placeId: string): Place | undefined {
  return find(state, "instance", placeId) ?? find(state, "on-premises-host", placeId);
}

function reachFrom(state: State, place: Place, flow: Flow): Reach {
  return isOnPremises(place) ? reachFromOnPremises(state, place, flow) : reach(state, place.id, flow);
}

function pathFrom(place: Place, reached: Reach, destinationIp: string): Path | undefined {
  return isOnPremises(place)
    ? pathFromOnPremises(place, reached, destinationIp)
    : pathOf(place, reached, destinationIp);
}

function addressesOf(state: State, place: Place, host: string): ReturnType<typeof resolveAddresses> {
  const ip = parseIp(host);
  if (ip !== undefined) return { ips: [formatIp(ip)], by: "address" };
  return resolveAddresses(state, namePlaceOf(state, isOnPremises(place) ? undefined : place), host);
}

/** The address itself, or the one that `localhost` is. Source: RFC 6761 section 6.3, RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3. */
function loopbackOf(host: string): string | undefined {
  if (/^(.+\.)?localhost\.?$/i.test(host)) return "127.0.0.1";
  const ip = parseIp(host);
  return ip !== undefined && isLoopback(ip) ? formatIp(ip) : undefined;
}

function isLoopback({ width, words: [first = 0, ...rest] }: Ip): boolean {
  return width === 32 ? first >>> 24 === 127 : first === 0 && rest.join() === "0,0,1";
}

function unheardText(name: string, port: number, placeId: string): string {
  return `connection to ${name} refused: no server in ${placeId} that the proxy knows listens on port ${port}`;
}

function refused(status: 502 | 504, text: string): Dial & { readonly kind: "refused" } {
  return { kind: "refused", status, text };
}
