/** The commands that run something inside instances, with their options. */

import { type Command, Option } from "commander";
import { endpointOption, outputOption } from "./option.ts";

type End = (status: number) => void;

export function addInstanceCommands(program: Command, end: End): void {
  addExec(program, end);
  addShell(program, end);
  addPrograms(program, end);
  addForward(program, end);
}

const instanceText = "id or Name tag, or the name of an on-premises host";

const credentialsOption = (): Option =>
  new Option(
    "--credentials <whose>",
    "the AWS credentials inside: the caller's, or those of the instance's role (the default where it has one)",
  ).choices(["caller", "role"]);

function addExec(program: Command, end: End): void {
  program
    .command("exec")
    .description("run a program of this machine inside an instance")
    .argument("<instance>", instanceText)
    .argument("[program...]", "the program and its arguments, after --")
    .option("-d, --detach", "let it run on, until the instance or the region ends; prints its id", false)
    .addOption(credentialsOption())
    .addOption(endpointOption())
    .passThroughOptions()
    .addHelpText(
      "after",
      "\nExamples:\n  underpass exec i-0a1b2c3d4e5f60718 -- aws s3 ls\n  underpass exec -d web -- python3 -m http.server 80",
    )
    .action(async (instance: string, words: string[], { detach, ...options }) =>
      end(
        detach === true
          ? await (await import("./program.ts")).execDetached(instance, words, options)
          : await (await import("./exec.ts")).exec(instance, words, options),
      ),
    );
}

function addShell(program: Command, end: End): void {
  program
    .command("shell")
    .description("open a shell inside an instance")
    .argument("<instance>", instanceText)
    .addOption(credentialsOption())
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass shell web")
    .action(async (instance: string, options) => end(await (await import("./exec.ts")).shell(instance, options)));
}

function addPrograms(program: Command, end: End): void {
  program
    .command("ps")
    .description("list the programs that `exec -d` started")
    .argument("[instance]", instanceText)
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass ps\n  underpass ps web -o json")
    .action(async (instance: string | undefined, options) =>
      end(await (await import("./program.ts")).ps(instance, options)),
    );
  program
    .command("stop")
    .description("end a program that `exec -d` started")
    .argument("<program>", "its id, as `underpass ps` lists it")
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass stop p1")
    .action(async (programId: string, options) => end(await (await import("./program.ts")).stop(programId, options)));
}

function addForward(program: Command, end: End): void {
  program
    .command("forward")
    .description("lead a port of this machine to a port inside an instance, until Ctrl-C")
    .argument("<instance>", instanceText)
    .argument("<port>", "the port inside; behind a colon the one on 127.0.0.1, where it differs: 80:8080")
    .addOption(endpointOption())
    .addHelpText("after", "\nExamples:\n  underpass forward web 8080\n  underpass forward web 80:8080")
    .action(async (instance: string, ports: string, options) =>
      end(await (await import("./forward.ts")).forward(instance, ports, options)),
    );
}
