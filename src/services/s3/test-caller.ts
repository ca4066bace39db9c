/** For tests: users with policies, and endpoints, put into the region of a test server. */

import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import type { Id } from "../../base/id.ts";
import { ok } from "../../base/result.ts";
import { type Change, put } from "../../model/state.ts";
import type { TestServer } from "./test-server.ts";

const owner = { accountId: "000000000000", region: "us-east-1", createdAtMs: 0, tags: [] };

async function change(server: TestServer, ...changes: readonly Change[]): Promise<void> {
  await server.control.run(() => ok({ changes, value: undefined }), owner);
}

export interface StatementText {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: object;
}

export function policyText(...statements: readonly StatementText[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** The client of a user of the default account whose one policy is this. */
export async function clientOfUser(
  server: TestServer,
  name: string,
  policy: string,
  options: S3ClientConfig = {},
): Promise<S3Client> {
  const id = `AIDA${name.toUpperCase().padEnd(17, "A")}`;
  const accessKeyId = `AKIA${name.toUpperCase().padEnd(16, "A")}`;
  const inlinePolicies = [{ name: "only", document: policy }];
  const key = { ...owner, region: "aws-global", id: accessKeyId, secretAccessKey: "secret", userId: id };
  await change(
    server,
    put("user", {
      ...owner,
      region: "aws-global",
      id,
      name,
      path: "/",
      inlinePolicies,
      attachedPolicyArns: [],
      groupIds: [],
    }),
    put("access-key", { ...key, status: "Active" }),
  );
  return server.client({ credentials: { accessKeyId, secretAccessKey: "secret" }, ...options });
}

export const testEndpointId = "vpce-0123456789abcdef0" as Id<"vpce">;
const testVpcId = "vpc-0123456789abcdef0" as Id<"vpc">;

/** Lets requests come through a gateway endpoint with this policy from now on. */
export async function throughEndpoint(server: TestServer, policyDocument: string): Promise<void> {
  const id = testEndpointId;
  const vpcId = testVpcId;
  const serviceName = "com.amazonaws.us-east-1.s3";
  await change(
    server,
    put("vpc-endpoint", {
      ...owner,
      kind: "Gateway",
      id,
      vpcId,
      serviceName,
      state: "available",
      policyDocument,
      routeTableIds: [],
    }),
  );
  const ips = { sourceIp: "10.0.0.5", destinationIp: "52.216.0.1" };
  server.path = { kind: "gateway-endpoint", vpcEndpointId: id, vpcId, ...ips };
}
