/** Attempts by IPv6: to be another, to change the network, and to come by a way that it does not have. */

import { writeFileSync } from "node:fs";
import { bindSocket, openSocket, setSocketOption } from "../src/dataplane/linux/libc.ts";
import { NETLINK_ROUTE, NetlinkSocket } from "../src/dataplane/linux/netlink-socket.ts";
import { newAddress } from "../src/dataplane/linux/rtnetlink.ts";
import { parseIp } from "../src/base/ip.ts";
import { around, attempt, attemptAsk, call, library } from "./hostile-attempt.ts";

const [AF_INET6, DATAGRAM, RAW, ICMPV6] = [10, 2, 3, 58];
// Source: Linux manual page ipv6(7) and the kernel's linux/in6.h.
const IPPROTO_IPV6 = 41;
const [IPV6_RTHDR, IPV6_TRANSPARENT, IPV6_FREEBIND] = [57, 75, 78];
const ROUTER_ADVERTISEMENT = 134;
const send = library.func(
  "intptr_t sendto(int fd, const void *data, size_t size, int flags, const void *to, uint32_t length)",
);

export async function reachByIpv6(): Promise<void> {
  const route = new NetlinkSocket(NETLINK_ROUTE);
  attempt("take another IPv6 address", () =>
    route.request([newAddress({ kind: "address", namespace: "", index: 2, ip: around.otherIpv6, bits: 128 })]),
  );
  for (const setting of ["all/forwarding", "eth0/accept_ra", "eth0/disable_ipv6"]) {
    attempt(`write the IPv6 setting ${setting}`, () => writeFileSync(`/proc/sys/net/ipv6/conf/${setting}`, "1"));
  }
  attempt("open a raw ICMPv6 socket", () => openSocket(AF_INET6, RAW, ICMPV6));
  attempt("open a raw IPv6 socket", () => openSocket(AF_INET6, RAW, 255));
  attempt("be transparent in IPv6", () =>
    setSocketOption(openSocket(AF_INET6, 1, 0), IPPROTO_IPV6, IPV6_TRANSPARENT, 1),
  );
  attempt("add a routing header", () =>
    setSocketOption(openSocket(AF_INET6, DATAGRAM, 0), IPPROTO_IPV6, IPV6_RTHDR, 2),
  );
  attempt("send a router advertisement", () => {
    const advertisement = Buffer.alloc(16);
    advertisement[0] = ROUTER_ADVERTISEMENT;
    return sendTo(openSocket(AF_INET6, DATAGRAM, ICMPV6), advertisement, "ff02::1", 0);
  });
  attempt("bind to another's IPv6 address", () =>
    bindSocket(openSocket(AF_INET6, DATAGRAM, 0), addressOf(around.otherIpv6, 4000)),
  );
  attempt("send to the other by IPv6", () =>
    sendTo(openSocket(AF_INET6, DATAGRAM, 0), Buffer.from("own"), around.otherIpv6, around.otherPort),
  );
  // The kernel lets everybody say where an IPv6 packet is from: that it does not arrive is for the router to see to.
  for (const [whose, ip] of [
    ["a stranger's", around.strangerIpv6] as const,
    ["the other's", around.otherIpv6] as const,
  ]) {
    attempt(`send from ${whose} IPv6 address`, () => {
      const fd = openSocket(AF_INET6, DATAGRAM, 0);
      setSocketOption(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
      bindSocket(fd, addressOf(ip, 4001));
      return sendTo(fd, Buffer.from("forged"), around.otherIpv6, around.otherPort);
    });
  }
  attempt("send to the other by IPv6 again", () =>
    sendTo(openSocket(AF_INET6, DATAGRAM, 0), Buffer.from("last"), around.otherIpv6, around.otherPort),
  );
  const forged = {
    "X-Forwarded-For": around.trustedIpv6,
    Forwarded: `for="[${around.trustedIpv6}]"`,
    "x-amzn-vpce": around.trustedEndpoint,
    "x-amz-source-vpce": around.trustedEndpoint,
    "x-amzn-vpc-endpoint-id": around.trustedEndpoint,
    "aws-SourceVpce": around.trustedEndpoint,
  };
  await attemptAsk("read what its own endpoint may by IPv6", around.bucketHostIpv6, "/open.txt", { family: 6 });
  await attemptAsk("forge the way to S3 by IPv6", around.bucketHostIpv6, "/secret.txt", { family: 6, headers: forged });
  await attemptAsk("call the region's own API at S3 by IPv6", around.bucketHostIpv6, "/_underpass/status", {
    family: 6,
    headers: { Host: `[::1]:${around.regionPort}` },
  });
  await attemptAsk("call the region's port by IPv6", "::1", "/_underpass/status", { port: around.regionPort });
}

function sendTo(fd: number, data: Buffer, ip: string, port: number): string {
  const to = addressOf(ip, port);
  return call(() => send(fd, data, data.length, 0, to, to.length));
}

/** Source: Linux manual page ipv6(7), "Address format". On the instance's own device. */
function addressOf(ip: string, port: number): Buffer {
  const parsed = parseIp(ip);
  if (parsed?.width !== 128) throw new Error(`no IPv6 address: ${ip}`);
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  for (const [at, word] of parsed.words.entries()) bytes.writeUInt32BE(word >>> 0, 8 + 4 * at);
  if (ip.startsWith("ff02:")) bytes.writeUInt32LE(2, 24);
  return bytes;
}
