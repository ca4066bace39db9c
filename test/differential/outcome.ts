/** What became of a connection attempt: by the pure functions, and in words that every data plane can be held against. */

import type { Path } from "../../src/network/path.ts";
import { find, type State } from "../../src/model/state.ts";
import { serviceAt } from "../../src/network/service-address.ts";
import { pathOf, walk } from "../../src/network/walk.ts";

/** `endpoint vpce-… of vpc-… from 10.0.1.4`, `internet from 54.…`, `instance i-…`, `nothing`. */
export type Outcome = string;

export function outcomeOfPath(path: Path): Outcome {
  switch (path.kind) {
    case "gateway-endpoint":
      return `endpoint ${path.vpcEndpointId} of ${path.vpcId} from ${path.sourceIp} to ${path.destinationIp}`;
    case "internet":
      return `internet from ${path.sourceIp} to ${path.destinationIp}`;
    case "host":
      return "host";
  }
}

/** Whether connections between instances are carried by the plane in question. */
export type Carries = "instances" | "services alone";

/** What the pure functions say becomes of a connection to port 80. */
export function expectedOutcome(state: State, instanceId: string, destinationIp: string, carries: Carries): Outcome {
  const instance = find(state, "instance", instanceId);
  if (instance === undefined) return "nothing";
  const walked = walk(state, instanceId, destinationIp);
  const path = pathOf(instance, walked, destinationIp);
  if (path !== undefined) return serviceAt(destinationIp) === undefined ? "nothing" : outcomeOfPath(path);
  if (walked.exit.kind !== "local" || carries === "services alone") return "nothing";
  const holder = find(state, "network-interface", walked.exit.networkInterfaceId ?? "");
  const target = holder?.attachment?.instanceId;
  if (target === undefined || holder?.privateIpAddress !== destinationIp) return "nothing";
  return answersBack(state, target, instance.networkInterfaceIds[0] ?? "") ? `instance ${target}` : "nothing";
}

/** The answer of a connection between instances takes the other one's routes. */
function answersBack(state: State, from: string, networkInterfaceId: string): boolean {
  const ip = find(state, "network-interface", networkInterfaceId)?.privateIpAddress ?? "";
  const { exit } = walk(state, from, ip);
  return exit.kind === "local" && exit.networkInterfaceId === networkInterfaceId;
}
