/** The fields of flow log records and what a format asks for. Source: Amazon VPC User Guide, "Flow log records", available fields. */

import { nearest } from "../base/nearest.ts";
import { ok, type Result } from "../base/result.ts";
import { type ApiError, fail } from "./error.ts";

/** By the version that brought them, in the guide's order. */
const fieldsByVersion = {
  2: [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
  ],
  3: ["vpc-id", "subnet-id", "instance-id", "tcp-flags", "type", "pkt-srcaddr", "pkt-dstaddr"],
  4: ["region", "az-id", "sublocation-type", "sublocation-id"],
  5: ["pkt-src-aws-service", "pkt-dst-aws-service", "flow-direction", "traffic-path"],
} as const;

export type FlowLogField = (typeof fieldsByVersion)[keyof typeof fieldsByVersion][number];

const versions: ReadonlyMap<string, number> = new Map(
  Object.entries(fieldsByVersion).flatMap(([version, fields]) => fields.map((field) => [field, Number(version)])),
);

export const defaultLogFormat = fieldsByVersion[2].map((field) => `\${${field}}`).join(" ");

/**
 * The fields that a format names, in its order. Source: EC2 API Reference, "CreateFlowLogs", LogFormat: `${field-id}`,
 * separated by spaces; the text that refuses another form, such as a space at the end, is the one that reports of AWS's
 * refusals show.
 *
 * ASSUMPTION: a field that is not known is refused in words of ours.
 */
export function fieldsOfFormat(logFormat: string): Result<readonly FlowLogField[], ApiError> {
  const fields: FlowLogField[] = [];
  for (const word of logFormat.split(" ")) {
    const name = /^\$\{([^{}]+)\}$/.exec(word)?.[1];
    if (name === undefined) {
      const message = `1 validation error detected: Value '${logFormat}' at 'logFormat' has an invalid format`;
      return fail("InvalidParameter", { message });
    }
    if (!isField(name)) return fail("InvalidParameter", { message: unknownText(name) });
    fields.push(name);
  }
  return ok(fields);
}

/** The highest version among the fields: what `version` says in each record. */
export function versionOfFields(fields: readonly FlowLogField[]): number {
  return Math.max(2, ...fields.map((field) => versions.get(field) ?? 2));
}

function isField(name: string): name is FlowLogField {
  return versions.has(name);
}

function unknownText(name: string): string {
  if (laterFields.has(name))
    return `LogFormat: \${${name}} is not served by Underpass, which has the fields to version 5`;
  const near = nearest(name, [...versions.keys()]);
  return `LogFormat: unknown field \${${name}}${near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`}`;
}

/** Versions 7 to 10: of ECS, of blocked public access, of regional NAT gateways and of encryption, none of which is here. */
const laterFields: ReadonlySet<string> = new Set([
  "ecs-cluster-arn",
  "ecs-cluster-name",
  "ecs-container-instance-arn",
  "ecs-container-instance-id",
  "ecs-container-id",
  "ecs-second-container-id",
  "ecs-service-name",
  "ecs-task-definition-arn",
  "ecs-task-arn",
  "ecs-task-id",
  "reject-reason",
  "resource-id",
  "encryption-status",
]);
