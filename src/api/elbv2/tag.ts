/** Tags of ELBv2's resources on the wire. Source: Elastic Load Balancing API Reference, "AddTags", "DescribeTags". */

import type {
  AddTagsInput,
  DescribeTagsInput,
  DescribeTagsOutput,
  RemoveTagsInput,
  TagDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { addLoadBalancingTags, findLoadBalancing, removeLoadBalancingTags } from "../../model/load-balancing-tag.ts";
import { action, type Actions } from "../ec2/action.ts";
import type { Handler } from "../handler.ts";
import { readTags, wireTags } from "./attribute.ts";
import { onAnything, onExisting, requestTagKeys } from "./target.ts";

const add: Handler<AddTagsInput, object> = async (input, call) => {
  const wanted = { arns: input.ResourceArns ?? [], tags: readTags(input.Tags) };
  const done = await call.run((state, context) => addLoadBalancingTags(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const remove: Handler<RemoveTagsInput, object> = async (input, call) => {
  const wanted = { arns: input.ResourceArns ?? [], keys: input.TagKeys ?? [] };
  const done = await call.run((state, context) => removeLoadBalancingTags(state, wanted, context));
  return done.ok ? ok({}) : done;
};

/** Source: "DescribeTags": at most 20 resources a call. */
const mostArns = 20;

const describe: Handler<DescribeTagsInput, DescribeTagsOutput> = async (input, call) => {
  const { ResourceArns: arns = [] } = input;
  if (arns.length > mostArns) {
    return fail("ValidationError", { message: `At most ${mostArns} resources can be specified` });
  }
  const rows: TagDescription[] = [];
  for (const arn of arns) {
    const found = findLoadBalancing(call.state(), arn, call);
    if (!found.ok) return found;
    rows.push({ ResourceArn: arn, Tags: wireTags(found.value.document.tags) });
  }
  return ok({ TagDescriptions: rows });
};

export const tagActions: Actions = {
  AddTags: action(add, (input, call) =>
    onExisting("AddTags", input.ResourceArns ?? [], call).map((target) => ({
      ...target,
      keys: { ...target.keys, ...requestTagKeys(input.Tags) },
    })),
  ),
  RemoveTags: action(remove, (input, call) =>
    onExisting("RemoveTags", input.ResourceArns ?? [], call).map((target) => ({
      ...target,
      keys: { ...target.keys, "aws:TagKeys": input.TagKeys ?? [] },
    })),
  ),
  DescribeTags: action(describe, (_, call) => onAnything("DescribeTags", call)),
};
