/**
 * Answers and errors of the query protocols, as whole XML documents.
 *
 * Clients take the request's id from the header `x-amzn-requestid`, which the server sends beside it.
 * A server calls `writeQueryAnswer` with an operation's typed output, `writeQueryError` with a code and a text.
 * Source: Smithy specification, "AWS EC2 query protocol" and "AWS query protocol"; both are sent as `queryContentType`.
 */

import type { QueryProtocol } from "./query.ts";
import type { Operation } from "./shape.ts";
import { escapeXml, writeMembers, xmlDeclaration } from "./xml-writer.ts";

export interface QueryAnswer {
  readonly protocol: QueryProtocol;
  readonly xmlNamespace: string;
  readonly operation: Operation;
  /** As the SDK's output type has it; ignored where the operation has no output. */
  readonly output: unknown;
  readonly requestId: string;
}

export interface QueryErrorAnswer {
  readonly protocol: QueryProtocol;
  readonly xmlNamespace: string;
  readonly code: string;
  readonly message: string;
  /** HTTP status: from 500 on the fault is the server's. */
  readonly status: number;
  readonly requestId: string;
}

/** The content type that the protocol answers with. */
export function queryContentType(protocol: QueryProtocol): string {
  return protocol === "ec2Query" ? "text/xml;charset=UTF-8" : "text/xml";
}

export function writeQueryAnswer(answer: QueryAnswer): string {
  const { name } = answer.operation;
  const shape = answer.operation.output();
  const style = answer.protocol === "ec2Query" ? "date-time" : "date-time-seconds";
  const members = shape.kind === "structure" ? writeMembers(shape, answer.output ?? {}, style) : undefined;
  const open = `${xmlDeclaration}<${name}Response xmlns="${answer.xmlNamespace}">`;
  if (answer.protocol === "ec2Query") {
    // Operations without an output answer this; clients ignore it.
    return `${open}<requestId>${answer.requestId}</requestId>${members ?? "<return>true</return>"}</${name}Response>`;
  }
  const result = members === undefined ? "" : `<${name}Result>${members}</${name}Result>`;
  return `${open}${result}<ResponseMetadata><RequestId>${answer.requestId}</RequestId></ResponseMetadata></${name}Response>`;
}

export function writeQueryError(answer: QueryErrorAnswer): string {
  const error = `<Code>${escapeXml(answer.code)}</Code><Message>${escapeXml(answer.message)}</Message>`;
  if (answer.protocol === "ec2Query") {
    return `${xmlDeclaration}<Response><Errors><Error>${error}</Error></Errors><RequestID>${answer.requestId}</RequestID></Response>`;
  }
  const type = answer.status >= 500 ? "Receiver" : "Sender";
  return `${xmlDeclaration}<ErrorResponse xmlns="${answer.xmlNamespace}"><Error><Type>${type}</Type>${error}</Error><RequestId>${answer.requestId}</RequestId></ErrorResponse>`;
}
