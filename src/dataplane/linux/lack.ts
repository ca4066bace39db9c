/** What the machine lacks for the Linux data plane, found by trying it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { environmentOfNetd, programBeside, unshareArguments } from "./netd-client.ts";

const TOOLS = ["unshare", "nsenter", "mount", "setpriv"];

export interface MachineLack {
  /** A sentence with the next step; absent when the plane can be opened here. */
  readonly plane?: string;
  /** Why the plane carries no IPv6; absent when it does. */
  readonly ipv6?: string;
}

/** A sentence with the next step, or undefined when the plane can be opened here. */
export async function linuxPlaneLack(): Promise<string | undefined> {
  return (await lackOfMachine()).plane;
}

/** Takes about as long as a start of Node. */
export async function lackOfMachine(): Promise<MachineLack> {
  if (process.platform !== "linux")
    return { plane: `the Linux data plane needs Linux, and this is ${process.platform}` };
  const missing = TOOLS.filter((tool) => !isOnPath(tool));
  if (missing.length > 0) {
    return { plane: `${missing.map((tool) => `\`${tool}\``).join(", ")} not found: install util-linux` };
  }
  const child = spawn("unshare", unshareArguments(programBeside("probe")), {
    stdio: ["ignore", "pipe", "pipe"],
    env: environmentOfNetd(),
    cwd: "/",
  });
  let [words, ipv6] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (words += chunk));
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (ipv6 += chunk));
  const [status, signal] = await once(child, "close");
  if (status !== 0) return { plane: explain(words.trim() || `ended by ${signal ?? `status ${status}`}`) };
  return ipv6 === "" ? {} : { ipv6: explainIpv6(ipv6) };
}

function explainIpv6(words: string): string {
  return (
    `the kernel has no IPv6 (${words}): load it with \`modprobe ipv6\`, and start without \`ipv6.disable=1\` on the kernel's ` +
    "command line"
  );
}

function explain(words: string): string {
  if (words.startsWith("unshare:") || words.includes("uid_map")) {
    return (
      `user namespaces are forbidden here (${words}): allow them with \`sysctl -w user.max_user_namespaces=10000\` and, ` +
      "on Ubuntu, `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`; in a container, start it with " +
      "`--security-opt seccomp=unconfined`"
    );
  }
  if (words.includes("ENOSPC")) {
    return `no more network namespaces are allowed here (${words}): raise it with \`sysctl -w user.max_net_namespaces=10000\``;
  }
  if (/nf_tables|make table|make set|make chain|add rule|nf_conntrack/.test(words)) {
    return `the kernel has no nf_tables (${words}): load it with \`modprobe -a nf_tables nft_nat nft_chain_nat nft_ct\``;
  }
  if (words.startsWith("make link"))
    return `the kernel has no veth devices (${words}): load them with \`modprobe veth\``;
  return `the kernel refuses what the Linux data plane needs (${words}): a newer kernel or fewer restrictions on this user`;
}

function isOnPath(tool: string): boolean {
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.some((folder) => {
    try {
      accessSync(join(folder, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
