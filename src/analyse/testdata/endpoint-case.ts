/**
 * Truth table of endpoint policies: who, through which door, asks what of S3, and who says no. Every case can be run in
 * process and over the wire. Placeholders stand for what only the region knows: `<account>`, `<other-account>`, `<vpce>`,
 * `<other-vpce>` (same VPC), `<vpc>`, `<other-vpc>`, `<user>`, `<role>` (ARNs), `<ip>` (the instance's private address).
 */

export type Statement = Readonly<Record<string, unknown>>;

export interface EndpointCase {
  readonly what: string;
  /** `GetObject docs/a.txt`, `ListBucket docs prefix=a/`: the bucket `docs` is the caller's, `theirs` another account's. */
  readonly ask: string;
  /** `allowed`, or the tail of AWS's text without the action. */
  readonly expected: Expected;
  /** Of the endpoint; full access unless said otherwise. */
  readonly endpoint?: readonly Statement[];
  /** Of the endpoint's policy; `2012-10-17` unless said otherwise. */
  readonly version?: "2008-10-17";
  /** Of user and role; `s3:*` on everything unless said otherwise. */
  readonly identity?: readonly Statement[];
  /** Of the bucket that is asked for; none unless said otherwise. */
  readonly bucket?: readonly Statement[];
  readonly as?: Caller;
  readonly from?: Door;
  /** Without TLS. */
  readonly plain?: true;
}

/** `stranger` is a user of the other account who may do everything with S3 there. */
export type Caller = "user" | "role" | "root" | "anonymous" | "stranger";

export type Door = "endpoint" | "other-endpoint" | "other-vpc" | "internet";

export type Expected =
  | "allowed"
  | "no VPC endpoint policy"
  | "explicit deny in a VPC endpoint policy"
  | "no identity-based policy"
  | "explicit deny in an identity-based policy"
  | "no resource-based policy"
  | "explicit deny in a resource-based policy";

export interface EndpointGroup {
  /** Page and section. */
  readonly source: string;
  readonly cases: readonly EndpointCase[];
}

export type More = Omit<EndpointCase, "what" | "ask" | "expected">;

export function row(ask: string, expected: Expected, what: string, more: More = {}): EndpointCase {
  return { what, ask, expected, ...more };
}

/** Allow everything to everyone, with what `more` adds or changes. */
export function allow(more: Statement = {}): Statement {
  return { Effect: "Allow", Principal: "*", Action: "*", Resource: "*", ...more };
}

export function deny(more: Statement = {}): Statement {
  return allow({ Effect: "Deny", ...more });
}

export const docs = ["arn:aws:s3:::docs", "arn:aws:s3:::docs/*"];
export const lacks = "no VPC endpoint policy";
export const refuses = "explicit deny in a VPC endpoint policy";
const noIdentity = "no identity-based policy";
const noResource = "no resource-based policy";
const bucketRefuses = "explicit deny in a resource-based policy";

const publicRead = [allow({ Action: "s3:GetObject", Resource: "arn:aws:s3:::docs/*" })];
const asks = ["GetObject docs/a.txt", "PutObject docs/a.txt", "DeleteObject docs/a.txt", "ListBucket docs"];
const oneBucket = [allow({ Action: ["s3:GetObject", "s3:PutObject"], Resource: docs })];
const repositories = [
  allow({
    Action: "s3:GetObject",
    Resource: ["arn:aws:s3:::packages.*.amazonaws.com/*", "arn:aws:s3:::repo.*.amazonaws.com/*"],
  }),
];
const onlyVpce = (vpce: unknown, operator = "StringNotEquals") => [
  deny({ Action: "s3:*", Resource: docs, Condition: { [operator]: { "aws:sourceVpce": vpce } } }),
];
const onlyVpc = (vpc: unknown, operator = "StringNotEquals") => [
  deny({ Action: "s3:*", Resource: docs, Condition: { [operator]: { "aws:sourceVpc": vpc } } }),
];
const get = "GetObject docs/a.txt";

export const doorGroups: readonly EndpointGroup[] = [
  {
    source: "PrivateLink guide, Default endpoint policy: full access grants nothing by itself",
    cases: [
      ...asks.map((ask) => row(ask, "allowed", "a user with his own policy")),
      ...asks.map((ask) => row(ask, "allowed", "a role with its own policy", { as: "role" })),
      ...asks.map((ask) => row(ask, "allowed", "the root user", { as: "root" })),
      ...asks.map((ask) => row(ask, noIdentity, "a user without a policy", { identity: [] })),
      ...asks.map((ask) => row(ask, noResource, "the anonymous and no bucket policy", { as: "anonymous" })),
      ...asks.map((ask) => row(ask, noResource, "a user of another account and no bucket policy", { as: "stranger" })),
      row(get, "allowed", "the anonymous and a public bucket", { as: "anonymous", bucket: publicRead }),
      row("PutObject docs/a.txt", noResource, "the anonymous and a bucket that is public for reading", {
        as: "anonymous",
        bucket: publicRead,
      }),
      row(get, "allowed", "another account that the bucket names", {
        as: "stranger",
        bucket: [allow({ Principal: { AWS: "<other-account>" }, Action: "s3:*", Resource: docs })],
      }),
      row(get, "allowed", "a bucket policy instead of an identity policy", {
        identity: [],
        bucket: [allow({ Principal: { AWS: "<user>" }, Action: "s3:*", Resource: docs })],
      }),
      row("GetObject theirs/a.txt", noResource, "another account's bucket"),
      row("ListAllMyBuckets", "allowed", "what has no resource"),
    ],
  },
  {
    source: "PrivateLink guide, Endpoint policies for Amazon S3: restrict access to a specific bucket",
    cases: [
      row(get, "allowed", "the bucket's object", { endpoint: oneBucket }),
      row("PutObject docs/deep/b.txt", "allowed", "the bucket's object deep down", { endpoint: oneBucket }),
      row("DeleteObject docs/a.txt", lacks, "an action that is not listed", { endpoint: oneBucket }),
      row("ListBucket docs", lacks, "listing is not listed", { endpoint: oneBucket }),
      row("GetObject theirs/a.txt", lacks, "another bucket", { endpoint: oneBucket }),
      row("ListAllMyBuckets", lacks, "all buckets", { endpoint: oneBucket }),
      row(get, "allowed", "by a role", { endpoint: oneBucket, as: "role" }),
      row("DeleteObject docs/a.txt", lacks, "the root user is bound too", { endpoint: oneBucket, as: "root" }),
      row("DeleteObject docs/a.txt", "allowed", "not over the internet", { endpoint: oneBucket, from: "internet" }),
      row("DeleteObject docs/a.txt", "allowed", "not through another endpoint", {
        endpoint: oneBucket,
        from: "other-endpoint",
      }),
      row(get, noIdentity, "it grants nothing to who has no policy", { endpoint: oneBucket, identity: [] }),
      row(get, "allowed", "the anonymous pass to a public bucket", {
        endpoint: oneBucket,
        as: "anonymous",
        bucket: publicRead,
      }),
      row("ListBucket docs", lacks, "objects are not the bucket", {
        endpoint: [allow({ Action: "s3:*", Resource: "arn:aws:s3:::docs/*" })],
      }),
      row("ListBucket docs", "allowed", "the bucket itself", {
        endpoint: [allow({ Action: "s3:*", Resource: "arn:aws:s3:::docs" })],
      }),
      row(get, lacks, "the bucket is not its objects", {
        endpoint: [allow({ Action: "s3:*", Resource: "arn:aws:s3:::docs" })],
      }),
      row(get, "allowed", "a wildcard behind the name takes both", {
        endpoint: [allow({ Action: "s3:*", Resource: "arn:aws:s3:::docs*" })],
      }),
    ],
  },
  {
    source: "VPC User Guide (2015), Endpoint policies: access to Amazon Linux package repositories",
    cases: [
      row("GetObject packages.us-east-1.amazonaws.com/2026/x.rpm", "allowed", "a package", {
        endpoint: repositories,
        as: "anonymous",
      }),
      row("GetObject repo.us-east-1.amazonaws.com/latest/x.rpm", "allowed", "a repository", {
        endpoint: repositories,
        as: "anonymous",
      }),
      row("PutObject repo.us-east-1.amazonaws.com/latest/x.rpm", lacks, "writing", { endpoint: repositories }),
      row("ListBucket repo.us-east-1.amazonaws.com", lacks, "listing", { endpoint: repositories }),
      row(get, lacks, "one's own bucket", { endpoint: repositories }),
      row("GetObject reports.us-east-1.amazonaws.com/x", lacks, "a name that is only like it", {
        endpoint: repositories,
      }),
    ],
  },
  {
    source:
      "S3 User Guide, Controlling access from VPC endpoints with bucket policies: restricting access to a specific VPC endpoint",
    cases: [
      row(get, "allowed", "through it", { bucket: onlyVpce("<vpce>") }),
      row(get, bucketRefuses, "through another of the VPC", { bucket: onlyVpce("<vpce>"), from: "other-endpoint" }),
      row(get, bucketRefuses, "through one of another VPC", { bucket: onlyVpce("<vpce>"), from: "other-vpc" }),
      row(get, bucketRefuses, "over the internet", { bucket: onlyVpce("<vpce>"), from: "internet" }),
      row(get, bucketRefuses, "over the internet by the root user", {
        bucket: onlyVpce("<vpce>"),
        from: "internet",
        as: "root",
      }),
      row("GetBucketPolicy docs", "allowed", "the root user can always read the policy", {
        bucket: onlyVpce("<vpce>"),
        from: "internet",
        as: "root",
      }),
      row("GetBucketPolicy docs", bucketRefuses, "a user cannot", { bucket: onlyVpce("<vpce>"), from: "internet" }),
      row("ListBucket docs", bucketRefuses, "the bucket itself", { bucket: onlyVpce("<vpce>"), from: "internet" }),
      row(get, bucketRefuses, "the anonymous", {
        bucket: [...onlyVpce("<vpce>"), ...publicRead],
        from: "internet",
        as: "anonymous",
      }),
      row(get, "allowed", "the anonymous through it", {
        bucket: [...onlyVpce("<vpce>"), ...publicRead],
        as: "anonymous",
      }),
      row(get, "allowed", "one of two endpoints", {
        bucket: onlyVpce(["<vpce>", "<other-vpce>"]),
        from: "other-endpoint",
      }),
      row(get, "allowed", "the other of two", { bucket: onlyVpce(["<vpce>", "<other-vpce>"]) }),
      row(get, bucketRefuses, "neither of two", { bucket: onlyVpce(["<vpce>", "<other-vpce>"]), from: "other-vpc" }),
      row(get, bucketRefuses, "IfExists changes nothing for a negated operator", {
        bucket: onlyVpce("<vpce>", "StringNotEqualsIfExists"),
        from: "internet",
      }),
      row(get, bucketRefuses, "with StringNotLike", { bucket: onlyVpce("<vpce>", "StringNotLike"), from: "internet" }),
      row(get, lacks, "the endpoint policy still holds", {
        bucket: onlyVpce("<vpce>"),
        endpoint: [allow({ Resource: "arn:aws:s3:::theirs/*" })],
      }),
      row(get, "allowed", "an Allow by endpoint instead of an identity policy", {
        identity: [],
        bucket: [
          allow({
            Action: "s3:GetObject",
            Resource: docs,
            Condition: { StringEquals: { "aws:SourceVpce": "<vpce>" } },
          }),
        ],
      }),
      row(get, noIdentity, "not over the internet", {
        identity: [],
        from: "internet",
        bucket: [
          allow({
            Action: "s3:GetObject",
            Resource: docs,
            Condition: { StringEquals: { "aws:SourceVpce": "<vpce>" } },
          }),
        ],
      }),
    ],
  },
  {
    source:
      "S3 User Guide, Controlling access from VPC endpoints with bucket policies: restricting access to a specific VPC",
    cases: [
      row(get, "allowed", "through an endpoint of the VPC", { bucket: onlyVpc("<vpc>") }),
      row(get, "allowed", "through any endpoint of the VPC", { bucket: onlyVpc("<vpc>"), from: "other-endpoint" }),
      row(get, bucketRefuses, "from another VPC", { bucket: onlyVpc("<vpc>"), from: "other-vpc" }),
      row(get, bucketRefuses, "over the internet", { bucket: onlyVpc("<vpc>"), from: "internet" }),
      row(get, "allowed", "one of two VPCs", { bucket: onlyVpc(["<vpc>", "<other-vpc>"]), from: "other-vpc" }),
      row("PutObject docs/a.txt", bucketRefuses, "writing from elsewhere", {
        bucket: onlyVpc("<vpc>"),
        from: "other-vpc",
      }),
      row("PutObject docs/a.txt", bucketRefuses, "an Allow elsewhere changes nothing", {
        bucket: [...onlyVpc("<vpc>"), allow({ Principal: { AWS: "<user>" }, Action: "s3:*", Resource: docs })],
        from: "internet",
      }),
      row(get, bucketRefuses, "the whole VPC ARN is not its id", {
        bucket: onlyVpc("arn:aws:ec2:us-east-1:<account>:vpc/<vpc>"),
      }),
      row(get, "allowed", "aws:SourceVpcArn is", {
        bucket: [
          deny({
            Action: "s3:*",
            Resource: docs,
            Condition: { ArnNotEquals: { "aws:SourceVpcArn": "arn:aws:ec2:us-east-1:<account>:vpc/<vpc>" } },
          }),
        ],
      }),
      row(get, bucketRefuses, "aws:SourceVpcArn is absent over the internet", {
        from: "internet",
        bucket: [
          deny({
            Action: "s3:*",
            Resource: docs,
            Condition: { ArnNotEquals: { "aws:SourceVpcArn": "arn:aws:ec2:us-east-1:<account>:vpc/<vpc>" } },
          }),
        ],
      }),
      row(get, "allowed", "aws:VpceAccount", {
        bucket: [
          deny({ Action: "s3:*", Resource: docs, Condition: { StringNotEquals: { "aws:VpceAccount": "<account>" } } }),
        ],
      }),
      row(get, bucketRefuses, "aws:VpceAccount is absent over the internet", {
        from: "internet",
        bucket: [
          deny({ Action: "s3:*", Resource: docs, Condition: { StringNotEquals: { "aws:VpceAccount": "<account>" } } }),
        ],
      }),
    ],
  },
  {
    source:
      "VPC User Guide (2015), Using bucket policies; IAM User Guide, AWS global condition context keys: aws:SourceIp is not there through an endpoint",
    cases: sourceIpCases(),
  },
  {
    source: "PrivateLink guide, Endpoint policies for gateway endpoints: Principal must be *",
    cases: [
      row(get, "allowed", "everyone", { endpoint: [allow({ Principal: { AWS: "*" } })] }),
      row(get, lacks, "an account means its root user, not the user", {
        endpoint: [allow({ Principal: { AWS: "<account>" } })],
      }),
      row(get, lacks, "nor the role", { endpoint: [allow({ Principal: { AWS: "<account>" } })], as: "role" }),
      row(get, "allowed", "but the root user", { endpoint: [allow({ Principal: { AWS: "<account>" } })], as: "root" }),
      row(get, lacks, "the root ARN is no other thing", {
        endpoint: [allow({ Principal: { AWS: "arn:aws:iam::<account>:root" } })],
      }),
      row(get, "allowed", "for the root user either", {
        endpoint: [allow({ Principal: { AWS: "arn:aws:iam::<account>:root" } })],
        as: "root",
      }),
      row(get, lacks, "another account's root user", {
        endpoint: [allow({ Principal: { AWS: "<other-account>" } })],
        as: "root",
      }),
      row(get, lacks, "a user ARN names nobody", { endpoint: [allow({ Principal: { AWS: "<user>" } })] }),
      row(get, lacks, "a role ARN names nobody", { endpoint: [allow({ Principal: { AWS: "<role>" } })], as: "role" }),
      row(get, "allowed", "a Deny of the account is of its root user only", {
        endpoint: [allow(), deny({ Principal: { AWS: "<account>" } })],
      }),
      row(get, refuses, "the root user", {
        endpoint: [allow(), deny({ Principal: { AWS: "<account>" } })],
        as: "root",
      }),
      row(get, "allowed", "a condition names the user", {
        endpoint: [allow({ Condition: { ArnEquals: { "aws:PrincipalArn": "<user>" } } })],
      }),
      row(get, lacks, "and not the role", {
        endpoint: [allow({ Condition: { ArnEquals: { "aws:PrincipalArn": "<user>" } } })],
        as: "role",
      }),
      row(get, "allowed", "a condition names the role, not its session", {
        endpoint: [allow({ Condition: { ArnEquals: { "aws:PrincipalArn": "<role>" } } })],
        as: "role",
      }),
      row(get, lacks, "the anonymous are no account", {
        endpoint: [allow({ Principal: { AWS: "<account>" } })],
        as: "anonymous",
        bucket: publicRead,
      }),
      row(get, "allowed", "the anonymous are everyone", {
        as: "anonymous",
        bucket: publicRead,
        endpoint: [allow({ Action: "s3:GetObject" })],
      }),
    ],
  },
];

function sourceIpCases(): readonly EndpointCase[] {
  const on = (operator: string, key: string, value: unknown) => ({ Condition: { [operator]: { [key]: value } } });
  const bucketDeny = (condition: Statement) => [deny({ Action: "s3:*", Resource: docs, ...condition })];
  return [
    row(get, "allowed", "IpAddress never matches", {
      bucket: bucketDeny(on("IpAddress", "aws:SourceIp", "0.0.0.0/0")),
    }),
    row(get, bucketRefuses, "but over the internet it does", {
      from: "internet",
      bucket: bucketDeny(on("IpAddress", "aws:SourceIp", "0.0.0.0/0")),
    }),
    row(get, bucketRefuses, "NotIpAddress always matches", {
      bucket: bucketDeny(on("NotIpAddress", "aws:SourceIp", "0.0.0.0/0")),
    }),
    row(get, "allowed", "but over the internet it does not", {
      from: "internet",
      bucket: bucketDeny(on("NotIpAddress", "aws:SourceIp", "0.0.0.0/0")),
    }),
    row(get, bucketRefuses, "the VPC's own block is not matched", {
      bucket: bucketDeny(on("NotIpAddress", "aws:SourceIp", "10.0.0.0/16")),
    }),
    row(get, lacks, "in the endpoint policy", { endpoint: [allow(on("IpAddress", "aws:SourceIp", "10.0.0.0/16"))] }),
    row(get, "allowed", "with IfExists", { endpoint: [allow(on("IpAddressIfExists", "aws:SourceIp", "10.0.0.0/16"))] }),
    row(get, "allowed", "Null says that it is absent", { endpoint: [allow(on("Null", "aws:SourceIp", "true"))] }),
    row(get, "allowed", "aws:VpcSourceIp is the private address", {
      endpoint: [allow(on("IpAddress", "aws:VpcSourceIp", "10.0.0.0/16"))],
    }),
    row(get, lacks, "aws:VpcSourceIp of another block", {
      endpoint: [allow(on("IpAddress", "aws:VpcSourceIp", "192.168.0.0/16"))],
    }),
    row(get, "allowed", "aws:VpcSourceIp, the address itself", {
      endpoint: [allow(on("IpAddress", "aws:VpcSourceIp", "<ip>/32"))],
    }),
    row(get, refuses, "a Deny by aws:VpcSourceIp", {
      endpoint: [allow(), deny(on("IpAddress", "aws:VpcSourceIp", "<ip>"))],
    }),
    row(get, bucketRefuses, "aws:VpcSourceIp is absent over the internet", {
      from: "internet",
      bucket: bucketDeny(on("NotIpAddress", "aws:VpcSourceIp", "0.0.0.0/0")),
    }),
    row(get, "explicit deny in an identity-based policy", "an identity policy with NotIpAddress locks out", {
      identity: [
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        { Effect: "Deny", Action: "*", Resource: "*", ...on("NotIpAddress", "aws:SourceIp", "203.0.113.0/24") },
      ],
    }),
    row(get, "allowed", "unless it leaves out what comes through a VPC", {
      identity: [
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        {
          Effect: "Deny",
          Action: "*",
          Resource: "*",
          Condition: {
            NotIpAddressIfExists: { "aws:SourceIp": "203.0.113.0/24" },
            StringNotEqualsIfExists: { "aws:SourceVpc": "<vpc>" },
          },
        },
      ],
    }),
  ];
}
