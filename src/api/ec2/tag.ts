/** Tags of resources that exist. Source: Amazon EC2 API Reference, "CreateTags", "DeleteTags" and "DescribeTags". */

import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  DescribeTagsResult,
  TagDescription,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { ec2Arn, ec2Kinds, kindOfId } from "../../model/lookup.ts";
import { findBy, ownerKey } from "../../model/state.ts";
import { createTags, deleteTags } from "../../model/tag.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters } from "./filter.ts";
import { pageOf } from "./page.ts";
import { readTags } from "./tag-set.ts";
import { onAnything, onExisting, requestTagKeys } from "./target.ts";

const create: Handler<CreateTagsRequest, object> = async (input, call) => {
  const wanted = { resourceIds: input.Resources ?? [], tags: readTags(input.Tags) };
  const done = await call.run((state, context) => createTags(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const remove: Handler<DeleteTagsRequest, object> = async (input, call) => {
  // An empty value is a value: only a tag with just that one goes.
  const tags = input.Tags?.map(({ Key: key = "", Value: value }) => (value === undefined ? { key } : { key, value }));
  const wanted = { resourceIds: input.Resources ?? [], ...(tags !== undefined && { tags }) };
  const done = await call.run((state, context) => deleteTags(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const describe: Handler<DescribeTagsRequest, DescribeTagsResult> = async (input, call) => {
  const passing = readFilters(input.Filters, filters);
  if (!passing.ok) return passing;
  const rows = allTags(call)
    .filter((row) => passing.value.matches(row))
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const page = pageOf(rows, keyOf, input);
  if (!page.ok) return page;
  return ok({ Tags: page.value.items.map(wireTag), NextToken: page.value.nextToken });
};

interface Row extends TagDescription {
  /** The row's tag once more: what `tag:…` looks at. */
  readonly tags: readonly [{ readonly key: string; readonly value: string }];
}

function wireTag({ Key, ResourceId, ResourceType, Value }: Row): TagDescription {
  return { Key, ResourceId, ResourceType, Value };
}

function allTags(call: Call): Row[] {
  const owner = ownerKey(call.accountId, call.region);
  return ec2Kinds.flatMap((kind) =>
    findBy(call.state(), kind, "owner", owner).flatMap((document) =>
      document.tags.map((tag): Row => {
        const row = { Key: tag.key, ResourceId: document.id, ResourceType: kind, Value: tag.value };
        return { ...row, tags: [tag] };
      }),
    ),
  );
}

function keyOf(row: Row): string {
  return `${row.ResourceId} ${row.Key}`;
}

const filters: FilterTable<Row> = {
  key: (it) => [it.Key ?? ""],
  "resource-id": (it) => [it.ResourceId ?? ""],
  "resource-type": (it) => [it.ResourceType ?? ""],
  "tag-key": (it) => [it.Key ?? ""],
  value: (it) => [it.Value ?? ""],
};

/** Each resource that is named, with the tags of the request as keys. */
function targetsOf(name: string, input: CreateTagsRequest | DeleteTagsRequest, call: Call): readonly Target[] {
  const keys = requestTagKeys(readTags(input.Tags));
  return (input.Resources ?? []).flatMap((id): readonly Target[] => {
    const kind = kindOfId(id);
    const targets =
      kind === undefined
        ? onAnything(name, call).map((target) => ({ ...target, resource: ec2Arn("*", id, call) }))
        : onExisting(name, kind, [id], call);
    return targets.map((target) => ({ ...target, keys: { ...target.keys, ...keys } }));
  });
}

export const tagActions: Actions = {
  CreateTags: action(create, (input, call) => targetsOf("CreateTags", input, call)),
  DeleteTags: action(remove, (input, call) => targetsOf("DeleteTags", input, call)),
  DescribeTags: action(describe, (_, call) => onAnything("DescribeTags", call)),
};
