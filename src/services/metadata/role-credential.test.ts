import { expect, test } from "vitest";
import { regionBuilder, seededHex } from "../../../test/region-builder.ts";
import { addRoleToInstanceProfile, createInstanceProfile } from "../../model/instance-profile.ts";
import { associateIamInstanceProfile } from "../../model/instance-profile-association.ts";
import { memoryControl } from "../../model/memory-control.ts";
import { createRole } from "../../model/role.ts";
import { find } from "../../model/state.ts";
import { roleCredentials } from "./role-credential.ts";

const hourMs = 3_600_000;
const startMs = 1_700_000_000_000;

/** An instance with a profile whose role trusts a service. */
function instanceTrustedBy(service: string) {
  const build = regionBuilder();
  const instance = build.instance(build.subnet(build.vpc("10.0.0.0/16"), "10.0.1.0/24"));
  const assumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
  build.run(createRole, {
    name: "web",
    path: "/",
    assumeRolePolicyDocument,
    maxSessionDurationSeconds: 3600,
    tags: [],
  });
  build.run(createInstanceProfile, { name: "profile", path: "/", tags: [] });
  build.run(addRoleToInstanceProfile, { profileName: "profile", roleName: "web" });
  build.run(associateIamInstanceProfile, { instanceId: instance.id, profile: { name: "profile" } });
  let nowMs = startMs;
  const control = memoryControl({ nowMs: () => nowMs, hex: seededHex(2), state: build.state() });
  const ask = async (delivery: "1.0" | "2.0" = "2.0"): Promise<Record<string, string>> => {
    const found = find(control.state(), "instance", instance.id)!;
    const text = await roleCredentials({ control, nowMs: () => nowMs }, found, delivery);
    return JSON.parse(text ?? "{}") as Record<string, string>;
  };
  return { ask, control, at: (ms: number): void => void (nowMs = ms), instance };
}

test("credentials last six hours and are renewed an hour before", async () => {
  const { ask, at, control, instance } = instanceTrustedBy("ec2.amazonaws.com");
  const first = await ask();
  expect(first).toMatchObject({
    Code: "Success",
    AccessKeyId: expect.stringMatching(/^ASIA/),
    Expiration: new Date(startMs + 6 * hourMs).toISOString().replace(".000", ""),
  });
  expect(find(control.state(), "session", first["AccessKeyId"]!)?.instance).toEqual({
    instanceId: instance.id,
    instanceArn: `arn:aws:ec2:us-east-1:000000000000:instance/${instance.id}`,
    vpcId: expect.stringMatching(/^vpc-/),
    privateIp: instance.ip,
    roleDelivery: "2.0",
  });
  at(startMs + 5 * hourMs - 1);
  expect(await ask()).toEqual(first);
  at(startMs + 5 * hourMs);
  const second = await ask();
  expect(second["AccessKeyId"]).not.toBe(first["AccessKeyId"]);
  // Both are valid until they end.
  expect(find(control.state(), "session", first["AccessKeyId"]!)?.expiresAtMs).toBe(startMs + 6 * hourMs);
});

test("each version of the service has credentials of its own", async () => {
  const { ask } = instanceTrustedBy("ec2.amazonaws.com");
  expect((await ask("1.0"))["AccessKeyId"]).not.toBe((await ask("2.0"))["AccessKeyId"]);
});

test("a role that does not trust EC2 gives none", async () => {
  const { ask } = instanceTrustedBy("lambda.amazonaws.com");
  expect(await ask()).toMatchObject({
    Code: "AssumeRoleUnauthorizedAccess",
    Message: expect.stringContaining("EC2 cannot assume the role web."),
  });
});
