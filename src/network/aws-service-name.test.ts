import { expect, test } from "vitest";
import { awsServiceName } from "./aws-service-name.ts";
import { echoHost } from "./echo-host.ts";
import { serviceAddress } from "./service-address.ts";
import { unservedService } from "./unserved-service.ts";

const addressOf = (host: string, at = 0): string => unservedService(host)!.ips[at]!;

test.each<[string, string, string | undefined]>([
  ["S3", serviceAddress("s3", "us-east-1")!, "S3"],
  ["S3 over IPv6", serviceAddress("s3", "eu-west-1", 128)!, "S3"],
  ["any address of S3's ranges", "3.5.140.9", "S3"],
  ["DynamoDB", serviceAddress("dynamodb", "eu-central-1")!, "DYNAMODB"],
  ["DynamoDB over IPv6", serviceAddress("dynamodb", "us-east-1", 128)!, "DYNAMODB"],
  ["EC2's API", serviceAddress("ec2", "us-east-1")!, "AMAZON"],
  ["STS over IPv6", serviceAddress("sts", "us-west-2", 128)!, "AMAZON"],
  ["IAM, of no region", serviceAddress("iam", "aws-global")!, "AMAZON"],
  ["Lambda, which is not served", addressOf("lambda.us-east-1.amazonaws.com"), "AMAZON"],
  ["SQS over IPv6", addressOf("sqs.us-west-2.api.aws", 1), "AMAZON"],
  ["an API of API Gateway", addressOf("abc123.execute-api.eu-west-1.amazonaws.com"), "API_GATEWAY"],
  ["a block of AMAZON's with nobody in it", "54.240.199.7", "AMAZON"],
  ["a public address of an instance", "54.144.10.1", "EC2"],
  ["an IPv6 address of a VPC", "2600:1f18:1234:5600::4", "EC2"],
  ["CloudFront", "13.32.7.7", "CLOUDFRONT"],
  ["CloudFront inside a block of AMAZON's", "54.239.130.1", "CLOUDFRONT"],
  ["a private address", "10.0.0.4", undefined],
  ["a unique local address", "fd00::4", undefined],
  ["the echo host", echoHost.ips[32], undefined],
  ["somebody else", "8.8.8.8", undefined],
  ["no address", "x", undefined],
])("%s", (_what, ip, name) => {
  expect(awsServiceName(ip)).toBe(name);
});
