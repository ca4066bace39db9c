/** The credential report: one row of comma-separated values for each user. Source: IAM User Guide, "Generate credential reports for your AWS account". */

import type * as sdk from "@aws-sdk/client-iam";
import { ok, type Result } from "../../base/result.ts";
import { accessKeysOf, type AccessKey } from "../../model/access-key.ts";
import { accountSetting, noteReport } from "../../model/account-setting.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { rootArn, userArn } from "../../model/iam-arn.ts";
import { listed } from "../../model/iam-name.ts";
import type { User } from "../../model/user.ts";
import type { Call } from "../handler.ts";

/** A report is made anew when the last one is older. Source: the guide, "You can generate a report as often as once every four hours". */
const freshForMs = 4 * 3600 * 1000;

const columns = [
  "user",
  "arn",
  "user_creation_time",
  "password_enabled",
  "password_last_used",
  "password_last_changed",
  "password_next_rotation",
  "mfa_active",
  ...[1, 2].flatMap((at) => [
    `access_key_${at}_active`,
    `access_key_${at}_last_rotated`,
    `access_key_${at}_last_used_date`,
    `access_key_${at}_last_used_region`,
    `access_key_${at}_last_used_service`,
  ]),
  "cert_1_active",
  "cert_1_last_rotated",
  "cert_2_active",
  "cert_2_last_rotated",
];

export const credentialReportHandlers = {
  GenerateCredentialReport: async (
    _input: object,
    call: Call,
  ): Promise<Result<sdk.GenerateCredentialReportResponse, ApiError>> => {
    const madeAtMs = accountSetting(call.state(), call.accountId)?.reportedAtMs;
    if (madeAtMs !== undefined && call.nowMs - madeAtMs < freshForMs) return ok({ State: "COMPLETE" });
    const noted = await call.run((state, context) => noteReport(state, context));
    if (!noted.ok) return noted;
    return ok({ State: "STARTED", Description: "No report exists. Starting a new report generation task" });
  },

  /** The rows are those of now; the time is that of the report. */
  GetCredentialReport: async (
    _input: object,
    call: Call,
  ): Promise<Result<sdk.GetCredentialReportResponse, ApiError>> => {
    const madeAtMs = accountSetting(call.state(), call.accountId)?.reportedAtMs;
    if (madeAtMs === undefined) {
      return fail("ReportNotPresent", { message: "No report is present. Generate one with GenerateCredentialReport" });
    }
    const users = listed(call.state(), "user", call.accountId);
    const rows = [columns, rootRow(call), ...users.map((user) => userRow(user, call))];
    const text = rows.map((row) => row.join(",")).join("\n");
    return ok({ Content: new TextEncoder().encode(text), ReportFormat: "text/csv", GeneratedTime: new Date(madeAtMs) });
  },
};

function rootRow({ accountId }: Call): readonly string[] {
  const keys = Array.from({ length: 2 }, () => ["false", "N/A", "N/A", "N/A", "N/A"]).flat();
  return [
    "<root_account>",
    rootArn(accountId),
    time(0),
    "not_supported",
    "no_information",
    "not_supported",
    "not_supported",
    "false",
    ...keys,
    ...noCertificates,
  ];
}

function userRow(user: User, call: Call): readonly string[] {
  const { loginProfile } = user;
  const password =
    loginProfile === undefined
      ? ["false", "N/A", "N/A", "N/A"]
      : [
          "true",
          "no_information",
          time(loginProfile.passwordSetAtMs),
          nextRotation(loginProfile.passwordSetAtMs, call),
        ];
  const keys = accessKeysOf(call.state(), user);
  return [
    user.name,
    userArn(user),
    time(user.createdAtMs),
    ...password,
    "false",
    ...keyColumns(keys[0], call),
    ...keyColumns(keys[1], call),
    ...noCertificates,
  ];
}

const noCertificates = ["false", "N/A", "false", "N/A"];

function keyColumns(key: AccessKey | undefined, call: Call): readonly string[] {
  if (key === undefined) return ["false", "N/A", "N/A", "N/A", "N/A"];
  const use = call.keyUse.lastOf(key.id);
  const used = use === undefined ? ["N/A", "N/A", "N/A"] : [time(use.atMs), use.region, use.service];
  return [String(key.status === "Active"), time(key.createdAtMs), ...used];
}

function nextRotation(setAtMs: number, call: Call): string {
  const days = accountSetting(call.state(), call.accountId)?.passwordPolicy?.maxAgeDays;
  return days === undefined ? "N/A" : time(setAtMs + days * 24 * 3600 * 1000);
}

/** `2015-06-17T19:11:50+00:00`. */
function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}+00:00`;
}
