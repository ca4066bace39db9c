/**
 * The shapes of AWS's operations as the generated tables hold them: just what the codecs need.
 * Generated from the public schemas of the AWS SDK for JavaScript v3 by `npm run generate`.
 */

export type Shape =
  | Structure
  | { readonly kind: "list"; readonly item: () => Shape; readonly itemName: string }
  | {
      readonly kind: "map";
      readonly key: () => Shape;
      readonly value: () => Shape;
      readonly keyName: string;
      readonly valueName: string;
    }
  | { readonly kind: "string" | "boolean" | "number" | "blob" | "unit" }
  | { readonly kind: "timestamp" };

export interface Structure {
  readonly kind: "structure";
  readonly name: string;
  readonly members: readonly Member[];
}

export interface Member {
  /** As in the SDK's types: `VpcId`. */
  readonly name: string;
  readonly shape: () => Shape;
  readonly required: boolean;
}

export interface Operation {
  /** `CreateVpc`. */
  readonly name: string;
  readonly input: () => Shape;
  readonly output: () => Shape;
}
