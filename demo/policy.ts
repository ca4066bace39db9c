/** The four policies of AWS's guide to endpoints for S3. Source: AWS PrivateLink guide, "Gateway endpoints for Amazon S3". */

export const userPolicy = {
  Version: "2012-10-17",
  Statement: [{ Sid: "UseS3", Effect: "Allow", Action: "s3:*", Resource: "*" }],
};

/** Endpoint policy: one bucket and nothing else. */
export function oneBucketOnly(bucket: string): object {
  return {
    Statement: [
      {
        Sid: "AccessToOneBucketOnly",
        Principal: "*",
        Action: ["s3:GetObject", "s3:PutObject"],
        Effect: "Allow",
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
}

/** Endpoint policy: the package repositories of Amazon Linux. */
export const packageRepositoriesOnly = {
  Statement: [
    {
      Sid: "AmazonLinuxRepositories",
      Principal: "*",
      Action: ["s3:GetObject"],
      Effect: "Allow",
      Resource: ["arn:aws:s3:::packages.*.amazonaws.com/*", "arn:aws:s3:::repo.*.amazonaws.com/*"],
    },
  ],
};

/** Bucket policy: nobody but through this endpoint. */
export function onlyThroughEndpoint(bucket: string, vpcEndpointId: string): object {
  return denyUnless("AccessThroughOneEndpointOnly", bucket, { "aws:sourceVpce": vpcEndpointId });
}

/** Bucket policy: nobody but from this VPC, through any of its endpoints. */
export function onlyFromVpc(bucket: string, vpcId: string): object {
  return denyUnless("AccessFromOneVpcOnly", bucket, { "aws:sourceVpc": vpcId });
}

function denyUnless(sid: string, bucket: string, equals: Readonly<Record<string, string>>): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: sid,
        Principal: "*",
        Action: "s3:*",
        Effect: "Deny",
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
        Condition: { StringNotEquals: equals },
      },
    ],
  };
}
