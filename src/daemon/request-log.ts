/** The last requests of the region, for `why` and `logs`: a ring, since a region in CI may serve millions. */

import type { RequestRecord } from "../analyse/request-record.ts";

export interface RequestLog {
  readonly add: (record: RequestRecord) => void;
  readonly find: (requestId: string) => RequestRecord | undefined;
  /** The newest last. */
  readonly last: (count: number) => readonly RequestRecord[];
  /** Calls back for each request from now on; returns the way to stop. */
  readonly follow: (onRequest: (record: RequestRecord) => void) => () => void;
}

/** Keeps the last `capacity` requests. */
export function openRequestLog(capacity: number): RequestLog {
  // A map iterates in the order of insertion: its first key is the oldest.
  const records = new Map<string, RequestRecord>();
  const followers = new Set<(record: RequestRecord) => void>();
  return {
    add: (record) => {
      records.set(record.requestId, record);
      if (records.size > capacity) {
        for (const oldest of records.keys()) {
          records.delete(oldest);
          break;
        }
      }
      for (const follower of followers) follower(record);
    },
    find: (requestId) => records.get(requestId),
    last: (count) => [...records.values()].slice(-count),
    follow: (onRequest) => {
      followers.add(onRequest);
      return () => followers.delete(onRequest);
    },
  };
}
