/**
 * Every expected failure of the API: a code of AWS's with its typed fields. Text and HTTP status come from this table
 * alone. Where AWS's text is known it is used.
 * Source: Amazon EC2 API Reference, "Error codes"; IAM API Reference, "Common Errors"; S3 API Reference, "Error Responses".
 */

import type { Err } from "../base/result.ts";
import { err } from "../base/result.ts";

interface Row<F> {
  readonly status: number;
  readonly text: (at: F) => string;
}

function row<F>(text: (at: F) => string, status = 400): Row<F> {
  return { status, text };
}

/** For codes that AWS uses with many texts: the place that fails words it. */
const worded = (status = 400): Row<{ readonly message: string }> => row((at) => at.message, status);

const errors = {
  InvalidParameterValue: worded(),
  InvalidParameter: worded(),
  InvalidParameterCombination: worded(),
  MissingParameter: row((at: { parameter: string }) => `The request must contain the parameter ${at.parameter}`),
  UnauthorizedOperation: worded(403),
  DryRunOperation: row<object>(() => "Request would have succeeded, but DryRun flag is set.", 412),
  DependencyViolation: worded(),
  "InvalidVpcID.NotFound": row((at: { vpcId: string }) => `The vpc ID '${at.vpcId}' does not exist`),
  "InvalidSubnetID.NotFound": row((at: { subnetId: string }) => `The subnet ID '${at.subnetId}' does not exist`),
  "InvalidRouteTableID.NotFound": row(
    (at: { routeTableId: string }) => `The routeTable ID '${at.routeTableId}' does not exist`,
  ),
  // IAM and STS.
  NoSuchEntity: worded(404),
  EntityAlreadyExists: worded(409),
  DeleteConflict: worded(409),
  LimitExceeded: worded(409),
  MalformedPolicyDocument: worded(),
  InvalidInput: worded(),
  ValidationError: worded(),
  PolicyNotAttachable: worded(),
  PackedPolicyTooLarge: worded(),
  AccessDenied: worded(403),
} as const;

type Errors = typeof errors;
type Fields<C extends keyof Errors> = Parameters<Errors[C]["text"]>[0];

export type ErrorCode = keyof Errors;

export type ApiError = { readonly [C in ErrorCode]: { readonly code: C; readonly at: Fields<C> } }[ErrorCode];

/** A failed result: `fail("InvalidVpcID.NotFound", { vpcId })`. */
export function fail<C extends ErrorCode>(code: C, at: Fields<C>): Err<ApiError> {
  return err({ code, at } as unknown as ApiError);
}

export function textOf(error: ApiError): string {
  return (errors[error.code] as Row<ApiError["at"]>).text(error.at);
}

export function statusOf(error: ApiError): number {
  return errors[error.code].status;
}
