/** The private name of an endpoint service, and the proof that its owner has the domain. Source: AWS PrivateLink guide, "Manage DNS names". */

import { ok, type Result } from "../base/result.ts";
import type { VpcEndpointService } from "./endpoint-service.ts";
import { type ApiError, fail } from "./error.ts";
import { lookup } from "./lookup.ts";
import { put, type State } from "./state.ts";
import { accept, type Context, type Outcome } from "./verb.ts";

export interface PrivateDnsOfService {
  readonly name: string;
  readonly state: "pendingVerification" | "verified" | "failed";
  /** The TXT record that the owner is to set: `_…` under the domain, `vpce:…`. */
  readonly recordName: string;
  readonly recordValue: string;
}

/** A name that is still to be verified; fails with InvalidParameter for what is no host name. */
export function newPrivateDns(
  kind: VpcEndpointService["kind"],
  name: string,
  context: Context,
): Result<PrivateDnsOfService, ApiError> {
  if (kind !== "Interface") {
    // ASSUMPTION: the text that refuses a private DNS name of a Gateway Load Balancer endpoint service is ours.
    // Source: "CreateVpcEndpointServiceConfiguration", PrivateDnsName: interface endpoint services only.
    return fail("InvalidParameter", {
      message: "Private DNS names are only supported for interface endpoint services.",
    });
  }
  if (name.length > 253 || !hostName.test(name)) {
    return fail("InvalidParameter", { message: `The private DNS name ${name} is not valid.` });
  }
  const [recordName, value] = [letters(context, 12), letters(context, 20)];
  return ok({ name, state: "pendingVerification", recordName: `_${recordName}`, recordValue: `vpce:${value}` });
}

/**
 * Looks for the record. ASSUMPTION: the record that proves a private DNS name is taken to be there, since no public
 * DNS of the domain can be asked: the name is verified at once.
 */
export function startPrivateDnsVerification(
  state: State,
  input: { readonly serviceId: string },
  context: Context,
): Outcome<void> {
  const found = lookup(state, "vpc-endpoint-service", input.serviceId, context);
  if (!found.ok) return found;
  const { privateDns } = found.value;
  if (privateDns === undefined) {
    return fail("InvalidParameter", { message: `The service ${input.serviceId} does not have a private DNS name.` });
  }
  if (privateDns.state === "verified") return accept(undefined, []);
  const verified: VpcEndpointService = { ...found.value, privateDns: { ...privateDns, state: "verified" } };
  return accept(undefined, [put("vpc-endpoint-service", verified)]);
}

const hostName = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/i;

function letters(context: Context, count: number): string {
  return BigInt(`0x${context.hex(count * 2)}`)
    .toString(36)
    .padStart(count, "0")
    .slice(-count);
}
