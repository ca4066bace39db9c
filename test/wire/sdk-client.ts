/** SDK v3 clients whose requests are caught before the network and answered by the test. */

import { EC2Client } from "@aws-sdk/client-ec2";
import * as ec2 from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import * as iam from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import * as s3 from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import * as sts from "@aws-sdk/client-sts";
import { HttpResponse } from "@smithy/core/transport";
import { Readable } from "node:stream";

export interface Caught {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const modules = { ec2, iam, sts, s3 } as const;
export type Service = keyof typeof modules;

export const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "token/+=",
};

interface SdkClient {
  readonly send: (command: unknown) => Promise<unknown>;
}

/** A client of the service; every request goes to `answer`. */
export function sdkClient(
  service: Service,
  answer: (request: Caught) => Answer | Promise<Answer>,
  settings: object = {},
): SdkClient {
  const options = {
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED" as const,
    responseChecksumValidation: "WHEN_REQUIRED" as const,
    requestHandler: {
      handle: async (request: SdkRequest) => ({ response: responseOf(await answer(await caught(request))) }),
    },
    ...settings,
  };
  const clients = { ec2: EC2Client, iam: IAMClient, sts: STSClient, s3: S3Client };
  const Client = clients[service] as unknown as new (given: object) => SdkClient;
  return new Client(options);
}

/** The command class of an operation, with an input. */
export function sdkCommand(service: Service, operation: string, input: unknown): unknown {
  const Command = (modules[service] as Readonly<Record<string, unknown>>)[`${operation}Command`] as new (
    given: unknown,
  ) => unknown;
  return new Command(input);
}

interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly hostname: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

async function caught(request: SdkRequest): Promise<Caught> {
  const pairs = Object.entries(request.query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      one === null ? encodeURIComponent(name) : `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`,
    ),
  );
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  return {
    method: request.method,
    target: pairs.length === 0 ? request.path : `${request.path}?${pairs.join("&")}`,
    headers,
    rawHeaders: Object.entries(headers).flat(),
    body: await bytesOf(request.body),
  };
}

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const pieces: Buffer[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array | string>) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
}

function responseOf(answer: Answer): HttpResponse {
  return new HttpResponse({
    statusCode: answer.status,
    headers: { ...answer.headers },
    body: Readable.from([Buffer.from(answer.body)]),
  });
}
