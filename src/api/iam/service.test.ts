/** IAM through real HTTP by AWS's SDK: what it answers and every way in which it refuses. */

import * as sdk from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openRegion, type TestRegion } from "./testdata/region.ts";

let region: TestRegion;
let accounts = 0;

beforeAll(async () => {
  region = await openRegion();
});

afterAll(async () => {
  expect(region.faults).toEqual([]);
  await region[Symbol.asyncDispose]();
});

/** Each case has an account of its own. */
function freshAccount(): { readonly iam: sdk.IAMClient; readonly account: string } {
  accounts += 1;
  const account = String(100_000_000_000 + accounts);
  return { iam: region.iam(account), account };
}

const allowAll = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
});
const trustService = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/** The policies of a case are called after its own account. */
const policy = (name: string) => (account: string) => `arn:aws:iam::${account}:policy/${name}`;
const trusting = (principal: unknown, more: object = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole", ...more }],
  });

const user = (UserName = "ann") => new sdk.CreateUserCommand({ UserName });
const role = (RoleName = "app") => new sdk.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustService });
const group = (GroupName = "dev") => new sdk.CreateGroupCommand({ GroupName });
const managed = (PolicyName = "all") => new sdk.CreatePolicyCommand({ PolicyName, PolicyDocument: allowAll });
const profile = (InstanceProfileName = "web") => new sdk.CreateInstanceProfileCommand({ InstanceProfileName });
const long = (length: number): string => "x".repeat(length);

/** Commands of all operations stand in one table; the client tells them apart. */
interface Command {
  readonly resolveMiddleware: unknown;
}
type Step = Command | ((account: string) => Command);

interface Refusal {
  readonly does: string;
  readonly after?: readonly Step[];
  readonly when: Step;
  readonly code: string;
  readonly status: number;
  readonly text: string | ((account: string) => string);
}

async function check(refusal: Refusal): Promise<void> {
  const { iam, account } = freshAccount();
  const send = (step: Step): Promise<unknown> =>
    iam.send((typeof step === "function" ? step(account) : step) as sdk.CreateUserCommand);
  for (const step of refusal.after ?? []) await send(step);
  const error: unknown = await send(refusal.when).then(
    () => "no error",
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(sdk.IAMServiceException);
  const { message, $metadata } = error as sdk.IAMServiceException;
  const code = (error as { readonly Code?: string; readonly name: string }).Code ?? (error as Error).name;
  const text = typeof refusal.text === "function" ? refusal.text(account) : refusal.text;
  expect({ code, status: $metadata.httpStatusCode, text: message }).toEqual({
    code: refusal.code,
    status: refusal.status,
    text,
  });
}

const badName = "is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
const badPath =
  "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.";
const noUser = { code: "NoSuchEntity", status: 404, text: "The user with name bob cannot be found." } as const;
const noRole = { code: "NoSuchEntity", status: 404, text: "The role with name nil cannot be found." } as const;
const noGroup = { code: "NoSuchEntity", status: 404, text: "The group with name nil cannot be found." } as const;
const noProfile = {
  code: "NoSuchEntity",
  status: 404,
  text: "Instance Profile nil cannot be found.",
} as const;
const noPolicy = {
  code: "NoSuchEntity",
  status: 404,
  text: (account: string) => `Policy arn:aws:iam::${account}:policy/nil was not found.`,
} as const;
const notAttachable = {
  ...noPolicy,
  text: (account: string) => `Policy arn:aws:iam::${account}:policy/nil does not exist or is not attachable.`,
} as const;
const invalid = (text: string) => ({ code: "ValidationError", status: 400, text }) as const;
const conflict = (first: string) =>
  ({ code: "DeleteConflict", status: 409, text: `Cannot delete entity, must ${first} first.` }) as const;
const limit = (text: string) => ({ code: "LimitExceeded", status: 409, text }) as const;
const malformed = (text: string) => ({ code: "MalformedPolicyDocument", status: 400, text }) as const;
const exists = (text: string) => ({ code: "EntityAlreadyExists", status: 409, text }) as const;
const constraint = (value: string | number, parameter: string, rule: string) =>
  invalid(`1 validation error detected: Value '${value}' at '${parameter}' failed to satisfy constraint: ${rule}`);

const refusals: readonly Refusal[] = [
  // Users.
  { does: "a user that is there", after: [user()], when: user(), ...exists("User with name ann already exists.") },
  {
    does: "case makes no other name",
    after: [user()],
    when: user("ANN"),
    ...exists("User with name ANN already exists."),
  },
  { does: "a blank in a user's name", when: user("a b"), ...invalid(`The specified value for userName ${badName}`) },
  {
    does: "a user's name of 65",
    when: user(long(65)),
    ...constraint(long(65), "userName", "Member must have length less than or equal to 64"),
  },
  {
    does: "a path without its end",
    when: new sdk.CreateUserCommand({ UserName: "ann", Path: "/a" }),
    ...invalid(badPath),
  },
  {
    does: "a path with a double slash",
    when: new sdk.CreateUserCommand({ UserName: "ann", Path: "/a//" }),
    ...invalid(badPath),
  },
  {
    does: "a path of 513",
    when: new sdk.CreateUserCommand({ UserName: "ann", Path: `/${long(511)}/` }),
    ...constraint(`/${long(511)}/`, "path", "Member must have length less than or equal to 512"),
  },
  { does: "no such user: get", when: new sdk.GetUserCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: update", when: new sdk.UpdateUserCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: delete", when: new sdk.DeleteUserCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: tag", when: new sdk.TagUserCommand({ UserName: "bob", Tags: [] }), ...noUser },
  { does: "no such user: tags", when: new sdk.ListUserTagsCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: key", when: new sdk.CreateAccessKeyCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: keys", when: new sdk.ListAccessKeysCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: policies", when: new sdk.ListUserPoliciesCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: attached", when: new sdk.ListAttachedUserPoliciesCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: groups", when: new sdk.ListGroupsForUserCommand({ UserName: "bob" }), ...noUser },
  { does: "no such user: MFA devices", when: new sdk.ListMFADevicesCommand({ UserName: "bob" }), ...noUser },
  {
    does: "a new name that is taken",
    after: [user("ann"), user("bea")],
    when: new sdk.UpdateUserCommand({ UserName: "ann", NewUserName: "bea" }),
    ...exists("User with name bea already exists."),
  },
  {
    does: "a user with attached policies",
    after: [user(), new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: readOnly })],
    when: new sdk.DeleteUserCommand({ UserName: "ann" }),
    ...conflict("detach all policies"),
  },
  {
    does: "a user with inline policies",
    after: [user(), new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: allowAll })],
    when: new sdk.DeleteUserCommand({ UserName: "ann" }),
    ...conflict("delete policies"),
  },
  {
    does: "a user with keys",
    after: [user(), new sdk.CreateAccessKeyCommand({ UserName: "ann" })],
    when: new sdk.DeleteUserCommand({ UserName: "ann" }),
    ...conflict("delete access keys"),
  },
  {
    does: "a user in a group",
    after: [user(), group(), new sdk.AddUserToGroupCommand({ UserName: "ann", GroupName: "dev" })],
    when: new sdk.DeleteUserCommand({ UserName: "ann" }),
    ...conflict("remove users from group"),
  },
  {
    does: "a login profile",
    after: [user()],
    when: new sdk.GetLoginProfileCommand({ UserName: "ann" }),
    code: "NoSuchEntity",
    status: 404,
    text: "Login Profile for User ann cannot be found.",
  },
  {
    does: "a user with a login profile",
    after: [user(), new sdk.CreateLoginProfileCommand({ UserName: "ann", Password: "Long-enough-1" })],
    when: new sdk.DeleteUserCommand({ UserName: "ann" }),
    ...conflict("delete login profile"),
  },
  {
    does: "a second login profile",
    after: [user(), new sdk.CreateLoginProfileCommand({ UserName: "ann", Password: "Long-enough-1" })],
    when: new sdk.CreateLoginProfileCommand({ UserName: "ann", Password: "Long-enough-1" }),
    code: "EntityAlreadyExists",
    status: 409,
    text: "Login Profile for user ann already exists.",
  },
  {
    does: "a weak password",
    after: [user()],
    when: new sdk.CreateLoginProfileCommand({ UserName: "ann", Password: "weak" }),
    code: "PasswordPolicyViolation",
    status: 400,
    text: "Password does not conform to the account password policy.",
  },
  // The account.
  {
    does: "no password policy",
    when: new sdk.GetAccountPasswordPolicyCommand({}),
    code: "NoSuchEntity",
    status: 404,
    text: (account) => `The Password Policy with domain name ${account} cannot be found.`,
  },
  {
    does: "no password policy to delete",
    when: new sdk.DeleteAccountPasswordPolicyCommand({}),
    code: "NoSuchEntity",
    status: 404,
    text: "The account policy with name PasswordPolicy cannot be found.",
  },
  {
    does: "an alias that nobody has",
    when: new sdk.DeleteAccountAliasCommand({ AccountAlias: "nobody" }),
    code: "NoSuchEntity",
    status: 404,
    text: "The account alias nobody cannot be found.",
  },
  {
    does: "the report that was never made",
    when: new sdk.GetCredentialReportCommand({}),
    code: "ReportNotPresent",
    status: 410,
    text: "No report is present. Generate one with GenerateCredentialReport",
  },
  {
    does: "the key that is not there",
    when: new sdk.GetAccessKeyLastUsedCommand({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE" }),
    code: "NoSuchEntity",
    status: 404,
    text: "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
  },
  {
    does: "a role that belongs to a service",
    after: [new sdk.CreateServiceLinkedRoleCommand({ AWSServiceName: "spot.amazonaws.com" })],
    when: new sdk.DeleteRoleCommand({ RoleName: "AWSServiceRoleForEC2Spot" }),
    code: "UnmodifiableEntity",
    status: 400,
    text: "Cannot perform the operation on the protected role 'AWSServiceRoleForEC2Spot' - this role is only modifiable by AWS",
  },
  {
    does: "a service's role again",
    after: [new sdk.CreateServiceLinkedRoleCommand({ AWSServiceName: "spot.amazonaws.com" })],
    when: new sdk.CreateServiceLinkedRoleCommand({ AWSServiceName: "spot.amazonaws.com" }),
    code: "InvalidInput",
    status: 400,
    text: "Service role name AWSServiceRoleForEC2Spot has been taken in this account, please try a different suffix.",
  },
  // Access keys.
  {
    does: "a third key",
    after: [
      user(),
      new sdk.CreateAccessKeyCommand({ UserName: "ann" }),
      new sdk.CreateAccessKeyCommand({ UserName: "ann" }),
    ],
    when: new sdk.CreateAccessKeyCommand({ UserName: "ann" }),
    ...limit("Cannot exceed quota for AccessKeysPerUser: 2"),
  },
  {
    does: "a key of nobody",
    after: [user()],
    when: new sdk.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: "AKIAIOSFODNN7EXAMPLE" }),
    code: "NoSuchEntity",
    status: 404,
    text: "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
  },
  {
    does: "a key's id that is too short",
    after: [user()],
    when: new sdk.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: "AKIA" }),
    ...constraint("AKIA", "accessKeyId", "Member must have length greater than or equal to 16"),
  },
  {
    does: "a key's status",
    after: [user()],
    when: new sdk.UpdateAccessKeyCommand({
      UserName: "ann",
      AccessKeyId: "AKIAIOSFODNN7EXAMPLE",
      Status: "Off" as "Active",
    }),
    ...constraint("Off", "status", "Member must satisfy enum value set: [Active, Inactive]"),
  },
  {
    does: "whose keys, asked by the root user",
    when: new sdk.ListAccessKeysCommand({}),
    ...invalid("Must specify userName when calling with non-User credentials"),
  },
  // Groups.
  { does: "a group that is there", after: [group()], when: group(), ...exists("Group with name dev already exists.") },
  { does: "a blank in a group's name", when: group("a b"), ...invalid(`The specified value for groupName ${badName}`) },
  { does: "no such group: get", when: new sdk.GetGroupCommand({ GroupName: "nil" }), ...noGroup },
  { does: "no such group: update", when: new sdk.UpdateGroupCommand({ GroupName: "nil" }), ...noGroup },
  { does: "no such group: delete", when: new sdk.DeleteGroupCommand({ GroupName: "nil" }), ...noGroup },
  {
    does: "no such group: add",
    after: [user()],
    when: new sdk.AddUserToGroupCommand({ UserName: "ann", GroupName: "nil" }),
    ...noGroup,
  },
  {
    does: "no such user: add",
    after: [group()],
    when: new sdk.AddUserToGroupCommand({ UserName: "bob", GroupName: "dev" }),
    ...noUser,
  },
  {
    does: "a group with members",
    after: [user(), group(), new sdk.AddUserToGroupCommand({ UserName: "ann", GroupName: "dev" })],
    when: new sdk.DeleteGroupCommand({ GroupName: "dev" }),
    ...conflict("remove users from group"),
  },
  {
    does: "an eleventh group",
    after: [
      user(),
      ...Array.from({ length: 10 }, (_, at) => [
        group(`g${at}`),
        new sdk.AddUserToGroupCommand({ UserName: "ann", GroupName: `g${at}` }),
      ]).flat(),
      group("g10"),
    ],
    when: new sdk.AddUserToGroupCommand({ UserName: "ann", GroupName: "g10" }),
    ...limit("Cannot exceed quota for GroupsPerUser: 10"),
  },
  // Roles.
  { does: "a role that is there", after: [role()], when: role(), ...exists("Role with name app already exists.") },
  { does: "no such role: get", when: new sdk.GetRoleCommand({ RoleName: "nil" }), ...noRole },
  { does: "no such role: update", when: new sdk.UpdateRoleCommand({ RoleName: "nil" }), ...noRole },
  { does: "no such role: delete", when: new sdk.DeleteRoleCommand({ RoleName: "nil" }), ...noRole },
  { does: "no such role: tags", when: new sdk.ListRoleTagsCommand({ RoleName: "nil" }), ...noRole },
  { does: "no such role: profiles", when: new sdk.ListInstanceProfilesForRoleCommand({ RoleName: "nil" }), ...noRole },
  {
    does: "a session of less than an hour",
    when: new sdk.CreateRoleCommand({
      RoleName: "app",
      AssumeRolePolicyDocument: trustService,
      MaxSessionDuration: 3599,
    }),
    ...constraint(3599, "maxSessionDuration", "Member must have value greater than or equal to 3600"),
  },
  {
    does: "a session of more than twelve hours",
    after: [role()],
    when: new sdk.UpdateRoleCommand({ RoleName: "app", MaxSessionDuration: 43_201 }),
    ...constraint(43_201, "maxSessionDuration", "Member must have value less than or equal to 43200"),
  },
  {
    does: "a trust policy that is no JSON",
    when: new sdk.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: "{" }),
    ...malformed("This policy contains invalid Json"),
  },
  {
    does: "a trust policy with a resource",
    when: new sdk.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: trusting("*", { Resource: "*" }) }),
    ...malformed("Has prohibited field Resource"),
  },
  {
    does: "a trust policy for a user who is not there",
    when: (account) =>
      new sdk.CreateRoleCommand({
        RoleName: "app",
        AssumeRolePolicyDocument: trusting({ AWS: `arn:aws:iam::${account}:user/bob` }),
      }),
    ...malformed(""),
    text: (account) => `Invalid principal in policy: "AWS":"arn:aws:iam::${account}:user/bob"`,
  },
  {
    does: "a trust policy for a group",
    after: [group(), role()],
    when: (account) =>
      new sdk.UpdateAssumeRolePolicyCommand({
        RoleName: "app",
        PolicyDocument: trusting({ AWS: `arn:aws:iam::${account}:group/dev` }),
      }),
    ...malformed(""),
    text: (account) => `Invalid principal in policy: "AWS":"arn:aws:iam::${account}:group/dev"`,
  },
  {
    does: "a trust policy of more than 2,048 characters",
    when: new sdk.CreateRoleCommand({
      RoleName: "app",
      AssumeRolePolicyDocument: trusting({ Service: Array.from({ length: 100 }, () => "ec2.amazonaws.com") }),
    }),
    ...limit("Cannot exceed quota for ACLSizePerRole: 2048"),
  },
  {
    does: "a role in an instance profile",
    after: [
      role(),
      profile(),
      new sdk.AddRoleToInstanceProfileCommand({ RoleName: "app", InstanceProfileName: "web" }),
    ],
    when: new sdk.DeleteRoleCommand({ RoleName: "app" }),
    ...conflict("remove roles from instance profile"),
  },
  {
    does: "a role with attached policies",
    after: [role(), new sdk.AttachRolePolicyCommand({ RoleName: "app", PolicyArn: readOnly })],
    when: new sdk.DeleteRoleCommand({ RoleName: "app" }),
    ...conflict("detach all policies"),
  },
  {
    does: "a role with inline policies",
    after: [role(), new sdk.PutRolePolicyCommand({ RoleName: "app", PolicyName: "p", PolicyDocument: allowAll })],
    when: new sdk.DeleteRoleCommand({ RoleName: "app" }),
    ...conflict("delete policies"),
  },
  // Policies of identities.
  {
    does: "an inline policy that is not there",
    after: [role()],
    when: new sdk.GetRolePolicyCommand({ RoleName: "app", PolicyName: "nil" }),
    code: "NoSuchEntity",
    status: 404,
    text: "The role policy with name nil cannot be found.",
  },
  {
    does: "an inline policy with a principal",
    after: [user()],
    when: new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: trustService }),
    ...malformed("Policy document should not specify a principal."),
  },
  {
    does: "an inline policy without actions",
    after: [user()],
    when: new sdk.PutUserPolicyCommand({
      UserName: "ann",
      PolicyName: "p",
      PolicyDocument: '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}',
    }),
    ...malformed("Policy statement must contain actions."),
  },
  {
    does: "inline policies of more than 2,048 characters together",
    after: [user(), new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: sized(1500) })],
    when: new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "q", PolicyDocument: sized(1500) }),
    ...limit("Maximum policy size of 2048 bytes exceeded for user ann"),
  },
  {
    does: "a policy's name with a blank",
    after: [user()],
    when: new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "a b", PolicyDocument: allowAll }),
    ...constraint("a b", "policyName", "Member must satisfy regular expression pattern: [\\w+=,.@-]+"),
  },
  {
    does: "a policy that is not there, attached",
    after: [user()],
    when: (account) => new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: policy("nil")(account) }),
    ...notAttachable,
  },
  {
    does: "a policy of another account, attached",
    after: [user()],
    when: new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: policy("nil")("999999999999") }),
    ...notAttachable,
    text: "Policy arn:aws:iam::999999999999:policy/nil does not exist or is not attachable.",
  },
  {
    does: "an ARN that names no policy, attached",
    after: [user()],
    when: new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: "arn:aws:s3:::docs-of-mine" }),
    code: "InvalidInput",
    status: 400,
    text: "ARN arn:aws:s3:::docs-of-mine is not valid.",
  },
  {
    does: "a policy that is not attached, detached",
    after: [user()],
    when: new sdk.DetachUserPolicyCommand({ UserName: "ann", PolicyArn: readOnly }),
    code: "NoSuchEntity",
    status: 404,
    text: `Policy ${readOnly} was not found.`,
  },
  {
    does: "an eleventh attached policy",
    after: [
      user(),
      ...Array.from({ length: 11 }, (_, at) => managed(`p${at}`)),
      ...Array.from(
        { length: 10 },
        (_, at) => (account: string) =>
          new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: policy(`p${at}`)(account) }),
      ),
    ],
    when: (account) => new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: policy("p10")(account) }),
    ...limit("Cannot exceed quota for PoliciesPerUser: 10"),
  },
  {
    does: "a boundary that is not there",
    when: (account) => new sdk.CreateUserCommand({ UserName: "ann", PermissionsBoundary: policy("nil")(account) }),
    ...notAttachable,
  },
  {
    does: "a boundary of a role that has none",
    after: [role()],
    when: new sdk.DeleteRolePermissionsBoundaryCommand({ RoleName: "app" }),
    code: "NoSuchEntity",
    status: 404,
    text: "Role app does not have a permissions boundary.",
  },
  // Managed policies.
  {
    does: "a policy that is there",
    after: [managed()],
    when: managed(),
    ...exists("A policy called all already exists. Duplicate names are not allowed."),
  },
  {
    does: "no such policy: get",
    when: (account) => new sdk.GetPolicyCommand({ PolicyArn: policy("nil")(account) }),
    ...noPolicy,
  },
  {
    does: "no such policy: delete",
    when: (account) => new sdk.DeletePolicyCommand({ PolicyArn: policy("nil")(account) }),
    ...noPolicy,
  },
  {
    does: "no such policy: versions",
    when: (account) => new sdk.ListPolicyVersionsCommand({ PolicyArn: policy("nil")(account) }),
    ...noPolicy,
  },
  {
    does: "no such policy: entities",
    when: (account) => new sdk.ListEntitiesForPolicyCommand({ PolicyArn: policy("nil")(account) }),
    ...noPolicy,
  },
  {
    does: "no such policy: tags",
    when: (account) => new sdk.ListPolicyTagsCommand({ PolicyArn: policy("nil")(account) }),
    ...noPolicy,
  },
  {
    does: "a policy's ARN of 12",
    when: new sdk.GetPolicyCommand({ PolicyArn: "arn:aws:iam:" }),
    ...constraint("arn:aws:iam:", "policyArn", "Member must have length greater than or equal to 20"),
  },
  {
    does: "a version that is not there",
    after: [managed()],
    when: (account) => new sdk.GetPolicyVersionCommand({ PolicyArn: policy("all")(account), VersionId: "v2" }),
    code: "NoSuchEntity",
    status: 404,
    text: (account) => `Policy ${policy("all")(account)} version v2 does not exist or is not attachable.`,
  },
  {
    does: "a version's id",
    after: [managed()],
    when: (account) => new sdk.GetPolicyVersionCommand({ PolicyArn: policy("all")(account), VersionId: "2" }),
    ...constraint("2", "versionId", "Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"),
  },
  {
    does: "a sixth version",
    after: [managed(), ...Array.from({ length: 4 }, () => version)],
    when: version,
    ...limit(
      "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
    ),
  },
  {
    does: "the default version, deleted",
    after: [managed()],
    when: (account) => new sdk.DeletePolicyVersionCommand({ PolicyArn: policy("all")(account), VersionId: "v1" }),
    code: "DeleteConflict",
    status: 409,
    text: "Cannot delete the default version of a policy.",
  },
  {
    does: "a policy with two versions, deleted",
    after: [managed(), version],
    when: (account) => new sdk.DeletePolicyCommand({ PolicyArn: policy("all")(account) }),
    code: "DeleteConflict",
    status: 409,
    text: "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
  },
  {
    does: "an attached policy, deleted",
    after: [
      managed(),
      group(),
      (account) => new sdk.AttachGroupPolicyCommand({ GroupName: "dev", PolicyArn: policy("all")(account) }),
    ],
    when: (account) => new sdk.DeletePolicyCommand({ PolicyArn: policy("all")(account) }),
    code: "DeleteConflict",
    status: 409,
    text: "Cannot delete a policy attached to entities.",
  },
  {
    does: "a boundary, deleted",
    after: [
      managed(),
      (account) => new sdk.CreateUserCommand({ UserName: "ann", PermissionsBoundary: policy("all")(account) }),
    ],
    when: (account) => new sdk.DeletePolicyCommand({ PolicyArn: policy("all")(account) }),
    code: "DeleteConflict",
    status: 409,
    text: "Cannot delete a policy attached to entities.",
  },
  {
    does: "a policy of more than 6,144 characters",
    when: new sdk.CreatePolicyCommand({ PolicyName: "all", PolicyDocument: sized(6145) }),
    ...limit("Cannot exceed quota for PolicySize: 6144"),
  },
  {
    does: "a policy of AWS, deleted",
    when: new sdk.DeletePolicyCommand({ PolicyArn: readOnly }),
    code: "AccessDenied",
    status: 403,
    text: `Policy ${readOnly} is an AWS managed policy and cannot be changed`,
  },
  {
    does: "a scope",
    when: new sdk.ListPoliciesCommand({ Scope: "Mine" as "All" }),
    ...constraint("Mine", "scope", "Member must satisfy enum value set: [All, AWS, Local]"),
  },
  // Instance profiles.
  {
    does: "a profile that is there",
    after: [profile()],
    when: profile(),
    ...exists("Instance Profile web already exists."),
  },
  {
    does: "no such profile: get",
    when: new sdk.GetInstanceProfileCommand({ InstanceProfileName: "nil" }),
    ...noProfile,
  },
  {
    does: "no such profile: delete",
    when: new sdk.DeleteInstanceProfileCommand({ InstanceProfileName: "nil" }),
    ...noProfile,
  },
  {
    does: "a profile's second role",
    after: [
      role("app"),
      role("job"),
      profile(),
      new sdk.AddRoleToInstanceProfileCommand({ RoleName: "app", InstanceProfileName: "web" }),
    ],
    when: new sdk.AddRoleToInstanceProfileCommand({ RoleName: "job", InstanceProfileName: "web" }),
    ...limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"),
  },
  {
    does: "a profile with a role, deleted",
    after: [
      role(),
      profile(),
      new sdk.AddRoleToInstanceProfileCommand({ RoleName: "app", InstanceProfileName: "web" }),
    ],
    when: new sdk.DeleteInstanceProfileCommand({ InstanceProfileName: "web" }),
    ...conflict("remove roles from instance profile"),
  },
  {
    does: "a role that is not in the profile, removed",
    after: [role(), profile()],
    when: new sdk.RemoveRoleFromInstanceProfileCommand({ RoleName: "app", InstanceProfileName: "web" }),
    code: "NoSuchEntity",
    status: 404,
    text: "The role with name app cannot be found in instance profile web.",
  },
  // Tags.
  {
    does: "one tag twice",
    after: [user()],
    when: new sdk.TagUserCommand({
      UserName: "ann",
      Tags: [
        { Key: "a", Value: "1" },
        { Key: "A", Value: "2" },
      ],
    }),
    code: "InvalidInput",
    status: 400,
    text: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
  },
  {
    does: "a tag's key of 129",
    after: [user()],
    when: new sdk.TagUserCommand({ UserName: "ann", Tags: [{ Key: long(129), Value: "" }] }),
    ...constraint(long(129), "tags.1.member.key", "Member must have length less than or equal to 128"),
  },
  {
    does: "a tag's value of 257",
    after: [user()],
    when: new sdk.TagUserCommand({ UserName: "ann", Tags: [{ Key: "a", Value: long(257) }] }),
    ...constraint(long(257), "tags.1.member.value", "Member must have length less than or equal to 256"),
  },
  {
    does: "a tag's key with a semicolon",
    after: [user()],
    when: new sdk.TagUserCommand({ UserName: "ann", Tags: [{ Key: "a;b", Value: "" }] }),
    ...constraint(
      "a;b",
      "tags.1.member.key",
      "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+",
    ),
  },
  {
    does: "a fifty-first tag",
    after: [user(), new sdk.TagUserCommand({ UserName: "ann", Tags: numbered(50) })],
    when: new sdk.TagUserCommand({ UserName: "ann", Tags: [{ Key: "more", Value: "" }] }),
    ...limit("The number of tags has reached the maximum limit."),
  },
  // Pages.
  {
    does: "a page of none",
    when: new sdk.ListUsersCommand({ MaxItems: 0 }),
    ...constraint(0, "maxItems", "Member must have value greater than or equal to 1"),
  },
  {
    does: "a page of 1,001",
    when: new sdk.ListRolesCommand({ MaxItems: 1001 }),
    ...constraint(1001, "maxItems", "Member must have value less than or equal to 1000"),
  },
  { does: "a marker of nobody", when: new sdk.ListUsersCommand({ Marker: "nil" }), ...invalid("Invalid Marker.") },
  {
    does: "a path prefix",
    when: new sdk.ListUsersCommand({ PathPrefix: "a" }),
    ...constraint("a", "pathPrefix", "Member must satisfy regular expression pattern: \\u002F[\\u0021-\\u007F]*"),
  },
  {
    does: "a known operation that is not served",
    when: new sdk.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: "phone" }),
    code: "UnsupportedOperation",
    status: 400,
    text: "The operation CreateVirtualMFADevice is known but not served by Underpass",
  },
];

function version(account: string): Command {
  return new sdk.CreatePolicyVersionCommand({ PolicyArn: policy("all")(account), PolicyDocument: allowAll });
}

/** A policy of so many characters. */
function sized(size: number): string {
  const empty = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:","Resource":"*"}}';
  return empty.replace("s3:", `s3:${long(size - empty.length)}`);
}

function numbered(count: number): sdk.Tag[] {
  return Array.from({ length: count }, (_, at) => ({ Key: `k${at}`, Value: String(at) }));
}

describe("refusals", () => {
  test.each(refusals)("$does", check);
});

describe("lives", () => {
  test("a user: made, read, renamed, tagged, listed, deleted", async () => {
    const { iam, account } = freshAccount();
    const made = await iam.send(
      new sdk.CreateUserCommand({ UserName: "ann", Path: "/staff/", Tags: [{ Key: "Team", Value: "net" }] }),
    );
    expect(made.User).toEqual({
      Path: "/staff/",
      UserName: "ann",
      UserId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/u),
      Arn: `arn:aws:iam::${account}:user/staff/ann`,
      CreateDate: expect.any(Date),
      Tags: [{ Key: "Team", Value: "net" }],
    });
    await iam.send(
      new sdk.TagUserCommand({
        UserName: "ann",
        Tags: [
          { Key: "team", Value: "vpc" },
          { Key: "b", Value: "" },
        ],
      }),
    );
    await iam.send(new sdk.UpdateUserCommand({ UserName: "ann", NewUserName: "Anna", NewPath: "/" }));
    const got = await iam.send(new sdk.GetUserCommand({ UserName: "anna" }));
    expect(got.User).toEqual({
      ...made.User,
      Path: "/",
      UserName: "Anna",
      Arn: `arn:aws:iam::${account}:user/Anna`,
      Tags: [
        { Key: "team", Value: "vpc" },
        { Key: "b", Value: "" },
      ],
    });
    await iam.send(new sdk.UntagUserCommand({ UserName: "Anna", TagKeys: ["TEAM", "nil"] }));
    expect((await iam.send(new sdk.ListUserTagsCommand({ UserName: "Anna" }))).Tags).toEqual([{ Key: "b", Value: "" }]);
    expect((await iam.send(new sdk.ListUsersCommand({}))).Users).toEqual([
      { ...made.User, Path: "/", UserName: "Anna", Arn: `arn:aws:iam::${account}:user/Anna`, Tags: undefined },
    ]);
    await iam.send(new sdk.DeleteUserCommand({ UserName: "Anna" }));
    expect((await iam.send(new sdk.ListUsersCommand({}))).Users).toEqual([]);
  });

  test("an access key: its secret is told once, and it works until it is inactive", async () => {
    const { iam, account } = freshAccount();
    await iam.send(user());
    const made = await iam.send(new sdk.CreateAccessKeyCommand({ UserName: "ann" }));
    const key = made.AccessKey!;
    expect(key).toEqual({
      UserName: "ann",
      AccessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/u),
      Status: "Active",
      SecretAccessKey: expect.stringMatching(/^[A-Za-z0-9+/]{40}$/u),
      CreateDate: expect.any(Date),
    });
    await iam.send(new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "p", PolicyDocument: allowAll }));
    const own = region.iam({ accessKeyId: key.AccessKeyId!, secretAccessKey: key.SecretAccessKey! });
    // Without a name the caller is meant.
    expect((await own.send(new sdk.GetUserCommand({}))).User?.Arn).toBe(`arn:aws:iam::${account}:user/ann`);
    expect((await own.send(new sdk.ListAccessKeysCommand({}))).AccessKeyMetadata).toEqual([
      { UserName: "ann", AccessKeyId: key.AccessKeyId, Status: "Active", CreateDate: expect.any(Date) },
    ]);
    await own.send(new sdk.UpdateAccessKeyCommand({ AccessKeyId: key.AccessKeyId, Status: "Inactive" }));
    await expect(own.send(new sdk.GetUserCommand({}))).rejects.toThrow(
      "The security token included in the request is invalid.",
    );
    await iam.send(new sdk.DeleteAccessKeyCommand({ UserName: "ann", AccessKeyId: key.AccessKeyId }));
    expect((await iam.send(new sdk.ListAccessKeysCommand({ UserName: "ann" }))).AccessKeyMetadata).toEqual([]);
  });

  test("the root user is who asks without a name", async () => {
    const { iam, account } = freshAccount();
    const { User: root } = await iam.send(new sdk.GetUserCommand({}));
    expect(root).toMatchObject({ UserId: account, Arn: `arn:aws:iam::${account}:root` });
  });

  test("a group: members, policies, rename", async () => {
    const { iam, account } = freshAccount();
    for (const step of [user("bea"), user("ann"), group()]) await iam.send(step as sdk.CreateUserCommand);
    for (const UserName of ["bea", "ann", "ann"]) {
      await iam.send(new sdk.AddUserToGroupCommand({ UserName, GroupName: "dev" }));
    }
    await iam.send(new sdk.UpdateGroupCommand({ GroupName: "dev", NewGroupName: "ops", NewPath: "/x/" }));
    const got = await iam.send(new sdk.GetGroupCommand({ GroupName: "ops" }));
    expect(got.Group).toEqual({
      Path: "/x/",
      GroupName: "ops",
      GroupId: expect.stringMatching(/^AGPA[A-Z2-7]{17}$/u),
      Arn: `arn:aws:iam::${account}:group/x/ops`,
      CreateDate: expect.any(Date),
    });
    expect(got.Users?.map((one) => one.UserName)).toEqual(["ann", "bea"]);
    expect((await iam.send(new sdk.ListGroupsForUserCommand({ UserName: "ann" }))).Groups).toEqual([got.Group]);
    await iam.send(new sdk.RemoveUserFromGroupCommand({ UserName: "ann", GroupName: "ops" }));
    await iam.send(new sdk.RemoveUserFromGroupCommand({ UserName: "bea", GroupName: "ops" }));
    await iam.send(new sdk.DeleteGroupCommand({ GroupName: "ops" }));
    expect((await iam.send(new sdk.ListGroupsCommand({}))).Groups).toEqual([]);
  });

  test("a role: its trust policy comes back percent-encoded, to the letter", async () => {
    const { iam, account } = freshAccount();
    const document = trusting({ AWS: account }, { Condition: { StringLike: { "sts:ExternalId": "it's (a) *!" } } });
    const made = await iam.send(
      new sdk.CreateRoleCommand({ RoleName: "app", Description: "d", AssumeRolePolicyDocument: document, Path: "/s/" }),
    );
    expect(made.Role).toEqual({
      Path: "/s/",
      RoleName: "app",
      RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/u),
      Arn: `arn:aws:iam::${account}:role/s/app`,
      CreateDate: expect.any(Date),
      AssumeRolePolicyDocument: expect.not.stringMatching(/[^A-Za-z0-9._~%-]/u),
      Description: "d",
      MaxSessionDuration: 3600,
    });
    expect(decodeURIComponent(made.Role!.AssumeRolePolicyDocument!)).toBe(document);
    await iam.send(new sdk.UpdateRoleCommand({ RoleName: "app", MaxSessionDuration: 7200 }));
    await iam.send(new sdk.UpdateRoleDescriptionCommand({ RoleName: "app", Description: "e" }));
    await iam.send(new sdk.TagRoleCommand({ RoleName: "app", Tags: [{ Key: "a", Value: "1" }] }));
    const got = await iam.send(new sdk.GetRoleCommand({ RoleName: "app" }));
    expect(got.Role).toEqual({
      ...made.Role,
      Description: "e",
      MaxSessionDuration: 7200,
      Tags: [{ Key: "a", Value: "1" }],
      RoleLastUsed: {},
    });
    expect((await iam.send(new sdk.ListRolesCommand({ PathPrefix: "/s" }))).Roles).toEqual([
      { ...got.Role, Tags: undefined, RoleLastUsed: undefined },
    ]);
    expect((await iam.send(new sdk.ListRolesCommand({ PathPrefix: "/t" }))).Roles).toEqual([]);
    await iam.send(new sdk.DeleteRoleCommand({ RoleName: "app" }));
  });

  test("a trusted user who was deleted and made again shows as the id he had", async () => {
    const { iam, account } = freshAccount();
    const first = await iam.send(user());
    const arn = `arn:aws:iam::${account}:user/ann`;
    await iam.send(
      new sdk.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: trusting({ AWS: [arn, account] }) }),
    );
    const shown = async (): Promise<unknown> => {
      const got = await iam.send(new sdk.GetRoleCommand({ RoleName: "app" }));
      return JSON.parse(decodeURIComponent(got.Role!.AssumeRolePolicyDocument!)).Statement[0].Principal;
    };
    expect(await shown()).toEqual({ AWS: [arn, account] });
    await iam.send(new sdk.DeleteUserCommand({ UserName: "ann" }));
    await iam.send(user());
    expect(await shown()).toEqual({ AWS: [first.User!.UserId, account] });
  });

  test.each(["User", "Role", "Group"] as const)("policies of a %s", async (word) => {
    const { iam, account } = freshAccount();
    await iam.send({ User: user(), Role: role(), Group: group() }[word] as sdk.CreateUserCommand);
    const name = { User: "ann", Role: "app", Group: "dev" }[word];
    const named = { [`${word}Name`]: name };
    const many = `${word}Policies` as const;
    const send = (operation: string, more: object = {}): Promise<Record<string, unknown>> => {
      const Command = (sdk as unknown as Record<string, new (input: object) => sdk.GetUserCommand>)[
        `${operation}Command`
      ]!;
      return iam.send(new Command({ ...named, ...more })) as unknown as Promise<Record<string, unknown>>;
    };
    await iam.send(managed());
    const arn = policy("all")(account);
    await send(`Put${word}Policy`, { PolicyName: "p2", PolicyDocument: "{ }".replace("{ }", allowAll) });
    await send(`Put${word}Policy`, { PolicyName: "p1", PolicyDocument: sized(100) });
    await send(`Put${word}Policy`, { PolicyName: "p1", PolicyDocument: allowAll });
    expect(await send(`List${many}`)).toMatchObject({ PolicyNames: ["p1", "p2"], IsTruncated: false });
    const got = await send(`Get${word}Policy`, { PolicyName: "p1" });
    expect(got).toMatchObject({ ...named, PolicyName: "p1" });
    expect(decodeURIComponent(String(got["PolicyDocument"]))).toBe(allowAll);
    await send(`Delete${word}Policy`, { PolicyName: "p1" });
    expect(await send(`List${many}`)).toMatchObject({ PolicyNames: ["p2"] });
    await send(`Attach${word}Policy`, { PolicyArn: arn });
    await send(`Attach${word}Policy`, { PolicyArn: arn });
    await send(`Attach${word}Policy`, { PolicyArn: readOnly });
    expect(await send(`ListAttached${many}`)).toMatchObject({
      AttachedPolicies: [
        { PolicyName: "all", PolicyArn: arn },
        { PolicyName: "ReadOnlyAccess", PolicyArn: readOnly },
      ],
    });
    const entities = await iam.send(new sdk.ListEntitiesForPolicyCommand({ PolicyArn: arn }));
    expect(entities[`Policy${word}s`]).toEqual([{ ...named, [`${word}Id`]: expect.any(String) }]);
    expect((await iam.send(new sdk.GetPolicyCommand({ PolicyArn: readOnly }))).Policy?.AttachmentCount).toBe(1);
    await send(`Detach${word}Policy`, { PolicyArn: arn });
    await iam.send(new sdk.DeletePolicyCommand({ PolicyArn: arn }));
    expect(await send(`ListAttached${many}`)).toMatchObject({ AttachedPolicies: [{ PolicyArn: readOnly }] });
  });

  test("a managed policy: versions are numbered on, one is the default", async () => {
    const { iam, account } = freshAccount();
    const made = await iam.send(
      new sdk.CreatePolicyCommand({
        PolicyName: "all",
        Path: "/a/b/",
        Description: "d",
        PolicyDocument: allowAll,
        Tags: [{ Key: "k", Value: "v" }],
      }),
    );
    const PolicyArn = `arn:aws:iam::${account}:policy/a/b/all`;
    expect(made.Policy).toMatchObject({
      PolicyName: "all",
      PolicyId: expect.stringMatching(/^ANPA[A-Z2-7]{17}$/u),
      Arn: PolicyArn,
      Path: "/a/b/",
      DefaultVersionId: "v1",
      AttachmentCount: 0,
      PermissionsBoundaryUsageCount: 0,
      IsAttachable: true,
    });
    const make = (SetAsDefault: boolean): Promise<sdk.CreatePolicyVersionCommandOutput> =>
      iam.send(new sdk.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: sized(200), SetAsDefault }));
    expect((await make(false)).PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: false });
    await iam.send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect((await make(true)).PolicyVersion).toMatchObject({ VersionId: "v3", IsDefaultVersion: true });
    const versions = await iam.send(new sdk.ListPolicyVersionsCommand({ PolicyArn }));
    expect(versions.Versions?.map((one) => [one.VersionId, one.IsDefaultVersion])).toEqual([
      ["v3", true],
      ["v1", false],
    ]);
    await iam.send(new sdk.SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    const got = await iam.send(new sdk.GetPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
    expect(decodeURIComponent(got.PolicyVersion!.Document!)).toBe(allowAll);
    expect((await iam.send(new sdk.GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
      DefaultVersionId: "v1",
      Description: "d",
      Tags: [{ Key: "k", Value: "v" }],
    });
    await iam.send(new sdk.UntagPolicyCommand({ PolicyArn, TagKeys: ["k"] }));
    expect((await iam.send(new sdk.ListPolicyTagsCommand({ PolicyArn }))).Tags).toEqual([]);
    await iam.send(new sdk.DeletePolicyVersionCommand({ PolicyArn, VersionId: "v3" }));
    await iam.send(new sdk.DeletePolicyCommand({ PolicyArn }));
  });

  test("lists of policies: the scope, the use and AWS's own", async () => {
    const { iam, account } = freshAccount();
    await iam.send(managed("mine"));
    await iam.send(managed("limit"));
    await iam.send(new sdk.CreateUserCommand({ UserName: "ann", PermissionsBoundary: policy("limit")(account) }));
    await iam.send(new sdk.AttachUserPolicyCommand({ UserName: "ann", PolicyArn: readOnly }));
    const names = async (input: sdk.ListPoliciesCommandInput): Promise<unknown> =>
      (await iam.send(new sdk.ListPoliciesCommand(input))).Policies?.map((one) => one.PolicyName);
    expect(await names({ Scope: "Local" })).toEqual(["limit", "mine"]);
    expect(await names({ Scope: "AWS" })).toContain("AdministratorAccess");
    expect(await names({ Scope: "AWS" })).not.toContain("mine");
    expect(await names({})).toEqual(expect.arrayContaining(["AdministratorAccess", "limit", "mine"]));
    expect(await names({ OnlyAttached: true })).toEqual(["limit", "ReadOnlyAccess"]);
    expect(await names({ PolicyUsageFilter: "PermissionsBoundary" })).toEqual(["limit"]);
    expect(await names({ PolicyUsageFilter: "PermissionsPolicy" })).toEqual(["ReadOnlyAccess"]);
    expect((await iam.send(new sdk.GetPolicyCommand({ PolicyArn: policy("limit")(account) }))).Policy).toMatchObject({
      AttachmentCount: 0,
      PermissionsBoundaryUsageCount: 1,
    });
    const aws = await iam.send(new sdk.GetPolicyVersionCommand({ PolicyArn: readOnly, VersionId: "v1" }));
    expect(JSON.parse(decodeURIComponent(aws.PolicyVersion!.Document!))).toHaveProperty("Statement");
  });

  test("a boundary is set, shown and taken away", async () => {
    const { iam } = freshAccount();
    await iam.send(user());
    await iam.send(new sdk.PutUserPermissionsBoundaryCommand({ UserName: "ann", PermissionsBoundary: readOnly }));
    expect((await iam.send(new sdk.GetUserCommand({ UserName: "ann" }))).User?.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: "Policy",
      PermissionsBoundaryArn: readOnly,
    });
    await iam.send(new sdk.DeleteUserPermissionsBoundaryCommand({ UserName: "ann" }));
    expect((await iam.send(new sdk.GetUserCommand({ UserName: "ann" }))).User?.PermissionsBoundary).toBeUndefined();
  });

  test("an instance profile holds a role", async () => {
    const { iam, account } = freshAccount();
    await iam.send(role());
    const made = await iam.send(profile());
    expect(made.InstanceProfile).toEqual({
      Path: "/",
      InstanceProfileName: "web",
      InstanceProfileId: expect.stringMatching(/^AIPA[A-Z2-7]{17}$/u),
      Arn: `arn:aws:iam::${account}:instance-profile/web`,
      CreateDate: expect.any(Date),
      Roles: [],
    });
    const pair = { RoleName: "app", InstanceProfileName: "web" };
    await iam.send(new sdk.AddRoleToInstanceProfileCommand(pair));
    const got = await iam.send(new sdk.GetInstanceProfileCommand({ InstanceProfileName: "web" }));
    expect(got.InstanceProfile?.Roles?.map((one) => one.Arn)).toEqual([`arn:aws:iam::${account}:role/app`]);
    const ofRole = await iam.send(new sdk.ListInstanceProfilesForRoleCommand({ RoleName: "app" }));
    expect(ofRole.InstanceProfiles?.map((one) => one.InstanceProfileName)).toEqual(["web"]);
    await iam.send(new sdk.TagInstanceProfileCommand({ InstanceProfileName: "web", Tags: [{ Key: "a", Value: "b" }] }));
    expect((await iam.send(new sdk.ListInstanceProfileTagsCommand({ InstanceProfileName: "web" }))).Tags).toEqual([
      { Key: "a", Value: "b" },
    ]);
    await iam.send(new sdk.RemoveRoleFromInstanceProfileCommand(pair));
    await iam.send(new sdk.DeleteInstanceProfileCommand({ InstanceProfileName: "web" }));
    expect((await iam.send(new sdk.ListInstanceProfilesCommand({}))).InstanceProfiles).toEqual([]);
  });

  test("the account's summary counts", async () => {
    const { iam } = freshAccount();
    for (const step of [user("a"), user("b"), role(), group(), managed(), profile()]) {
      await iam.send(step as sdk.CreateUserCommand);
    }
    expect((await iam.send(new sdk.GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Users: 2,
      Roles: 1,
      Groups: 1,
      Policies: 1,
      PolicyVersionsInUse: 1,
      InstanceProfiles: 1,
      AccessKeysPerUserQuota: 2,
    });
  });

  test("pages: each user once, whatever the size of the page", async () => {
    const { iam } = freshAccount();
    const names = Array.from({ length: 7 }, (_, at) => `u${at}`);
    for (const name of names) await iam.send(user(name));
    for (const pageSize of [1, 2, 3, 7, 100]) {
      const seen: unknown[] = [];
      for await (const one of sdk.paginateListUsers({ client: iam, pageSize }, {})) {
        expect(one.Users!.length).toBeLessThanOrEqual(pageSize);
        seen.push(...one.Users!.map((shown) => shown.UserName));
      }
      expect(seen).toEqual(names);
    }
  });

  test("what is in one account is not in another", async () => {
    const [one, other] = [freshAccount(), freshAccount()];
    await one.iam.send(user());
    await other.iam.send(user());
    await one.iam.send(new sdk.DeleteUserCommand({ UserName: "ann" }));
    expect((await other.iam.send(new sdk.ListUsersCommand({}))).Users).toHaveLength(1);
  });
});
