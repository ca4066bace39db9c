/**
 * A trace as text: first what was asked and what the answer is, then the way there and what the policies say. One label a
 * line, what belongs to it indented.
 */

import type { Path } from "../network/path.ts";
import type { FilterTrace, NatTrace, RequestTrace, TracedDecision } from "../analyse/request-trace.ts";
import type { RouteChoice, RouteRef } from "../network/walk.ts";
import type { Counterfactual } from "../policy/counterfactual.ts";
import type { Decision, LayerVerdict, Miss, StatementRef } from "../policy/decision.ts";

export interface TraceTextOptions {
  /** Every condition key; else those that a policy names, and those of the way and the caller. */
  readonly all?: boolean;
}

/** The whole story, without a final line break. */
export function formatTrace(trace: RequestTrace, { all = false }: TraceTextOptions = {}): string {
  const operation = `${trace.service}${trace.operation === undefined ? "" : `:${trace.operation}`}`;
  const lines: Line[] = [
    ["request", `${trace.requestId}  ${operation}  ${trace.request}`],
    ["at", new Date(trace.atMs).toISOString()],
    ["caller", trace.principalArn ?? "not known: no permission was asked for"],
    ["from", fromText(trace)],
    ["door", doorText(trace)],
    ["answer", answerText(trace)],
    ...trace.decisions.flatMap((one) => verdictLines(one, trace.decisions.length > 1)),
    ...labelled("advice", trace.advice ?? []),
    ...nameLines(trace),
    ...(trace.route === undefined ? [] : routeLines(trace.route)),
    ...(trace.nats ?? []).flatMap(natLines),
    ...labelled("filters", filterRows(trace.filters ?? [])),
    ...trace.decisions.flatMap((one) => decisionLines(one, { operation: trace.operation, all })),
  ];
  return lines.map(([label, text]) => `${label.padEnd(labelWidth)}${text}`.trimEnd()).join("\n");
}

/** An empty label goes on with the one above. */
export type Line = readonly [label: string, text: string];

export const labelWidth = 11;

function nameLines({ name }: RequestTrace): Line[] {
  if (name === undefined) return [];
  const ips = name.ips.length === 0 ? "does not resolve" : `is ${name.ips.join(", ")}`;
  return [["name", `${name.host} ${ips} (${name.by})`]];
}

function fromText({ instanceId, onPremisesHost, candidateIds, nats }: RequestTrace): string {
  if (instanceId !== undefined) return instanceId;
  if (onPremisesHost !== undefined) return `${onPremisesHost}, on premises`;
  if (candidateIds === undefined) return "the host";
  const behind = `behind ${nats?.[0]?.natGatewayId ?? "a NAT gateway"}, which hides the instance`;
  return candidateIds.length === 0 ? behind : `${behind}: one of ${candidateIds.join(", ")}`;
}

function natLines({ natGatewayId, subnetId, route }: NatTrace): Line[] {
  return [["nat", `${natGatewayId} of ${subnetId} sends on`], ...routeLines(route)];
}

function filterRows(filters: readonly FilterTrace[]): readonly string[] {
  const rows = filters.map(({ leg, at, direction, allowed, by, packet }) => [
    leg,
    allowed ? "passes" : "dropped",
    `${direction} of ${at}`,
    `by ${by}`,
    packet,
  ]);
  const widths = [0, 1, 2, 3].map((at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "));
}

function routeLines(route: RouteChoice): Line[] {
  const table: Line = ["table", `${route.routeTableId} by ${route.routeTableBy}`];
  if (route.chosen === undefined) return [table, ["route", "none holds the address"]];
  const rows = [route.chosen, ...route.beaten].map(routeCells);
  const widths = [0, 1, 2].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const text = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "));
  return [table, ...text.map((row, at): Line => [at === 0 ? "route" : at === 1 ? "  beat" : "", row])];
}

/** Destination, target, origin, and `blackhole` or nothing. */
export function routeCells(route: RouteRef): readonly string[] {
  const entry = route.destination === route.cidrBlock ? route.cidrBlock : `${route.cidrBlock} of ${route.destination}`;
  return [entry, `to ${route.target}`, route.origin, route.state === "active" ? "" : "blackhole"];
}

function doorText({ path, unreachable, transport }: RequestTrace): string {
  if (path === undefined) return `none: ${unreachable ?? "nothing answers"}`;
  return `${pathText(path)}${transport === undefined ? "" : `, over ${transport}`}`;
}

function pathText(path: Path): string {
  switch (path.kind) {
    case "host":
      return `the region's own port, from ${path.sourceIp}: taken as the internet`;
    case "internet":
      return `internet gateway: source ${path.sourceIp}, destination ${path.destinationIp}`;
    case "interface-endpoint":
      return `interface endpoint ${path.vpcEndpointId} of ${path.vpcId}: source ${path.sourceIp}, destination ${path.destinationIp}`;
    case "gateway-endpoint":
      return `gateway endpoint ${path.vpcEndpointId} of ${path.vpcId}: source ${path.sourceIp}, destination ${path.destinationIp}`;
  }
}

interface DecisionOptions {
  readonly operation: string | undefined;
  readonly all: boolean;
}

function decisionLines(traced: TracedDecision, { operation, all }: DecisionOptions): Line[] {
  const isShown = ([key]: readonly [string, unknown]): boolean =>
    all || pathKeys.has(key) || traced.askedKeys.includes(key);
  const unset = traced.askedKeys.filter((key) => !Object.hasOwn(traced.present, key));
  const everyAbsent = {
    ...Object.fromEntries(unset.map((key) => [key, "the request does not carry it"])),
    ...traced.absent,
  };
  const present = Object.entries(traced.present).filter(isShown).toSorted(byKey);
  const absent = Object.entries(everyAbsent).filter(isShown).toSorted(byKey);
  const more = Object.keys({ ...traced.present, ...everyAbsent }).length - present.length - absent.length;
  const width = Math.max(0, ...[...present, ...absent].map(([key]) => key.length));
  return [
    ["action", `${traced.action}${neededBy(traced, operation)} on ${traced.resource}`],
    ...labelled("  layers", traced.decision.layers.flatMap(layerRows)),
    ...labelled(
      "  keys",
      present.map(([key, values]) => `${key.padEnd(width)} = ${values.join(", ")}`),
    ),
    ...labelled(
      "  absent",
      absent.map(([key, why]) => `${key.padEnd(width)}   ${why}`),
    ),
    ...labelled("  more", more > 0 ? [`${more} keys that no policy here names: --all`] : []),
  ];
}

/** They say who came by which way, whatever the policies name. */
const pathKeys: ReadonlySet<string> = new Set([
  "aws:principalarn",
  "aws:sourceip",
  "aws:sourcevpc",
  "aws:sourcevpce",
  "aws:vpcsourceip",
]);

function neededBy({ action }: TracedDecision, operation: string | undefined): string {
  const name = action.slice(action.indexOf(":") + 1);
  return operation === undefined || operation === name ? "" : `, which ${operation} needs,`;
}

export function labelled(label: string, rows: readonly string[]): Line[] {
  return rows.map((row, at) => [at === 0 ? label : "", row]);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function layerRows(layer: LayerVerdict): string[] {
  const by = layer.statement === undefined ? "" : `  by ${statementText(layer.statement)}`;
  return [`${layer.layer.padEnd(23)} ${layer.verdict}${by}`, ...layer.misses.map((miss) => `  ${missText(miss)}`)];
}

function missText(miss: Miss): string {
  const operator = [miss.operator, miss.key].filter((part) => part !== undefined).join(" ");
  const element = operator === "" ? miss.element : `${miss.element} ${operator}`;
  const why = miss.absentBecause === undefined ? "" : ` (${miss.absentBecause})`;
  const actual = miss.actual.length === 0 ? `absent${why}` : miss.actual.join(", ");
  return `${miss.effect} ${statementText(miss.statement)} did not match: ${element} wants ${miss.expected.join(", ")}; it is ${actual}`;
}

function statementText(statement: StatementRef): string {
  const sid = statement.sid === undefined ? "" : ` (${statement.sid})`;
  return `statement ${statement.index + 1}${sid} of ${statement.policy}`;
}

/** With `named` the action stands in front: the request needs more than one. */
function verdictLines({ action, decision, unless }: TracedDecision, named: boolean): Line[] {
  const statement = decision.decidedBy?.statement;
  return [
    ["verdict", `${named ? `${action} ` : ""}${verdictText(decision)}`],
    ...labelled("  by", statement === undefined ? [] : [statementText(statement)]),
    ...labelled("  unless", unless === undefined ? [] : [unlessText(unless)]),
  ];
}

/** What would let the request through: each is tried before it is said. */
function unlessText(unless: Counterfactual): string {
  switch (unless.kind) {
    case "key": {
      const { key, from, to, statement } = unless;
      const is = from.length === 0 ? "it is absent" : `it is ${from.join(", ")}`;
      return `${key} were ${to ?? "absent"}; ${is} (${statementText(statement)})`;
    }
    case "without-statement":
      return `${statementText(unless.statement)} were gone`;
    case "with-statement":
      return `the ${unless.layer} had ${JSON.stringify(unless.statement)}`;
  }
}

function verdictText({ allowed, decidedBy }: Decision): string {
  const verdict = allowed ? "allowed" : "denied";
  if (decidedBy === undefined) return allowed ? "allowed: the root user needs no policy" : verdict;
  const { layer, reason } = decidedBy;
  return reason === "no-allow" ? `denied: nothing in the ${layer} allows it` : `${verdict} by the ${layer}`;
}

function answerText(trace: RequestTrace): string {
  const error = trace.errorCode === undefined ? "" : ` ${trace.errorCode}: ${trace.errorMessage ?? ""}`;
  if (trace.status !== undefined) return `${trace.status}${error} after ${(trace.durationMs ?? 0).toFixed(1)} ms`;
  if (trace.path === undefined) return "the connection would fail";
  if (trace.errorCode !== undefined) return `would be${error}`;
  return trace.decisions.every((one) => one.decision.allowed) ? "would be allowed" : "would be AccessDenied";
}
