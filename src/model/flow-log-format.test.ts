import { expect, test } from "vitest";
import { defaultLogFormat, fieldsOfFormat, versionOfFields } from "./flow-log-format.ts";

const fields = (format: string) => {
  const read = fieldsOfFormat(format);
  if (!read.ok) throw new Error(read.error.code);
  return read.value;
};

test.each([
  [defaultLogFormat, 14, 2],
  ["${srcaddr}", 1, 2],
  ["${version} ${vpc-id}", 2, 3],
  ["${az-id} ${vpc-id}", 2, 4],
  ["${traffic-path} ${az-id}", 2, 5],
])("%s has %i fields, and its version is %i", (format, count, version) => {
  expect(fields(format)).toHaveLength(count);
  expect(versionOfFields(fields(format))).toBe(version);
});

test.each([
  ...["${version} ", "${version},${bytes}", "version bytes", "${version}  ${bytes}"].map((format) => [
    format,
    `1 validation error detected: Value '${format}' at 'logFormat' has an invalid format`,
  ]),
  ["${flow-directions}", "LogFormat: unknown field ${flow-directions}; did you mean flow-direction?"],
  [
    "${version} ${reject-reason}",
    "LogFormat: ${reject-reason} is not served by Underpass, which has the fields to version 5",
  ],
])("%s is refused", (format, message) => {
  expect(fieldsOfFormat(format)).toMatchObject({ ok: false, error: { code: "InvalidParameter", at: { message } } });
});
