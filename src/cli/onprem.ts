/** `underpass onprem`: hosts of the network behind a VPN connection. */

import type { OnPremisesLine } from "../api/underpass/on-premises.ts";
import { ask, type ClientOptions } from "./client.ts";
import { exitStatus } from "./failure.ts";
import { type OutputOptions, printJson } from "./output.ts";

export interface AddOptions extends ClientOptions {
  /** The VPN connection's id. */
  readonly vpn: string;
  readonly ip: string;
}

/** Prints the new host. */
export async function add(name: string, { vpn, ip, ...options }: AddOptions): Promise<number> {
  console.log(textOf(await ask<OnPremisesLine>(options, "onprem", { name, vpnConnectionId: vpn, ip })));
  return exitStatus.ok;
}

export async function list(options: ClientOptions & OutputOptions): Promise<number> {
  const hosts = await ask<OnPremisesLine[]>(options, "onprem");
  if (options.output === "json") printJson(hosts);
  else for (const host of hosts) console.log(textOf(host));
  return exitStatus.ok;
}

/** Ends the host's programs with it. */
export async function remove(name: string, options: ClientOptions): Promise<number> {
  await ask<OnPremisesLine>(options, `onprem/${encodeURIComponent(name)}/remove`, {});
  return exitStatus.ok;
}

function textOf({ hostId, ip, name, vpcId, vpnConnectionId }: OnPremisesLine): string {
  const way = vpcId === undefined ? "leads to no VPC now" : `leads to ${vpcId}`;
  return `${name.padEnd(15)} ${ip.padEnd(15)} ${hostId}  behind ${vpnConnectionId}, which ${way}`;
}
