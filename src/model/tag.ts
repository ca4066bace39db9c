/** Tags on EC2 resources. Source: Amazon EC2 User Guide, "Tag your Amazon EC2 resources", section "Tag restrictions". */

import { ok, type Result } from "../base/result.ts";
import { defaultDhcpOptions, defaultDhcpOptionsId } from "./default-dhcp-options.ts";
import { type ApiError, fail } from "./error.ts";
import { kindOfId, lookup } from "./lookup.ts";
import { checkShownTags } from "./metadata-option.ts";
import type { Tags } from "./resource.ts";
import { type Change, find, put, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

/** Source: "Tag restrictions", maximum number of tags for each resource. */
const tagsPerResource = 50;
const keyLength = 128;
const valueLength = 256;

/** The tags as they may be set; fails with InvalidParameterValue or TagLimitExceeded. */
export function checkTags(tags: Tags): Result<Tags, ApiError> {
  const seen = new Set<string>();
  for (const { key, value } of tags) {
    if (key === "") return refuse(`Tag keys cannot be empty`);
    if (key.toLowerCase().startsWith("aws:")) {
      return refuse(
        `Value ( ${key} ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use`,
      );
    }
    if (key.length > keyLength) {
      return refuse(`Tag key exceeds the maximum length of ${keyLength} characters`);
    }
    if (value.length > valueLength) {
      return refuse(`Tag value exceeds the maximum length of ${valueLength} characters`);
    }
    if (seen.has(key)) return refuse(`Duplicate tag key '${key}' specified.`);
    seen.add(key);
  }
  return tags.length > tagsPerResource ? fail("TagLimitExceeded", {}) : ok(tags);
}

/** Sets tags on resources; those with the same key are replaced. Takes all or nothing. */
export function createTags(
  state: State,
  input: { readonly resourceIds: readonly string[]; readonly tags: Tags },
  context: Context,
): Outcome<void> {
  const checked = checkTags(input.tags);
  if (!checked.ok) return checked;
  return retag(state, input.resourceIds, context, (old) => [
    ...old.filter((tag) => !input.tags.some((one) => one.key === tag.key)),
    ...input.tags,
  ]);
}

export interface TagSelector {
  readonly key: string;
  /** Only a tag with just this value goes; absent for whatever the value is. */
  readonly value?: string;
}

/** Takes tags away; without `tags` all of them. A tag that is not there is no failure. */
export function deleteTags(
  state: State,
  input: { readonly resourceIds: readonly string[]; readonly tags?: readonly TagSelector[] },
  context: Context,
): Outcome<void> {
  const { tags } = input;
  const goes = (key: string, value: string): boolean =>
    tags === undefined || tags.some((one) => one.key === key && (one.value === undefined || one.value === value));
  return retag(state, input.resourceIds, context, (old) => old.filter((tag) => !goes(tag.key, tag.value)));
}

function retag(
  state: State,
  resourceIds: readonly string[],
  context: Context,
  change: (old: Tags) => Tags,
): Outcome<void> {
  const changes: Change[] = [];
  for (const id of new Set(resourceIds)) {
    const kind = kindOfId(id);
    if (kind === undefined) return fail("InvalidID", { id });
    // The default DHCP options are there before anything of them is stored.
    const found =
      id === defaultDhcpOptionsId(context) ? ok(defaultDhcpOptions(state, context)) : lookup(state, kind, id, context);
    if (!found.ok) return found;
    const tags = change(found.value.tags);
    if (tags.length > tagsPerResource) return fail("TagLimitExceeded", {});
    const metadata = kind === "instance" ? find(state, "instance", found.value.id)?.attributes.metadata : undefined;
    const shown = metadata === undefined ? ok(undefined) : checkShownTags(metadata, tags);
    if (!shown.ok) return shown;
    changes.push(put(kind, { ...found.value, tags }));
  }
  return accept(undefined, changes);
}

function refuse(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
