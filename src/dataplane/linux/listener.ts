/** Sockets that listen inside a namespace, made by hand because Node cannot bind without a turn of its loop in between. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { ipBytes } from "./address.ts";
import type { ListenerObject } from "./kernel-object.ts";
import {
  AF_INET,
  AF_INET6,
  bindSocket,
  IP_FREEBIND,
  IPPROTO_IP,
  IPV6_FREEBIND,
  IPV6_V6ONLY,
  openSocket,
  setSocketOption,
  SO_BINDTOIFINDEX,
  SO_REUSEADDR,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IPV6,
  SOL_SOCKET,
} from "./libc.ts";
import type { Namespace } from "./namespace.ts";

/** Connections that may wait to be accepted; the namespace's somaxconn allows as many. */
export const BACKLOG = 4096;

/** A descriptor of a socket bound inside the namespace. */
export function bindInside(namespace: Namespace, { device, transport, ip, port }: ListenerObject): number {
  return namespace.inside(() => {
    const address = ipBytes(ip);
    const family = address.length === 4 ? AF_INET : AF_INET6;
    const fd = openSocket(family, transport === "tcp" ? SOCK_STREAM : SOCK_DGRAM, 0);
    setSocketOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family === AF_INET6) setSocketOption(fd, SOL_IPV6, IPV6_V6ONLY, 1);
    // An address may be one of a block that the namespace answers for, which IPv6 does not take for its own.
    if (family === AF_INET6) setSocketOption(fd, SOL_IPV6, IPV6_FREEBIND, 1);
    else setSocketOption(fd, IPPROTO_IP, IP_FREEBIND, 1);
    if (device !== undefined) setSocketOption(fd, SOL_SOCKET, SO_BINDTOIFINDEX, device);
    bindSocket(fd, socketAddress(address, port));
    return fd;
  });
}

/** Node's socket over a bound descriptor, ready to be sent to another process. */
export async function wrapListener({ ip, transport }: ListenerObject, fd: number): Promise<Server | UdpSocket> {
  if (transport === "udp") {
    const socket = createSocket(ip.includes(":") ? "udp6" : "udp4");
    const listening = once(socket, "listening");
    socket.bind({ fd });
    await listening;
    return socket;
  }
  // Until it is handed over, nobody is served by it.
  const server = createServer((connection) => connection.destroy());
  const listening = once(server, "listening");
  server.listen({ fd, backlog: BACKLOG });
  await listening;
  return server;
}

/** Source: Linux manual pages ip(7) and ipv6(7), "Address format". */
export function socketAddress(address: Buffer, port: number): Buffer {
  const bytes = Buffer.alloc(address.length === 4 ? 16 : 28);
  bytes.writeUInt16LE(address.length === 4 ? AF_INET : AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  bytes.set(address, address.length === 4 ? 4 : 8);
  return bytes;
}
