/** Ends connections the hard way. */

import type { Socket } from "node:net";

/**
 * Resets a connection and lets go of its socket. One that is just ending has given the system all that it had to say, and is
 * closed instead: to reset it then fails in libuv (EINVAL while a shutdown is under way), and Node would neither close the
 * descriptor nor end a process that has it.
 */
export function resetSocket(socket: Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isEnding) socket.destroy();
  else socket.resetAndDestroy();
}
