/** Elastic Load Balancing v2: network and gateway load balancers, joined from the files of the resources. */

import { elbv2Table } from "../../wire/generated/elbv2.ts";
import { knownOperations } from "../../wire/generated/known-operations.ts";
import type { Actions } from "../ec2/action.ts";
import type { QueryService } from "../handler.ts";
import { listenerActions } from "./listener.ts";
import { loadBalancerActions } from "./load-balancer.ts";
import { tagActions } from "./tag.ts";
import { targetGroupActions } from "./target-group.ts";

const actions: Actions = { ...loadBalancerActions, ...targetGroupActions, ...listenerActions, ...tagActions };

export const elbv2Service: QueryService = {
  name: "elbv2",
  signingName: "elasticloadbalancing",
  protocol: "awsQuery",
  xmlNamespace: elbv2Table.xmlNamespace,
  operations: elbv2Table.operations,
  unserved: new Set([...knownOperations.elbv2].filter((name) => !Object.hasOwn(actions, name))),
  handlers: Object.fromEntries(Object.entries(actions).map(([name, one]) => [name, one.handle])),
  targets: (operation, input, call) => actions[operation]?.targets(input as never, call) ?? [],
};
