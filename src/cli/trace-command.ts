/** `underpass trace`: its options, and whether a request or a connection is meant. */

import type { Command } from "commander";
import { exitStatus, Failure } from "./failure.ts";
import { allKeysOption, endpointOption, outputOption } from "./option.ts";

export function addTraceCommand(program: Command, end: (status: number) => void): void {
  program
    .command("trace")
    .description(
      "explain a request, or with --to a connection, without making it; status 1 when it would not get through or the bucket is not there",
    )
    .argument("[action]", "s3:GetObject, or an operation as `underpass logs` names it: s3:ListObjectsV2")
    .argument("[target]", "s3://bucket/key, s3://bucket, an ARN, or `*`")
    .option("--from <instance>", "an instance's id or Name tag, an on-premises host, or of a request `host`")
    .option(
      "--to <target>",
      "an instance, an on-premises host, a host name or an address, with port and protocol: db:5432, 10.0.3.4:53/udp, [2001:db8::7]:80, 10.0.0.9/icmp",
    )
    .option("--as <access-key-id>", "whose request; else AWS_ACCESS_KEY_ID, else test")
    .addOption(allKeysOption())
    .addOption(outputOption())
    .addOption(endpointOption())
    .addHelpText(
      "after",
      "\nExamples:\n  underpass trace --from i-0a1b2c3d4e5f60718 s3:GetObject s3://docs/file.txt\n  underpass trace --from web --to db:5432\n  underpass trace web --to echo.internet.test:80",
    )
    .action(async (action: string | undefined, target: string | undefined, options) => {
      const { trace, traceFlow } = await import("./trace.ts");
      const asked = traceWords(action, target, options);
      end(asked.kind === "flow" ? await traceFlow(asked, options) : await trace(asked, options));
    });
}

interface TraceWords {
  readonly from?: string;
  readonly to?: string;
}

type TraceAsked =
  | { readonly kind: "flow"; readonly from: string; readonly to: string }
  | { readonly kind: "request"; readonly from: string; readonly action: string; readonly target: string };

/** A request has an action and a target; a connection has `--to`, and may name its source without `--from`. */
function traceWords(action: string | undefined, target: string | undefined, { from, to }: TraceWords): TraceAsked {
  if (to !== undefined) {
    const source = from ?? action;
    const tooMany = from === undefined ? target : action;
    if (tooMany !== undefined) throw usage(`\`${tooMany}\` and \`--to\`: give either a request or a connection`);
    if (source === undefined) throw usage("give with `--from` where the connection begins");
    return { kind: "flow", from: source, to };
  }
  if (action === undefined || target === undefined) {
    throw usage("give an action and a target, such as s3:GetObject s3://docs/file.txt, or a connection with `--to`");
  }
  if (from === undefined) throw usage("give with `--from` where the request begins");
  return { kind: "request", from, action, target };
}

function usage(message: string): Failure {
  return new Failure(exitStatus.usage, message);
}
