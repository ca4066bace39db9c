/** What lint has to know of AWS's services. The core holds no such data: whoever calls lint brings it. */

export interface ServiceFacts {
  /** By the prefix of its actions in lower case (`s3`), or undefined when there is no such service. */
  readonly service: (prefix: string) => ServiceFact | undefined;
  /** A key without a service (`aws:SourceVpce`) or of one; keys with a tag name (`aws:PrincipalTag/team`) are known by their beginning. */
  readonly key: (name: string) => KeyFact | undefined;
  /** Every global key, as AWS writes it: for suggestions. */
  readonly globalKeys: readonly string[];
}

export interface ServiceFact {
  readonly prefix: string;
  /** By name in lower case. */
  readonly actions: ReadonlyMap<string, ActionFact>;
  /** The forms of all its resources' ARNs. */
  readonly resources: readonly string[];
  /** As AWS writes them, for suggestions. */
  readonly keys: readonly string[];
}

export interface ActionFact {
  /** `GetObject`. */
  readonly name: string;
  /** The keys of the service that its requests can have, in lower case and cut at the first slash; global keys are not among them. */
  readonly keys: ReadonlySet<string>;
  /** The forms of its resources' ARNs: `arn:${Partition}:s3:::${BucketName}`; empty when it has no resource but `*`. */
  readonly resources: readonly string[];
}

export interface KeyFact {
  /** As AWS writes it. */
  readonly name: string;
  readonly type: "String" | "Numeric" | "Date" | "Bool" | "IPAddress" | "ARN" | "Binary" | "unknown";
  /** Whether a request can have several values of it. */
  readonly multivalued: boolean;
}

/** A key without what follows its first slash, in lower case. */
export function keyStem(key: string): string {
  const slash = key.indexOf("/");
  return (slash < 0 ? key : key.slice(0, slash)).toLowerCase();
}
