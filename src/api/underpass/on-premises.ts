/** The part of Underpass's own API that makes and shows on-premises hosts. */

import type { Result } from "../../base/result.ts";
import { type ApiError, statusOf, textOf } from "../../model/error.ts";
import type { CreateOnPremisesHostInput, OnPremisesHost } from "../../model/on-premises-host.ts";
import { all, type State } from "../../model/state.ts";
import { vpcBehindVpn } from "../../network/on-premises.ts";

export interface OnPremisesVerbs {
  readonly add: (input: CreateOnPremisesHostInput) => Promise<Result<OnPremisesHost, ApiError>>;
  /** By id or name. */
  readonly remove: (named: string) => Promise<Result<OnPremisesHost, ApiError>>;
}

/** One line of `onprem list`. */
export interface OnPremisesLine {
  readonly hostId: string;
  readonly name: string;
  readonly ip: string;
  readonly vpnConnectionId: string;
  /** The VPC that it reaches; absent while its VPN connection leads to none. */
  readonly vpcId?: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export function onPremisesList(state: State): readonly OnPremisesLine[] {
  const hosts = [...all(state, "on-premises-host")].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return hosts.map((host) => lineOf(state, host));
}

export async function addOnPremises(verbs: OnPremisesVerbs, state: () => State, body: unknown): Promise<Answer> {
  const { name, vpnConnectionId, ip } = (body ?? {}) as Partial<Record<keyof CreateOnPremisesHostInput, unknown>>;
  if (typeof name !== "string" || typeof vpnConnectionId !== "string" || typeof ip !== "string") {
    return failure(400, "bad-question", "`name`, `vpnConnectionId` and `ip` must be strings");
  }
  return answerOf(await verbs.add({ name, vpnConnectionId, ip }), state);
}

export async function removeOnPremises(verbs: OnPremisesVerbs, state: () => State, named: string): Promise<Answer> {
  const before = state();
  return answerOf(await verbs.remove(named), () => before);
}

function answerOf(outcome: Result<OnPremisesHost, ApiError>, state: () => State): Answer {
  if (outcome.ok) return { status: 200, body: lineOf(state(), outcome.value) };
  return failure(statusOf(outcome.error), outcome.error.code, textOf(outcome.error));
}

function lineOf(state: State, host: OnPremisesHost): OnPremisesLine {
  const { id: hostId, ip, name, vpnConnectionId } = host;
  const vpcId = vpcBehindVpn(state, host);
  return { hostId, name, ip, vpnConnectionId, ...(vpcId !== undefined && { vpcId }) };
}

function failure(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
