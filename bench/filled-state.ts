/** A state folder with so many endpoints of S3, written by the same verbs and the same journal as the daemon's, but not call by call. */

import { randomBytes } from "node:crypto";
import { openJournal } from "../src/daemon/journal.ts";
import { noQuotas } from "../src/model/quota.ts";
import { apply, type Change } from "../src/model/state.ts";
import type { Context, Outcome } from "../src/model/verb.ts";
import { createVpcEndpoint } from "../src/model/vpc-endpoint.ts";
import { createVpc } from "../src/model/vpc.ts";

export interface Filled {
  readonly vpcIds: readonly string[];
  readonly endpointIds: readonly string[];
}

const changeSetsPerCommit = 1000;

/** One of the endpoints has the tag `Name=one`. */
export async function fillState(
  folder: string,
  wanted: { readonly endpoints: number; readonly endpointsPerVpc: number },
): Promise<Filled> {
  await using store = openJournal(folder);
  let { state } = store.load();
  let waiting: (readonly Change[])[] = [];
  const commit = (): void => {
    if (waiting.length > 0) store.commit(state.revision - waiting.length, waiting);
    waiting = [];
  };
  const run = <V>(verb: (context: Context) => Outcome<V>, nowMs: number): V => {
    const outcome = verb({ ...caller, nowMs, hex });
    if (!outcome.ok) throw new Error(outcome.error.code);
    state = apply(state, outcome.value.changes);
    if (waiting.push(outcome.value.changes) === changeSetsPerCommit) commit();
    return outcome.value.value;
  };
  const [vpcIds, endpointIds]: [string[], string[]] = [[], []];
  for (let at = 0; at < wanted.endpoints; at++) {
    if (at % wanted.endpointsPerVpc === 0) {
      const vpc = run((context) => createVpc(state, { cidrBlock: "10.0.0.0/16", tags: [] }, context), at);
      vpcIds.push(vpc.id);
    }
    const input = { ...plain, vpcId: vpcIds.at(-1) ?? "", tags: at === 0 ? [{ key: "Name", value: "one" }] : [] };
    endpointIds.push(run((context) => createVpcEndpoint(state, input, context), at).id);
  }
  commit();
  return { vpcIds, endpointIds };
}

const caller = {
  accountId: "000000000000",
  region: "us-east-1",
  settings: { transitionMs: 0, quotas: noQuotas },
};

const plain = {
  type: "Gateway",
  serviceName: "com.amazonaws.us-east-1.s3",
  routeTableIds: [],
  subnets: [],
  securityGroupIds: [],
} as const;

function hex(digits: number): string {
  return randomBytes(Math.ceil(digits / 2))
    .toString("hex")
    .slice(0, digits);
}
