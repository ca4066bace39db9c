/** Listeners on the wire. Source: Elastic Load Balancing API Reference, version 2015-12-01. */

import type {
  Action as WireAction,
  CreateListenerInput,
  CreateListenerOutput,
  DeleteListenerInput,
  DescribeListenerAttributesInput,
  DescribeListenerAttributesOutput,
  DescribeListenersInput,
  DescribeListenersOutput,
  Listener as WireListener,
  ModifyListenerAttributesInput,
  ModifyListenerAttributesOutput,
  ModifyListenerInput,
  ModifyListenerOutput,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ok, type Result } from "../../base/result.ts";
import { type ApiError, fail } from "../../model/error.ts";
import {
  createListener,
  deleteListener,
  findListener,
  type ForwardTarget,
  type Listener,
  listenerAttributeTableOf,
  listenerProtocols,
  type ListenerWish,
  modifyListener,
  modifyListenerAttributes,
} from "../../model/listener.ts";
import { findLoadBalancer } from "../../model/load-balancer.ts";
import { findBy } from "../../model/state.ts";
import { action, type Actions } from "../ec2/action.ts";
import type { Call, Handler } from "../handler.ts";
import { readAttributes, readTags, wireAttributes } from "./attribute.ts";
import { page } from "./page.ts";
import { onAnything, onExisting, onNew } from "./target.ts";

const create: Handler<CreateListenerInput, CreateListenerOutput> = async (input, call) => {
  const wish = readWish(input);
  if (!wish.ok) return wish;
  const wanted = { loadBalancerArn: input.LoadBalancerArn ?? "", wish: wish.value, tags: readTags(input.Tags) };
  const made = await call.run((state, context) => createListener(state, wanted, context));
  return made.ok ? ok({ Listeners: [wireListener(made.value)] }) : made;
};

const describe: Handler<DescribeListenersInput, DescribeListenersOutput> = async (input, call) => {
  const { LoadBalancerArn: balancerArn, ListenerArns: arns = [] } = input;
  if ((balancerArn === undefined) === (arns.length === 0)) {
    return fail("ValidationError", { message: "You must specify either listener ARNs or a load balancer ARN" });
  }
  const hits: Listener[] = [];
  for (const arn of new Set(arns)) {
    const found = findListener(call.state(), arn, call);
    if (!found.ok) return found;
    hits.push(found.value);
  }
  if (balancerArn !== undefined) {
    const balancer = findLoadBalancer(call.state(), balancerArn, call);
    if (!balancer.ok) return balancer;
    hits.push(...findBy(call.state(), "listener", "loadBalancerArn", balancerArn));
  }
  const found = page(hits, input);
  if (!found.ok) return found;
  return ok({ Listeners: found.value.items.map(wireListener), NextMarker: found.value.NextMarker });
};

const modify: Handler<ModifyListenerInput, ModifyListenerOutput> = async (input, call) => {
  const wish = readWish(input);
  if (!wish.ok) return wish;
  const wanted = { arn: input.ListenerArn ?? "", wish: wish.value };
  const done = await call.run((state, context) => modifyListener(state, wanted, context));
  return done.ok ? ok({ Listeners: [wireListener(done.value)] }) : done;
};

const remove: Handler<DeleteListenerInput, object> = async (input, call) => {
  const wanted = { arn: input.ListenerArn ?? "" };
  const done = await call.run((state, context) => deleteListener(state, wanted, context));
  return done.ok ? ok({}) : done;
};

const attributes: Handler<DescribeListenerAttributesInput, DescribeListenerAttributesOutput> = async (input, call) => {
  const found = findListener(call.state(), input.ListenerArn ?? "", call);
  if (!found.ok) return found;
  return ok({ Attributes: wireAttributes(listenerAttributeTableOf(found.value), found.value.attributes) });
};

const modifyAttributes: Handler<ModifyListenerAttributesInput, ModifyListenerAttributesOutput> = async (
  input,
  call,
) => {
  const wanted = { arn: input.ListenerArn ?? "", attributes: readAttributes(input.Attributes) };
  const done = await call.run((state, context) => modifyListenerAttributes(state, wanted, context));
  if (!done.ok) return done;
  return ok({ Attributes: wireAttributes(listenerAttributeTableOf(done.value), done.value.attributes) });
};

function readWish(input: CreateListenerInput | ModifyListenerInput): Result<ListenerWish, ApiError> {
  const protocol = listenerProtocols.find((one) => one === input.Protocol);
  if (input.Protocol !== undefined && protocol === undefined) {
    return fail("ValidationError", {
      message: `Protocol '${String(input.Protocol)}' must be one of '${listenerProtocols.join(", ")}'`,
    });
  }
  const forward = readForward(input.DefaultActions);
  if (!forward.ok) return forward;
  const certificateArn = input.Certificates?.[0]?.CertificateArn;
  return ok({
    ...(protocol !== undefined && { protocol }),
    ...(input.Port !== undefined && { port: input.Port }),
    ...(certificateArn !== undefined && { certificateArn }),
    ...(input.SslPolicy !== undefined && input.SslPolicy !== "" && { sslPolicy: input.SslPolicy }),
    ...(forward.value !== undefined && { forward: forward.value }),
  });
}

/** Network and gateway load balancers know one action: to forward. */
function readForward(
  actions: readonly WireAction[] | undefined,
): Result<readonly ForwardTarget[] | undefined, ApiError> {
  if (actions === undefined || actions.length === 0) return ok(undefined);
  const [first, second] = actions;
  if (second !== undefined) {
    return fail("ValidationError", { message: "A listener has just one default action" });
  }
  if (first?.Type !== "forward") {
    return fail("InvalidConfigurationRequest", { message: "The default action of this listener must be 'forward'" });
  }
  const groups = (first.ForwardConfig?.TargetGroups ?? []).map((one) => ({
    targetGroupArn: one.TargetGroupArn ?? "",
    ...(one.Weight !== undefined && { weight: one.Weight }),
  }));
  if (groups.length > 0) return ok(groups);
  return ok(first.TargetGroupArn === undefined ? undefined : [{ targetGroupArn: first.TargetGroupArn }]);
}

function wireListener(listener: Listener): WireListener {
  const { front, forward } = listener;
  const [only, second] = forward;
  return {
    ListenerArn: listener.id,
    LoadBalancerArn: listener.loadBalancerArn,
    Port: front?.port,
    Protocol: front?.protocol,
    Certificates: front?.certificateArn === undefined ? undefined : [{ CertificateArn: front.certificateArn }],
    SslPolicy: front?.sslPolicy,
    DefaultActions: [
      {
        Type: "forward",
        ...(second === undefined && only !== undefined && { TargetGroupArn: only.targetGroupArn }),
        ForwardConfig: {
          TargetGroups: forward.map((one) => ({ TargetGroupArn: one.targetGroupArn, Weight: one.weight })),
          TargetGroupStickinessConfig: { Enabled: false },
        },
      },
    ],
  };
}

const on =
  (name: string) =>
  (input: { readonly ListenerArn?: string | undefined }, call: Call): ReturnType<typeof onExisting> =>
    onExisting(name, [input.ListenerArn], call);

export const listenerActions: Actions = {
  CreateListener: action(create, (input, call) => [
    ...onExisting("CreateListener", [input.LoadBalancerArn], call),
    ...onNew("CreateListener", "listener/net/*", input.Tags, call).slice(1),
  ]),
  DescribeListeners: action(describe, (_, call) => onAnything("DescribeListeners", call)),
  ModifyListener: action(modify, on("ModifyListener")),
  DeleteListener: action(remove, on("DeleteListener")),
  DescribeListenerAttributes: action(attributes, (_, call) => onAnything("DescribeListenerAttributes", call)),
  ModifyListenerAttributes: action(modifyAttributes, on("ModifyListenerAttributes")),
};
