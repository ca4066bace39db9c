/** DHCP option sets. Source: Amazon VPC User Guide, "DHCP option sets in Amazon VPC". */

import { type Id, makeId } from "../base/id.ts";
import { parseIp } from "../base/ip.ts";
import { ok, type Result } from "../base/result.ts";
import {
  amazonDns,
  type DhcpConfiguration,
  type DhcpOptions,
  defaultDhcpOptions,
  defaultDhcpOptionsId,
} from "./default-dhcp-options.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import type { Tags } from "./resource.ts";
import { findBy, ownerKey, put, remove, type State } from "./state.ts";
import { checkTags } from "./tag.ts";
import { accept, type Context, type Outcome } from "./verb.ts";
import type { Vpc } from "./vpc.ts";

/** The id of a VPC's set, the default one's included. */
export function dhcpOptionsIdOf(vpc: Vpc): Id<"dopt"> {
  return vpc.dhcpOptionsId === "default" ? defaultDhcpOptionsId(vpc) : vpc.dhcpOptionsId;
}

/** The set; fails with InvalidParameterValue for an unknown option or a wrong value. */
export function createDhcpOptions(
  _state: State,
  input: { readonly configurations: readonly DhcpConfiguration[]; readonly tags: Tags },
  context: Context,
): Outcome<DhcpOptions> {
  if (input.configurations.length === 0) return fail("MissingParameter", { parameter: "dhcpConfigurationSet" });
  const seen = new Set<string>();
  for (const one of input.configurations) {
    const checked = checkConfiguration(one);
    if (!checked.ok) return checked;
    if (seen.has(one.key)) return invalid(`The option ${one.key} is specified more than once`);
    seen.add(one.key);
  }
  const tags = checkTags(input.tags);
  if (!tags.ok) return tags;
  const options: DhcpOptions = {
    id: makeId("dopt", context.hex),
    accountId: context.accountId,
    region: context.region,
    createdAtMs: context.nowMs,
    tags: tags.value,
    configurations: input.configurations,
  };
  return accept(options, [put("dhcp-options", options)]);
}

/** Fails with DependencyViolation while a VPC has the set. */
export function deleteDhcpOptions(
  state: State,
  input: { readonly dhcpOptionsId: string },
  context: Context,
): Outcome<void> {
  const isDefault = input.dhcpOptionsId === defaultDhcpOptionsId(context);
  const found = isDefault
    ? ok(defaultDhcpOptions(state, context))
    : lookup(state, "dhcp-options", input.dhcpOptionsId, context);
  if (!found.ok) return found;
  const { id } = found.value;
  const vpcs = findBy(state, "vpc", "owner", ownerKey(context.accountId, context.region));
  if (isDefault || vpcs.some((vpc) => vpc.dhcpOptionsId === id)) {
    return fail("DependencyViolation", { message: `The dhcpOptions '${id}' has dependencies and cannot be deleted.` });
  }
  return accept(undefined, [remove("dhcp-options", id)]);
}

/** Gives a VPC another set; `default` takes it back to the one of the start. */
export function associateDhcpOptions(
  state: State,
  input: { readonly dhcpOptionsId: string; readonly vpcId: string },
  context: Context,
): Outcome<void> {
  const isDefault = input.dhcpOptionsId === "default" || input.dhcpOptionsId === defaultDhcpOptionsId(context);
  const found = isDefault ? undefined : lookup(state, "dhcp-options", input.dhcpOptionsId, context);
  if (found?.ok === false) return found;
  const vpc = lookup(state, "vpc", input.vpcId, context);
  if (!vpc.ok) return vpc;
  return accept(undefined, [put("vpc", { ...vpc.value, dhcpOptionsId: found?.value.id ?? "default" })]);
}

/** Source: EC2 API Reference, "CreateDhcpOptions", Options. */
function checkConfiguration({ key, values }: DhcpConfiguration): Result<void, ApiError> {
  if (values.length === 0) return invalid(`No value is specified for the option ${key}`);
  const areIps = values.every((value) => parseIp(value) !== undefined);
  switch (key) {
    case "domain-name-servers":
      if (values.length > 4) return invalid("At most four domain name servers can be specified");
      return areIps || (values.length === 1 && values[0] === amazonDns) ? ok(undefined) : wrong(key, values);
    case "ntp-servers":
    case "netbios-name-servers":
      return areIps && values.length <= (key === "ntp-servers" ? 8 : 4) ? ok(undefined) : wrong(key, values);
    case "netbios-node-type":
      return values.length === 1 && /^[1248]$/.test(values[0] ?? "") ? ok(undefined) : wrong(key, values);
    case "domain-name":
      return values.every((value) => value.length > 0 && value.length <= 255) ? ok(undefined) : wrong(key, values);
    case "ipv6-address-preferred-lease-time":
      return values.length === 1 && /^\d{1,10}$/.test(values[0] ?? "") ? ok(undefined) : wrong(key, values);
    default:
      return invalid(`Value (${key}) for parameter key is invalid. Unknown DHCP option`);
  }
}

function wrong(key: string, values: readonly string[]): Result<never, ApiError> {
  return invalid(`Value (${values.join(", ")}) for parameter ${key} is invalid.`);
}

function invalid(message: string): Result<never, ApiError> {
  return fail("InvalidParameterValue", { message });
}
