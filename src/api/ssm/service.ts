/**
 * AWS Systems Manager: the public parameters that name machine images, and no others.
 * Source: Systems Manager User Guide, "Discovering public parameters": /aws/service/ami-….
 *
 * ASSUMPTION: the image ids of the public parameters are made up, the same ones on every start; any image id can be
 * launched.
 */

import type {
  GetParameterRequest,
  GetParameterResult,
  GetParametersRequest,
  GetParametersResult,
  Parameter,
} from "@aws-sdk/client-ssm";
import { ok } from "../../base/result.ts";
import { fail } from "../../model/error.ts";
import { stableHex } from "../../model/stable-id.ts";
import { knownOperations } from "../../wire/generated/known-operations.ts";
import { ssmTable } from "../../wire/generated/ssm.ts";
import { action, type Actions } from "../ec2/action.ts";
import type { Call, Handler, QueryService, Target } from "../handler.ts";

const get: Handler<GetParameterRequest, GetParameterResult> = async (input, call) => {
  const found = parameterOf(input.Name ?? "", call);
  return found === undefined ? fail("ParameterNotFound", { message: "" }) : ok({ Parameter: found });
};

const getAll: Handler<GetParametersRequest, GetParametersResult> = async (input, call) => {
  const names = [...new Set(input.Names ?? [])];
  const found = names.map((name) => [name, parameterOf(name, call)] as const);
  return ok({
    Parameters: found.flatMap(([, parameter]) => parameter ?? []),
    InvalidParameters: found.flatMap(([name, parameter]) => (parameter === undefined ? [name] : [])),
  });
};

const imageNames =
  /^\/aws\/service\/(ami-amazon-linux-latest|ami-windows-latest|ecs\/optimized-ami|eks\/optimized-ami|canonical\/ubuntu|debian)\/[\w./-]+$/;

function parameterOf(name: string, call: Call): Parameter | undefined {
  if (!imageNames.test(name)) return undefined;
  return {
    Name: name,
    Type: "String",
    Value: `ami-${stableHex(`${call.region}${name}`, 17)}`,
    Version: 1,
    LastModifiedDate: new Date(Date.UTC(2026, 0, 1)),
    ARN: `arn:aws:ssm:${call.region}::parameter${name}`,
    DataType: "aws:ec2:image",
  };
}

function on(name: string, parameter: string, call: Call): Target {
  const resource = `arn:aws:ssm:${call.region}::parameter${parameter}`;
  return { action: `ssm:${name}`, resource, resourceAccountId: call.accountId, keys: {} };
}

const actions: Actions = {
  GetParameter: action(get, (input, call) => [on("GetParameter", input.Name ?? "", call)]),
  GetParameters: action(getAll, (input, call) => (input.Names ?? []).map((name) => on("GetParameters", name, call))),
};

export const ssmService: QueryService = {
  name: "ssm",
  protocol: "awsJson",
  xmlNamespace: ssmTable.xmlNamespace,
  operations: ssmTable.operations,
  unserved: new Set([...knownOperations.ssm].filter((name) => !Object.hasOwn(actions, name))),
  handlers: Object.fromEntries(Object.entries(actions).map(([name, one]) => [name, one.handle])),
  targets: (operation, input, call) => actions[operation]?.targets(input as never, call) ?? [],
};
