/** Attributes and tags of ELBv2's resources as lists of keys and values on the wire. */

import type { Tag } from "@aws-sdk/client-elastic-load-balancing-v2";
import { type Attributes, attributesInForce, type AttributeTable } from "../../model/load-balancing-attribute.ts";
import type { Tags } from "../../model/resource.ts";

interface KeyValue {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

/** Every attribute that the resource has, set or not. */
export function wireAttributes(table: AttributeTable, set: Attributes): { Key: string; Value: string }[] {
  return attributesInForce(table, set).map(([key, value]) => ({ Key: key, Value: value }));
}

export function readAttributes(given: readonly KeyValue[] | undefined): Attributes {
  return Object.fromEntries((given ?? []).map((one) => [one.Key ?? "", one.Value ?? ""]));
}

export function readTags(given: readonly Tag[] | undefined): Tags {
  return (given ?? []).map((tag) => ({ key: tag.Key ?? "", value: tag.Value ?? "" }));
}

export function wireTags(tags: Tags): Tag[] {
  return tags.map((tag) => ({ Key: tag.key, Value: tag.value }));
}
