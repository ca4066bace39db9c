/**
 * What can be wrong with a request before any operation sees it, and how each protocol words it.
 * Source: Amazon EC2 API Reference, "Error codes"; IAM API Reference, "Common Errors"; S3 API Reference, "Error
 * Responses".
 */

export type Protocol = "ec2Query" | "awsQuery" | "restXml";

export type RequestError =
  | { readonly kind: "malformed-query"; readonly detail: string }
  | { readonly kind: "unknown-parameter"; readonly parameter: string }
  | { readonly kind: "repeated-parameter"; readonly parameter: string }
  /** `expected` reads on after "expected": `a whole number`. */
  | { readonly kind: "invalid-value"; readonly parameter: string; readonly value: string; readonly expected: string }
  | { readonly kind: "missing"; readonly missing: readonly Missing[] }
  | { readonly kind: "missing-body" }
  | { readonly kind: "too-large"; readonly what: string; readonly limit: number }
  | { readonly kind: "malformed-xml"; readonly detail: string };

/** A required member that is absent. */
export interface Missing {
  /** As on the wire, from the root: `Filter.1.Name`. */
  readonly parameter: string;
  /** As IAM's messages write it: `tags.1.member.key`. */
  readonly path: string;
  /** Where it should have stood. */
  readonly where: "query" | "header" | "body";
}

/** What the client is told. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** The code, text and HTTP status that AWS answers such a request with. */
export function wordRequestError(protocol: Protocol, error: RequestError): Refusal {
  switch (protocol) {
    case "ec2Query":
      return wordForEc2(error);
    case "awsQuery":
      return wordForQuery(error);
    case "restXml":
      return wordForS3(error);
  }
}

/**
 * ASSUMPTION: a query parameter of EC2 that is given twice is refused as InvalidParameterValue; AWS does not document
 * which one it takes.
 */
function wordForEc2(error: RequestError): Refusal {
  switch (error.kind) {
    case "malformed-query":
      return refuse("MalformedQueryString", `The query string contains a syntax error: ${error.detail}`);
    case "unknown-parameter":
      return refuse("UnknownParameter", `The parameter ${error.parameter} is not recognized`);
    case "repeated-parameter":
      return refuse("InvalidParameterValue", `The parameter ${error.parameter} may only be specified once`);
    case "invalid-value":
      return refuse("InvalidParameterValue", invalidText(error));
    case "missing":
      return refuse("MissingParameter", `The request must contain the parameter ${error.missing[0]?.parameter ?? ""}`);
    case "too-large":
      return refuse("InvalidParameterValue", tooLargeText(error));
    case "missing-body":
    case "malformed-xml":
      return refuse("MalformedQueryString", "The request body is not a form");
  }
}

/**
 * ASSUMPTION: IAM and STS refuse unknown and malformed parameters with codes of their common errors; AWS does not say
 * which.
 */
function wordForQuery(error: RequestError): Refusal {
  switch (error.kind) {
    case "malformed-query":
      return refuse("MalformedQueryString", `The query string contains a syntax error: ${error.detail}`);
    case "unknown-parameter":
      return refuse("InvalidQueryParameter", `The parameter ${error.parameter} is not recognized`);
    case "repeated-parameter":
      return refuse("InvalidParameterValue", `The parameter ${error.parameter} may only be specified once`);
    case "invalid-value":
      return refuse("InvalidParameterValue", invalidText(error));
    case "missing":
      return refuse("ValidationError", nullText(error.missing));
    case "too-large":
      return refuse("InvalidParameterValue", tooLargeText(error));
    case "missing-body":
    case "malformed-xml":
      return refuse("MalformedQueryString", "The request body is not a form");
  }
}

function wordForS3(error: RequestError): Refusal {
  switch (error.kind) {
    case "malformed-query":
      return refuse("InvalidURI", "Couldn't parse the specified URI.");
    case "unknown-parameter":
      return refuse("InvalidArgument", `The parameter ${error.parameter} is not recognized`);
    case "repeated-parameter":
      return refuse("InvalidArgument", `The parameter ${error.parameter} may only be specified once`);
    case "invalid-value":
      return refuse("InvalidArgument", `Provided ${error.parameter} not ${error.expected}`);
    case "missing":
      return wordMissingForS3(error.missing);
    case "missing-body":
      return refuse("MissingRequestBodyError", "Request Body is empty");
    case "too-large":
      return refuse("MaxMessageLengthExceeded", "Your request was too big.");
    case "malformed-xml":
      return refuse("MalformedXML", malformedXml);
  }
}

const malformedXml = "The XML you provided was not well-formed or did not validate against our published schema";

function wordMissingForS3(missing: readonly Missing[]): Refusal {
  const first = missing[0];
  if (first === undefined || first.where === "body") return refuse("MalformedXML", malformedXml);
  return refuse(
    "InvalidRequest",
    `Missing required ${first.where === "query" ? "parameter" : "header"} for this request: ${first.parameter}`,
  );
}

/** Source: the texts of IAM and STS for absent members, as clients without local validation see them. */
function nullText(missing: readonly Missing[]): string {
  const count = `${missing.length} validation error${missing.length === 1 ? "" : "s"} detected: `;
  return (
    count +
    missing
      .map(({ path }) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`)
      .join("; ")
  );
}

function invalidText(error: { readonly parameter: string; readonly value: string; readonly expected: string }): string {
  return `Value (${error.value}) for parameter ${error.parameter} is invalid. Expected ${error.expected}`;
}

function tooLargeText(error: { readonly what: string; readonly limit: number }): string {
  return `${error.what} exceeds the limit of ${error.limit}`;
}

function refuse(code: string, message: string, status = 400): Refusal {
  return { code, message, status };
}
