/** Tags on the wire: the same operations for users, roles, policies and instance profiles. Source: IAM API Reference, "TagUser". */

import type { Result } from "../../base/result.ts";
import { ok } from "../../base/result.ts";
import type { ApiError } from "../../model/error.ts";
import { named } from "../../model/iam-name.ts";
import type { TaggedKind } from "../../model/iam-tag.ts";
import { tagged, untagged } from "../../model/iam-tag.ts";
import { policyFor, taggablePolicy } from "../../model/managed-policy.ts";
import type { Change, Documents, State } from "../../model/state.ts";
import type { Context, Outcome } from "../../model/verb.ts";
import type { Call, Handler } from "../handler.ts";
import { present, tagsOf } from "./input.ts";
import { page } from "./page.ts";
import { shownTags } from "./view.ts";

interface Input {
  readonly UserName?: string;
  readonly RoleName?: string;
  readonly InstanceProfileName?: string;
  readonly PolicyArn?: string;
  readonly Tags?: readonly { readonly Key: string | undefined; readonly Value: string | undefined }[];
  readonly TagKeys?: readonly string[];
  readonly Marker?: string;
  readonly MaxItems?: number;
}

type Answer = Promise<Result<unknown, ApiError>>;
type Handlers = Readonly<Record<string, Handler<never, unknown>>>;

/** Finds the resource that an input names, in the caller's account: to read its tags or to change them. */
interface Tagging<K extends TaggedKind> {
  readonly word: string;
  readonly kind: K;
  readonly toRead: (state: State, input: Input, accountId: string) => Result<Documents[K], ApiError>;
  readonly toChange: (state: State, input: Input, context: Context) => Result<Documents[K], ApiError>;
}

export const tagHandlers: Handlers = {
  ...handlersFor(byName("User", "user", (input) => input.UserName)),
  ...handlersFor(byName("Role", "role", (input) => input.RoleName)),
  ...handlersFor(byName("InstanceProfile", "instance-profile", (input) => input.InstanceProfileName)),
  ...handlersFor<"managed-policy">({
    word: "Policy",
    kind: "managed-policy",
    toRead: (state, input, accountId) => policyFor(state, accountId, present(input.PolicyArn)),
    toChange: (state, input, context) => taggablePolicy(state, present(input.PolicyArn), context),
  }),
};

function byName<K extends "user" | "role" | "instance-profile">(
  word: string,
  kind: K,
  nameOf: (input: Input) => string | undefined,
): Tagging<K> {
  return {
    word,
    kind,
    toRead: (state, input, accountId) => named(state, kind, accountId, present(nameOf(input))),
    toChange: (state, input, context) => named(state, kind, context.accountId, present(nameOf(input))),
  };
}

function handlersFor<K extends TaggedKind>(of: Tagging<K>): Handlers {
  const { word, kind } = of;
  return {
    [`Tag${word}`]: async (input: Input, call: Call): Answer =>
      call.run((state, context) => {
        const found = of.toChange(state, input, context);
        return found.ok ? changed(tagged(kind, found.value, tagsOf(input.Tags))) : found;
      }),
    [`Untag${word}`]: async (input: Input, call: Call): Answer =>
      call.run((state, context) => {
        const found = of.toChange(state, input, context);
        return found.ok ? changed(untagged(kind, found.value, input.TagKeys ?? [])) : found;
      }),
    [`List${word}Tags`]: async (input: Input, call: Call): Answer => {
      const found = of.toRead(call.state(), input, call.accountId);
      if (!found.ok) return found;
      const some = page(found.value.tags, input, (one) => one.key);
      if (!some.ok) return some;
      const { items, ...rest } = some.value;
      return ok({ Tags: shownTags(items), ...rest });
    },
  };
}

function changed(change: Result<Change, ApiError>): Outcome<undefined> {
  return change.ok ? ok({ changes: [change.value], value: undefined }) : change;
}
