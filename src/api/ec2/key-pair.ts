/** Key pairs on the wire. Source: Amazon EC2 API Reference, "CreateKeyPair" and the other operations below. */

import type {
  CreateKeyPairRequest,
  DeleteKeyPairRequest,
  DeleteKeyPairResult,
  DescribeKeyPairsRequest,
  DescribeKeyPairsResult,
  ImportKeyPairRequest,
  ImportKeyPairResult,
  KeyPair as WireKeyPair,
} from "@aws-sdk/client-ec2";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { addKeyPair, deleteKeyPair, type KeyPair, keyPairNamed } from "../../model/key-pair.ts";
import { ec2Arn, owned } from "../../model/lookup.ts";
import type { Call, Handler, Target } from "../handler.ts";
import { action, type Actions } from "./action.ts";
import { type FilterTable, tagFilters } from "./filter.ts";
import { list } from "./listing.ts";
import { keysOfResource } from "./resource-key.ts";
import { makeSshKey, readSshKey } from "./ssh-key.ts";
import { optionalTags, readTagSpecifications, tagSet } from "./tag-set.ts";
import { onAnything, onNew, regionKeys } from "./target.ts";

const create: Handler<CreateKeyPairRequest, WireKeyPair> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["key-pair"]);
  if (!tags.ok) return tags;
  const name = input.KeyName ?? "";
  const type = input.KeyType ?? "rsa";
  if (type !== "rsa" && type !== "ed25519") {
    return fail("InvalidParameterValue", { message: `Value (${String(type)}) for parameter keyType is invalid.` });
  }
  if (input.KeyFormat === "ppk") {
    return fail("UnsupportedOperation", { message: "Keys in the format of PuTTY are not served by Underpass" });
  }
  // Making a key takes long: a name that is taken is refused before.
  if (keyPairNamed(call.state(), name, call) !== undefined) return fail("InvalidKeyPair.Duplicate", { name });
  const { privateKey, ...key } = await makeSshKey(type);
  const wanted = { name, type, ...key, tags: tags.value["key-pair"] };
  const made = await call.run((state, context) => addKeyPair(state, wanted, context));
  if (!made.ok) return made;
  return ok({
    KeyPairId: made.value.id,
    ...optionalTags(made.value.tags),
    KeyName: made.value.name,
    KeyFingerprint: made.value.fingerprint,
    KeyMaterial: privateKey,
  });
};

const importKey: Handler<ImportKeyPairRequest, ImportKeyPairResult> = async (input, call) => {
  const tags = readTagSpecifications(input.TagSpecifications, ["key-pair"]);
  if (!tags.ok) return tags;
  const key = readSshKey(Buffer.from(input.PublicKeyMaterial ?? []).toString());
  if (key === undefined) return fail("InvalidKey.Format", {});
  const wanted = { name: input.KeyName ?? "", ...key, tags: tags.value["key-pair"] };
  const made = await call.run((state, context) => addKeyPair(state, wanted, context));
  if (!made.ok) return made;
  return ok({
    KeyFingerprint: made.value.fingerprint,
    KeyName: made.value.name,
    KeyPairId: made.value.id,
    ...optionalTags(made.value.tags),
  });
};

/** Without pages: the operation has none. */
const describe: Handler<DescribeKeyPairsRequest, DescribeKeyPairsResult> = async (input, call) => {
  const names = input.KeyNames ?? [];
  const missing = names.find((name) => keyPairNamed(call.state(), name, call) === undefined);
  if (missing !== undefined) {
    return fail("InvalidKeyPair.NotFound", { message: `The key pair '${missing}' does not exist` });
  }
  const named = names.flatMap((name) => keyPairNamed(call.state(), name, call)?.id ?? []);
  const ids = [...(input.KeyPairIds ?? []), ...named];
  const page = list({ kind: "key-pair", ids, filters }, { Filters: input.Filters }, call);
  if (!page.ok) return page;
  return ok({
    KeyPairs: page.value.items.map((pair) => ({
      KeyPairId: pair.id,
      KeyType: pair.type,
      Tags: tagSet(pair.tags),
      ...(input.IncludePublicKey === true && { PublicKey: pair.publicKey }),
      CreateTime: new Date(pair.createdAtMs),
      KeyName: pair.name,
      KeyFingerprint: pair.fingerprint,
    })),
  });
};

const remove: Handler<DeleteKeyPairRequest, DeleteKeyPairResult> = async (input, call) => {
  const wanted = {
    ...(input.KeyPairId !== undefined && { id: input.KeyPairId }),
    ...(input.KeyName !== undefined && { name: input.KeyName }),
  };
  const gone = await call.run((state, context) => deleteKeyPair(state, wanted, context));
  if (!gone.ok) return gone;
  return ok({ Return: true, ...(gone.value !== undefined && { KeyPairId: gone.value }) });
};

const filters: FilterTable<KeyPair> = {
  ...tagFilters,
  fingerprint: (it) => [it.fingerprint],
  "key-name": (it) => [it.name],
  "key-pair-id": (it) => [it.id],
};

/** Key pairs are named by name in ARNs. */
/** A pair is named in its ARN; a call may give its id instead. */
function onNamed(name: string, { KeyName, KeyPairId }: DeleteKeyPairRequest, call: Call): readonly Target[] {
  const byId = KeyPairId === undefined ? undefined : owned(call.state(), "key-pair", KeyPairId, call);
  const pair = byId ?? (KeyName === undefined ? undefined : keyPairNamed(call.state(), KeyName, call));
  const resource = ec2Arn("key-pair", pair?.name ?? KeyName ?? "*", call);
  const keys = { ...regionKeys(call), ...(pair === undefined ? {} : keysOfResource("key-pair", pair, call)) };
  return [{ action: `ec2:${name}`, resource, resourceAccountId: call.accountId, keys }];
}

export const keyPairActions: Actions = {
  CreateKeyPair: action(create, (input, call) =>
    onNew(
      "CreateKeyPair",
      {
        kind: "key-pair",
        tagSpecifications: input.TagSpecifications,
        keys: { "ec2:KeyPairType": [input.KeyType ?? "rsa"] },
      },
      call,
    ),
  ),
  ImportKeyPair: action(importKey, (input, call) =>
    onNew("ImportKeyPair", { kind: "key-pair", tagSpecifications: input.TagSpecifications }, call),
  ),
  DescribeKeyPairs: action(describe, (_, call) => onAnything("DescribeKeyPairs", call)),
  DeleteKeyPair: action(remove, (input, call) => onNamed("DeleteKeyPair", input, call)),
};
