/**
 * Two ends of one TCP connection inside this process. A server takes one end as it takes any client's, and can reset it,
 * which no stream of ours could do.
 */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";

export interface SocketPairs extends AsyncDisposable {
  /** The near end for the client, the far end for the server. */
  readonly open: () => Promise<{ readonly near: Socket; readonly far: Socket }>;
}

/** Listens on a free port of the loopback interface; a connection that is not one of ours is cut at once. */
export async function openSocketPairs(): Promise<SocketPairs> {
  const waiting = new Map<number, Socket>();
  const wanted = new Map<number, (far: Socket) => void>();
  let opening = 0;
  const server = createServer({ noDelay: true }, (far) => {
    const port = far.remotePort ?? 0;
    far.on("error", () => far.destroy());
    const take = wanted.get(port);
    if (take !== undefined) take(far);
    // The far end may be known before the near one knows its own port: it waits, but only as long as anybody is opening.
    else if (opening > 0) waiting.set(port, far);
    else far.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  async function open(): Promise<{ near: Socket; far: Socket }> {
    opening += 1;
    try {
      const near = connect({ host: "127.0.0.1", port: portOf(server), noDelay: true });
      near.on("error", () => near.destroy());
      await once(near, "connect");
      return { near, far: await farEnd(near.localPort ?? 0) };
    } finally {
      opening -= 1;
      if (opening === 0) dropForeign();
    }
  }

  function farEnd(port: number): Promise<Socket> {
    const there = waiting.get(port);
    waiting.delete(port);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve) => {
      wanted.set(port, (far) => {
        wanted.delete(port);
        resolve(far);
      });
    });
  }

  function dropForeign(): void {
    for (const socket of waiting.values()) socket.destroy();
    waiting.clear();
  }

  return {
    open,
    [Symbol.asyncDispose]: async () => {
      dropForeign();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
