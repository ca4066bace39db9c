/**
 * A plain host on the internet beside AWS's services, so that traffic which is for none of them can be seen to arrive: it
 * answers HTTP and HTTPS with the address that the caller has out there, and sends back all that comes to the port of the
 * echo protocol. Source: RFC 5737 and RFC 3849 (the blocks), RFC 6761 section 6.2 (`.test`), RFC 862 (echo).
 */

import type { Width } from "../base/ip.ts";
import { internetCidrs, serviceAt } from "./service-address.ts";

export const echoHost: { readonly name: string; readonly ips: Readonly<Record<Width, string>> } = {
  name: "echo.internet.test",
  ips: { 32: "198.51.100.7", 128: "2001:db8::7" },
};

export const echoPort = 7;

/** What services listen on, wherever they are. */
export const servicePorts = [80, 443] as const;

export function isEchoHost(ip: string): boolean {
  return ip === echoHost.ips[32] || ip === echoHost.ips[128];
}

/** The ports of TCP that answer at an address of the internet; undefined where nobody is. */
export function portsOnInternet(ip: string): readonly number[] | undefined {
  if (isEchoHost(ip)) return [echoPort, ...servicePorts];
  return serviceAt(ip) === undefined ? undefined : servicePorts;
}

// A memo of a pure result.
let blocks: readonly string[] | undefined;

/** Every public CIDR block at which the internet answers. */
export function blocksOnInternet(): readonly string[] {
  blocks ??= [...internetCidrs(), `${echoHost.ips[32]}/32`, `${echoHost.ips[128]}/128`];
  return blocks;
}
