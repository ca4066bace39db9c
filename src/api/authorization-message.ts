/**
 * The encoded message of a refusal: what was asked and which statement refused it, sealed so that the caller learns it only
 * through `sts:DecodeAuthorizationMessage`.
 * Source: AWS STS API Reference, "DecodeAuthorizationMessage"; the members are those of its documented answer.
 *
 * ASSUMPTION: an encoded authorization message can be decoded until the daemon stops; AWS says nothing of an end.
 */

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { type Ask, explain } from "../analyse/authorise.ts";
import type { State } from "../model/state.ts";
import type { Decision } from "../policy/decision.ts";
import { nameOf } from "../policy/principal.ts";
import type { Principal } from "../policy/request.ts";
import { tokenBytes } from "../wire/token-bytes.ts";

const key = randomBytes(32);
const ivBytes = 12;
const tagBytes = 16;

/** The message for a request of `accountId` that was refused: letters, digits, `-` and `_`. */
export function encodeRefusal(state: State, ask: Ask, accountId: string): string {
  const { decision, context } = explain(state, ask);
  const conditions = [...context.values].map(([name, values]) => ({ key: name, values: itemsOf(values.map(valueOf)) }));
  const message = {
    allowed: false,
    explicitDeny: decision.decidedBy?.reason === "explicit-deny",
    matchedStatements: itemsOf(matchedBy(decision)),
    failures: itemsOf([]),
    context: {
      principal: { id: userIdOf(context.values), name: shortNameOf(ask.principal), arn: nameOf(ask.principal) },
      action: ask.action,
      resource: ask.resource,
      conditions: itemsOf(conditions),
    },
  };
  return seal(JSON.stringify({ accountId, message }));
}

/** The message as JSON text; undefined for what is no message, or one of another account. */
export function decodeRefusal(encoded: string, accountId: string): string | undefined {
  try {
    const sealed = JSON.parse(open(encoded)) as { readonly accountId: string; readonly message: unknown };
    return sealed.accountId === accountId ? JSON.stringify(sealed.message) : undefined;
  } catch {
    return undefined;
  }
}

function seal(text: string): string {
  const iv = tokenBytes(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const body = Buffer.concat([cipher.update(deflateRawSync(text)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
}

/** Throws for what was not sealed here. */
function open(encoded: string): string {
  const bytes = Buffer.from(encoded, "base64url");
  // A decoder takes more than one text for the same bytes.
  if (bytes.toString("base64url") !== encoded) throw new Error("not as it was written");
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes));
  decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  const body = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
  return inflateRawSync(body).toString();
}

function matchedBy({ decidedBy }: Decision): readonly object[] {
  if (decidedBy?.statement === undefined) return [];
  return [{ statementId: decidedBy.statement.sid ?? "", effect: "DENY", sourcePolicy: decidedBy.statement.policy }];
}

function userIdOf(values: ReadonlyMap<string, readonly string[]>): string {
  return values.get("aws:userid")?.[0] ?? "";
}

function shortNameOf(principal: Principal): string {
  const name = nameOf(principal);
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf(":")) + 1);
}

function valueOf(value: string): { readonly value: string } {
  return { value };
}

function itemsOf<T>(items: readonly T[]): { readonly items: readonly T[] } {
  return { items };
}
