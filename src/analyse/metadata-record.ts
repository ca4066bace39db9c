/** What the instance metadata service keeps of each request: who asked for what, and never a token or credentials. */

export interface MetadataRecord {
  /** The region's own, `imds-1`: clients are told none. */
  readonly requestId: string;
  readonly atMs: number;
  readonly vpcId: string;
  readonly sourceIp: string;
  /** Absent where the address is no instance's any more. */
  readonly instanceId?: string;
  readonly method: string;
  /** Without a query. */
  readonly path: string;
  /** 2 for a request of a token and for one that brings a token, right or wrong. */
  readonly version: 1 | 2;
  /** Absent where the connection was reset instead of an answer. */
  readonly status?: number;
  /** Why it was refused, where the status alone does not say it. */
  readonly reason?: string;
  /** The role whose credentials were given. */
  readonly roleName?: string;
  readonly durationMs: number;
}

export type RecordMetadataRequest = (record: MetadataRecord) => void;
