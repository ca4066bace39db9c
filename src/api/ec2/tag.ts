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
import { findBy, ownerKey, type State } from "../../model/state.ts";
import { createTags, deleteTags } from "../../model/tag.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, readFilters } from "./filter.ts";
import { pageOfMatching } from "./page.ts";
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
  const look = { keyOf: (row: Row) => row.at, matches: passing.value.matches };
  const page = pageOfMatching(rowsOf(call), look, input);
  if (!page.ok) return page;
  return ok({ Tags: page.value.items.map(wireTag), NextToken: page.value.nextToken });
};

interface Row extends TagDescription {
  /** The row's tag once more: what `tag:…` looks at. */
  readonly tags: readonly [{ readonly key: string; readonly value: string }];
  /** Where the row stands among the others. */
  readonly at: string;
}

function wireTag({ Key, ResourceId, ResourceType, Value }: Row): TagDescription {
  return { Key, ResourceId, ResourceType, Value };
}

/** All tags of the caller in the order of their resources' ids; put in order once for all pages of a state. */
function rowsOf(call: Call): readonly Row[] {
  const state = call.state();
  const owner = ownerKey(call.accountId, call.region);
  const known = ordered.get(state) ?? new Map<string, readonly Row[]>();
  const rows = known.get(owner) ?? rowsIn(state, owner).sort((a, b) => (a.at < b.at ? -1 : 1));
  ordered.set(state, known.set(owner, rows));
  return rows;
}

// A memo of a pure result.
const ordered = new WeakMap<State, Map<string, readonly Row[]>>();

function rowsIn(state: State, owner: string): Row[] {
  return ec2Kinds.flatMap((kind) =>
    findBy(state, kind, "owner", owner).flatMap((document) =>
      document.tags.map((tag): Row => {
        const row = { Key: tag.key, ResourceId: document.id, ResourceType: kind, Value: tag.value };
        return { ...row, tags: [tag], at: `${document.id} ${tag.key}` };
      }),
    ),
  );
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
