/** The policy of an endpoint: what is there by default and what may be put there. */

import { ok, type Result } from "../base/result.ts";
import { parsePolicy } from "../policy/parse.ts";
import { ec2PolicyText } from "../policy/policy-error.ts";
import { type ApiError, fail } from "./error.ts";

/** Full access, word for word as AWS's answers show it for a gateway endpoint. */
export const defaultGatewayPolicy =
  '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}';

/** The same for an interface endpoint: without a version, and set out in lines. */
export const defaultInterfacePolicy = `{
  "Statement": [
    {
      "Action": "*",
      "Effect": "Allow",
      "Principal": "*",
      "Resource": "*"
    }
  ]
}`;

/** The document as it may be stored; fails with InvalidPolicyDocument. */
export function checkEndpointPolicy(
  text: string,
  kind: "gateway-endpoint" | "interface-endpoint",
): Result<string, ApiError> {
  if (text === defaultGatewayPolicy || text === defaultInterfacePolicy) return ok(text);
  const policy = parsePolicy(text, kind);
  return policy.ok ? ok(text) : fail("InvalidPolicyDocument", { message: ec2PolicyText(policy.error) });
}
