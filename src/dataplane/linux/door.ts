/**
 * Listening sockets that netd handed over. What a connection may claim about where it came from is decided here, by the
 * socket that accepted it.
 */

import { Socket as UdpSocket } from "node:dgram";
import { Server, type Socket } from "node:net";
import { widthOf } from "../../base/ip.ts";
import { isId } from "../../base/id.ts";
import { assert } from "../../base/assert.ts";
import type { MetadataClient } from "../../network/metadata-client.ts";
import { isServed } from "../../network/endpoint-service.ts";
import type { Path } from "../../network/path.ts";
import { resetSocket } from "../../wire/reset.ts";
import type { PlaneHost } from "../plane.ts";
import { plainIp } from "./address.ts";
import { keyOf, type Door, type ListenerObject } from "./kernel-object.ts";
import { BACKLOG } from "./listener.ts";
import { answerStream, answerDatagrams } from "./name-server.ts";

interface OpenDoor {
  readonly listener: ListenerObject;
  readonly socket: Server | UdpSocket;
  readonly connections: Set<Socket>;
}

export class Doors implements Disposable {
  readonly #host: PlaneHost;
  readonly #open = new Map<string, OpenDoor>();

  constructor(host: PlaneHost) {
    this.#host = host;
  }

  /** Takes over a bound socket and serves what comes in by it. */
  open(listener: ListenerObject, handle: Server | UdpSocket): void {
    const connections = new Set<Socket>();
    const socket = handle instanceof UdpSocket ? handle : this.#serve(listener, handle, connections);
    socket.on("error", (error) => this.#host.log(`${keyOf(listener)}: ${error.message}`));
    if (handle instanceof UdpSocket) answerDatagrams(handle, viewOf(listener.door), this.#host);
    this.#open.set(keyOf(listener), { listener, socket, connections });
  }

  /** Takes no more connections there and resets those that are open, while the kernel still has a way back to the client. */
  close(listener: ListenerObject): void {
    const door = this.#open.get(keyOf(listener));
    if (door === undefined) return;
    this.#open.delete(keyOf(listener));
    door.socket.close();
    for (const connection of door.connections) resetSocket(connection);
  }

  /** Resets the connections of which `isOver` says that their client is no longer behind their address. */
  reset(isOver: (door: Door, remoteIp: string) => boolean): void {
    for (const { listener, connections } of this.#open.values()) {
      for (const connection of connections) {
        if (isOver(listener.door, plainIp(connection.remoteAddress))) resetSocket(connection);
      }
    }
  }

  /** What is open now. */
  listeners(): ListenerObject[] {
    return [...this.#open.values()].map(({ listener }) => listener);
  }

  [Symbol.dispose](): void {
    for (const { listener } of this.#open.values()) this.close(listener);
  }

  #serve(listener: ListenerObject, handle: Server, connections: Set<Socket>): Server {
    const server = new Server({ noDelay: true, allowHalfOpen: true });
    server.on("connection", (connection) => {
      connections.add(connection);
      connection.on("close", () => connections.delete(connection));
      // The service hears of errors too; without this one a reset before it listens would end the process.
      connection.on("error", () => {});
      this.#accept(listener, connection);
    });
    // Node listens again with its own small backlog when it is handed a server, hence a server of our own.
    server.listen(handle, BACKLOG);
    return server;
  }

  #accept({ door, port }: ListenerObject, connection: Socket): void {
    if (connection.remoteAddress === undefined) {
      connection.destroy();
    } else if (door.kind === "resolver" || door.kind === "public-resolver") {
      answerStream(connection, viewOf(door), this.#host);
    } else if (door.kind === "metadata") {
      this.#host.acceptMetadata(connection, metadataClientOf(door.vpcId, connection));
    } else {
      this.#host.accept(connection, pathOf(door, connection), port);
    }
  }
}

function metadataClientOf(vpcId: string, connection: Socket): MetadataClient {
  const sourceIp = plainIp(connection.remoteAddress);
  return {
    vpcId,
    sourceIp,
    width: widthOf(sourceIp),
    limitHops: async (hops) => {
      // Only who asks for it pays for the C library's door.
      const libc = await import("./libc.ts");
      const fd = descriptorOf(connection);
      if (fd === undefined) return;
      if (connection.remoteFamily === "IPv6") libc.setSocketOption(fd, libc.IPPROTO_IPV6, libc.IPV6_UNICAST_HOPS, hops);
      else libc.setSocketOption(fd, libc.IPPROTO_IP, libc.IP_TTL, hops);
    },
  };
}

/** Node shows the descriptor of a socket nowhere else; undefined once it is closed. */
function descriptorOf(connection: Socket): number | undefined {
  const { _handle: handle } = connection as Socket & { readonly _handle?: { readonly fd?: number } | null };
  const fd = handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

function pathOf(door: Exclude<Door, { kind: "resolver" | "public-resolver" | "metadata" }>, connection: Socket): Path {
  const sourceIp = plainIp(connection.remoteAddress);
  const destinationIp = plainIp(connection.localAddress);
  if (door.kind === "internet") {
    const { gatewayId } = door;
    return { kind: "internet", sourceIp, destinationIp, ...(gatewayId !== undefined && { gatewayId }) };
  }
  const { vpcId, vpcEndpointId } = door;
  assert(isId("vpc", vpcId) && isId("vpce", vpcEndpointId), "a blueprint holds ids");
  if (door.kind === "interface-endpoint") {
    const { kind, service } = door;
    assert(isServed(service), "only served services have doors");
    return { kind, vpcId, vpcEndpointId, service, sourceIp, destinationIp };
  }
  return { kind: "gateway-endpoint", vpcId, vpcEndpointId, sourceIp, destinationIp };
}

/** The VPC whose names a resolver answers; undefined for the public DNS. */
function viewOf(door: Door): string | undefined {
  assert(door.kind === "resolver" || door.kind === "public-resolver", "only resolvers take datagrams");
  return door.kind === "resolver" ? door.vpcId : undefined;
}
