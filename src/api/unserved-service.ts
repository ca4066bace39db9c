/**
 * Answers for services of AWS that this region does not have: a typed error in the form that their clients read, never
 * another service's words.
 */

import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers 400 and says which service it was. */
export function unservedService(
  service: string,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    request.resume();
    const message = `${service} is not served by this region; \`underpass coverage\` lists what is`;
    const requestId = randomUUID();
    // Clients of JSON services name their operation in a header; the others read XML.
    const json = request.headers["x-amz-target"] !== undefined || /json/.test(request.headers["content-type"] ?? "");
    response.writeHead(400, {
      "content-type": json ? "application/x-amz-json-1.0" : "text/xml",
      "x-amzn-requestid": requestId,
      ...(json ? { "x-amzn-errortype": "UnknownOperationException" } : {}),
    });
    response.end(
      json
        ? JSON.stringify({ __type: "UnknownOperationException", message })
        : `<?xml version="1.0" encoding="UTF-8"?>\n<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>${message}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
    );
  };
}
