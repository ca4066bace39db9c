/** Truth table of the policy language, all but conditions: one statement against one request. Each group names the page that rules it. */

export interface LanguageCase {
  readonly what: string;
  /** Added to, or put in place of, what `Allow s3:GetObject on everything` says. */
  readonly statement: Readonly<Record<string, unknown>>;
  /** By key, any case. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  readonly action?: string;
  readonly resource?: string;
  /** Whether the statement applies. */
  readonly applies: boolean;
  /** `2012-10-17` unless said otherwise; `none` leaves the element out. */
  readonly version?: "2008-10-17" | "none";
}

export interface LanguageGroup {
  readonly source: string;
  readonly cases: readonly LanguageCase[];
}

export type Values = string | number | boolean | readonly (string | number | boolean)[];

function action(wanted: Values, asked: string, applies: boolean): LanguageCase {
  return {
    what: `Action ${JSON.stringify(wanted)} and ${asked}`,
    statement: { Action: wanted },
    action: asked,
    applies,
  };
}

function resource(wanted: Values, asked: string, applies: boolean): LanguageCase {
  return {
    what: `Resource ${JSON.stringify(wanted)} and ${asked}`,
    statement: { Resource: wanted },
    resource: asked,
    applies,
  };
}

const b = "arn:aws:s3:::b";

/** Variables in a resource: pattern behind the bucket, key asked for, context. */
function variable(
  pattern: string,
  key: string,
  context: Readonly<Record<string, string | readonly string[]>>,
  applies: boolean,
): LanguageCase {
  const what = `${pattern} with ${JSON.stringify(context)} and ${key}`;
  return { what, statement: { Resource: `${b}/${pattern}` }, resource: `${b}/${key}`, context, applies };
}

/** A condition on `ex:k` by a pattern with the variable `aws:username`. */
function likeVariable(
  operator: string,
  pattern: string,
  of: { k: string; username?: string },
  applies: boolean,
): LanguageCase {
  const context = { "ex:k": of.k, ...(of.username === undefined ? {} : { "aws:username": of.username }) };
  const what = `${operator} ${pattern} of ${JSON.stringify(of)}`;
  return { what, statement: { Condition: { [operator]: { "ex:k": pattern } } }, context, applies };
}

export const elementGroups: readonly LanguageGroup[] = [
  {
    source: "IAM User Guide, IAM JSON policy elements: Action",
    cases: [
      action("s3:GetObject", "s3:GetObject", true),
      action("S3:GETOBJECT", "s3:GetObject", true),
      action("s3:getobject", "S3:GetObject", true),
      action("s3:GetObject", "s3:GetObjectAcl", false),
      action("s3:Get*", "s3:GetObjectAcl", true),
      action("s3:*", "s3:PutObject", true),
      action("*", "ec2:CreateVpc", true),
      action("s3:*", "s3express:CreateSession", false),
      action("s3:?etObject", "s3:GetObject", true),
      action("s3:?etObject", "s3:etObject", false),
      action("s3:*Object", "s3:DeleteObject", true),
      action("s3:*Object", "s3:DeleteObjectTagging", false),
      action("s3:*Object*", "s3:DeleteObjectTagging", true),
      action(["ec2:*", "s3:List*"], "s3:ListBucket", true),
      action(["ec2:*", "s3:List*"], "s3:GetObject", false),
      action("s3:Get**", "s3:GetObject", true),
    ],
  },
  {
    source: "IAM User Guide, IAM JSON policy elements: NotAction",
    cases: [
      {
        what: "NotAction leaves out what it names",
        statement: { Action: undefined, NotAction: "s3:GetObject" },
        applies: false,
      },
      {
        what: "NotAction takes all others",
        statement: { Action: undefined, NotAction: "s3:PutObject" },
        applies: true,
      },
      {
        what: "NotAction with a wildcard",
        statement: { Action: undefined, NotAction: ["iam:*", "s3:Get*"] },
        applies: false,
      },
      { what: "NotAction ignores case", statement: { Action: undefined, NotAction: "S3:getOBJECT" }, applies: false },
    ],
  },
  {
    source: "IAM User Guide, IAM JSON policy elements: Resource",
    cases: [
      resource("*", `${b}/k`, true),
      resource(`${b}/k`, `${b}/k`, true),
      resource(`${b}/k`, `${b}/K`, false),
      resource(`${b}/*`, `${b}/k/l/m`, true),
      resource(`${b}/*`, `${b}/`, true),
      resource(`${b}/*`, b, false),
      resource(`${b}*`, "arn:aws:s3:::bucket/k", true),
      resource(`${b}/*/logs/*`, `${b}/2026/11/logs/x`, true),
      resource(`${b}/*/logs/*`, `${b}/logs/x`, false),
      resource(`${b}/a?c`, `${b}/abc`, true),
      resource(`${b}/a?c`, `${b}/ac`, false),
      resource(`${b}/a?c`, `${b}/a/c`, true),
      resource(`${b}/a?c`, `${b}/a😀c`, true),
      resource(`${b}/*`, `${b}/line\nend`, true),
      resource(`${b}/*`, `${b}/a:b:c`, true),
      resource(`${b}/*`, `${b}/naïve-日本-😀`, true),
      resource(`${b}/*.jpg`, `${b}/x.jpg.jpg`, true),
      resource(`${b}/*.jpg`, `${b}/x.jpg.png`, false),
      resource(
        "arn:aws:s3:::packages.*.amazonaws.com/*",
        "arn:aws:s3:::packages.us-east-1.amazonaws.com/x/y.rpm",
        true,
      ),
      resource("arn:aws:s3:::packages.*.amazonaws.com/*", "arn:aws:s3:::packages.amazonaws.com/x", false),
      resource("arn:aws:s3:::repo.*.amazonaws.com/*", "arn:aws:s3:::repo.eu-west-1.amazonaws.com/2026/x", true),
      resource("arn:*:s3:::b/*", `${b}/k`, true),
      resource("arn:aws-cn:s3:::b/*", `${b}/k`, false),
      resource([`${b}/x`, `${b}/k`], `${b}/k`, true),
      resource("*", "*", true),
      resource(`${b}/*`, "*", false),
      resource(`${b}/**`, `${b}/k`, true),
      resource(`${b}/${"*a".repeat(30)}*b`, `${b}/${"a".repeat(60)}`, false),
      resource(`${b}/${"*a".repeat(30)}*b`, `${b}/${"a".repeat(60)}b`, true),
    ],
  },
  {
    source: "IAM User Guide, IAM JSON policy elements: NotResource",
    cases: [
      {
        what: "NotResource leaves out what it names",
        statement: { Resource: undefined, NotResource: `${b}/*` },
        resource: `${b}/k`,
        applies: false,
      },
      {
        what: "NotResource takes all others",
        statement: { Resource: undefined, NotResource: `${b}/*` },
        resource: "arn:aws:s3:::c/k",
        applies: true,
      },
      {
        what: "NotResource with a list",
        statement: { Resource: undefined, NotResource: ["arn:aws:s3:::c/*", `${b}/k`] },
        resource: `${b}/k`,
        applies: false,
      },
    ],
  },
  {
    source: "IAM User Guide, IAM policy elements: Variables and tags",
    cases: [
      variable("home/${aws:username}/*", "home/ann/x", { "aws:username": "ann" }, true),
      variable("home/${aws:username}/*", "home/bob/x", { "aws:username": "ann" }, false),
      variable("home/${AWS:USERNAME}/*", "home/ann/x", { "aws:username": "ann" }, true),
      variable("home/${aws:username}/*", "home//x", {}, false),
      variable("home/${aws:username}/*", "home/${aws:username}/x", {}, false),
      variable("home/${aws:username, 'guest'}/*", "home/guest/x", {}, true),
      variable("home/${aws:username, 'guest'}/*", "home/guest/x", { "aws:username": "ann" }, false),
      variable("home/${aws:username, 'guest'}/*", "home/ann/x", { "aws:username": "ann" }, true),
      variable("${aws:username}", "anything", { "aws:username": "*" }, false),
      variable("${aws:username}", "*", { "aws:username": "*" }, true),
      variable("${aws:username}*", "a?b-and-more", { "aws:username": "a?b" }, true),
      variable("${aws:username}*", "axb-and-more", { "aws:username": "a?b" }, false),
      variable("${*}.txt", "*.txt", {}, true),
      variable("${*}.txt", "a.txt", {}, false),
      variable("what${?}", "what?", {}, true),
      variable("what${?}", "whats", {}, false),
      variable("${$}5", "$5", {}, true),
      variable("${$}{aws:username}", "${aws:username}", { "aws:username": "ann" }, true),
      variable("${aws:PrincipalTag/team}/*", "blue/x", { "aws:PrincipalTag/team": "blue" }, true),
      variable("${aws:TagKeys}/*", "a/x", { "aws:TagKeys": ["a", "b"] }, false),
      {
        what: "before the fifth colon a variable is text",
        statement: { Resource: "arn:aws:s3::${aws:username}:b" },
        resource: "arn:aws:s3::ann:b",
        context: { "aws:username": "ann" },
        applies: false,
      },
      {
        what: "under 2008-10-17 a variable is text",
        statement: { Resource: `${b}/\${aws:username}` },
        resource: `${b}/ann`,
        context: { "aws:username": "ann" },
        version: "2008-10-17",
        applies: false,
      },
      {
        what: "without a version a variable is text, which matches itself",
        statement: { Resource: `${b}/\${aws:username}` },
        resource: `${b}/\${aws:username}`,
        context: { "aws:username": "ann" },
        version: "none",
        applies: true,
      },
      {
        what: "under 2008-10-17 a variable in a condition is text",
        statement: { Condition: { StringEquals: { "ex:k": "${aws:username}" } } },
        context: { "ex:k": "ann", "aws:username": "ann" },
        version: "2008-10-17",
        applies: false,
      },
      likeVariable("StringEquals", "${aws:username}", { k: "ann", username: "ann" }, true),
      likeVariable("StringEquals", "u-${aws:username}", { k: "u-ann", username: "ann" }, true),
      likeVariable("StringEquals", "${aws:username}", { k: "ann" }, false),
      likeVariable("StringNotEquals", "${aws:username}", { k: "ann", username: "ann" }, false),
      likeVariable("StringNotEquals", "${aws:username}", { k: "ann" }, true),
      likeVariable("StringLike", "${aws:username}*", { k: "ann-1", username: "ann" }, true),
      likeVariable("StringLike", "${aws:username}", { k: "bob", username: "*" }, false),
      likeVariable("StringLike", "${aws:username}", { k: "ann" }, false),
      likeVariable("StringNotLike", "${aws:username}", { k: "ann" }, true),
      likeVariable(
        "ArnLike",
        "arn:aws:iam::1:user/${aws:username}",
        { k: "arn:aws:iam::1:user/ann", username: "ann" },
        true,
      ),
      likeVariable(
        "ArnLike",
        "arn:aws:iam::1:user/${aws:username}",
        { k: "arn:aws:iam::1:user/ann", username: "*" },
        false,
      ),
      likeVariable("Bool", "${aws:username}", { k: "true", username: "true" }, false),
    ],
  },
];
