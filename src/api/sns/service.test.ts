/** SNS topics and SSM's public parameters over real HTTP, with the SDK. */

import * as sns from "@aws-sdk/client-sns";
import { GetParameterCommand, GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rawCall } from "../testdata/raw-call.ts";
import { type ServedRegion, serveRegion } from "../testdata/served-region.ts";
import { ssmService } from "../ssm/service.ts";
import { snsService } from "./service.ts";

let region: ServedRegion;

beforeAll(async () => {
  region = await serveRegion({ services: [snsService, ssmService] });
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

const settings = () => ({
  endpoint: region.url,
  region: "us-east-1",
  maxAttempts: 1,
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

test("a topic from its making to its end", async () => {
  const client = new sns.SNSClient(settings());
  const wanted = { Name: "events", Tags: [{ Key: "team", Value: "net" }] };
  const { TopicArn } = await client.send(new sns.CreateTopicCommand(wanted));
  expect(TopicArn).toBe("arn:aws:sns:us-east-1:000000000000:events");
  expect((await client.send(new sns.CreateTopicCommand({ Name: "events" }))).TopicArn).toBe(TopicArn);
  const set = { TopicArn, AttributeName: "DisplayName", AttributeValue: "Events" };
  await client.send(new sns.SetTopicAttributesCommand(set));
  const { Attributes } = await client.send(new sns.GetTopicAttributesCommand({ TopicArn }));
  expect(Attributes).toMatchObject({ TopicArn, Owner: "000000000000", DisplayName: "Events" });
  const tags = await client.send(new sns.ListTagsForResourceCommand({ ResourceArn: TopicArn }));
  expect(tags.Tags).toEqual(wanted.Tags);
  expect((await client.send(new sns.ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
  await client.send(new sns.DeleteTopicCommand({ TopicArn }));
  await expect(client.send(new sns.GetTopicAttributesCommand({ TopicArn }))).rejects.toMatchObject({
    name: "NotFoundException",
    message: "Topic does not exist",
  });
  await expect(client.send(new sns.CreateTopicCommand({ Name: "no spaces" }))).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
});

const image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

test("public image parameters, and no others", async () => {
  const client = new SSMClient(settings());
  const { Parameter } = await client.send(new GetParameterCommand({ Name: image }));
  expect(Parameter).toMatchObject({ Name: image, Type: "String", Value: expect.stringMatching(/^ami-[0-9a-f]{17}$/) });
  expect(Parameter!.LastModifiedDate).toBeInstanceOf(Date);
  const some = await client.send(new GetParametersCommand({ Names: [image, "/mine"] }));
  expect(some).toMatchObject({ Parameters: [{ Name: image }], InvalidParameters: ["/mine"] });
  await expect(client.send(new GetParameterCommand({ Name: "/mine" }))).rejects.toMatchObject({
    name: "ParameterNotFound",
  });
});

test.each([
  ["no JSON", "{", "SerializationException"],
  ["a list", "[]", "SerializationException"],
  ["a number for a name", '{"Name":7}', "SerializationException"],
  ["no name", "{}", "ValidationException"],
])("%s is refused", async (_, body, code) => {
  const answer = await rawCall(region.url, {
    body,
    contentType: "application/x-amz-json-1.1",
    headers: { "x-amz-target": "AmazonSSM.GetParameter" },
    signature: { service: "ssm" },
  });
  expect({ status: answer.status, code: (JSON.parse(answer.body) as { __type: string }).__type }).toEqual({
    status: 400,
    code,
  });
});
