/** Lists, ownership and the block of public access, as the AWS SDK for JavaScript v3 sees them. */

import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeleteBucketEncryptionCommand,
  DeleteBucketOwnershipControlsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketEncryptionCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyStatusCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  type PutBucketAclCommandInput,
  PutBucketEncryptionCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonicalUserId } from "../../model/canonical-user.ts";
import { policyText } from "./test-caller.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let s3: S3Client;
let other: S3Client;
const own = canonicalUserId("000000000000");
const others = canonicalUserId("111122223333");
const allUsers = "http://acs.amazonaws.com/groups/global/AllUsers";

beforeAll(async () => {
  server = await startTestServer();
  s3 = server.client();
  other = server.client({ credentials: { accessKeyId: "111122223333", secretAccessKey: "test" } });
});

afterAll(() => server[Symbol.asyncDispose]());

let made = 0;
async function bucket(options: { readonly lists?: boolean; readonly open?: boolean } = {}): Promise<string> {
  made += 1;
  const Bucket = `bucket-${made}`;
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(options.lists === true ? { ObjectOwnership: "ObjectWriter" as const } : {}),
    }),
  );
  if (options.open === true) await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  return Bucket;
}

/** What somebody without credentials is answered. */
async function anonymous(path: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(`${server.endpoint}/${path}`, init);
  await answer.arrayBuffer();
  return answer.status;
}

describe("a bucket without lists", () => {
  test("takes none, but shows its owner's", async () => {
    const Bucket = await bucket();
    const refused = { name: "AccessControlListNotSupported", message: "The bucket does not allow ACLs" };
    await expect(s3.send(new PutBucketAclCommand({ Bucket, ACL: "private" }))).rejects.toMatchObject(refused);
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: "k", ACL: "public-read" }))).rejects.toMatchObject(
      refused,
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", ACL: "bucket-owner-full-control", GrantRead: undefined }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", GrantFullControl: `id=${own}` }));
    await expect(s3.send(new PutObjectAclCommand({ Bucket, Key: "k", ACL: "private" }))).rejects.toMatchObject(refused);
    const shown = {
      Owner: { ID: own },
      Grants: [{ Grantee: { Type: "CanonicalUser", ID: own }, Permission: "FULL_CONTROL" }],
    };
    expect(await s3.send(new GetBucketAclCommand({ Bucket }))).toMatchObject(shown);
    expect(await s3.send(new GetObjectAclCommand({ Bucket, Key: "k" }))).toMatchObject(shown);
  });

  test.each<[Partial<CreateBucketCommandInput>, string]>([
    [{ ACL: "public-read" }, "InvalidBucketAclWithObjectOwnership"],
    [
      { ACL: "log-delivery-write" as "private", ObjectOwnership: "BucketOwnerEnforced" },
      "InvalidBucketAclWithObjectOwnership",
    ],
    [{ GrantRead: `id="${others}"` }, "InvalidBucketAclWithObjectOwnership"],
    [{ ACL: "public-read", ObjectOwnership: "ObjectWriter" }, "InvalidBucketAclWithBlockPublicAccessError"],
    [{ ACL: "open" as "private" }, "InvalidArgument"],
    [{ ObjectOwnership: "Nobody" as "ObjectWriter" }, "InvalidArgument"],
  ])("is not made with %o", async (input, name) => {
    await expect(s3.send(new CreateBucketCommand({ Bucket: "never", ...input }))).rejects.toMatchObject({ name });
  });
});

describe("a list", () => {
  test.each<[Partial<PutBucketAclCommandInput>, readonly object[]]>([
    [{ ACL: "private" }, [{ Permission: "FULL_CONTROL" }]],
    [
      { ACL: "public-read" },
      [{ Permission: "FULL_CONTROL" }, { Grantee: { Type: "Group", URI: allUsers }, Permission: "READ" }],
    ],
    [{ ACL: "public-read-write" }, [{}, { Permission: "READ" }, { Permission: "WRITE" }]],
    [{ ACL: "authenticated-read" }, [{}, { Grantee: { URI: allUsers.replace("AllUsers", "AuthenticatedUsers") } }]],
    [
      { ACL: "log-delivery-write" as "private" },
      [
        {},
        { Grantee: { URI: "http://acs.amazonaws.com/groups/s3/LogDelivery" }, Permission: "WRITE" },
        { Permission: "READ_ACP" },
      ],
    ],
    [
      { GrantRead: `id="${others}", uri="${allUsers}"`, GrantWriteACP: `id=${own}` },
      [
        { Grantee: { ID: others }, Permission: "READ" },
        { Grantee: { URI: allUsers } },
        { Grantee: { ID: own }, Permission: "WRITE_ACP" },
      ],
    ],
    [
      {
        AccessControlPolicy: {
          Owner: { ID: own },
          Grants: [{ Grantee: { Type: "CanonicalUser", ID: others }, Permission: "READ_ACP" }],
        },
      },
      [{ Grantee: { ID: others }, Permission: "READ_ACP" }],
    ],
  ])("%o is kept", async (input, Grants) => {
    const Bucket = await bucket({ lists: true, open: true });
    await s3.send(new PutBucketAclCommand({ Bucket, ...input }));
    const shown = await s3.send(new GetBucketAclCommand({ Bucket }));
    expect(shown.Owner).toEqual({ ID: own });
    expect(shown.Grants).toMatchObject(Grants);
  });

  const grantTo = (Grantee: object) => ({ Owner: { ID: own }, Grants: [{ Grantee, Permission: "READ" }] });
  test.each<[Partial<PutBucketAclCommandInput>, string, string]>([
    [{}, "MissingSecurityHeader", "Your request was missing a required header"],
    [{ ACL: "public" as "private" }, "InvalidArgument", "Invalid canned ACL"],
    [
      { ACL: "private", GrantRead: `id=${own}` },
      "InvalidRequest",
      "Specifying both Canned ACLs and Header Grants is not allowed",
    ],
    [{ GrantRead: "id=nobody" }, "InvalidArgument", "Invalid id"],
    [{ GrantRead: "uri=http://example.com/everyone" }, "InvalidArgument", "Invalid group uri"],
    [{ GrantRead: "everyone" }, "InvalidArgument", "Argument format not recognized"],
    [
      { GrantRead: "emailAddress=a@example.com" },
      "UnresolvableGrantByEmailAddress",
      "The email address you provided does not match any account on record.",
    ],
    [{ AccessControlPolicy: grantTo({ Type: "CanonicalUser", ID: "x" }) } as object, "InvalidArgument", "Invalid id"],
    [
      { AccessControlPolicy: { ...grantTo({ Type: "CanonicalUser", ID: own }), Owner: { ID: others } } } as object,
      "AccessDenied",
      "Access Denied",
    ],
    [
      { AccessControlPolicy: { Grants: [] } },
      "MalformedACLError",
      "The XML you provided was not well-formed or did not validate against our published schema",
    ],
    [
      { ACL: "private", AccessControlPolicy: grantTo({ Type: "CanonicalUser", ID: own }) } as object,
      "UnexpectedContent",
      "This request does not support content",
    ],
  ])("%o is refused", async (input, name, message) => {
    const Bucket = await bucket({ lists: true });
    await expect(s3.send(new PutBucketAclCommand({ Bucket, ...input }))).rejects.toMatchObject({ name, message });
  });

  test("opens the bucket to those whom it names", async () => {
    const Bucket = await bucket({ lists: true });
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
    const list = () => other.send(new ListObjectsV2Command({ Bucket }));
    await expect(list()).rejects.toMatchObject({ name: "AccessDenied" });
    await s3.send(new PutBucketAclCommand({ Bucket, GrantRead: `id=${others}`, GrantFullControl: `id=${own}` }));
    expect((await list()).KeyCount).toBe(1);
    const get = () => other.send(new GetObjectCommand({ Bucket, Key: "k" }));
    await expect(get()).rejects.toMatchObject({ name: "AccessDenied" });
    await s3.send(new PutObjectAclCommand({ Bucket, Key: "k", GrantRead: `id=${others}` }));
    await get();
    await expect(other.send(new GetObjectAclCommand({ Bucket, Key: "k" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    // Lists count for nothing once they are switched off, which the bucket's own must allow.
    const enforce = () =>
      s3.send(
        new PutBucketOwnershipControlsCommand({
          Bucket,
          OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        }),
      );
    await expect(enforce()).rejects.toMatchObject({ name: "InvalidBucketAclWithObjectOwnership" });
    await s3.send(new PutBucketAclCommand({ Bucket, ACL: "private" }));
    await enforce();
    await expect(get()).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("an object belongs to who wrote it, unless it is handed over", async () => {
    const Bucket = await bucket({ lists: true });
    await s3.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${others}`, GrantFullControl: `id=${own}` }));
    await other.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: "theirs" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
    await other.send(new PutObjectCommand({ Bucket, Key: "shared", Body: "x", ACL: "bucket-owner-full-control" }));
    await s3.send(new GetObjectCommand({ Bucket, Key: "shared" }));
    expect((await other.send(new GetObjectAclCommand({ Bucket, Key: "shared" }))).Owner).toEqual({ ID: others });
    await s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerPreferred" }] },
      }),
    );
    await other.send(new PutObjectCommand({ Bucket, Key: "given", Body: "x", ACL: "bucket-owner-full-control" }));
    expect((await s3.send(new GetObjectAclCommand({ Bucket, Key: "given" }))).Owner).toEqual({ ID: own });
    const listed = await s3.send(new ListObjectsCommand({ Bucket }));
    expect(listed.Contents!.map((one) => [one.Key, one.Owner!.ID])).toEqual([
      ["given", own],
      ["shared", others],
      ["theirs", others],
    ]);
  });
});

describe("the block of public access", () => {
  test("keeps public lists out, and takes no notice of those that are there", async () => {
    const Bucket = await bucket({ lists: true, open: true });
    await s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x", ACL: "public-read" }));
    expect([await anonymous(Bucket), await anonymous(`${Bucket}/k`), await anonymous(`${Bucket}/k?acl`)]).toEqual([
      200, 200, 403,
    ]);
    const block = (PublicAccessBlockConfiguration: object) =>
      s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
    await block({ IgnorePublicAcls: true });
    expect([await anonymous(Bucket), await anonymous(`${Bucket}/k`)]).toEqual([403, 403]);
    await block({ BlockPublicAcls: true });
    expect((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: false,
      BlockPublicPolicy: false,
      RestrictPublicBuckets: false,
    });
    expect(await anonymous(`${Bucket}/k`)).toBe(200);
    const text = (action: string, resource: string) =>
      `User: arn:aws:iam::000000000000:root is not authorized to perform: ${action} on resource: "arn:aws:s3:::${resource}" because public access control lists (ACLs) are prevented by the BlockPublicAcls setting in S3 Block Public Access.`;
    await expect(s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }))).rejects.toMatchObject({
      name: "AccessDenied",
      message: text("s3:PutBucketAcl", Bucket),
    });
    await expect(s3.send(new PutObjectCommand({ Bucket, Key: "n", ACL: "public-read" }))).rejects.toMatchObject({
      message: text("s3:PutObject", `${Bucket}/n`),
    });
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await expect(s3.send(new GetPublicAccessBlockCommand({ Bucket }))).rejects.toMatchObject({
      name: "NoSuchPublicAccessBlockConfiguration",
      message: "The public access block configuration was not found",
    });
  });

  test("keeps public policies out, and shuts a public bucket", async () => {
    const Bucket = await bucket();
    const Policy = policyText({
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${Bucket}/*`,
    });
    await s3.send(new PutObjectCommand({ Bucket, Key: "k", Body: "x" }));
    await expect(s3.send(new PutBucketPolicyCommand({ Bucket, Policy }))).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringMatching(
        /because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access\.$/,
      ),
    });
    await expect(s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).rejects.toMatchObject({
      name: "NoSuchBucketPolicy",
    });
    await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus).toEqual({ IsPublic: true });
    expect(await anonymous(`${Bucket}/k`)).toBe(200);
    await s3.send(
      new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { RestrictPublicBuckets: true } }),
    );
    expect(await anonymous(`${Bucket}/k`)).toBe(403);
  });
});

test("ownership controls and encryption can be set, read and deleted", async () => {
  const Bucket = await bucket();
  await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket }));
  await expect(s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).rejects.toMatchObject({
    name: "OwnershipControlsNotFoundError",
  });
  const encrypt = (Rules: object[]) =>
    s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: { Rules } }));
  const rules = async () =>
    (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules;
  const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" }, BucketKeyEnabled: true };
  await encrypt([rule]);
  expect(await rules()).toEqual([rule]);
  await s3.send(new DeleteBucketEncryptionCommand({ Bucket }));
  expect(await rules()).toEqual([{ ...rule, BucketKeyEnabled: false }]);
  for (const [SSEAlgorithm, name] of [
    ["aws:kms", "NotImplemented"],
    ["ROT13", "MalformedXML"],
  ]) {
    await expect(encrypt([{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm } }])).rejects.toMatchObject({ name });
  }
});
