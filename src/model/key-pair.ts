/** Key pairs: public keys by name. Private keys are answered once and never kept. Source: Amazon EC2 User Guide, "Key pairs". */

import { type Id, makeId } from "../base/id.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import type { Resource, Tags } from "./resource.ts";
import { findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Caller, type Context, type Outcome } from "./verb.ts";

export interface KeyPair extends Resource {
  readonly id: Id<"key">;
  /** Once in an account and region. */
  readonly name: string;
  readonly type: "rsa" | "ed25519";
  readonly fingerprint: string;
  /** In the form of OpenSSH: `ssh-rsa AAAA…`. */
  readonly publicKey: string;
}

export interface NewKeyPair {
  readonly name: string;
  readonly type: KeyPair["type"];
  readonly fingerprint: string;
  readonly publicKey: string;
  readonly tags: Tags;
}

/** Keeps the public key; fails with InvalidKeyPair.Duplicate. */
export function addKeyPair(state: State, input: NewKeyPair, context: Context): Outcome<KeyPair> {
  const { name, tags, ...key } = input;
  if (name === "" || name.length > 255) {
    return fail("InvalidParameterValue", { message: "The key name must have 1 to 255 characters" });
  }
  if (keyPairNamed(state, name, context) !== undefined) return fail("InvalidKeyPair.Duplicate", { name });
  const checked = checkTags(tags);
  if (!checked.ok) return checked;
  const { accountId, region, nowMs, hex } = context;
  const pair: KeyPair = {
    id: makeId("key", hex),
    accountId,
    region,
    createdAtMs: nowMs,
    tags: checked.value,
    name,
    ...key,
  };
  return accept(pair, [put("key-pair", pair)]);
}

/** The id of the pair that went; nothing where there was none of that name, as with AWS. */
export function deleteKeyPair(
  state: State,
  input: { readonly id?: string; readonly name?: string },
  context: Context,
): Outcome<Id<"key"> | undefined> {
  const found = findForDeletion(state, input, context);
  if (!found.ok) return found;
  return found.value === undefined
    ? accept(undefined, [])
    : accept(found.value.id, [remove("key-pair", found.value.id)]);
}

export function keyPairNamed(state: State, name: string, caller: Caller): KeyPair | undefined {
  const own = findBy(state, "key-pair", "owner", ownerKey(caller.accountId, caller.region));
  return own.find((one) => one.name === name);
}

function findForDeletion(
  state: State,
  input: { readonly id?: string; readonly name?: string },
  caller: Caller,
): Result<KeyPair | undefined, ApiError> {
  if (input.id !== undefined) return lookup(state, "key-pair", input.id, caller);
  if (input.name === undefined) return fail("MissingParameter", { parameter: "KeyName" });
  return ok(keyPairNamed(state, input.name, caller));
}
