/** Amazon SNS: topics, without messages. Source: Amazon SNS API Reference, version 2010-03-31. */

import type {
  CreateTopicInput,
  CreateTopicResponse,
  DeleteTopicInput,
  GetTopicAttributesInput,
  GetTopicAttributesResponse,
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  ListTopicsInput,
  ListTopicsResponse,
  SetTopicAttributesInput,
  TagResourceRequest,
  UntagResourceRequest,
} from "@aws-sdk/client-sns";
import { ok } from "../../base/result.ts";
import { findBy, ownerKey } from "../../model/state.ts";
import {
  createTopic,
  deleteTopic,
  findTopic,
  retagTopic,
  setTopicAttribute,
  topicAttributes,
} from "../../model/topic.ts";
import { knownOperations } from "../../wire/generated/known-operations.ts";
import { snsTable } from "../../wire/generated/sns.ts";
import { action, type Actions } from "../ec2/action.ts";
import { readTags, tagSet } from "../ec2/tag-set.ts";
import type { Call, Handler, QueryService, Target } from "../handler.ts";

const create: Handler<CreateTopicInput, CreateTopicResponse> = async (input, call) => {
  const wanted = { name: input.Name ?? "", attributes: input.Attributes ?? {}, tags: readTags(input.Tags) };
  const made = await call.run((state, context) => createTopic(state, wanted, context));
  return made.ok ? ok({ TopicArn: made.value.id }) : made;
};

const attributes: Handler<GetTopicAttributesInput, GetTopicAttributesResponse> = async (input, call) => {
  const found = findTopic(call.state(), input.TopicArn ?? "", call);
  return found.ok ? ok({ Attributes: topicAttributes(found.value) }) : found;
};

const setAttribute: Handler<SetTopicAttributesInput, object> = async (input, call) => {
  const wanted = { arn: input.TopicArn ?? "", name: input.AttributeName ?? "", value: input.AttributeValue ?? "" };
  const done = await call.run((state, context) => setTopicAttribute(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const remove: Handler<DeleteTopicInput, object> = async (input, call) => {
  const done = await call.run((state, context) => deleteTopic(state, { arn: input.TopicArn ?? "" }, context));
  return done.ok ? ok({}) : done;
};

/** Source: "ListTopics": up to 100 a call. */
const listed: Handler<ListTopicsInput, ListTopicsResponse> = async (input, call) => {
  const own = findBy(call.state(), "topic", "owner", ownerKey(call.accountId, call.region));
  const arns = own.map((topic) => topic.id).toSorted();
  const rest = arns.filter((arn) => input.NextToken === undefined || arn > input.NextToken);
  const Topics = rest.slice(0, 100).map((TopicArn) => ({ TopicArn }));
  return ok({ Topics, ...(rest.length > 100 && { NextToken: rest[99] }) });
};

const tags: Handler<ListTagsForResourceRequest, ListTagsForResourceResponse> = async (input, call) => {
  const found = findTopic(call.state(), input.ResourceArn ?? "", call);
  return found.ok ? ok({ Tags: tagSet(found.value.tags).map(({ Key = "", Value = "" }) => ({ Key, Value })) }) : found;
};

const tag: Handler<TagResourceRequest, object> = async (input, call) => {
  const wanted = { arn: input.ResourceArn ?? "", set: readTags(input.Tags), remove: [] };
  const done = await call.run((state, context) => retagTopic(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const untag: Handler<UntagResourceRequest, object> = async (input, call) => {
  const wanted = { arn: input.ResourceArn ?? "", set: [], remove: input.TagKeys ?? [] };
  const done = await call.run((state, context) => retagTopic(state, wanted, context));
  return done.ok ? ok({}) : done;
};

interface Named {
  readonly TopicArn?: string | undefined;
  readonly ResourceArn?: string | undefined;
}

const on =
  (name: string) =>
  (input: Named, call: Call): readonly Target[] => [
    {
      action: `sns:${name}`,
      resource: input.TopicArn ?? input.ResourceArn ?? "*",
      resourceAccountId: call.accountId,
      keys: {},
    },
  ];

const actions: Actions = {
  CreateTopic: action(create, (input, call) =>
    on("CreateTopic")({ TopicArn: `arn:aws:sns:${call.region}:${call.accountId}:${input.Name ?? ""}` }, call),
  ),
  GetTopicAttributes: action(attributes, on("GetTopicAttributes")),
  SetTopicAttributes: action(setAttribute, on("SetTopicAttributes")),
  DeleteTopic: action(remove, on("DeleteTopic")),
  ListTopics: action(listed, (_, call) => on("ListTopics")({}, call)),
  ListTagsForResource: action(tags, on("ListTagsForResource")),
  TagResource: action(tag, on("TagResource")),
  UntagResource: action(untag, on("UntagResource")),
};

export const snsService: QueryService = {
  name: "sns",
  protocol: "awsQuery",
  xmlNamespace: snsTable.xmlNamespace,
  operations: snsTable.operations,
  unserved: new Set([...knownOperations.sns].filter((name) => !Object.hasOwn(actions, name))),
  handlers: Object.fromEntries(Object.entries(actions).map(([name, one]) => [name, one.handle])),
  targets: (operation, input, call) => actions[operation]?.targets(input as never, call) ?? [],
};
