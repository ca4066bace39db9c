/** Ten thousand mutated requests through each parser: every answer is a value, none a throw, none slow. */

import { expect, test } from "vitest";
import { ec2Table } from "../../src/wire/generated/ec2.ts";
import { iamTable } from "../../src/wire/generated/iam.ts";
import { s3Table } from "../../src/wire/generated/s3.ts";
import { openPayload } from "../../src/wire/payload.ts";
import { PayloadError } from "../../src/wire/payload-error.ts";
import { parseQuery, readInput } from "../../src/wire/query.ts";
import { wordRequestError } from "../../src/wire/request-error.ts";
import { readRestInput } from "../../src/wire/rest-input.ts";
import { restRouter, s3TargetOf } from "../../src/wire/rest-route.ts";
import { verifyHead, verifyRequest } from "../../src/wire/sigv4.ts";

const rounds = 10_000;
/** None of them may take longer, on the processor's clock, since the machine has other work. */
const slowMs = 250;

/** xorshift32: the same mutations at every run, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const pieces = [
  "&",
  "=",
  ".",
  "%",
  "%00",
  "%ff",
  "%e2%82",
  "+",
  "1",
  "0",
  "-1",
  "99999999999",
  "<",
  ">",
  "</",
  "/>",
  "<!--",
  "-->",
  "<![CDATA[",
  "]]>",
  "&amp;",
  "&x;",
  "&#0;",
  "<!DOCTYPE a>",
  "<?",
  "?>",
  '"',
  "'",
  ";",
  ",",
  "/",
  "//",
  "..",
  "\r\n",
  "\0",
  "\ud800",
  "é",
  "😀",
  "__proto__",
  "constructor",
  "Filter.1.Value.1",
  ".member.1",
  "X-Amz-Signature=",
  "chunk-signature=",
  "9".repeat(40),
  "a".repeat(3000),
];

/** One to four changes: cut, repeat, insert a piece, change a character. */
function mutate(text: string, next: (below: number) => number): string {
  let out = text;
  for (let changes = 1 + next(4); changes > 0; changes--) {
    const at = next(out.length + 1);
    const length = next(12);
    switch (next(4)) {
      case 0:
        out = out.slice(0, at) + out.slice(at + length);
        break;
      case 1:
        out = out.slice(0, at) + out.slice(Math.max(0, at - length)) + out.slice(at);
        break;
      case 2:
        out = out.slice(0, at) + (pieces[next(pieces.length)] ?? "") + out.slice(at);
        break;
      default:
        out = out.slice(0, at) + String.fromCharCode(next(256)) + out.slice(at + 1);
    }
  }
  return out;
}

/** Runs `parse` over mutations of the corpus; how many were taken and refused. */
async function fuzz(
  corpus: readonly string[],
  seed: number,
  parse: (text: string) => boolean | Promise<boolean>,
): Promise<{ taken: number; refused: number }> {
  const next = random(seed);
  const count = { taken: 0, refused: 0 };
  for (let round = 0; round < rounds; round++) {
    const text = mutate(corpus[round % corpus.length] ?? "", next);
    const startedUs = process.threadCpuUsage().user;
    try {
      if (await parse(text)) count.taken++;
      else count.refused++;
    } catch (cause) {
      throw new Error(`round ${round}: ${JSON.stringify(text.slice(0, 500))}`, { cause });
    }
    const tookMs = (process.threadCpuUsage().user - startedUs) / 1000;
    if (tookMs > slowMs) throw new Error(`round ${round} took ${tookMs} ms: ${JSON.stringify(text.slice(0, 500))}`);
  }
  return count;
}

const forms = [
  "Action=CreateVpcEndpoint&Version=2016-11-15&VpcId=vpc-1&ServiceName=com.amazonaws.us-east-1.s3&RouteTableId.1=rtb-1&TagSpecification.1.ResourceType=vpc-endpoint&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b%20c",
  "Action=DescribeVpcs&Filter.1.Name=tag%3AName&Filter.1.Value.1=x&MaxResults=5&DryRun=false",
  "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=2&NetworkInterface.1.DeviceIndex=0&UserData=aGVsbG8%3D",
  "Action=CreateUser&Version=2010-05-08&UserName=u&Path=%2F&Tags.member.1.Key=k&Tags.member.1.Value=v",
  "Action=SimulateCustomPolicy&PolicyInputList.member.1=%7B%7D&ActionNames.member.1=s3%3AGetObject&ContextEntries.member.1.ContextKeyName=a",
];

test.each(["ec2Query", "awsQuery"] as const)("forms of %s", async (protocol) => {
  const { operations } = protocol === "ec2Query" ? ec2Table : iamTable;
  const fallback = protocol === "ec2Query" ? "CreateVpcEndpoint" : "CreateUser";
  const { taken, refused } = await fuzz(forms, 1, (text) => {
    const query = parseQuery(text);
    const result = query.ok
      ? readInput(query.value, operations[query.value.action ?? ""] ?? operations[fallback]!, protocol)
      : query;
    if (!result.ok && wordRequestError(protocol, result.error).status !== 400)
      throw new Error("no fault of the client");
    return result.ok;
  });
  expect(taken + refused).toBe(rounds);
  expect(taken).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});

const documents: readonly (readonly [string, string])[] = [
  [
    "DeleteObjects",
    '<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Quiet>true</Quiet></Delete>',
  ],
  [
    "CompleteMultipartUpload",
    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;a&quot;</ETag></Part></CompleteMultipartUpload>",
  ],
  [
    "CreateBucket",
    "<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>",
  ],
  ["PutBucketTagging", "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"],
  [
    "PutBucketAcl",
    '<AccessControlPolicy><Owner><ID>1</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>1</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>',
  ],
  [
    "PutBucketLifecycleConfiguration",
    "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix>a</Prefix></Filter><Expiration><Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
  ],
];

test("documents of S3", async () => {
  const target = s3TargetOf("127.0.0.1", "/b/k?uploadId=u");
  let at = 0;
  const { taken, refused } = await fuzz(
    documents.map(([, text]) => text),
    2,
    (text) => {
      const [name] = documents[at++ % documents.length]!;
      if (!target.ok) return false;
      const result = readRestInput(
        s3Table.operations[name]!,
        { method: "PUT", target: target.value, headers: {} },
        Buffer.from(text),
      );
      if (!result.ok && wordRequestError("restXml", result.error).status !== 400)
        throw new Error("no fault of the client");
      return result.ok;
    },
  );
  expect(taken).toBeGreaterThan(100);
  expect(refused).toBeGreaterThan(100);
});

test("request lines and headers of S3", async () => {
  const router = restRouter(s3Table);
  const lines = [
    "GET b.s3.amazonaws.com /k?versionId=1",
    "PUT 127.0.0.1 /b/k?partNumber=1&uploadId=u",
    "GET s3.amazonaws.com /b?list-type=2&max-keys=5&prefix=a%2Fb",
    "DELETE b.localhost /k%20l",
  ];
  const { taken, refused } = await fuzz(lines, 3, (text) => {
    const [method = "", host = "", ...rest] = text.split(" ");
    const target = s3TargetOf(host, rest.join(" "));
    if (!target.ok) return false;
    const request = {
      method,
      target: target.value,
      headers: {
        "x-amz-meta-a": text,
        range: text,
        "if-match": text,
        "if-modified-since": text,
        "content-length": text,
      },
    };
    const route = router(request);
    if (route.kind !== "served") return false;
    return readRestInput(route.operation, request, undefined).ok;
  });
  expect(taken + refused).toBe(rounds);
  expect(taken).toBeGreaterThan(10);
});

const signatures = [
  "/test.txt\nAWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41\n20130524T000000Z",
  "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404\n\n",
];

/** The signatures of `GET /test.txt`, in both forms. */
const originals = [
  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
];
const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("signatures: what is taken is the request that was signed", async () => {
  const options = {
    service: "s3",
    nowMs: Date.parse("2013-05-24T00:00:00Z"),
    lookup: () => ({ secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" }),
  };
  const passed: string[] = [];
  const { taken, refused } = await fuzz(signatures, 4, (text) => {
    const [target = "", authorization = "", date = ""] = text.split("\n");
    const signed = ["Range", "bytes=0-9", "x-amz-date", date, "x-amz-content-sha256", emptySha256];
    const header = authorization === "" ? [] : [...signed, "Authorization", authorization];
    const head = { method: "GET", target, rawHeaders: ["Host", "examplebucket.s3.amazonaws.com", ...header] };
    verifyRequest(head, text, options);
    const result = verifyHead(head, options);
    if (result.ok) passed.push(text);
    return result.ok;
  });
  expect(taken + refused).toBe(rounds);
  expect(refused).toBeGreaterThan(rounds * 0.9);
  expect(taken).toBeGreaterThan(0);
  expect(passed.filter((text) => !originals.some((signature) => text.includes(signature)))).toEqual([]);
  expect(passed.filter((text) => decodeURIComponent(text.split(/[?\n]/)[0] ?? "") !== "/test.txt")).toEqual([]);
});

const bodies = [
  "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
  "2\r\nhe\r\n3\r\nllo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n",
];

test("chunked bodies: what is taken is what was sent", async () => {
  const headers = { "x-amz-decoded-content-length": "5", "x-amz-trailer": "x-amz-checksum-crc32" };
  const { taken, refused } = await fuzz(bodies, 5, async (text) => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(text, "latin1");
    }
    const payload = openPayload({
      source: source(),
      claim: { kind: "chunks", signed: false, trailer: true },
      signing: undefined,
      headers,
    });
    if (!payload.ok) return false;
    const parts: Uint8Array[] = [];
    try {
      for await (const part of payload.value.body) parts.push(part);
    } catch (thrown) {
      if (thrown instanceof PayloadError) return false;
      throw thrown;
    }
    expect(Buffer.concat(parts).toString()).toBe("hello");
    return true;
  });
  expect(taken + refused).toBe(rounds);
  expect(refused).toBeGreaterThan(1000);
});
