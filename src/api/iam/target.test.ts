/** What calls ask for: through HTTP, with users who may do one thing only. */

import * as sdk from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "vitest";
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

interface Command {
  readonly resolveMiddleware: unknown;
}

const allowAll = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';
const trust =
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}';
const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

interface Case {
  readonly does: string;
  /** What the user may do; `ACCOUNT` stands for the account. */
  readonly may: object | readonly object[];
  readonly allowed: Command;
  /** Refused with a text that begins with `is not authorized to perform: ` and this. */
  readonly denied: readonly (readonly [Command, string])[];
}

const cases: readonly Case[] = [
  {
    does: "a user under a path",
    may: { Action: "iam:CreateUser", Resource: "arn:aws:iam::ACCOUNT:user/staff/*" },
    allowed: new sdk.CreateUserCommand({ UserName: "new", Path: "/staff/" }),
    denied: [
      [new sdk.CreateUserCommand({ UserName: "new" }), "iam:CreateUser on resource: arn:aws:iam::ACCOUNT:user/new"],
    ],
  },
  {
    does: "an existing user under his own path, whatever the case of the name",
    may: { Action: "iam:GetUser", Resource: "arn:aws:iam::ACCOUNT:user/ops/bea" },
    allowed: new sdk.GetUserCommand({ UserName: "BEA" }),
    denied: [[new sdk.GetUserCommand({ UserName: "ann" }), "iam:GetUser on resource: arn:aws:iam::ACCOUNT:user/ann"]],
  },
  {
    does: "himself, unnamed",
    may: { Action: "iam:CreateAccessKey", Resource: "arn:aws:iam::ACCOUNT:user/${aws:username}" },
    allowed: new sdk.CreateAccessKeyCommand({}),
    denied: [
      [
        new sdk.CreateAccessKeyCommand({ UserName: "bea" }),
        "iam:CreateAccessKey on resource: arn:aws:iam::ACCOUNT:user/ops/bea",
      ],
    ],
  },
  {
    does: "lists under a path",
    may: { Action: "iam:List*", Resource: ["arn:aws:iam::ACCOUNT:user/staff/*", "arn:aws:iam::ACCOUNT:role/"] },
    allowed: new sdk.ListUsersCommand({ PathPrefix: "/staff/" }),
    denied: [
      [new sdk.ListUsersCommand({}), "iam:ListUsers on resource: arn:aws:iam::ACCOUNT:user/"],
      [new sdk.ListGroupsCommand({}), "iam:ListGroups on resource: arn:aws:iam::ACCOUNT:group/"],
      [new sdk.ListPoliciesCommand({}), "iam:ListPolicies on resource: *"],
    ],
  },
  {
    does: "attaching one policy only",
    may: { Action: "iam:AttachUserPolicy", Resource: "*", Condition: { ArnEquals: { "iam:PolicyARN": readOnly } } },
    allowed: new sdk.AttachUserPolicyCommand({ UserName: "bea", PolicyArn: readOnly }),
    denied: [
      [
        new sdk.AttachUserPolicyCommand({ UserName: "bea", PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess" }),
        "iam:AttachUserPolicy on resource: arn:aws:iam::ACCOUNT:user/ops/bea",
      ],
    ],
  },
  {
    does: "new roles only within a boundary",
    may: {
      Action: "iam:CreateRole",
      Resource: "*",
      Condition: { StringEquals: { "iam:PermissionsBoundary": readOnly } },
    },
    allowed: new sdk.CreateRoleCommand({
      RoleName: "r",
      AssumeRolePolicyDocument: trust,
      PermissionsBoundary: readOnly,
    }),
    denied: [
      [
        new sdk.CreateRoleCommand({ RoleName: "s", AssumeRolePolicyDocument: trust }),
        "iam:CreateRole on resource: arn:aws:iam::ACCOUNT:role/s",
      ],
    ],
  },
  {
    does: "policies of users who have a boundary",
    may: {
      Action: "iam:PutUserPolicy",
      Resource: "*",
      Condition: { StringEquals: { "iam:PermissionsBoundary": readOnly } },
    },
    allowed: new sdk.PutUserPolicyCommand({ UserName: "bound", PolicyName: "p", PolicyDocument: allowAll }),
    denied: [
      [
        new sdk.PutUserPolicyCommand({ UserName: "bea", PolicyName: "p", PolicyDocument: allowAll }),
        "iam:PutUserPolicy on resource: arn:aws:iam::ACCOUNT:user/ops/bea",
      ],
    ],
  },
  {
    does: "tags that are asked for",
    may: {
      Action: "iam:TagUser",
      Resource: "*",
      Condition: {
        StringEquals: { "aws:RequestTag/team": "net" },
        "ForAllValues:StringEquals": { "aws:TagKeys": "team" },
      },
    },
    allowed: new sdk.TagUserCommand({ UserName: "bea", Tags: [{ Key: "team", Value: "net" }] }),
    denied: [
      [
        new sdk.TagUserCommand({
          UserName: "bea",
          Tags: [
            { Key: "team", Value: "net" },
            { Key: "x", Value: "" },
          ],
        }),
        "iam:TagUser on resource: arn:aws:iam::ACCOUNT:user/ops/bea",
      ],
      [
        new sdk.UntagUserCommand({ UserName: "bea", TagKeys: ["team"] }),
        "iam:UntagUser on resource: arn:aws:iam::ACCOUNT:user/ops/bea",
      ],
    ],
  },
  {
    does: "users with a tag",
    may: { Action: "iam:DeleteUser", Resource: "*", Condition: { StringEquals: { "iam:ResourceTag/kind": "temp" } } },
    allowed: new sdk.DeleteUserCommand({ UserName: "temp" }),
    denied: [
      [new sdk.DeleteUserCommand({ UserName: "bea" }), "iam:DeleteUser on resource: arn:aws:iam::ACCOUNT:user/ops/bea"],
    ],
  },
  {
    does: "a role into a profile, with the right to pass it",
    may: [
      { Action: "iam:AddRoleToInstanceProfile", Resource: "arn:aws:iam::ACCOUNT:instance-profile/web" },
      { Action: "iam:PassRole", Resource: "arn:aws:iam::ACCOUNT:role/app" },
    ],
    allowed: new sdk.AddRoleToInstanceProfileCommand({ InstanceProfileName: "web", RoleName: "app" }),
    denied: [
      [
        new sdk.AddRoleToInstanceProfileCommand({ InstanceProfileName: "web", RoleName: "job" }),
        "iam:PassRole on resource: arn:aws:iam::ACCOUNT:role/job",
      ],
    ],
  },
  {
    does: "a group's members",
    may: { Action: "iam:*UserToGroup", Resource: "arn:aws:iam::ACCOUNT:group/dev" },
    allowed: new sdk.AddUserToGroupCommand({ GroupName: "dev", UserName: "bea" }),
    denied: [
      [
        new sdk.RemoveUserFromGroupCommand({ GroupName: "dev", UserName: "bea" }),
        "iam:RemoveUserFromGroup on resource: arn:aws:iam::ACCOUNT:group/dev",
      ],
    ],
  },
  {
    does: "a managed policy by its ARN",
    may: { Action: ["iam:CreatePolicy", "iam:GetPolicy"], Resource: "arn:aws:iam::ACCOUNT:policy/team/*" },
    allowed: new sdk.CreatePolicyCommand({ PolicyName: "p", Path: "/team/", PolicyDocument: allowAll }),
    denied: [
      [
        new sdk.CreatePolicyCommand({ PolicyName: "p", PolicyDocument: allowAll }),
        "iam:CreatePolicy on resource: arn:aws:iam::ACCOUNT:policy/p",
      ],
      [new sdk.GetPolicyCommand({ PolicyArn: readOnly }), `iam:GetPolicy on resource: ${readOnly}`],
    ],
  },
];

async function check(one: Case): Promise<void> {
  accounts += 1;
  const account = String(300_000_000_000 + accounts);
  const filled = (text: string): string => text.replaceAll("ACCOUNT", account);
  const root = region.iam(account);
  const bound = { UserName: "bound", PermissionsBoundary: readOnly };
  const temp = { UserName: "temp", Tags: [{ Key: "kind", Value: "temp" }] };
  await root.send(new sdk.CreateUserCommand({ UserName: "ann" }));
  await root.send(new sdk.CreateUserCommand({ UserName: "bea", Path: "/ops/" }));
  await root.send(new sdk.CreateUserCommand(bound));
  await root.send(new sdk.CreateUserCommand(temp));
  await root.send(new sdk.CreateGroupCommand({ GroupName: "dev" }));
  await root.send(new sdk.CreateRoleCommand({ RoleName: "app", AssumeRolePolicyDocument: trust }));
  await root.send(new sdk.CreateRoleCommand({ RoleName: "job", AssumeRolePolicyDocument: trust }));
  await root.send(new sdk.CreateInstanceProfileCommand({ InstanceProfileName: "web" }));
  const statements = [one.may].flat().map((statement) => ({ Effect: "Allow", ...statement }));
  const document = filled(JSON.stringify({ Version: "2012-10-17", Statement: statements }));
  await root.send(new sdk.PutUserPolicyCommand({ UserName: "ann", PolicyName: "may", PolicyDocument: document }));
  const made = await root.send(new sdk.CreateAccessKeyCommand({ UserName: "ann" }));
  const { AccessKeyId, SecretAccessKey } = made.AccessKey!;
  const ann = region.iam({ accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey! });
  const before = region.control.state().revision;
  for (const [command, text] of one.denied) {
    await expect(ann.send(command as sdk.GetUserCommand)).rejects.toMatchObject({
      name: "AccessDenied",
      message: filled(
        `User: arn:aws:iam::ACCOUNT:user/ann is not authorized to perform: ${text} because no identity-based policy allows the ${text.split(" ")[0]} action`,
      ),
    });
  }
  expect(region.control.state().revision).toBe(before);
  await ann.send(one.allowed as sdk.GetUserCommand);
}

test.each(cases)("$does", check);
