/** What a program needs to run inside an instance: the command that leads in, and its environment. */

import { request } from "node:http";
import { delimiter } from "node:path";
import type { InstanceEntry, Status } from "../api/underpass/server.ts";
import { ask, askStream, type ClientOptions } from "./client.ts";
import { exitStatus, Failure } from "./failure.ts";

export interface InsideOptions extends ClientOptions {
  /** Whose credentials programs get; absent for the role's where the instance has one, else the caller's. */
  readonly credentials?: "caller" | "role";
}

export interface Inside {
  readonly instanceId: string;
  /** Its Name tag. */
  readonly instanceName?: string;
  /** Stands before the program; empty where none is needed. */
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** The way into an instance, by id or Name tag. Throws a `Failure` where there is none for this user. */
export async function wayInto(instance: string, options: InsideOptions): Promise<Inside> {
  const entry = await ask<InstanceEntry>(options, `instances/${encodeURIComponent(instance)}/entry`);
  const { region } = await ask<Status>(options, "status");
  refuseOtherUser(entry);
  const { command, instanceId, instanceName, roleName } = entry;
  if (options.credentials === "role" && roleName === undefined) {
    throw new Failure(
      exitStatus.input,
      `${instanceId} has no role; \`aws ec2 associate-iam-instance-profile\` gives it an instance profile with one`,
    );
  }
  const asRole = options.credentials === undefined ? roleName !== undefined : options.credentials === "role";
  const environment = environmentOf(entry, region, asRole);
  return { instanceId, command, environment, ...(instanceName !== undefined && { instanceName }) };
}

function refuseOtherUser({ command, userId }: InstanceEntry): void {
  const own = process.getuid?.();
  if (command.length === 0 || userId === undefined || own === undefined || userId === own) return;
  throw new Failure(
    exitStatus.machine,
    `the region runs as user ${userId} and this is user ${own}; the kernel lets only the region's own user in: run this as that user`,
  );
}

/** Resolves when the region is gone, however it went. */
export async function regionEnds(options: ClientOptions): Promise<void> {
  try {
    for await (const _chunk of await askStream(options, "life"));
  } catch {
    // Broken off: that is what is waited for.
  }
}

/**
 * Resolves when the instance has ended and nobody has ended the programs inside, as the kernel does where it holds them:
 * on the userspace plane. Never elsewhere.
 */
export async function placeEnds({ command, environment }: Inside): Promise<void> {
  const proxy = environment["HTTP_PROXY"];
  if (command.length > 0 || proxy === undefined) return await new Promise(() => {});
  const { hostname, port, username, password } = new URL(proxy);
  const headers = { "Proxy-Authorization": `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
  await new Promise<void>((resolve) => {
    const life = request({ host: hostname, port, path: "/life", headers }, (response) => {
      // Broken off, it was the region that ended.
      response
        .resume()
        .once("error", () => {})
        .once("end", resolve);
    });
    life.once("error", () => {}).end();
  });
}

/** Where SDKs would find the caller's own credentials before they ask the metadata service. */
const credentialVariables = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_SECURITY_TOKEN",
  "AWS_CREDENTIAL_EXPIRATION",
  "AWS_PROFILE",
  "AWS_DEFAULT_PROFILE",
  "AWS_ROLE_ARN",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];

/** Variables that hold several values: the caller's own stand behind the entry's. */
const separators: ReadonlyMap<string, string> = new Map([
  ["PYTHONPATH", delimiter],
  ["NODE_OPTIONS", " "],
]);

/** The caller's environment without what would lead past the instance's network, and past its role's credentials. */
function environmentOf(entry: InstanceEntry, region: string, asRole: boolean): NodeJS.ProcessEnv {
  const environment: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!name.startsWith("AWS_ENDPOINT_URL")) environment[name] = value;
  }
  if (environment["AWS_REGION"] === undefined && environment["AWS_DEFAULT_REGION"] === undefined) {
    environment["AWS_DEFAULT_REGION"] = region;
    environment["AWS_REGION"] = region;
  }
  if (asRole) {
    for (const name of credentialVariables) delete environment[name];
    environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null";
    environment["AWS_CONFIG_FILE"] = "/dev/null";
  }
  for (const [name, value] of Object.entries(entry.environment)) {
    const separator = separators.get(name);
    const own = environment[name];
    if (value === null) delete environment[name];
    else environment[name] = separator === undefined || !own ? value : `${value}${separator}${own}`;
  }
  return environment;
}
