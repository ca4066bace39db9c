/** Refusals in clear. Source: AWS STS API Reference, "DecodeAuthorizationMessage". */

import type * as sdk from "@aws-sdk/client-sts";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { decodeRefusal } from "../authorization-message.ts";
import type { Call } from "../handler.ts";

export const authorizationMessageHandlers = {
  DecodeAuthorizationMessage: async (
    input: sdk.DecodeAuthorizationMessageRequest,
    call: Call,
  ): Promise<Result<sdk.DecodeAuthorizationMessageResponse, ApiError>> => {
    const decoded = decodeRefusal(input.EncodedMessage ?? "", call.accountId);
    return decoded === undefined ? fail("InvalidAuthorizationMessageException", {}) : ok({ DecodedMessage: decoded });
  },
};
