/** What every resource document carries. Documents are plain JSON: the journal stores them as they are. */

/** Tag keys and values in the order they were set. INVARIANT: no key twice. */
export type Tags = readonly { readonly key: string; readonly value: string }[];

export interface Resource {
  /** Unique over all accounts and regions within its kind. */
  readonly id: string;
  /** Twelve digits: the owner. */
  readonly accountId: string;
  /** `us-east-1`; `aws-global` for what has no region. */
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly tags: Tags;
}
