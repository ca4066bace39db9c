/** SNS topics, as what notifications of endpoints name. Source: Amazon SNS API Reference, "CreateTopic", "GetTopicAttributes". */

import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import type { Resource, Tags } from "./resource.ts";
import { find, put, remove, type State } from "./state.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface Topic extends Resource {
  /** The ARN. */
  readonly id: string;
  readonly name: string;
  /** Those that were set. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface CreateTopicInput {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: Tags;
}

/** The topic; one of the name that is there is answered again. Fails with InvalidParameter. */
export function createTopic(state: State, input: CreateTopicInput, context: Context): Outcome<Topic> {
  const { name } = input;
  if (!/^[A-Za-z0-9_-]{1,256}$/.test(name) && !/^[A-Za-z0-9_-]{1,251}\.fifo$/.test(name)) {
    return fail("InvalidParameter", { message: "Invalid parameter: Topic Name" });
  }
  const wrong = Object.entries(input.attributes).map(([key, value]) => checkAttribute(key, value));
  const first = wrong.find((one) => !one.ok);
  if (first?.ok === false) return first;
  const id = `arn:aws:sns:${context.region}:${context.accountId}:${name}`;
  const before = find(state, "topic", id);
  if (before !== undefined) return accept(before, []);
  const topic: Topic = {
    id,
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: input.tags,
    name,
    attributes: input.attributes,
  };
  return accept(topic, [put("topic", topic)]);
}

/** One that does not exist is no failure. */
export function deleteTopic(state: State, input: { readonly arn: string }, context: Context): Outcome<void> {
  const found = findTopic(state, input.arn, context);
  if (found.ok) return accept(undefined, [remove("topic", found.value.id)]);
  return found.error.code === "NotFound" ? accept(undefined, []) : found;
}

export function setTopicAttribute(
  state: State,
  input: { readonly arn: string; readonly name: string; readonly value: string },
  context: Context,
): Outcome<void> {
  const found = findTopic(state, input.arn, context);
  if (!found.ok) return found;
  const checked = checkAttribute(input.name, input.value);
  if (!checked.ok) return checked;
  const attributes = { ...found.value.attributes, [input.name]: input.value };
  return accept(undefined, [put("topic", { ...found.value, attributes })]);
}

export function retagTopic(
  state: State,
  input: { readonly arn: string; readonly set: Tags; readonly remove: readonly string[] },
  context: Context,
): Outcome<void> {
  const found = findTopic(state, input.arn, context);
  if (!found.ok) return found;
  const gone = new Set([...input.remove, ...input.set.map((tag) => tag.key)]);
  const tags = [...found.value.tags.filter((tag) => !gone.has(tag.key)), ...input.set];
  return accept(undefined, [put("topic", { ...found.value, tags })]);
}

/** Every attribute with its value in force. Source: "GetTopicAttributes", Attributes. */
export function topicAttributes(topic: Topic): Readonly<Record<string, string>> {
  return {
    Policy: defaultPolicy(topic),
    Owner: topic.accountId,
    TopicArn: topic.id,
    DisplayName: "",
    SubscriptionsConfirmed: "0",
    SubscriptionsPending: "0",
    SubscriptionsDeleted: "0",
    EffectiveDeliveryPolicy: deliveryPolicy,
    ...Object.fromEntries(Object.entries(topic.attributes).filter(([, value]) => value !== "")),
  };
}

/** The caller's own; fails with InvalidParameter for what is no ARN of a topic, else with NotFound. */
export function findTopic(state: State, arn: string, caller: Caller): Result<Topic, ApiError> {
  if (!/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+$/.test(arn)) {
    return fail("InvalidParameter", { message: "Invalid parameter: TopicArn" });
  }
  const found = find(state, "topic", arn);
  const own = found?.accountId === caller.accountId && found.region === caller.region ? found : undefined;
  return own === undefined ? fail("NotFound", { message: "Topic does not exist" }) : ok(own);
}

/** Source: "SetTopicAttributes", AttributeName. */
const settable =
  /^(DeliveryPolicy|DisplayName|Policy|TracingConfig|SignatureVersion|KmsMasterKeyId|ArchivePolicy|FifoTopic|ContentBasedDeduplication|FifoThroughputScope|DataProtectionPolicy|(HTTP|Firehose|Lambda|Application|SQS)(Success|Failure)Feedback(RoleArn|SampleRate))$/;

function checkAttribute(name: string, value: string): Result<void, ApiError> {
  if (!settable.test(name)) return fail("InvalidParameter", { message: "Invalid parameter: AttributeName" });
  const isJson = name === "Policy" || name === "DeliveryPolicy";
  if (!isJson || value === "") return ok(undefined);
  try {
    JSON.parse(value);
    return ok(undefined);
  } catch {
    return fail("InvalidParameter", { message: `Invalid parameter: ${name} Error: null` });
  }
}

/** Source: SNS Developer Guide, "Default access policy" of a topic that was made without one. */
function defaultPolicy(topic: Topic): string {
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "SNS:GetTopicAttributes",
          "SNS:SetTopicAttributes",
          "SNS:AddPermission",
          "SNS:RemovePermission",
          "SNS:DeleteTopic",
          "SNS:Subscribe",
          "SNS:ListSubscriptionsByTopic",
          "SNS:Publish",
        ],
        Resource: topic.id,
        Condition: { StringEquals: { "AWS:SourceOwner": topic.accountId } },
      },
    ],
  });
}

/** Source: SNS Developer Guide, "Message delivery retries", default delivery policy. */
const deliveryPolicy = JSON.stringify({
  http: {
    defaultHealthyRetryPolicy: {
      minDelayTarget: 20,
      maxDelayTarget: 20,
      numRetries: 3,
      numMaxDelayRetries: 0,
      numNoDelayRetries: 0,
      numMinDelayRetries: 0,
      backoffFunction: "linear",
    },
    disableSubscriptionOverrides: false,
    defaultRequestPolicy: { headerContentType: "text/plain; charset=UTF-8" },
  },
});
