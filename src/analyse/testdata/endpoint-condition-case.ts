/** Truth table of endpoint policies, continued: elements, conditions, variables and published policies. */

import {
  allow,
  deny,
  docs,
  type EndpointCase,
  type EndpointGroup,
  type Expected,
  lacks,
  type More,
  refuses,
  row,
  type Statement,
} from "./endpoint-case.ts";

const get = "GetObject docs/a.txt";

/** One Allow under a condition. */
function when(operator: string, key: string, value: unknown): readonly Statement[] {
  return [allow({ Condition: { [operator]: { [key]: value } } })];
}

/** The condition lets the request through, or the endpoint policy lacks an Allow. */
function cond(condition: readonly [string, string, unknown], holds: boolean, more: More = {}, ask = get): EndpointCase {
  const [operator, key, value] = condition;
  const expected: Expected = holds ? "allowed" : lacks;
  return row(ask, expected, `${operator} ${key} ${JSON.stringify(value)}${describe(more)}`, {
    ...more,
    endpoint: when(operator, key, value),
  });
}

function describe({ as, plain }: More): string {
  return (as === undefined ? "" : ` by ${as}`) + (plain === undefined ? "" : " without TLS");
}

const publicRead = [allow({ Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" })];
const anonymous: More = { as: "anonymous", bucket: publicRead };

export const policyGroups: readonly EndpointGroup[] = [
  {
    source: "IAM User Guide, Policy evaluation logic: an explicit deny wins",
    cases: [
      row(get, refuses, "a Deny beside an Allow", { endpoint: [allow(), deny({ Resource: "arn:aws:s3:::docs/*" })] }),
      row(get, refuses, "in any order", { endpoint: [deny({ Resource: "arn:aws:s3:::docs/*" }), allow()] }),
      row(get, refuses, "for the root user", { endpoint: [allow(), deny()], as: "root" }),
      row(get, refuses, "for the anonymous", { ...anonymous, endpoint: [allow(), deny({ Action: "s3:Get*" })] }),
      row(get, refuses, "against a bucket policy that allows it", {
        endpoint: [deny(), allow()],
        bucket: [allow({ Principal: { AWS: "<user>" }, Action: "s3:*", Resource: docs })],
      }),
      row("PutObject docs/a.txt", "allowed", "but only of what it names", {
        endpoint: [allow(), deny({ Action: "s3:GetObject" })],
      }),
      row("GetObject docs/secret/x", refuses, "a folder", {
        endpoint: [allow(), deny({ Resource: "arn:aws:s3:::docs/secret/*" })],
      }),
      row("GetObject docs/secrets", "allowed", "not its neighbour", {
        endpoint: [allow(), deny({ Resource: "arn:aws:s3:::docs/secret/*" })],
      }),
      row(get, lacks, "only a Deny of something else: nothing is allowed", {
        endpoint: [deny({ Action: "s3:PutObject" })],
      }),
      row(get, refuses, "one is named even where nothing allows", { endpoint: [deny({ Action: "s3:GetObject" })] }),
      row(get, "explicit deny in an identity-based policy", "of the identity policy", {
        identity: [
          { Effect: "Allow", Action: "*", Resource: "*" },
          { Effect: "Deny", Action: "s3:GetObject", Resource: "*" },
        ],
      }),
      row(get, refuses, "the endpoint's is named before the identity's", {
        endpoint: [allow(), deny()],
        identity: [{ Effect: "Deny", Action: "*", Resource: "*" }],
      }),
      row(get, "explicit deny in a resource-based policy", "of the bucket policy", {
        bucket: [deny({ Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" })],
      }),
    ],
  },
  {
    source: "IAM User Guide, IAM JSON policy elements: Action, NotAction, Resource, NotResource, NotPrincipal",
    cases: [
      row(get, "allowed", "actions ignore case", { endpoint: [allow({ Action: "S3:GETobject" })] }),
      row(get, "allowed", "a wildcard in the action", { endpoint: [allow({ Action: "s3:Get*" })] }),
      row("PutObject docs/a.txt", lacks, "a wildcard that does not fit", { endpoint: [allow({ Action: "s3:Get*" })] }),
      row(get, "allowed", "a question mark in the action", { endpoint: [allow({ Action: "s3:?etObject" })] }),
      row(get, lacks, "resources do not ignore case", { endpoint: [allow({ Resource: "arn:aws:s3:::docs/A.txt" })] }),
      row(get, "allowed", "a question mark in the resource", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/?.txt" })],
      }),
      row("GetObject docs/x/y/z.txt", "allowed", "a star crosses slashes", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/x*.txt" })],
      }),
      row("GetObject docs/a:b:c", "allowed", "colons in a key", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/*" })],
      }),
      row("GetObject docs/naïve-日本", "allowed", "unicode in a key", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/na?ve-*" })],
      }),
      row(get, lacks, "NotAction leaves out", { endpoint: [allow({ Action: undefined, NotAction: "s3:GetObject" })] }),
      row("PutObject docs/a.txt", "allowed", "NotAction takes the rest", {
        endpoint: [allow({ Action: undefined, NotAction: "s3:GetObject" })],
      }),
      row(get, refuses, "a Deny with NotAction", {
        endpoint: [allow(), deny({ Action: undefined, NotAction: "s3:PutObject" })],
      }),
      row(get, lacks, "NotResource leaves out", { endpoint: [allow({ Resource: undefined, NotResource: docs })] }),
      row("GetObject theirs/a.txt", "no resource-based policy", "NotResource takes the rest", {
        endpoint: [allow({ Resource: undefined, NotResource: docs })],
      }),
      row("GetObject theirs/a.txt", refuses, "a Deny with NotResource: no other bucket", {
        endpoint: [allow(), deny({ Resource: undefined, NotResource: docs })],
      }),
      row(get, "allowed", "a Deny with NotResource spares the bucket", {
        endpoint: [allow(), deny({ Resource: undefined, NotResource: docs })],
      }),
      row(get, refuses, "a Deny with NotPrincipal of the account hits its users", {
        endpoint: [allow(), deny({ Principal: undefined, NotPrincipal: { AWS: "<account>" } })],
      }),
      row(get, "allowed", "and spares its root user", {
        as: "root",
        endpoint: [allow(), deny({ Principal: undefined, NotPrincipal: { AWS: "<account>" } })],
      }),
      row(get, "allowed", "any of several statements", {
        endpoint: [allow({ Action: "s3:PutObject" }), allow({ Action: "s3:GetObject", Resource: docs })],
      }),
      row(get, lacks, "statements do not add up to one", {
        endpoint: [
          allow({ Action: "s3:PutObject" }),
          allow({ Action: "s3:GetObject", Resource: "arn:aws:s3:::theirs/*" }),
        ],
      }),
    ],
  },
  {
    source: "PrivateLink guide, Endpoint policies: statements about other services have no effect",
    cases: [
      row(get, lacks, "an Allow for DynamoDB", { endpoint: [allow({ Action: "dynamodb:*" })] }),
      row(get, "allowed", "a Deny for DynamoDB", { endpoint: [allow(), deny({ Action: "dynamodb:*" })] }),
      row(get, "allowed", "an Allow for both", { endpoint: [allow({ Action: ["dynamodb:*", "s3:GetObject"] })] }),
      row(get, "allowed", "a Deny of everything but S3", {
        endpoint: [allow(), deny({ Action: undefined, NotAction: "s3:*" })],
      }),
      row(get, lacks, "a resource of another service", {
        endpoint: [allow({ Resource: "arn:aws:dynamodb:us-east-1:<account>:table/*" })],
      }),
    ],
  },
  {
    source: "IAM User Guide, AWS global condition context keys: properties of the principal",
    cases: [
      cond(["ArnLike", "aws:PrincipalArn", "arn:aws:iam::<account>:user/*"], true),
      cond(["ArnLike", "aws:PrincipalArn", "arn:aws:iam::<account>:role/*"], true, { as: "role" }),
      cond(["ArnLike", "aws:PrincipalArn", "arn:aws:sts::<account>:assumed-role/*"], false, { as: "role" }),
      cond(["ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:root"], true, { as: "root" }),
      cond(["ArnLike", "aws:PrincipalArn", "arn:*:*:*:*:*"], false, anonymous),
      cond(["ArnNotLike", "aws:PrincipalArn", "arn:*:*:*:*:*"], true, anonymous),
      cond(["StringEquals", "aws:PrincipalAccount", "<account>"], true),
      cond(["StringEquals", "aws:PrincipalAccount", "<account>"], true, { as: "root" }),
      cond(["StringEquals", "aws:PrincipalAccount", "<account>"], true, { as: "role" }),
      cond(["StringEquals", "aws:PrincipalAccount", "<account>"], false, { as: "stranger" }),
      cond(["StringEquals", "aws:PrincipalAccount", "<account>"], false, anonymous),
      cond(["Null", "aws:PrincipalAccount", "false"], true, anonymous),
      cond(["StringEquals", "aws:PrincipalType", "User"], true),
      cond(["StringEquals", "aws:PrincipalType", "AssumedRole"], true, { as: "role" }),
      cond(["StringEquals", "aws:PrincipalType", "Account"], true, { as: "root" }),
      cond(["StringEquals", "aws:PrincipalType", "Anonymous"], true, anonymous),
      cond(["StringEquals", "aws:PrincipalType", "User"], false, { as: "role" }),
      cond(["StringEquals", "aws:username", "ann"], true),
      cond(["StringEquals", "aws:username", "ann"], false, { as: "role" }),
      cond(["StringNotEquals", "aws:username", "ann"], true, { as: "role" }),
      cond(["Null", "aws:username", "true"], true, { as: "root" }),
      cond(["StringEquals", "aws:userid", "<account>"], true, { as: "root" }),
      cond(["StringLike", "aws:userid", "AIDA*"], true),
      cond(["StringLike", "aws:userid", "AROA*:s1"], true, { as: "role" }),
      cond(["StringEquals", "aws:PrincipalOrgID", "o-example"], false),
      cond(["StringNotEquals", "aws:PrincipalOrgID", "o-example"], true),
      cond(["StringEqualsIfExists", "aws:PrincipalOrgID", "o-example"], true),
      cond(["Bool", "aws:PrincipalIsAWSService", "false"], true),
      cond(["Bool", "aws:PrincipalIsAWSService", "true"], false),
      cond(["BoolIfExists", "aws:PrincipalIsAWSService", "true"], true, anonymous),
      cond(["Null", "aws:TokenIssueTime", "true"], true),
      cond(["Null", "aws:TokenIssueTime", "false"], true, { as: "role" }),
      cond(["Bool", "aws:MultiFactorAuthPresent", "false"], false),
      cond(["BoolIfExists", "aws:MultiFactorAuthPresent", "false"], true),
    ],
  },
  {
    source: "IAM User Guide, AWS global condition context keys: properties of the resource and of the request",
    cases: [
      cond(["StringEquals", "aws:ResourceAccount", "<account>"], true),
      cond(["StringEquals", "aws:ResourceAccount", "<account>"], false, {}, "GetObject theirs/a.txt"),
      cond(["StringEquals", "s3:ResourceAccount", "<account>"], true),
      cond(["StringEquals", "s3:ResourceAccount", ["<other-account>"]], false),
      cond(["Bool", "aws:SecureTransport", "true"], true),
      cond(["Bool", "aws:SecureTransport", "true"], false, { plain: true }),
      cond(["Bool", "aws:SecureTransport", "false"], true, { plain: true }),
      cond(["StringEquals", "aws:RequestedRegion", "us-east-1"], true),
      cond(["StringEquals", "aws:RequestedRegion", "eu-west-1"], false),
      cond(["DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"], true),
      cond(["DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"], false),
      cond(["NumericGreaterThan", "aws:EpochTime", "1577836800"], true),
      cond(["DateGreaterThan", "aws:EpochTime", "2020-01-01T00:00:00Z"], true),
      cond(["Bool", "aws:ViaAWSService", "false"], true),
      cond(["Null", "aws:CalledVia", "true"], true),
      cond(["StringEquals", "aws:SourceVpce", "<vpce>"], true),
      cond(["StringEquals", "aws:SourceVpce", "<other-vpce>"], false),
      cond(["StringEquals", "aws:SourceVpc", "<vpc>"], true),
      cond(["StringNotEquals", "aws:SourceVpc", "<vpc>"], false),
      cond(["StringEquals", "AWS:sourceVPCE", "<vpce>"], true),
    ],
  },
  {
    source: "S3 User Guide, Amazon S3 condition keys",
    cases: [
      cond(["StringEquals", "s3:prefix", "a/"], true, {}, "ListBucket docs prefix=a/"),
      cond(["StringEquals", "s3:prefix", "a/"], false, {}, "ListBucket docs prefix=b/"),
      cond(["StringEquals", "s3:prefix", "a/"], false, {}, "ListBucket docs"),
      cond(["StringLike", "s3:prefix", "a/*"], true, {}, "ListBucket docs prefix=a/b/c"),
      cond(["StringEquals", "s3:delimiter", "/"], true, {}, "ListBucket docs delimiter=/"),
      cond(["NumericLessThanEquals", "s3:max-keys", "10"], true, {}, "ListBucket docs max-keys=10"),
      cond(["NumericLessThanEquals", "s3:max-keys", "10"], false, {}, "ListBucket docs max-keys=11"),
      cond(
        ["StringEquals", "s3:x-amz-server-side-encryption", "AES256"],
        true,
        {},
        "PutObject docs/a.txt x-amz-server-side-encryption=AES256",
      ),
      cond(["StringEquals", "s3:x-amz-server-side-encryption", "AES256"], false, {}, "PutObject docs/a.txt"),
      cond(
        ["StringEquals", "s3:x-amz-storage-class", "STANDARD"],
        true,
        {},
        "PutObject docs/a.txt x-amz-storage-class=STANDARD",
      ),
      cond(["Null", "s3:x-amz-acl", "true"], true, {}, "PutObject docs/a.txt"),
    ],
  },
  {
    source: "IAM User Guide, IAM policy elements: Variables and tags",
    cases: [
      row("GetObject docs/home/ann/x", "allowed", "a user's own folder", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/home/${aws:username}/*" })],
      }),
      row("GetObject docs/home/bob/x", lacks, "another's folder", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/home/${aws:username}/*" })],
      }),
      row("GetObject docs/home/ann/x", lacks, "a role has no user name", {
        as: "role",
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/home/${aws:username}/*" })],
      }),
      row("GetObject docs/home/guest/x", "allowed", "but a default", {
        as: "role",
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/home/${aws:username, 'guest'}/*" })],
      }),
      row("GetObject docs/home/ann/x", lacks, "under 2008-10-17 it is text", {
        version: "2008-10-17",
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/home/${aws:username}/*" })],
      }),
      row("GetObject docs/<account>/x", "allowed", "the account", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/${aws:PrincipalAccount}/*" })],
      }),
      row("GetObject docs/<vpc>/x", "allowed", "the VPC", {
        endpoint: [allow({ Resource: "arn:aws:s3:::docs/${aws:SourceVpc}/*" })],
      }),
      row(get, "allowed", "in a condition", {
        endpoint: when("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"),
      }),
      row("GetObject theirs/a.txt", lacks, "in a condition that fails", {
        endpoint: when("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"),
      }),
    ],
  },
  {
    source: "AWS samples, data perimeter policy examples: S3 endpoint policy, with accounts in place of organizations",
    cases: perimeterCases(),
  },
];

function perimeterCases(): readonly EndpointCase[] {
  const endpoint = [
    allow({
      Sid: "AllowRequestsByOwnIdentitiesToOwnResources",
      Condition: { StringEquals: { "aws:PrincipalAccount": "<account>", "aws:ResourceAccount": "<account>" } },
    }),
    allow({ Sid: "AllowRequestsByAWSServicePrincipals", Condition: { Bool: { "aws:PrincipalIsAWSService": "true" } } }),
    allow({
      Sid: "AllowRequestsToAWSOwnedResources",
      Action: ["s3:GetObject"],
      Resource: [
        "arn:aws:s3:::packages.*.amazonaws.com/*",
        "arn:aws:s3:::repo.*.amazonaws.com/*",
        "arn:aws:s3:::amazonlinux.*.amazonaws.com/*",
      ],
    }),
  ];
  const theirs = { bucket: [allow({ Action: "s3:*", Resource: ["arn:aws:s3:::theirs", "arn:aws:s3:::theirs/*"] })] };
  return [
    row(get, "allowed", "own identity, own resource", { endpoint }),
    row(get, "allowed", "own role, own resource", { endpoint, as: "role" }),
    row("GetObject theirs/a.txt", lacks, "own identity, their resource, even a public one", { endpoint, ...theirs }),
    row("PutObject theirs/a.txt", lacks, "nothing is carried out", { endpoint, ...theirs }),
    row(get, lacks, "their identity, own resource", {
      endpoint,
      as: "stranger",
      bucket: [allow({ Action: "s3:*", Resource: docs })],
    }),
    row("GetObject theirs/a.txt", lacks, "their identity, their resource", { endpoint, as: "stranger", ...theirs }),
    row(get, lacks, "the anonymous", { ...anonymous, endpoint }),
    row("GetObject packages.us-east-1.amazonaws.com/x.rpm", "allowed", "a package, by anybody", {
      endpoint,
      as: "anonymous",
    }),
    row("GetObject amazonlinux.us-east-1.amazonaws.com/x.rpm", "allowed", "a package, by a user", { endpoint }),
    row("PutObject packages.us-east-1.amazonaws.com/x.rpm", lacks, "no writing there", { endpoint }),
  ];
}
