/**
 * The servers that run in instances and on on-premises hosts. They listen on the loopback interface of this machine, where
 * ports of all places would collide; each says by which port its place calls it and at which one this machine does.
 */

/** An address of this machine's loopback interface. */
export interface LocalAddress {
  readonly host: "127.0.0.1" | "::1";
  readonly port: number;
}

export interface Listener {
  /** An instance or an on-premises host. */
  readonly placeId: string;
  /** As programs know it. */
  readonly port: number;
  readonly at: LocalAddress;
  /** Whether only programs of the same place reach it. */
  readonly isLoopback: boolean;
}

export interface Listeners {
  /** How to take it away again; undefined where the port is taken. */
  readonly add: (listener: Listener) => (() => void) | undefined;
  /** `isInside` where who asks is a program of the place itself. */
  readonly find: (placeId: string, port: number, isInside: boolean) => LocalAddress | undefined;
}

export function openListeners(): Listeners {
  const listeners = new Map<string, Listener>();
  const keyOf = (placeId: string, port: number): string => `${placeId} ${port}`;
  return {
    add: (listener) => {
      const key = keyOf(listener.placeId, listener.port);
      if (listeners.has(key)) return undefined;
      listeners.set(key, listener);
      return () => void listeners.delete(key);
    },
    find: (placeId, port, isInside) => {
      const listener = listeners.get(keyOf(placeId, port));
      return listener !== undefined && (isInside || !listener.isLoopback) ? listener.at : undefined;
    },
  };
}

/** What a program says of itself, as a query: `port=8080&at=41234&host=127.0.0.1&reach=any`; undefined when it is not that. */
export function parseListener(placeId: string, query: URLSearchParams): Listener | undefined {
  const [port, at] = [portOf(query.get("port")), portOf(query.get("at"))];
  const [host, reach] = [query.get("host"), query.get("reach")];
  if (port === undefined || at === undefined || (host !== "127.0.0.1" && host !== "::1")) return undefined;
  if (reach !== "any" && reach !== "loopback") return undefined;
  return { placeId, port, at: { host, port: at }, isLoopback: reach === "loopback" };
}

function portOf(text: string | null): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? "") ? Number(text) : 0;
  return port > 0 && port <= 65_535 ? port : undefined;
}
