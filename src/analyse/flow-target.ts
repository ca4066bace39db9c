/** What `trace --to` takes as its target: `db:5432`, `i-…:22/tcp`, `10.0.3.4:53/udp`, `[2001:db8::7]:80`, `10.0.0.9/icmp`. */

import { formatIp, parseIp } from "../base/ip.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Instance } from "../model/instance.ts";
import { isOnPremises, type OnPremisesHost } from "../model/on-premises-host.ts";
import type { State } from "../model/state.ts";
import { protocolNumbers } from "../network/packet.ts";
import type { Opening } from "../network/reach.ts";
import { isIpv6, senderOf } from "../network/sender.ts";
import { networkOf } from "../network/vpc-network.ts";
import { namesakesOf } from "./trace-source.ts";

export interface FlowTarget {
  readonly place: TargetPlace;
  readonly opens: Opening;
}

export type TargetPlace =
  | { readonly kind: "address"; readonly ip: string }
  /** An instance has its primary address, of IPv4 where it has both. */
  | { readonly kind: "instance"; readonly instance: Instance; readonly ip: string }
  | { readonly kind: "host"; readonly host: OnPremisesHost; readonly ip: string }
  /** A host name, for the resolver. */
  | { readonly kind: "name"; readonly name: string };

/** Fails with a sentence about what is wrong. */
export function parseTarget(state: State, text: string): Result<FlowTarget, string> {
  const slash = text.lastIndexOf("/");
  const protocol = slash < 0 ? undefined : text.slice(slash + 1).toLowerCase();
  const { port, where } = splitPort(slash < 0 ? text : text.slice(0, slash));
  if (where === "") return err(`\`${text}\` names no target; ${examples}`);
  const opens = openingOf({ text, protocol, port });
  if (!opens.ok) return opens;
  const place = placeOf(state, where);
  if (!place.ok) return place;
  const isOfIpv6 = place.value.kind !== "name" && isIpv6(place.value.ip);
  if ((protocol === "icmpv6" || protocol === "58") && !isOfIpv6) {
    return err(`icmpv6 is for addresses of IPv6, and \`${where}\` is none`);
  }
  return ok({ place: place.value, opens: opens.value });
}

const examples = "one looks like db:5432, 10.0.3.4:53/udp, [2001:db8::7]:80 or 10.0.0.9/icmp";

function splitPort(text: string): { readonly where: string; readonly port?: string } {
  const [, inBrackets, portBehind] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? [];
  if (inBrackets !== undefined) return { where: inBrackets, ...(portBehind !== undefined && { port: portBehind }) };
  const colon = text.indexOf(":");
  // An address of IPv6 without brackets has no port.
  if (colon < 0 || parseIp(text) !== undefined) return { where: text };
  const last = text.lastIndexOf(":");
  return { where: text.slice(0, last), port: text.slice(last + 1) };
}

interface Asked {
  readonly text: string;
  readonly protocol: string | undefined;
  readonly port?: string | undefined;
}

function openingOf({ text, protocol = "tcp", port }: Asked): Result<Opening, string> {
  const kind = kinds.get(protocol) ?? protocol;
  if (kind === "tcp" || kind === "udp") {
    if (port === undefined) return err(`\`${text}\` names no port of ${kind}; ${examples}`);
    const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
    if (number < 1 || number > 65_535) return err(`\`${port}\` in \`${text}\` is no port: those are 1 to 65535`);
    return ok({ kind, port: number });
  }
  const number = /^\d{1,3}$/.test(kind) ? Number(kind) : undefined;
  if (kind !== "ping" && (number === undefined || number > 255)) {
    return err(`\`${protocol}\` in \`${text}\` is no protocol: tcp, udp, icmp, icmpv6, or a number to 255`);
  }
  if (port !== undefined) return err(`\`${text}\` names a port, and ${protocol} has none`);
  return ok(number === undefined ? { kind: "ping" } : { kind: "protocol", number });
}

/** A ping is an echo request of ICMP, of IPv6 one of ICMPv6. */
const kinds: ReadonlyMap<string, "tcp" | "udp" | "ping"> = new Map([
  ["icmp", "ping"],
  ["icmpv6", "ping"],
  [String(protocolNumbers.tcp), "tcp"],
  [String(protocolNumbers.udp), "udp"],
  [String(protocolNumbers.icmp), "ping"],
  [String(protocolNumbers.icmpv6), "ping"],
]);

function placeOf(state: State, where: string): Result<TargetPlace, string> {
  const address = parseIp(where);
  if (address !== undefined) return ok({ kind: "address", ip: formatIp(address) });
  if (where === "host") return err("`host` is the machine itself, which nothing in the region's networks reaches");
  const [hit, another] = namesakesOf(state, where);
  if (another !== undefined && hit !== undefined)
    return err(`\`${where}\` names ${hit.id} and ${another.id}; use the id`);
  if (hit !== undefined) {
    if (isOnPremises(hit)) return ok({ kind: "host", host: hit, ip: hit.ip });
    const network = networkOf(state, hit.vpcId);
    const sender = senderOf(network, hit, 32) ?? senderOf(network, hit, 128);
    if (sender === undefined) return err(`${hit.id} is ${hit.state} and has no address`);
    return ok({ kind: "instance", instance: hit, ip: sender.ip });
  }
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$/i.test(where)) {
    return err(`\`${where}\` is neither an instance, an on-premises host, an address nor a host name`);
  }
  return ok({ kind: "name", name: where.toLowerCase().replace(/\.$/, "") });
}
