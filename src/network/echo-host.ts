/**
 * A plain host on the internet beside AWS's services, so that traffic which is for none of them can be seen to arrive: it
 * answers HTTP with the address that the caller has out there. Source: RFC 5737 (the block), RFC 6761 section 6.2 (`.test`).
 */

import { internetCidrs, serviceAt } from "./service-address.ts";

export const echoHost = { name: "echo.internet.test", ip: "198.51.100.7" } as const;

/** Whether anything on the internet has the address. */
export function answersOnInternet(ip: string): boolean {
  return ip === echoHost.ip || serviceAt(ip) !== undefined;
}

// A memo of a pure result.
let blocks: readonly string[] | undefined;

/** Every public CIDR block at which the internet answers. */
export function blocksOnInternet(): readonly string[] {
  blocks ??= [...internetCidrs(), `${echoHost.ip}/32`];
  return blocks;
}
