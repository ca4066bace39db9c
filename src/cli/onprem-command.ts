/** The commands of `underpass onprem`, with their options. */

import type { Command } from "commander";
import { endpointOption, outputOption } from "./option.ts";

export function addOnpremCommands(program: Command, end: (status: number) => void): void {
  const onprem = program
    .command("onprem")
    .description("hosts of the on-premises network behind a VPN connection")
    .addHelpText(
      "after",
      "\nExamples:\n  underpass onprem add desk --vpn vpn-0a1b2c3d4e5f60718 --ip 192.168.0.10\n  underpass exec desk -- curl http://10.0.1.4/",
    );
  onprem
    .command("add")
    .description("make a host; `exec`, `trace` and `explain-dns` take its name")
    .argument("<name>", "unique among on-premises hosts")
    .requiredOption("--vpn <vpn-connection>", "the VPN connection that it is behind")
    .requiredOption("--ip <address>", "its address, in one of the connection's static routes")
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass onprem add desk --vpn vpn-0a1b2c3d4e5f60718 --ip 192.168.0.10")
    .action(async (name: string, options) => end(await (await import("./onprem.ts")).add(name, options)));
  onprem
    .command("list")
    .description("list the hosts")
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass onprem list -o json")
    .action(async (options) => end(await (await import("./onprem.ts")).list(options)));
  onprem
    .command("remove")
    .description("remove a host, with the programs that run on it")
    .argument("<name>", "its name or id")
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass onprem remove desk")
    .action(async (name: string, options) => end(await (await import("./onprem.ts")).remove(name, options)));
}
