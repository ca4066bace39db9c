/** DNS over datagrams and streams for a VPC's resolver; the answers are the host's. Source: RFC 1035 section 4.2, RFC 7766. */

import type { Socket as UdpSocket } from "node:dgram";
import type { Socket } from "node:net";
import type { NameAsker, PlaneHost } from "../plane.ts";
import { plainIp } from "./address.ts";

/** Source: RFC 7766 section 6.2.3: a server closes idle connections after some seconds. */
const IDLE_MS = 10_000;
/** Queries that may wait for their client to read the answers to earlier ones. */
const UNREAD_BYTES = 256 * 1024;
const LENGTH_BYTES = 2;

type NameHost = Pick<PlaneHost, "answerDns">;

export function answerDatagrams(socket: UdpSocket, vpcId: string | undefined, host: NameHost): void {
  socket.on("message", (query, from) => {
    const answer = host.answerDns({ vpcId, sourceIp: plainIp(from.address) }, query, "udp");
    // The client may be gone; then the answer is lost, as datagrams are.
    if (answer !== undefined) socket.send(answer, from.port, from.address, () => {});
  });
}

/** Answers each query of the connection in turn; one that has no answer ends it. */
export function answerStream(connection: Socket, vpcId: string | undefined, host: NameHost): void {
  const client: NameAsker = { vpcId, sourceIp: plainIp(connection.remoteAddress) };
  let pending: Buffer = Buffer.alloc(0);
  connection.setTimeout(IDLE_MS, () => connection.destroy());
  connection.on("end", () => connection.end());
  connection.on("data", (chunk: Buffer) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (let query = firstQuery(pending); query !== undefined; query = firstQuery(pending)) {
      pending = pending.subarray(LENGTH_BYTES + query.length);
      const answer = host.answerDns(client, query, "tcp");
      if (answer === undefined || connection.writableLength > UNREAD_BYTES) {
        connection.destroy();
        return;
      }
      connection.write(framed(answer));
    }
  });
}

function firstQuery(bytes: Buffer): Buffer | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const end = LENGTH_BYTES + bytes.readUInt16BE(0);
  return bytes.length < end ? undefined : bytes.subarray(LENGTH_BYTES, end);
}

function framed(answer: Uint8Array): Buffer {
  const bytes = Buffer.alloc(LENGTH_BYTES + answer.length);
  bytes.writeUInt16BE(answer.length, 0);
  bytes.set(answer, LENGTH_BYTES);
  return bytes;
}
