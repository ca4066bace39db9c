/**
 * AWS managed policies that people attach most, with documents of the same meaning.
 * Source: AWS Managed Policy Reference Guide, the page of each policy.
 *
 * ASSUMPTION: AWS's broad reading policies (ReadOnlyAccess, ViewOnlyAccess, SecurityAudit) cover the common services
 * with wildcards over the same verbs; AWS lists every action of every service.
 */

export interface AwsManagedPolicy {
  /** `arn:aws:iam::aws:policy/AdministratorAccess`. */
  readonly arn: string;
  readonly name: string;
  /** Begins and ends with a slash. */
  readonly path: string;
  readonly description: string;
  readonly document: string;
}

/** The policy with this ARN, or undefined. */
export function findAwsManagedPolicy(arn: string): AwsManagedPolicy | undefined {
  return byArn.get(arn);
}

/** Every policy of the table, sorted by name. */
export function allAwsManagedPolicies(): readonly AwsManagedPolicy[] {
  return policies;
}

type Grant = string | readonly string[];
type Statement = Readonly<Record<string, unknown>>;

function allow(action: Grant, more: Statement = {}): Statement {
  return { Effect: "Allow", Action: action, Resource: "*", ...more };
}

const describeNetwork = [
  "ec2:DescribeAccountAttributes",
  "ec2:DescribeAddresses",
  "ec2:DescribeAvailabilityZones",
  "ec2:DescribeCarrierGateways",
  "ec2:DescribeCustomerGateways",
  "ec2:DescribeDhcpOptions",
  "ec2:DescribeEgressOnlyInternetGateways",
  "ec2:DescribeFlowLogs",
  "ec2:DescribeInternetGateways",
  "ec2:DescribeLocalGateway*",
  "ec2:DescribeManagedPrefixLists",
  "ec2:DescribeNatGateways",
  "ec2:DescribeNetworkAcls",
  "ec2:DescribeNetworkInterface*",
  "ec2:DescribePrefixLists",
  "ec2:DescribeRouteTables",
  "ec2:DescribeSecurityGroup*",
  "ec2:DescribeStaleSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeTags",
  "ec2:DescribeVpc*",
  "ec2:DescribeVpn*",
  "ec2:GetManagedPrefixList*",
  "ec2:GetSecurityGroupsForVpc",
];

const changeNetwork = [
  "Accept",
  "Associate",
  "Attach",
  "Authorize",
  "Create",
  "Delete",
  "Detach",
  "Disable",
  "Disassociate",
]
  .concat(["Enable", "Modify", "Move", "Reject", "Replace", "Reset", "Restore", "Revoke", "Update"])
  .flatMap((verb) =>
    [
      "Address",
      "DhcpOptions",
      "EgressOnly",
      "FlowLog",
      "InternetGateway",
      "NatGateway",
      "NetworkAcl",
      "NetworkInterface",
      "Route",
    ]
      .concat([
        "SecurityGroup",
        "Subnet",
        "Tags",
        "Vpc",
        "Vpn",
        "VgwRoute",
        "Carrier",
        "Customer",
        "ClassicLink",
        "ManagedPrefix",
      ])
      .map((noun) => `ec2:${verb}*${noun}*`),
  );

/** The services whose reading the broad policies grant. */
const services = [
  "acm",
  "apigateway",
  "athena",
  "autoscaling",
  "cloudformation",
  "cloudfront",
  "cloudtrail",
  "cloudwatch",
]
  .concat([
    "codebuild",
    "codedeploy",
    "config",
    "dax",
    "dynamodb",
    "ec2",
    "ecr",
    "ecs",
    "eks",
    "elasticache",
    "elasticfilesystem",
  ])
  .concat([
    "elasticloadbalancing",
    "elasticmapreduce",
    "events",
    "glue",
    "guardduty",
    "iam",
    "kafka",
    "kinesis",
    "kms",
    "lambda",
  ])
  .concat([
    "logs",
    "organizations",
    "ram",
    "rds",
    "redshift",
    "route53",
    "route53resolver",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
  ])
  .concat(["ssm", "states", "sts", "tag", "vpc-lattice", "wafv2", "xray"]);

/** Reading a secret's value is more than looking. */
const readable = services.filter((service) => service !== "secretsmanager" && service !== "sts");

function everywhere(verbs: readonly string[], among: readonly string[] = services): readonly string[] {
  return among.flatMap((service) => verbs.map((verb) => `${service}:${verb}*`));
}

type Row = readonly [name: string, description: string, statements: readonly Statement[], path?: string];

const rows: readonly Row[] = [
  ["AdministratorAccess", "Provides full access to AWS services and resources.", [allow("*")]],
  ["AmazonDynamoDBFullAccess", "Provides full access to Amazon DynamoDB.", [allow(["dynamodb:*", "dax:*"])]],
  [
    "AmazonDynamoDBReadOnlyAccess",
    "Provides read only access to Amazon DynamoDB.",
    [
      allow(
        ["BatchGetItem", "Describe*", "GetItem", "GetResourcePolicy", "List*", "PartiQLSelect", "Query", "Scan"].map(
          (name) => `dynamodb:${name}`,
        ),
      ),
    ],
  ],
  [
    "AmazonEC2FullAccess",
    "Provides full access to Amazon EC2.",
    [
      allow("ec2:*"),
      allow("elasticloadbalancing:*"),
      allow("cloudwatch:*"),
      allow("autoscaling:*"),
      allow("iam:CreateServiceLinkedRole", {
        Condition: {
          StringEquals: {
            "iam:AWSServiceName": [
              "autoscaling",
              "ec2scheduled",
              "elasticloadbalancing",
              "spot",
              "spotfleet",
              "transitgateway",
            ].map((name) => `${name}.amazonaws.com`),
          },
        },
      }),
    ],
  ],
  [
    "AmazonEC2ReadOnlyAccess",
    "Provides read only access to Amazon EC2.",
    [
      allow(["ec2:Describe*", "ec2:GetSecurityGroupsForVpc"]),
      allow("elasticloadbalancing:Describe*"),
      allow(["cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics", "cloudwatch:Describe*"]),
      allow("autoscaling:Describe*"),
    ],
  ],
  ["AmazonS3FullAccess", "Provides full access to all buckets.", [allow(["s3:*", "s3-object-lambda:*"])]],
  [
    "AmazonS3ReadOnlyAccess",
    "Provides read only access to all buckets.",
    [allow(["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"])],
  ],
  ["AmazonVPCFullAccess", "Provides full access to Amazon VPC.", [allow([...describeNetwork, ...changeNetwork])]],
  ["AmazonVPCReadOnlyAccess", "Provides read only access to Amazon VPC.", [allow(describeNetwork)]],
  [
    "IAMFullAccess",
    "Provides full access to IAM.",
    [
      allow([
        "iam:*",
        "organizations:DescribeAccount",
        "organizations:DescribeOrganization",
        "organizations:DescribeOrganizationalUnit",
        "organizations:DescribePolicy",
        "organizations:ListChildren",
        "organizations:ListParents",
        "organizations:ListPoliciesForTarget",
        "organizations:ListRoots",
        "organizations:ListPolicies",
        "organizations:ListTargetsForPolicy",
      ]),
    ],
  ],
  [
    "IAMReadOnlyAccess",
    "Provides read only access to IAM.",
    [
      allow([
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:Get*",
        "iam:List*",
        "iam:SimulateCustomPolicy",
        "iam:SimulatePrincipalPolicy",
      ]),
    ],
  ],
  [
    "PowerUserAccess",
    "Provides full access to AWS services and resources, but does not allow management of users and groups.",
    [
      { Effect: "Allow", NotAction: ["iam:*", "organizations:*", "account:*"], Resource: "*" },
      allow([
        "account:GetAccountInformation",
        "account:GetPrimaryEmail",
        "account:ListRegions",
        "iam:CreateServiceLinkedRole",
        "iam:DeleteServiceLinkedRole",
        "iam:ListRoles",
        "organizations:DescribeOrganization",
      ]),
    ],
  ],
  [
    "ReadOnlyAccess",
    "Provides read-only access to AWS services and resources.",
    [allow(everywhere(["BatchGet", "Describe", "Get", "List", "Lookup", "Search", "Select", "View"], readable))],
  ],
  [
    "SecurityAudit",
    "Grants access to read security configuration metadata.",
    [
      allow([
        ...everywhere(["Describe", "List"]),
        "iam:Get*",
        "s3:GetBucket*",
        "s3:GetEncryptionConfiguration",
        "s3:GetAccountPublicAccessBlock",
      ]),
    ],
  ],
  [
    "ViewOnlyAccess",
    "Grants permissions to view resources and basic metadata across all AWS services.",
    [allow(everywhere(["Describe", "List"]))],
    "/job-function/",
  ],
];

const policies: readonly AwsManagedPolicy[] = rows.map(([name, description, statements, path = "/"]) => ({
  arn: `arn:aws:iam::aws:policy${path}${name}`,
  name,
  path,
  description,
  document: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
}));

const byArn: ReadonlyMap<string, AwsManagedPolicy> = new Map(policies.map((policy) => [policy.arn, policy]));
