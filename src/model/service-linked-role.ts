/**
 * Roles that a service of AWS's has in an account. People make and delete them, but only the service may change them.
 * Source: IAM User Guide, "Create a service-linked role", "AWS services that work with IAM".
 */

import { ok } from "../base/result.ts";
import { withDeletionTask } from "./account-setting.ts";
import { fail } from "./error.ts";
import { checked } from "./iam-constraint.ts";
import { findByName, named } from "./iam-name.ts";
import { linkedPath } from "./identity.ts";
import { createRole, type Role } from "./role.ts";
import { put, remove, type State } from "./state.ts";
import type { Context, Outcome } from "./verb.ts";

export interface NewServiceLinkedRole {
  /** `elasticloadbalancing.amazonaws.com`. */
  readonly serviceName: string;
  readonly description?: string;
  readonly customSuffix?: string;
}

/** Services whose roles are not called after the first part of their name. Source: each service's guide. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ["autoscaling.amazonaws.com", "AutoScaling"],
  ["ecs.amazonaws.com", "ECS"],
  ["eks.amazonaws.com", "AmazonEKS"],
  ["elasticache.amazonaws.com", "ElastiCache"],
  ["elasticbeanstalk.amazonaws.com", "ElasticBeanstalk"],
  ["elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing"],
  ["es.amazonaws.com", "AmazonElasticsearchService"],
  ["lex.amazonaws.com", "LexBots"],
  ["network-firewall.amazonaws.com", "NetworkFirewall"],
  ["opensearchservice.amazonaws.com", "AmazonOpenSearchService"],
  ["organizations.amazonaws.com", "Organizations"],
  ["rds.amazonaws.com", "RDS"],
  ["redshift.amazonaws.com", "Redshift"],
  ["route53resolver.amazonaws.com", "Route53Resolver"],
  ["spot.amazonaws.com", "EC2Spot"],
  ["spotfleet.amazonaws.com", "EC2SpotFleet"],
  ["ssm.amazonaws.com", "AmazonSSM"],
  ["support.amazonaws.com", "Support"],
  ["transitgateway.amazonaws.com", "VPCTransitGateway"],
  ["trustedadvisor.amazonaws.com", "TrustedAdvisor"],
  ["vpc-lattice.amazonaws.com", "VpcLattice"],
]);

/**
 * Makes the role. Failures: InvalidInput, ValidationError.
 *
 * ASSUMPTION: a service-linked role whose name we do not know is called after the first part of its service's name.
 * ASSUMPTION: the managed policies of service-linked roles are not attached, as no service here acts with them.
 */
export function createServiceLinkedRole(state: State, input: NewServiceLinkedRole, context: Context): Outcome<Role> {
  const { serviceName, description, customSuffix } = input;
  const wrong = checked([
    { parameter: "aWSServiceName", value: serviceName, min: 1, max: 128, pattern: /[\w+=,.@-]+/u },
    { parameter: "customSuffix", value: customSuffix, min: 1, max: 64, pattern: /[\w+=,.@-]+/u },
  ]);
  if (!wrong.ok) return wrong;
  const name = `AWSServiceRoleFor${shortNameOf(serviceName)}${customSuffix === undefined ? "" : `_${customSuffix}`}`;
  if (findByName(state, "role", context.accountId, name) !== undefined) {
    const message = `Service role name ${name} has been taken in this account, please try a different suffix.`;
    return fail("InvalidInput", { message });
  }
  const statement = { Action: ["sts:AssumeRole"], Effect: "Allow", Principal: { Service: [serviceName] } };
  const fresh = {
    name,
    path: `${linkedPath}${serviceName}/`,
    assumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
    maxSessionDurationSeconds: 3600,
    tags: [],
    ...(description === undefined ? {} : { description }),
  };
  return createRole(state, fresh, context);
}

/** Deletes the role at once and returns the id of the task, as AWS takes its time. Failures: NoSuchEntity, InvalidInput. */
export function deleteServiceLinkedRole(state: State, name: string, context: Context): Outcome<string> {
  const role = named(state, "role", context.accountId, name);
  if (!role.ok) return role;
  if (!role.value.path.startsWith(linkedPath)) {
    const message = `${role.value.name} is not a service-linked role and cannot be deleted with this action.`;
    return fail("InvalidInput", { message });
  }
  const hex = context.hex(32);
  const uuid = [0, 8, 12, 16, 20].map((from, at, all) => hex.slice(from, all[at + 1])).join("-");
  const taskId = `task${role.value.path}${role.value.name}/${uuid}`;
  const setting = withDeletionTask(state, taskId, context);
  return ok({ changes: [remove("role", role.value.id), put("account-setting", setting)], value: taskId });
}

function shortNameOf(serviceName: string): string {
  const known = shortNames.get(serviceName);
  if (known !== undefined) return known;
  const [first = ""] = serviceName.split(".");
  return first.slice(0, 1).toUpperCase() + first.slice(1);
}
