/** `underpass up`: runs a region until it is told to stop. */

import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { DataplaneChoice } from "../daemon/config.ts";
import { PlaneMissing } from "../daemon/plane.ts";
import { type Daemon, PortTaken, startDaemon } from "../daemon/daemon.ts";
import { StoreError } from "../daemon/journal.ts";
import { exitStatus, Failure } from "./failure.ts";
import { readQuotas } from "./quota-choice.ts";

export interface UpOptions {
  readonly port: number;
  readonly host: string;
  readonly state?: string;
  readonly ephemeral?: boolean;
  readonly region: string;
  readonly dataplane: DataplaneChoice;
  /** Twelve digits. */
  readonly account: string;
  readonly credentials: "checked" | "any";
  /** Seconds. */
  readonly policyDelay: number;
  readonly transitionDelay: number;
  /** Seconds. */
  readonly flowLogInterval?: number;
  /** A folder. */
  readonly flowLogs?: string;
  /** `aws`, `local`, `none` or a file. */
  readonly quotas: string;
  readonly defaultVpc: "on" | "off";
}

/** What a stop may take; netd and every namespace go with the process in any case. */
const stopLimitMs = 10_000;

/** Resolves with the exit status once the region has stopped. */
export async function up(options: UpOptions): Promise<number> {
  if (options.ephemeral === true && options.state !== undefined) {
    throw new Failure(
      exitStatus.usage,
      "`--ephemeral` keeps no state and `--state` says where to keep it; give one of them",
    );
  }
  if (options.credentials === "any" && !isLoopback(options.host)) {
    throw new Failure(
      exitStatus.usage,
      `\`--credentials any\` lets everybody in who reaches the region, and \`--host ${options.host}\` lets other machines reach it; leave one of them out`,
    );
  }
  // Listened for before anybody learns that the region is there: whoever reads the announcement may stop it at once.
  const told = new Promise<void>((stop) => {
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
  const daemon = await start(options);
  announce(daemon);
  await told;
  // A second signal does not wait for what is still under way.
  process.once("SIGINT", () => process.exit(130));
  log("stopping");
  setTimeout(() => {
    log(
      `some things did not end within ${stopLimitMs / 1000} s (${process.getActiveResourcesInfo().join(", ")}); leaving them`,
    );
    process.exit(70);
  }, stopLimitMs).unref();
  await daemon.stop();
  return exitStatus.ok;
}

async function start(options: UpOptions): Promise<Daemon> {
  try {
    return await startDaemon({
      port: options.port,
      host: options.host,
      stateFolder: options.ephemeral === true ? undefined : resolve(options.state ?? defaultStateFolder()),
      region: options.region,
      dataplane: options.dataplane,
      credentials: {
        defaultAccountId: options.account,
        unknownKeys: options.credentials === "any" ? "root" : "refused",
      },
      defaultVpcs: options.defaultVpc === "on",
      policyDelayMs: options.policyDelay * 1000,
      ...(options.flowLogInterval !== undefined && { flowLogIntervalMs: options.flowLogInterval * 1000 }),
      ...(options.flowLogs !== undefined && { flowLogFolder: resolve(options.flowLogs) }),
      settings: { transitionMs: options.transitionDelay * 1000, quotas: readQuotas(options.quotas) },
      log,
    });
  } catch (error) {
    if (error instanceof StoreError) throw new Failure(exitStatus.input, error.message, error);
    if (error instanceof PortTaken || error instanceof PlaneMissing)
      throw new Failure(exitStatus.machine, error.message, error);
    throw error;
  }
}

/** Whether only this machine itself can reach the address. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Source: XDG Base Directory Specification, XDG_STATE_HOME. */
function defaultStateFolder(): string {
  const stateHome = process.env["XDG_STATE_HOME"];
  return join(
    stateHome === undefined || stateHome === "" ? join(homedir(), ".local", "state") : stateHome,
    "underpass",
  );
}

function announce(daemon: Daemon): void {
  const status = daemon.status();
  const plane = status.dataplane;
  const enforced =
    plane.notEnforced.length === 0
      ? "enforced by the kernel"
      : "not kernel-enforced: `underpass status` says what that means";
  console.log(`underpass ${status.version}: region ${status.region} is up
  endpoint    ${status.endpoint}
  state       ${status.state}
  account     ${status.accountId}${status.credentials === "any" ? " (any access key is its root: signatures are not checked)" : ""}
  data plane  ${plane.kind} (${enforced})

In another terminal:
  export UNDERPASS_ENDPOINT=${status.endpoint} AWS_ENDPOINT_URL=${status.endpoint}
  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=${status.region}
  aws ec2 create-vpc --cidr-block 10.0.0.0/16
Stop with Ctrl-C.`);
}

function log(line: string): void {
  console.error(`${new Date().toISOString()} ${line}`);
}
