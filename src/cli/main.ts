/** The `underpass` command: names the verbs, reads their options, and turns failures into messages and exit statuses. */

import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { nearest } from "../base/nearest.ts";
import { allRegions, findRegion } from "../model/region.ts";
import { defaultPort } from "./client.ts";
import { exitStatus, Failure } from "./failure.ts";
import { addInstanceCommands } from "./instance-command.ts";
import { lintTypes } from "./lint-type.ts";
import { addOnpremCommands } from "./onprem-command.ts";
import { allKeysOption, endpointOption, outputOption } from "./option.ts";
import { addTraceCommand } from "./trace-command.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

async function main(argv: readonly string[]): Promise<number> {
  let status = 0;
  const program = commandLine((ended) => {
    status = ended;
  });
  try {
    await program.parseAsync(argv);
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.ok : exitStatus.usage;
    if (error instanceof Failure) {
      console.error(`underpass: ${error.message}`);
      return error.status;
    }
    console.error("underpass: this is a fault of Underpass; please report it with what follows");
    console.error(error);
    return 70;
  }
}

/** Verbs are loaded when they are called: the daemon's code costs the others nothing. */
function commandLine(end: (status: number) => void): Command {
  const program = new Command("underpass")
    .description("Amazon VPC endpoints on this machine: networks, S3 and policies that are really enforced.")
    .version(version)
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText("after", helpEnd);
  addUp(program, end);
  addInstanceCommands(program, end);
  addAnswers(program, end);
  addTraceCommand(program, end);
  addOnpremCommands(program, end);
  addStatus(program, end);
  addTop(program, end);
  addCoverage(program, end);
  addLint(program, end);
  return program;
}

const helpEnd = `
Examples:
  underpass up --ephemeral
  underpass exec i-0a1b2c3d4e5f60718 -- aws s3 cp file.txt s3://docs/
  underpass why 4FJ2K8ZQ1M7X9B3C
  underpass trace --from i-0a1b2c3d4e5f60718 s3:GetObject s3://docs/file.txt
  underpass trace --from web --to db:5432

Exit status: 0 done, 1 a finding, 2 wrong usage, 3 input that was not understood, 4 the machine lacks something.`;

function addUp(program: Command, end: (status: number) => void): void {
  program
    .command("up")
    .description("run a region until Ctrl-C")
    .option("--port <number>", "port of the endpoint; 0 for any free one", wholeNumber(0, 65_535), defaultPort)
    .option("--host <address>", "address to listen on; all who reach it are served", "127.0.0.1")
    .option("--state <folder>", "where to keep the state (default: ~/.local/state/underpass)")
    .option("--ephemeral", "keep nothing when it stops")
    .option("--region <name>", "the AWS region to be, for calls that name none", regionName, "us-east-1")
    .addOption(
      new Option("--dataplane <kind>", "auto takes linux where the machine can")
        .choices(["auto", "linux", "userspace"])
        .default("auto"),
    )
    .option(
      "--policy-delay <seconds>",
      "how long a changed policy is not in force yet; AWS takes minutes",
      wholeNumber(0, 3600),
      0,
    )
    .option(
      "--transition-delay <seconds>",
      "how long endpoints and their like stay pending or deleting",
      wholeNumber(0, 3600),
      0,
    )
    .option(
      "--flow-log-interval <seconds>",
      "how long flow logs gather before they write; a minute at AWS",
      wholeNumber(1, 60),
    )
    .option("--flow-logs <folder>", "write every flow log to a file here too")
    .option(
      "--quotas <whose>",
      "how many resources there may be: aws, local (AWS's, but any number of VPCs, gateways and addresses), none, or a JSON file of numbers that differ from AWS's",
      "local",
    )
    .addOption(
      new Option("--default-vpc <whether>", "on: accounts begin with a default VPC in each region, as at AWS")
        .choices(["on", "off"])
        .default("on"),
    )
    .option("--account <id>", "the account of the access key `test`", accountId, "000000000000")
    .addOption(
      new Option("--credentials <kind>", "any: access keys that nobody has are the account's root, without a check")
        .choices(["checked", "any"])
        .default("checked"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  underpass up\n  underpass up --ephemeral --port 0\n  underpass up --state ./region --region eu-west-1",
    )
    .action(async (options) => end(await (await import("./up.ts")).up(options)));
}

function addAnswers(program: Command, end: (status: number) => void): void {
  program
    .command("why")
    .description("explain a request that was made: its way, and which statement decided")
    .argument("<request-id>", "what the answer carried as x-amz-request-id")
    .addOption(allKeysOption())
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass why 4FJ2K8ZQ1M7X9B3C\n  underpass why -o json 4FJ2K8ZQ1M7X9B3C")
    .action(async (requestId: string, options) => end(await (await import("./why.ts")).why(requestId, options)));
  program
    .command("explain-dns")
    .description("say what a name leads to from one place and from outside; status 1 when it does not resolve there")
    .argument("<name>", "a host name, or an address to look up in reverse")
    .requiredOption(
      "--from <place>",
      "an instance's id or Name tag, an on-premises host, a subnet, a VPC, or `internet`",
    )
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText(
      "after",
      "\nExamples:\n  underpass explain-dns s3.us-east-1.amazonaws.com --from i-0a1b2c3d4e5f60718\n  underpass explain-dns 10.0.1.4 --from subnet-0a1b2c3d4e5f60718",
    )
    .action(async (name: string, options) =>
      end(await (await import("./explain-dns.ts")).explainDnsCommand(name, options)),
    );
  program
    .command("logs")
    .description("list the last requests, or what a program that `exec -d` started has printed")
    .argument("[program]", "its id, as `underpass ps` lists it")
    .option("-f, --follow", "go on with those that come")
    .option("--metadata", "the requests of instances to their metadata service")
    .option("-n, --last <number>", "how many of the past", wholeNumber(0, 1000), 20)
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText(
      "after",
      "\nExamples:\n  underpass logs -f\n  underpass logs -n 100 -o json\n  underpass logs --metadata\n  underpass logs -f p1",
    )
    .action(async (programId: string | undefined, options) =>
      end(
        programId === undefined
          ? await (await import("./logs.ts")).logs(options)
          : await (await import("./program.ts")).programLogs(programId, options),
      ),
    );
}

function addStatus(program: Command, end: (status: number) => void): void {
  program
    .command("status")
    .description("say what runs and what it does not enforce")
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText(
      "after",
      "\nExamples:\n  underpass status\n  underpass status -o json --endpoint http://127.0.0.1:4599",
    )
    .action(async (options) => end(await (await import("./status.ts")).status(options)));
}

function addTop(program: Command, end: (status: number) => void): void {
  program
    .command("top")
    .description("show what goes through the endpoints and what filters dropped; on a terminal until Ctrl-C")
    .option("--interval <seconds>", "how long between two looks", wholeNumber(1, 3600), 2)
    .option("--once", "one look, on a terminal too")
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass top\n  underpass top -o json")
    .action(async (options) => end(await (await import("./top.ts")).top(options)));
}

function addCoverage(program: Command, end: (status: number) => void): void {
  program
    .command("coverage")
    .description("list which operations of AWS's are served, by service")
    .option("--service <name>", "name the operations of this service")
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText(
      "after",
      "\nExamples:\n  underpass coverage\n  underpass coverage --service ec2\n  underpass coverage -o json",
    )
    .action(async (options) => end(await (await import("./coverage.ts")).coverage(options)));
}

function addLint(program: Command, end: (status: number) => void): void {
  program
    .command("lint")
    .description("find the faults of policies; status 1 when there are any")
    .argument("<file...>", "policy documents in JSON")
    .addOption(
      new Option("--type <kind>", "what kind of policy; else guessed from name and content").choices(lintTypes),
    )
    .option("--service <prefix>", "of an endpoint policy: the prefix of its service's actions, such as s3")
    .addOption(new Option("--format <form>", "how to print").choices(["text", "json", "sarif"]).default("text"))
    .option("--fix", "write mended documents back", false)
    .addHelpText(
      "after",
      "\nExamples:\n  underpass lint endpoint-policy.json\n  underpass lint --type bucket --format sarif policy.json",
    )
    .action(async (files: string[], options) =>
      end(await (await import("./lint.ts")).lintCommand(files, { ...options, toolVersion: version })),
    );
}

function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError("give the twelve digits of an account.");
  return text;
}

function regionName(text: string): string {
  if (findRegion(text) !== undefined) return text;
  const near = nearest(
    text,
    allRegions().map((region) => region.name),
  );
  throw new InvalidArgumentError(
    `there is no such region${near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`}`,
  );
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`give a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

const status = await main(process.argv);
// A reader that is slow still gets all: what is written to a pipe may wait in this process.
for (const stream of [process.stdout, process.stderr]) await new Promise((done) => stream.write("", done));
// Nothing that a verb left open keeps the process: what had to be awaited was.
process.exit(status);
