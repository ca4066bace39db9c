/** What a caller writes as an action, checked against AWS's own lists: the name, and whether it works on such a thing. */

import { renamedS3Operations, s3ActionsOf } from "../analyse/s3-action.ts";
import { nearest } from "../policy/lint/pattern.ts";
import type { ActionFact, ServiceFact } from "../policy/lint/service-facts.ts";
import { exitStatus, Failure } from "./failure.ts";
import { readServiceFacts } from "./service-facts.ts";

/**
 * The action as AWS writes it, of an operation of S3 (`s3:ListObjectsV2`) the operation. Services without a list are left as
 * they are. Throws a `Failure` for a name that nobody has and for a target that the action does not work on.
 */
export async function checkedAction(action: string, target: string): Promise<string> {
  const [, prefix, name] = /^([a-z0-9-]+):([A-Za-z][A-Za-z0-9]*)$/.exec(action) ?? [];
  if (prefix === undefined || name === undefined) {
    throw new Failure(exitStatus.usage, `\`${action}\` is not an action; one looks like s3:GetObject`);
  }
  const service = (await readServiceFacts([`"${prefix}:"`])).service(prefix);
  if (service === undefined) return action;
  const operation = prefix === "s3" ? renamedS3Operations().find((one) => sameName(one, name)) : undefined;
  const written = operation ?? service.actions.get(name.toLowerCase())?.name;
  if (written === undefined) throw new Failure(exitStatus.input, unknownText(service, name));
  const needed = prefix === "s3" ? s3ActionsOf(written) : [];
  for (const one of needed) checkTarget(written, service.actions.get(one.toLowerCase()), target);
  return `${prefix}:${written}`;
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function unknownText({ prefix, actions }: ServiceFact, name: string): string {
  const known = new Set([
    ...[...actions.values()].map((one) => one.name),
    ...(prefix === "s3" ? renamedS3Operations() : []),
  ]);
  const near: string[] = [];
  for (let found = nearest(name, known); found !== undefined && near.length < 3; found = nearest(name, known)) {
    near.push(`\`${prefix}:${found.name}\``);
    known.delete(found.name);
  }
  const meant = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
  return `\`${prefix}\` has no action \`${name}\`${meant}`;
}

/** What one of S3's actions can be asked for here. */
const forms = {
  object: "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
  bucket: "arn:${Partition}:s3:::${BucketName}",
} as const;

function checkTarget(written: string, fact: ActionFact | undefined, target: string): void {
  const given = kindOf(target);
  if (fact === undefined || given === undefined) return;
  const wants = fact.resources.includes(forms.object)
    ? "object"
    : fact.resources.includes(forms.bucket)
      ? "bucket"
      : fact.resources.length === 0
        ? "everything"
        : "other";
  if (wants === given) return;
  const action = fact.name === written ? `s3:${written}` : `s3:${written} needs s3:${fact.name}, which`;
  throw new Failure(exitStatus.input, `${action} works on ${wanted[wants]}, and \`${target}\` is ${said[given]}`);
}

const wanted = {
  object: "an object (s3://bucket/key)",
  bucket: "a bucket (s3://bucket)",
  everything: "no bucket and no object; give `*`",
  other: "neither buckets nor objects, and nothing else of S3 is served",
} as const;

const said = { object: "an object", bucket: "a bucket", everything: "neither" } as const;

/** Undefined where the region has to say what is wrong. */
function kindOf(target: string): keyof typeof said | undefined {
  if (target === "*") return "everything";
  const place = /^(?:s3:\/\/|arn:aws:s3:::)[^/]+(?:\/(.*))?$/s.exec(target);
  if (place === null) return undefined;
  return place[1] === undefined || place[1] === "" ? "bucket" : "object";
}
