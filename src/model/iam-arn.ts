/** ARNs of IAM's and STS's things. Source: IAM User Guide, "IAM identifiers", section "IAM ARNs". */

interface Named {
  readonly accountId: string;
  readonly path: string;
  readonly name: string;
}

export function userArn(user: Named): string {
  return `arn:aws:iam::${user.accountId}:user${user.path}${user.name}`;
}

export function roleArn(role: Named): string {
  return `arn:aws:iam::${role.accountId}:role${role.path}${role.name}`;
}

export function groupArn(group: Named): string {
  return `arn:aws:iam::${group.accountId}:group${group.path}${group.name}`;
}

/** `aws` stands for the account of AWS's own policies. */
export function managedPolicyArn(policy: Named): string {
  return `arn:aws:iam::${policy.accountId}:policy${policy.path}${policy.name}`;
}

export function instanceProfileArn(profile: Named): string {
  return `arn:aws:iam::${profile.accountId}:instance-profile${profile.path}${profile.name}`;
}

export function rootArn(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

/** The role's path is no part of it. */
export function assumedRoleArn(accountId: string, roleName: string, sessionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
}

export function federatedUserArn(accountId: string, name: string): string {
  return `arn:aws:sts::${accountId}:federated-user/${name}`;
}
