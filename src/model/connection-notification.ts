/**
 * Notifications of what happens to the connections of an endpoint or an endpoint service.
 * Source: EC2 API Reference, "CreateVpcEndpointConnectionNotification" and the operations below it.
 *
 * ASSUMPTION: the topic of a connection notification need not exist.
 */

import { parseArn } from "../base/arn.ts";
import { type Id, isId, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { idempotency, madeBefore } from "./client-token.ts";
import { type ApiError, fail } from "./error.ts";
import type { Idempotent } from "./idempotent.ts";
import { lookup } from "./lookup.ts";
import type { Resource } from "./resource.ts";
import { type Change, find, put, remove, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";
import type { Unsuccessful } from "./vpc-endpoint.ts";

export interface ConnectionNotification extends Resource, Idempotent {
  readonly id: Id<"vpce-nfn">;
  /** What is watched. */
  readonly subject:
    | { readonly kind: "vpc-endpoint"; readonly id: Id<"vpce"> }
    | { readonly kind: "vpc-endpoint-service"; readonly id: Id<"vpce-svc"> };
  readonly topicArn: string;
  readonly events: readonly ConnectionEvent[];
}

export type ConnectionEvent = "Accept" | "Connect" | "Delete" | "Reject";

export interface CreateNotificationInput {
  readonly serviceId?: string;
  readonly vpcEndpointId?: string;
  readonly topicArn: string;
  readonly events: readonly string[];
  readonly clientToken?: string;
}

export function createConnectionNotification(
  state: State,
  input: CreateNotificationInput,
  context: Context,
): Outcome<ConnectionNotification> {
  const before = madeBefore(state, "vpc-endpoint-connection-notification", input, context);
  if (!before.ok) return before;
  if (before.value[0] !== undefined) return accept(before.value[0], []);
  const subject = readSubject(state, input, context);
  if (!subject.ok) return subject;
  const topic = checkTopic(input.topicArn);
  if (!topic.ok) return topic;
  const events = checkEvents(input.events);
  if (!events.ok) return events;
  const notification: ConnectionNotification = {
    id: makeId("vpce-nfn", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: [],
    subject: subject.value,
    topicArn: topic.value,
    events: events.value,
    ...idempotency(input),
  };
  return accept(notification, [put("vpc-endpoint-connection-notification", notification)]);
}

export function modifyConnectionNotification(
  state: State,
  input: { readonly notificationId: string; readonly topicArn?: string; readonly events?: readonly string[] },
  context: Context,
): Outcome<void> {
  const found = findNotification(state, input.notificationId, context);
  if (!found.ok) return found;
  const topic = input.topicArn === undefined ? ok(found.value.topicArn) : checkTopic(input.topicArn);
  if (!topic.ok) return topic;
  const events = input.events === undefined ? ok(found.value.events) : checkEvents(input.events);
  if (!events.ok) return events;
  const changed = { ...found.value, topicArn: topic.value, events: events.value };
  return accept(undefined, [put("vpc-endpoint-connection-notification", changed)]);
}

/** Deletes those that exist; answers which do not. */
export function deleteConnectionNotifications(
  state: State,
  input: { readonly notificationIds: readonly string[] },
  context: Context,
): Outcome<readonly Unsuccessful[]> {
  const changes: Change[] = [];
  const unsuccessful: Unsuccessful[] = [];
  for (const id of new Set(input.notificationIds)) {
    const found = findNotification(state, id, context);
    if (found.ok) changes.push(remove("vpc-endpoint-connection-notification", id));
    else unsuccessful.push({ resourceId: id, error: found.error });
  }
  return accept(unsuccessful, changes);
}

/** The caller's own; fails with InvalidConnectionNotification. */
export function findNotification(state: State, id: string, caller: Caller): Result<ConnectionNotification, ApiError> {
  const found = isId("vpce-nfn", id) ? find(state, "vpc-endpoint-connection-notification", id) : undefined;
  return found?.accountId === caller.accountId && found.region === caller.region
    ? ok(found)
    : fail("InvalidConnectionNotification", { id });
}

function readSubject(
  state: State,
  input: CreateNotificationInput,
  caller: Caller,
): Result<ConnectionNotification["subject"], ApiError> {
  const { serviceId, vpcEndpointId } = input;
  if (serviceId !== undefined && vpcEndpointId !== undefined) {
    return fail("InvalidParameterCombination", {
      message: "The parameter ServiceId cannot be used with the parameter VpcEndpointId",
    });
  }
  if (serviceId !== undefined) {
    const service = lookup(state, "vpc-endpoint-service", serviceId, caller);
    return service.ok ? ok({ kind: "vpc-endpoint-service", id: service.value.id }) : service;
  }
  if (vpcEndpointId === undefined) return fail("MissingParameter", { parameter: "ServiceId or VpcEndpointId" });
  const endpoint = lookup(state, "vpc-endpoint", vpcEndpointId, caller);
  return endpoint.ok ? ok({ kind: "vpc-endpoint", id: endpoint.value.id }) : endpoint;
}

/** ASSUMPTION: the text that refuses the ARN of a connection notification is ours. */
function checkTopic(text: string): Result<string, ApiError> {
  const arn = parseArn(text);
  if (arn?.service === "sns" && arn.resource !== "") return ok(text);
  return fail("InvalidParameter", { message: `The connection notification ARN ${text} is not valid.` });
}

const known: ReadonlySet<string> = new Set<ConnectionEvent>(["Accept", "Connect", "Delete", "Reject"]);

function checkEvents(events: readonly string[]): Result<readonly ConnectionEvent[], ApiError> {
  const bad = events.find((one) => !known.has(one));
  if (events.length === 0) return fail("MissingParameter", { parameter: "ConnectionEvents" });
  if (bad !== undefined) {
    return fail("InvalidParameter", {
      message: `The connection event ${bad} is not valid. Valid values: [Accept, Connect, Delete, Reject]`,
    });
  }
  return ok([...new Set(events)] as ConnectionEvent[]);
}
