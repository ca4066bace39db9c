/**
 * IAM, STS, Elastic Load Balancing, SNS and Systems Manager as programs written for AWS drive them: every operation that
 * the region serves, with every waiter and paginator that botocore has for it, called with success by boto3 and by the AWS
 * CLI. The stories in `account/` do the calling; what they have not called fails the test.
 */

import { expect } from "vitest";
import { testWith } from "../need.ts";
import { clientRegion, missedCalls, ways } from "./missed-call.ts";

/** Where many tests share a machine, some hundred calls take their time. */
const programTimeoutMs = 300_000;
const services = ["iam", "sts", "elbv2", "sns", "ssm"];
const regionEndpoint = clientRegion();

for (const { way, lack } of ways) {
  testWith(lack)(
    `${way} calls every served operation, waiter and paginator`,
    async () => {
      const { servedCount, ...missed } = await missedCalls(regionEndpoint(), { folder: "account", way, services });
      expect(servedCount).toBeGreaterThanOrEqual(149);
      expect(missed).toEqual({ operations: [], waiters: [], paginators: [] });
    },
    programTimeoutMs,
  );
}
