/**
 * The packets of NAT64, header by header: IPv6 of a client to IPv4 and the answers back. Each client has an IPv4 address of
 * its own towards the kernel, whose connection tracking does the rest, as it does for clients of IPv4.
 * Source: RFC 7915 (headers, ICMP, fragments), RFC 6052 (the well-known prefix), RFC 1624 (checksums brought up to date); Linux uapi
 * header linux/virtio_net.h (what stands before each frame of a packet socket with PACKET_VNET_HDR).
 */

const ETHERNET_BYTES = 14;
const OFFLOAD_BYTES = 10;
/** Where the IP header begins. */
const IP = OFFLOAD_BYTES + ETHERNET_BYTES;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const FRAGMENT_BYTES = 8;

const ETHER_TYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const PROTOCOL = { hopByHop: 0, icmp: 1, tcp: 6, udp: 17, routing: 43, fragment: 44, icmpv6: 58, options: 60 } as const;
/** Of the offload header: the checksum is that of the pseudo header alone; the kinds of large segments. */
const NEEDS_CHECKSUM = 1;
const SEGMENTS = { none: 0, tcpIpv4: 1, tcpIpv6: 4, udp: 5, congestion: 0x80 } as const;

/** Larger ones are not to be fragmented. Source: RFC 7915 section 5.1. */
const FRAGMENTABLE_BYTES = 1260;
const LEAST_IPV6_MTU = 1280;
const MOST_BYTES = 0xffff;

const WELL_KNOWN_PREFIX = Buffer.from("0064ff9b0000000000000000", "hex");

/** As large as any frame that the kernel gives, and as its translation. */
export const FRAME_BYTES = IP + MOST_BYTES + IPV6_BYTES;

/** The IPv4 addresses of clients on one link, from 240.0.0.1 on: reserved ones, which no packet of a VPC has. */
export class ClientTable {
  readonly #numbers = new Map<string, number>();
  readonly #clients: Buffer[] = [];

  numberOf(client: Buffer): number {
    const key = client.toString("latin1");
    let number = this.#numbers.get(key);
    if (number === undefined) {
      this.#clients.push(Buffer.from(client));
      number = CLIENTS + this.#clients.length;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** Undefined for one that never sent anything. */
  knownNumberOf(client: Buffer): number | undefined {
    return this.#numbers.get(client.toString("latin1"));
  }

  clientOf(number: number): Buffer | undefined {
    return this.#clients[number - CLIENTS - 1];
  }
}

const CLIENTS = 0xf000_0000;
/** The block that their addresses are of. */
export const CLIENT_BLOCK = "240.0.0.0/8";

/** Translates the frame in the first `size` bytes of `input` into `output`; gives its size, or 0 for one that is dropped. */
export function translateFrame(input: Buffer, size: number, clients: ClientTable, output: Buffer): number {
  if (size < IP + IPV4_BYTES) return 0;
  const type = input.readUInt16BE(OFFLOAD_BYTES + 12);
  const bytes =
    type === ETHER_TYPE.ipv6
      ? toIpv4({ input, end: size, at: IP, clients, output, out: IP, isInner: false })
      : type === ETHER_TYPE.ipv4
        ? toIpv6({ input, end: size, at: IP, clients, output, out: IP, isInner: false })
        : 0;
  return bytes === 0 || bytes > MOST_BYTES ? 0 : IP + bytes;
}

interface Work {
  readonly input: Buffer;
  /** Behind the last byte. */
  readonly end: number;
  /** Where the IP header is. */
  readonly at: number;
  readonly clients: ClientTable;
  readonly output: Buffer;
  readonly out: number;
  /** Whether it is the beginning of a packet inside an error of ICMP. */
  readonly isInner: boolean;
}

interface Fragment {
  /** In units of eight bytes. */
  readonly offset: number;
  readonly more: boolean;
  readonly id: number;
}

/** Where the payload of an IPv6 packet is, and what it is; undefined for one that makes no sense. */
interface Payload {
  readonly protocol: number;
  readonly from: number;
  readonly end: number;
  readonly fragment?: Fragment;
}

function payloadOfIpv6({ input, at, end, isInner }: Work): Payload | undefined {
  if (end - at < IPV6_BYTES || (input[at] ?? 0) >> 4 !== 6) return undefined;
  const stated = at + IPV6_BYTES + input.readUInt16BE(at + 4);
  if (stated > end && !isInner) return undefined;
  const stop = Math.min(stated, end);
  let [protocol, from] = [input[at + 6] ?? 0, at + IPV6_BYTES];
  let fragment: Fragment | undefined;
  for (;;) {
    if (from + FRAGMENT_BYTES > stop)
      return from > stop ? undefined : { protocol, from, end: stop, ...(fragment && { fragment }) };
    if (protocol === PROTOCOL.fragment) {
      const word = input.readUInt16BE(from + 2);
      fragment = { offset: word >> 3, more: (word & 1) === 1, id: input.readUInt16BE(from + 6) };
      protocol = input[from] ?? 0;
      from += FRAGMENT_BYTES;
    } else if (protocol === PROTOCOL.hopByHop || protocol === PROTOCOL.routing || protocol === PROTOCOL.options) {
      protocol = input[from] ?? 0;
      from += ((input[from + 1] ?? 0) + 1) * 8;
    } else {
      return { protocol, from, end: stop, ...(fragment && { fragment }) };
    }
  }
}

/** The size of the IPv4 packet; 0 for none. */
function toIpv4(work: Work): number {
  const { input, at, clients, output, out, isInner } = work;
  const payload = payloadOfIpv6(work);
  if (payload === undefined) return 0;
  const [from6, to6] = [input.subarray(at + 8, at + 24), input.subarray(at + 24, at + 40)];
  // The packet inside an error went the other way; it may say anything, and makes no client.
  if (!isInner && (!isPrefixed(to6) || isPrefixed(from6) || isRefused(to6.readUInt32BE(12)))) return 0;
  const [source, destination] = isInner
    ? [knownNumberOf(from6, clients), knownNumberOf(to6, clients)]
    : [clients.numberOf(from6), to6.readUInt32BE(12)];
  if (source === undefined || destination === undefined) return 0;
  const { fragment, from, end } = payload;
  const bytes = IPV4_BYTES + end - from;
  if (bytes > MOST_BYTES || out + bytes > output.length) return 0;
  const offset = fragment?.offset ?? 0;
  const mayFragment = fragment !== undefined || bytes <= FRAGMENTABLE_BYTES;
  output[out] = 0x45;
  output[out + 1] = (input.readUInt16BE(at) >> 4) & 0xff;
  output.writeUInt16BE(bytes, out + 2);
  output.writeUInt16BE(fragment?.id ?? 0, out + 4);
  output.writeUInt16BE((mayFragment ? 0 : 0x4000) | (fragment?.more === true ? 0x2000 : 0) | offset, out + 6);
  output[out + 8] = input[at + 7] ?? 0;
  output[out + 9] = payload.protocol === PROTOCOL.icmpv6 ? PROTOCOL.icmp : payload.protocol;
  output.writeUInt16BE(0, out + 10);
  output.writeUInt32BE(source, out + 12);
  output.writeUInt32BE(destination, out + 16);
  output.writeUInt16BE(~sumOf(output, out, out + IPV4_BYTES) & 0xffff, out + 10);
  input.copy(output, out + IPV4_BYTES, from, end);
  const body: Body = {
    work,
    protocol: payload.protocol,
    from,
    end,
    to: out + IPV4_BYTES,
    isFragment: fragment !== undefined,
  };
  if (isInner) return bytes;
  writeOffload(work, { from, to: out + IPV4_BYTES, tcp: SEGMENTS.tcpIpv4, type: ETHER_TYPE.ipv4 });
  if (offset > 0) return payload.protocol === PROTOCOL.icmpv6 ? 0 : bytes;
  const change = { less: sumOf(input, at + 8, at + 40), more: sumOf(output, out + 12, out + 20) };
  return transportOf(body, change, bytes, icmpToIpv4);
}

/** The size of the IPv6 packet; 0 for none. */
function toIpv6(work: Work): number {
  const { input, at, clients, output, out, isInner } = work;
  if (work.end - at < IPV4_BYTES || (input[at] ?? 0) >> 4 !== 4) return 0;
  const from = at + ((input[at] ?? 0) & 15) * 4;
  const stated = at + input.readUInt16BE(at + 2);
  if (stated < from || (stated > work.end && !isInner) || from < at + IPV4_BYTES) return 0;
  const end = Math.min(stated, work.end);
  if (end < from) return 0;
  const [source, destination] = [input.readUInt32BE(at + 12), input.readUInt32BE(at + 16)];
  if (!isInner && clients.clientOf(destination) === undefined) return 0;
  const word = input.readUInt16BE(at + 6);
  const isFragment = (word & 0x3fff) !== 0;
  const to = out + IPV6_BYTES + (isFragment ? FRAGMENT_BYTES : 0);
  const bytes = to - out + end - from;
  if (bytes > MOST_BYTES || out + bytes > output.length) return 0;
  const stack = input[at + 9] ?? 0;
  const protocol = stack === PROTOCOL.icmp ? PROTOCOL.icmpv6 : stack;
  output.writeUInt32BE((0x6000_0000 | ((input[at + 1] ?? 0) << 20)) >>> 0, out);
  output.writeUInt16BE(bytes - IPV6_BYTES, out + 4);
  output[out + 6] = isFragment ? PROTOCOL.fragment : protocol;
  output[out + 7] = input[at + 8] ?? 0;
  writeIpv6(output, out + 8, source, clients);
  writeIpv6(output, out + 24, destination, clients);
  if (isFragment) {
    output[out + 40] = protocol;
    output[out + 41] = 0;
    output.writeUInt16BE(((word & 0x1fff) << 3) | ((word >> 13) & 1), out + 42);
    output.writeUInt32BE(input.readUInt16BE(at + 4), out + 44);
  }
  input.copy(output, to, from, end);
  const body: Body = { work, protocol, from, end, to, isFragment };
  if (isInner) return bytes;
  writeOffload(work, { from, to, tcp: SEGMENTS.tcpIpv6, type: ETHER_TYPE.ipv6 });
  if ((word & 0x1fff) > 0) return protocol === PROTOCOL.icmpv6 ? 0 : bytes;
  const change = { less: sumOf(input, at + 12, at + 20), more: sumOf(output, out + 8, out + 40) };
  return transportOf(body, change, bytes, icmpToIpv6);
}

/** Addresses of the prefix are those inside of them, all others are clients. */
function knownNumberOf(address: Buffer, clients: ClientTable): number | undefined {
  return isPrefixed(address) ? address.readUInt32BE(12) : clients.knownNumberOf(address);
}

function isPrefixed(address: Buffer): boolean {
  return WELL_KNOWN_PREFIX.compare(address, 0, WELL_KNOWN_PREFIX.length) === 0;
}

/** This network, loopback, link-local addresses, multicast and what is reserved: of no packet between networks. */
function isRefused(destination: number): boolean {
  const top = destination >>> 24;
  return top === 0 || top === 127 || top >= 224 || destination >>> 16 === 0xa9fe;
}

function writeIpv6(output: Buffer, at: number, number: number, clients: ClientTable): void {
  const client = clients.clientOf(number);
  if (client !== undefined) {
    client.copy(output, at);
    return;
  }
  WELL_KNOWN_PREFIX.copy(output, at);
  output.writeUInt32BE(number, at + 12);
}

interface NewHeader {
  /** Where the transport header was and is now. */
  readonly from: number;
  readonly to: number;
  /** What large segments of TCP are called. */
  readonly tcp: number;
  readonly type: number;
}

/** What stands before the packet: what is left to do for the sender's kernel, and an Ethernet header the other way round. */
function writeOffload({ input, output }: Work, { from, to, tcp, type }: NewHeader): void {
  const [flags, kind] = [(input[0] ?? 0) & NEEDS_CHECKSUM, (input[1] ?? 0) & ~SEGMENTS.congestion];
  const isTcp = kind === SEGMENTS.tcpIpv4 || kind === SEGMENTS.tcpIpv6;
  const isLarge = isTcp || kind === SEGMENTS.udp;
  output[0] = flags;
  output[1] = isTcp ? tcp | ((input[1] ?? 0) & SEGMENTS.congestion) : isLarge ? kind : SEGMENTS.none;
  output.writeUInt16LE(isLarge ? Math.max(0, input.readUInt16LE(2) - from + to) & 0xffff : 0, 2);
  output.writeUInt16LE(isLarge ? input.readUInt16LE(4) : 0, 4);
  output.writeUInt16LE(flags === 0 ? 0 : to - OFFLOAD_BYTES, 6);
  output.writeUInt16LE(flags === 0 ? 0 : input.readUInt16LE(8), 8);
  input.copy(output, OFFLOAD_BYTES, OFFLOAD_BYTES + 6, OFFLOAD_BYTES + 12);
  input.copy(output, OFFLOAD_BYTES + 6, OFFLOAD_BYTES, OFFLOAD_BYTES + 6);
  output.writeUInt16BE(type, OFFLOAD_BYTES + 12);
}

interface Body {
  readonly work: Work;
  /** As IPv6 numbers it. */
  readonly protocol: number;
  readonly from: number;
  readonly end: number;
  readonly to: number;
  readonly isFragment: boolean;
}

/** Sums of the addresses that were and are in the pseudo header. */
interface Change {
  readonly less: number;
  readonly more: number;
}

function transportOf(body: Body, change: Change, bytes: number, icmp: (body: Body) => number): number {
  const { protocol, work, to, from, end } = body;
  const { input, output } = work;
  switch (protocol) {
    case PROTOCOL.tcp:
    case PROTOCOL.udp: {
      const at = protocol === PROTOCOL.tcp ? 16 : 6;
      if (end - from < (protocol === PROTOCOL.tcp ? 20 : 8)) return 0;
      const isPartial = ((input[0] ?? 0) & NEEDS_CHECKSUM) !== 0;
      const before = output.readUInt16BE(to + at);
      if (protocol === PROTOCOL.udp && before === 0 && !isPartial) return withUdpChecksum(body, bytes);
      const sum = fold((isPartial ? before : ~before & 0xffff) + (~change.less & 0xffff) + change.more);
      const after = isPartial ? sum : ~sum & 0xffff;
      output.writeUInt16BE(protocol === PROTOCOL.udp && after === 0 && !isPartial ? 0xffff : after, to + at);
      return bytes;
    }
    case PROTOCOL.icmpv6: {
      // The checksum of the whole cannot be told from a part.
      if (body.isFragment || end - from < 8) return 0;
      // It is written whole, so nothing of it is left to do.
      output.fill(0, 0, OFFLOAD_BYTES);
      const size = icmp(body);
      return size === 0 ? 0 : bytes - (end - from) + size;
    }
  }
  return 0;
}

/** A datagram of IPv4 may have none, one of IPv6 must. */
function withUdpChecksum({ work, to, from, end, isFragment }: Body, bytes: number): number {
  const { output, out } = work;
  if (isFragment || !isIpv6(output, out)) return 0;
  const sum = fold(sumOf(output, out + 8, out + 40) + (end - from) + PROTOCOL.udp + sumOf(output, to, to + end - from));
  output.writeUInt16BE(~sum & 0xffff || 0xffff, to + 6);
  return bytes;
}

/** The size of the message; 0 for one that has no counterpart. */
function icmpToIpv4(body: Body): number {
  const { output } = body.work;
  const { to } = body;
  const [type = 0, code = 0] = [output[to], output[to + 1]];
  let [size, changed] = [body.end - body.from, ECHO_TO_IPV4.get(type)];
  if (changed === undefined) {
    changed = errorToIpv4(type, code);
    if (changed === undefined) return 0;
    const mtu = type === 2 ? Math.min(MOST_BYTES, Math.max(68, output.readUInt32BE(to + 4) - 20)) : 0;
    output.writeUInt32BE(mtu, to + 4);
    size = innerOf(body, toIpv4);
  }
  if (size === 0) return 0;
  output.set(changed, to);
  output.writeUInt16BE(0, to + 2);
  output.writeUInt16BE(~sumOf(output, to, to + size) & 0xffff, to + 2);
  finish(body, size);
  return size;
}

function icmpToIpv6(body: Body): number {
  const { output, out } = body.work;
  const { to } = body;
  const [type = 0, code = 0] = [output[to], output[to + 1]];
  let [size, changed] = [body.end - body.from, ECHO_TO_IPV6.get(type)];
  if (changed === undefined) {
    changed = errorToIpv6(type, code);
    if (changed === undefined) return 0;
    const isTooBig = changed[0] === 2;
    // A parameter problem points at the next header, which names a protocol that nobody knows.
    const value = isTooBig ? Math.max(LEAST_IPV6_MTU, output.readUInt16BE(to + 6) + 20) : changed[0] === 4 ? 6 : 0;
    output.writeUInt32BE(value, to + 4);
    size = innerOf(body, toIpv6);
  }
  if (size === 0) return 0;
  output.set(changed, to);
  output.writeUInt16BE(0, to + 2);
  const sum = fold(sumOf(output, out + 8, out + 40) + size + PROTOCOL.icmpv6 + sumOf(output, to, to + size));
  output.writeUInt16BE(~sum & 0xffff, to + 2);
  finish(body, size);
  return size;
}

/** Type and code. */
type IcmpKind = readonly [number, number];

/** Requests and replies. */
const ECHO_TO_IPV4: ReadonlyMap<number, IcmpKind> = new Map([
  [128, [8, 0]],
  [129, [0, 0]],
]);
const ECHO_TO_IPV6: ReadonlyMap<number, IcmpKind> = new Map([
  [8, [128, 0]],
  [0, [129, 0]],
]);

/** Source: RFC 7915 section 5.2. */
function errorToIpv4(type: number, code: number): IcmpKind | undefined {
  switch (type) {
    case 1:
      return [3, code === 1 ? 10 : code === 4 ? 3 : 1];
    case 2:
      return [3, 4];
    case 3:
      return [11, code];
    case 4:
      return code === 1 ? [3, 2] : undefined;
  }
  return undefined;
}

/** Source: RFC 7915 section 4.2. */
function errorToIpv6(type: number, code: number): IcmpKind | undefined {
  switch (type) {
    case 3:
      if (code === 2) return [4, 1];
      if (code === 3) return [1, 4];
      if (code === 4) return [2, 0];
      return [1, [9, 10, 13, 15].includes(code) ? 1 : 0];
    case 11:
      return [3, code];
  }
  return undefined;
}

/** An error holds the beginning of the packet that it is about: the size of the message with that one translated. */
function innerOf({ work, from, end, to }: Body, translate: (work: Work) => number): number {
  const bytes = translate({ ...work, at: from + 8, end, out: to + 8, isInner: true });
  return bytes === 0 ? 0 : 8 + bytes;
}

/** The sizes in the IP header are those of the new message. */
function finish({ work, to }: Body, size: number): void {
  const { output, out } = work;
  if (isIpv6(output, out)) {
    output.writeUInt16BE(to - out - IPV6_BYTES + size, out + 4);
    return;
  }
  output.writeUInt16BE(IPV4_BYTES + size, out + 2);
  output.writeUInt16BE(0, out + 10);
  output.writeUInt16BE(~sumOf(output, out, out + IPV4_BYTES) & 0xffff, out + 10);
}

function isIpv6(bytes: Buffer, at: number): boolean {
  return (bytes[at] ?? 0) >> 4 === 6;
}

/** The sum of 16-bit words as the internet's checksum adds them up. */
function sumOf(bytes: Buffer, from: number, end: number): number {
  let sum = 0;
  let at = from;
  for (; at + 1 < end; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (at < end) sum += (bytes[at] ?? 0) << 8;
  return fold(sum);
}

function fold(sum: number): number {
  let rest = sum;
  while (rest > 0xffff) rest = (rest & 0xffff) + Math.floor(rest / 0x10000);
  return rest;
}
