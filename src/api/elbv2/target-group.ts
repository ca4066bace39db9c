/** Target groups and targets on the wire. Source: Elastic Load Balancing API Reference, version 2015-12-01. */

import type {
  CreateTargetGroupInput as CreateRequest,
  CreateTargetGroupOutput,
  DeleteTargetGroupInput,
  DeregisterTargetsInput,
  DescribeTargetGroupAttributesInput,
  DescribeTargetGroupAttributesOutput,
  DescribeTargetGroupsInput,
  DescribeTargetGroupsOutput,
  DescribeTargetHealthInput,
  DescribeTargetHealthOutput,
  ModifyTargetGroupAttributesInput,
  ModifyTargetGroupAttributesOutput,
  ModifyTargetGroupInput,
  ModifyTargetGroupOutput,
  RegisterTargetsInput,
  TargetDescription,
  TargetGroup as WireTargetGroup,
  TargetHealthReasonEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import { type HealthCheckWish, targetHealthOf } from "../../model/health-check.ts";
import { findLoadBalancer } from "../../model/load-balancer.ts";
import { findBy, ownerKey, type State } from "../../model/state.ts";
import {
  createTargetGroup,
  type CreateTargetGroupInput,
  deleteTargetGroup,
  deregisterTargets,
  findTargetGroup,
  loadBalancersOf,
  modifyTargetGroup,
  modifyTargetGroupAttributes,
  registerTargets,
  type Target,
  type TargetGroup,
  targetGroupAttributeTableOf,
  type TargetProtocol,
  targetProtocols,
  type TargetWish,
} from "../../model/target-group.ts";
import { action, type Actions } from "../ec2/action.ts";
import type { Call, Handler } from "../handler.ts";
import { readAttributes, readTags, wireAttributes } from "./attribute.ts";
import { page } from "./page.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateRequest, CreateTargetGroupOutput> = async (input, call) => {
  const wanted = readCreation(input);
  if (!wanted.ok) return wanted;
  const made = await call.run((state, context) => createTargetGroup(state, wanted.value, context));
  return made.ok ? ok({ TargetGroups: [wireGroup(call.state(), made.value)] }) : made;
};

const describe: Handler<DescribeTargetGroupsInput, DescribeTargetGroupsOutput> = async (input, call) => {
  const hits = chosenGroups(input, call);
  if (!hits.ok) return hits;
  const found = page(hits.value, input);
  if (!found.ok) return found;
  const { items, NextMarker } = found.value;
  return ok({ TargetGroups: items.map((one) => wireGroup(call.state(), one)), NextMarker });
};

const modify: Handler<ModifyTargetGroupInput, ModifyTargetGroupOutput> = async (input, call) => {
  const healthCheck = readHealthCheck(input);
  if (!healthCheck.ok) return healthCheck;
  const wanted = { arn: input.TargetGroupArn ?? "", healthCheck: healthCheck.value };
  const done = await call.run((state, context) => modifyTargetGroup(state, wanted, context));
  return done.ok ? ok({ TargetGroups: [wireGroup(call.state(), done.value)] }) : done;
};

const remove: Handler<DeleteTargetGroupInput, object> = async (input, call) => {
  const wanted = { arn: input.TargetGroupArn ?? "" };
  const done = await call.run((state, context) => deleteTargetGroup(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const attributes: Handler<DescribeTargetGroupAttributesInput, DescribeTargetGroupAttributesOutput> = async (
  input,
  call,
) => {
  const found = findTargetGroup(call.state(), input.TargetGroupArn ?? "", call);
  return found.ok ? ok({ Attributes: wireOf(found.value) }) : found;
};

const modifyAttributes: Handler<ModifyTargetGroupAttributesInput, ModifyTargetGroupAttributesOutput> = async (
  input,
  call,
) => {
  const wanted = { arn: input.TargetGroupArn ?? "", attributes: readAttributes(input.Attributes) };
  const done = await call.run((state, context) => modifyTargetGroupAttributes(state, wanted, context));
  return done.ok ? ok({ Attributes: wireOf(done.value) }) : done;
};

const register: Handler<RegisterTargetsInput, object> = async (input, call) => {
  const wanted = { arn: input.TargetGroupArn ?? "", targets: readTargets(input.Targets) };
  const done = await call.run((state, context) => registerTargets(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const deregister: Handler<DeregisterTargetsInput, object> = async (input, call) => {
  const wanted = { arn: input.TargetGroupArn ?? "", targets: readTargets(input.Targets) };
  const done = await call.run((state, context) => deregisterTargets(state, wanted, context));
  return done.ok ? ok({}) : done;
};

/** Targets that the call names and that are not registered are told as such. */
const health: Handler<DescribeTargetHealthInput, DescribeTargetHealthOutput> = async (input, call) => {
  const found = findTargetGroup(call.state(), input.TargetGroupArn ?? "", call);
  if (!found.ok) return found;
  const group = found.value;
  const wishes = readTargets(input.Targets);
  const names = (wish: TargetWish, one: Target): boolean =>
    one.id === wish.id && (wish.port === undefined || wish.port === one.port);
  const shown = group.targets.filter((one) => wishes.length === 0 || wishes.some((wish) => names(wish, one)));
  const strange = wishes.filter((wish) => !group.targets.some((one) => names(wish, one)));
  return ok({
    TargetHealthDescriptions: [
      ...shown.map((target) => {
        const { state, reason, description } = targetHealthOf(call.state(), group, target);
        return {
          Target: wireTarget(target),
          HealthCheckPort: group.healthCheck.port === "traffic-port" ? String(target.port) : group.healthCheck.port,
          TargetHealth: { State: state, Reason: reason as TargetHealthReasonEnum, Description: description },
        };
      }),
      ...strange.map((wish) => ({
        Target: wireTarget({ ...wish, port: wish.port ?? group.port }),
        HealthCheckPort: String(wish.port ?? group.port),
        TargetHealth: {
          State: "unused" as const,
          Reason: "Target.NotRegistered" as const,
          Description: "Target is not registered to the target group",
        },
      })),
    ],
  });
};

function readCreation(input: CreateRequest): Result<CreateTargetGroupInput, ApiError> {
  const targetType = input.TargetType ?? "instance";
  if (targetType !== "instance" && targetType !== "ip") {
    return unserved(`with targets of the type ${String(targetType)}`);
  }
  const protocol = readProtocol(input.Protocol);
  if (!protocol.ok) return protocol;
  if (input.IpAddressType !== undefined && input.IpAddressType !== "ipv4") return unserved("for IPv6");
  if (input.Port === undefined) return fail("ValidationError", { message: "A port must be specified" });
  if (input.VpcId === undefined) return fail("ValidationError", { message: "A VPC ID must be specified" });
  const healthCheck = readHealthCheck(input);
  if (!healthCheck.ok) return healthCheck;
  return ok({
    name: input.Name ?? "",
    protocol: protocol.value,
    port: input.Port,
    vpcId: input.VpcId,
    targetType,
    healthCheck: healthCheck.value,
    tags: readTags(input.Tags),
  });
}

function readProtocol(given: string | undefined): Result<TargetProtocol, ApiError> {
  if (given === undefined) return fail("ValidationError", { message: "A protocol must be specified" });
  const protocol = targetProtocols.find((one) => one === given);
  if (protocol !== undefined) return ok(protocol);
  return ["HTTP", "HTTPS", "QUIC", "TCP_QUIC"].includes(given)
    ? unserved(`with the protocol ${given}`)
    : fail("ValidationError", { message: `The target group protocol '${given}' is not valid` });
}

function unserved(what: string): Result<never, ApiError> {
  return fail("UnsupportedOperation", { message: `Target groups ${what} are not served by Underpass` });
}

function readHealthCheck(input: CreateRequest | ModifyTargetGroupInput): Result<HealthCheckWish, ApiError> {
  const protocol = input.HealthCheckProtocol;
  if (protocol !== undefined && protocol !== "TCP" && protocol !== "HTTP" && protocol !== "HTTPS") {
    return fail("ValidationError", { message: `Health check protocol '${String(protocol)}' is not supported` });
  }
  const wish: { readonly [K in keyof HealthCheckWish]: HealthCheckWish[K] | undefined } = {
    protocol,
    port: input.HealthCheckPort,
    enabled: input.HealthCheckEnabled,
    intervalSeconds: input.HealthCheckIntervalSeconds,
    timeoutSeconds: input.HealthCheckTimeoutSeconds,
    healthyCount: input.HealthyThresholdCount,
    unhealthyCount: input.UnhealthyThresholdCount,
    path: input.HealthCheckPath,
    matcher: input.Matcher?.HttpCode,
  };
  return ok(Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined)));
}

function readTargets(targets: readonly TargetDescription[] | undefined): readonly TargetWish[] {
  return (targets ?? []).map((one) => ({
    id: one.Id ?? "",
    ...(one.Port !== undefined && { port: one.Port }),
    ...(one.AvailabilityZone !== undefined && { availabilityZone: one.AvailabilityZone }),
  }));
}

function wireTarget(target: Target): TargetDescription {
  return { Id: target.id, Port: target.port, AvailabilityZone: target.availabilityZone };
}

function chosenGroups(input: DescribeTargetGroupsInput, call: Call): Result<readonly TargetGroup[], ApiError> {
  const { TargetGroupArns: arns = [], Names: names = [], LoadBalancerArn: balancerArn } = input;
  if ([arns.length > 0, names.length > 0, balancerArn !== undefined].filter(Boolean).length > 1) {
    return fail("ValidationError", {
      message: "Only one of load balancer ARN, target group ARNs and target group names can be specified",
    });
  }
  const own = findBy(call.state(), "target-group", "owner", ownerKey(call.accountId, call.region));
  for (const arn of arns) {
    const found = findTargetGroup(call.state(), arn, call);
    if (!found.ok) return found;
  }
  if (names.some((name) => !own.some((one) => one.name === name))) {
    return fail("TargetGroupNotFound", { message: "One or more target groups not found" });
  }
  if (arns.length > 0) return ok(own.filter((one) => arns.includes(one.id)));
  if (names.length > 0) return ok(own.filter((one) => names.includes(one.name)));
  if (balancerArn === undefined) return ok(own);
  const balancer = findLoadBalancer(call.state(), balancerArn, call);
  return balancer.ok ? ok(own.filter((one) => loadBalancersOf(call.state(), one).includes(balancerArn))) : balancer;
}

function wireOf(group: TargetGroup): ReturnType<typeof wireAttributes> {
  return wireAttributes(targetGroupAttributeTableOf(group), group.attributes);
}

function wireGroup(state: State, group: TargetGroup): WireTargetGroup {
  const check = group.healthCheck;
  return {
    TargetGroupArn: group.id,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckProtocol: check.protocol,
    HealthCheckPort: check.port,
    HealthCheckEnabled: check.enabled,
    HealthCheckIntervalSeconds: check.intervalSeconds,
    HealthCheckTimeoutSeconds: check.timeoutSeconds,
    HealthyThresholdCount: check.healthyCount,
    UnhealthyThresholdCount: check.unhealthyCount,
    HealthCheckPath: check.path,
    Matcher: check.matcher === undefined ? undefined : { HttpCode: check.matcher },
    LoadBalancerArns: [...loadBalancersOf(state, group)],
    TargetType: group.targetType,
    IpAddressType: "ipv4",
  };
}

const on =
  (name: string) =>
  (input: { readonly TargetGroupArn?: string | undefined }, call: Call): ReturnType<typeof onExisting> =>
    onExisting(name, [input.TargetGroupArn], call);

export const targetGroupActions: Actions = {
  CreateTargetGroup: action(create, (input, call) =>
    onNew("CreateTargetGroup", `targetgroup/${input.Name ?? ""}/*`, input.Tags, call),
  ),
  DescribeTargetGroups: action(describe, (_, call) => onAnything("DescribeTargetGroups", call)),
  ModifyTargetGroup: action(modify, on("ModifyTargetGroup")),
  DeleteTargetGroup: action(remove, on("DeleteTargetGroup")),
  DescribeTargetGroupAttributes: action(attributes, (_, call) => onAnything("DescribeTargetGroupAttributes", call)),
  ModifyTargetGroupAttributes: action(modifyAttributes, on("ModifyTargetGroupAttributes")),
  RegisterTargets: action(register, on("RegisterTargets")),
  DeregisterTargets: action(deregister, on("DeregisterTargets")),
  DescribeTargetHealth: action(health, (_, call) => onAnything("DescribeTargetHealth", call)),
};
