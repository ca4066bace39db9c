/** The last requests of the region, for `why` and `logs`: a ring, since a region in CI may serve millions. */

interface Recorded {
  readonly requestId: string;
}

export interface RequestLog<T extends Recorded> {
  readonly add: (record: T) => void;
  readonly find: (requestId: string) => T | undefined;
  /** The newest last. */
  readonly last: (count: number) => readonly T[];
  /** Calls back for each request from now on; returns the way to stop. */
  readonly follow: (onRequest: (record: T) => void) => () => void;
}

/** Keeps the last `capacity` requests. */
export function openRequestLog<T extends Recorded>(capacity: number): RequestLog<T> {
  // A map iterates in the order of insertion: its first key is the oldest.
  const records = new Map<string, T>();
  const followers = new Set<(record: T) => void>();
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
