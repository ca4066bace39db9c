/**
 * The temporary credentials of an instance's role, as `iam/security-credentials/<role>` shows them.
 * Source: Amazon EC2 User Guide, "Retrieve security credentials from instance metadata"; IAM User Guide, "Troubleshoot IAM
 * and Amazon EC2": the codes of refusals.
 */

import { authorise } from "../../analyse/authorise.ts";
import { roleArn } from "../../model/iam-arn.ts";
import { instanceSession, profileOfInstance, type RoleDelivery } from "../../model/instance-session.ts";
import type { Instance } from "../../model/instance.ts";
import type { Role } from "../../model/role.ts";
import type { Control } from "../../model/verb.ts";
import { jsonText, second } from "./tree.ts";

export interface RoleCredentialHost {
  readonly control: Control;
  readonly nowMs: () => number;
}

/** The document, or undefined for an instance without a role. A role that EC2 may not assume answers so in its `Code`. */
export async function roleCredentials(
  { control, nowMs }: RoleCredentialHost,
  instance: Instance,
  roleDelivery: RoleDelivery,
): Promise<string | undefined> {
  const { role } = profileOfInstance(control.state(), instance);
  if (role === undefined) return undefined;
  if (!mayAssume(control, role, { instance, nowMs: nowMs() })) {
    return jsonText({
      Code: "AssumeRoleUnauthorizedAccess",
      Message: `EC2 cannot assume the role ${role.name}. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc.`,
      LastUpdated: second(nowMs()),
    });
  }
  const input = { instanceId: instance.id, roleDelivery };
  const issued = await control.run((state, context) => instanceSession(state, input, context), instance);
  if (!issued.ok) return undefined;
  const { createdAtMs, expiresAtMs, id, secretAccessKey, sessionToken } = issued.value;
  return jsonText({
    Code: "Success",
    LastUpdated: second(createdAtMs),
    Type: "AWS-HMAC",
    AccessKeyId: id,
    SecretAccessKey: secretAccessKey,
    Token: sessionToken,
    Expiration: second(expiresAtMs),
  });
}

/** Whether the role trusts EC2. */
function mayAssume(
  control: Control,
  role: Role,
  { instance, nowMs }: { readonly instance: Instance; readonly nowMs: number },
): boolean {
  const decision = authorise(control.state(), {
    principal: { kind: "service", service: "ec2.amazonaws.com" },
    action: "sts:AssumeRole",
    resource: roleArn(role),
    resourceAccountId: role.accountId,
    // The service asks from inside AWS, by no door of the region.
    path: { kind: "host", sourceIp: "127.0.0.1" },
    region: instance.region,
    nowMs,
    secureTransport: true,
    keys: {},
  });
  return decision.allowed;
}
