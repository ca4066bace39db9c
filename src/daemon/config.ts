/** What a region is started with; the command line fills it in. */

import type { Settings } from "../model/verb.ts";

import type { CredentialRules } from "../model/credential.ts";

export type DataplaneChoice = "auto" | "linux" | "userspace";

export interface DaemonOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** The address to listen on; loopback unless the user says otherwise. */
  readonly host: string;
  /** Undefined for an ephemeral region, which forgets everything at its end. */
  readonly stateFolder: string | undefined;
  /** The region of calls that name none. */
  readonly region: string;
  readonly dataplane: DataplaneChoice;
  /** Absent for the usual ones. */
  readonly credentials?: CredentialRules;
  /** Whether accounts begin with a default VPC in each region; absent for yes, as at AWS. */
  readonly defaultVpcs?: boolean;
  /** How long an interval of a flow log is, instead of a minute. */
  readonly flowLogIntervalMs?: number;
  /** A folder for a file of each flow log beside its bucket. */
  readonly flowLogFolder?: string;
  /** How long a changed policy is not in force yet; 0 for at once. */
  readonly policyDelayMs: number;
  /** Absent for AWS's quotas and no passing states. */
  readonly settings?: Settings;
  readonly log: (line: string) => void;
}

export interface Folders {
  /** What a kept region keeps; `run` is in it. */
  readonly state: string;
  /** Files of this run. */
  readonly run: string;
}
