/**
 * Endpoint policies as AWS publishes them for data perimeters, one for each service of the samples: in the elements,
 * keys and forms of resources that those use, placeholders included.
 * Source: aws-samples/data-perimeter-policy-examples, vpc_endpoint_policies.
 */

export interface PerimeterPolicy {
  readonly fileName: string;
  readonly document: string;
}

const organization = "<my-org-id>";
const everyone = { AWS: "*" };

function allow(Sid: string, Condition: object, more: object = {}): object {
  return { Sid, Effect: "Allow", Principal: everyone, Action: "*", Resource: "*", Condition, ...more };
}

const ownIdentities = { "aws:PrincipalOrgID": organization };

const common = [
  allow("OwnIdentitiesOwnResources", { StringEquals: { ...ownIdentities, "aws:ResourceOrgID": organization } }),
  allow("ServicePrincipals", { Bool: { "aws:PrincipalIsAWSService": "true" } }),
];
const exception = allow("Exceptions", {
  StringEquals: { ...ownIdentities, "aws:PrincipalTag/resource-perimeter-exception": "true" },
});
const colonException = allow("Exceptions", {
  StringEquals: { ...ownIdentities, "aws:PrincipalTag/dp:exclude:resource": "true" },
});

/** To what AWS owns. */
function toAws(more: object): object {
  return allow("OwnIdentitiesAwsResources", { StringEquals: ownIdentities }, more);
}

const thirdParties = { "aws:ResourceAccount": ["<third-party-account-a>", "<third-party-account-b>"] };
const buckets = [
  "packages.<region>.amazonaws.com",
  "al2023-repos-<region>-de612dc2",
  "amazoncloudwatch-agent",
  "<region>-birdwatcher-prod",
];

const bodies: Readonly<Record<string, readonly object[]>> = {
  default: [...common, exception],
  s3: [
    ...common,
    allow(
      "AwsOwnedResources",
      {},
      { Action: ["s3:GetObject"], Resource: buckets.map((name) => `arn:aws:s3:::${name}/*`) },
    ),
    allow(
      "ThirdPartyIdentities",
      { StringEquals: { "aws:PrincipalAccount": ["<third-party-account-a>"], ...thirdParties } },
      { Action: "<action>", Resource: "<third-party-resource-arn>" },
    ),
    allow(
      "ThirdPartyResources",
      { StringEquals: { ...ownIdentities, ...thirdParties } },
      { Action: "<action>", Resource: "<third-party-resource-arn>" },
    ),
    exception,
  ],
  ec2: [
    ...common,
    allow("AwsImages", { StringEquals: { ...ownIdentities, "ec2:Owner": "amazon" } }, { Action: "ec2:RunInstances" }),
    exception,
  ],
  "ecr.api": [
    ...common,
    allow("AwsImages", { StringEquals: { ...ownIdentities, "aws:ResourceAccount": "<ecr-account-id>" } }),
    exception,
  ],
  ssm: [
    ...common,
    toAws({
      Action: [
        "ssm:Describe*",
        "ssm:List*",
        "ssm:Get*",
        "ssm:SendCommand",
        "ssm:CreateAssociation",
        "ssm:StartSession",
      ],
      Resource: ["arn:aws:ssm:<region>::parameter/aws/*", "arn:aws:ssm:<region>::document/*"],
    }),
    exception,
  ],
  sts: [
    ...common,
    colonException,
    allow(
      "FederatedPrincipals",
      { StringEquals: { "aws:ResourceOrgID": organization } },
      { Principal: { Federated: "*" }, Action: ["sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"] },
    ),
  ],
  iam: [...common, toAws({ Resource: ["arn:aws:iam::aws:policy/*"] }), colonException],
  iot: [...common, toAws({ Resource: ["arn:aws:iot:*::jobtemplate/*"] }), colonException],
  lambda: [...common, toAws({ Resource: ["arn:aws:lambda:*:<service-account-id>:layer:*"] }), colonException],
  imagebuilder: [
    ...common,
    toAws({ Action: ["imagebuilder:GetComponent"], Resource: ["arn:aws:imagebuilder:<region>:aws:component/*"] }),
    colonException,
  ],
  cloudformation: [
    ...common,
    toAws({
      Action: ["cloudformation:CreateChangeSet"],
      Resource: ["arn:aws:cloudformation:<region>:aws:transform/*"],
    }),
    colonException,
  ],
};

export const perimeterPolicies: readonly PerimeterPolicy[] = Object.entries(bodies).map(([service, Statement]) => ({
  fileName: `${service}_endpoint_policy.json`,
  document: JSON.stringify({ Version: "2012-10-17", Statement }, undefined, 4),
}));

/** With every placeholder filled in as a user would. */
export function filledIn(document: string): string {
  const values: Readonly<Record<string, string>> = {
    "my-org-id": "o-a1b2c3d4e5",
    region: "us-east-1",
    action: "s3:GetObject",
    "third-party-resource-arn": "arn:aws:s3:::partner-data/*",
    "third-party-account-a": "111122223333",
    "third-party-account-b": "444455556666",
    "ecr-account-id": "602401143452",
    "service-account-id": "345057560386",
  };
  return document.replaceAll(/<([^<>]+)>/g, (_, name: string) => values[name] ?? name);
}
