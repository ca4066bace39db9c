import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ipBytes, ipOfBytes } from "./address.ts";
import { formatIp } from "../../base/ip.ts";
import { ClientTable, FRAME_BYTES, translateFrame } from "./nat64-packet.ts";

const client = "2600:1f10:0:100::5";
const server = "64:ff9b::c633:6407";
const [TCP, UDP, ICMP, ICMPV6, FRAGMENT] = [6, 17, 1, 58, 44];
/** The offload header and that of Ethernet. */
const IP = 24;

function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum += (bytes[at] ?? 0) << (at % 2 === 0 ? 8 : 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function frameOf(type: number, packet: Buffer): Buffer {
  const header = Buffer.alloc(IP);
  header.write("020000000001020000000002", 10, "hex");
  header.writeUInt16BE(type, 22);
  return Buffer.concat([header, packet]);
}

/** Of a message with its checksum at `at`, by the addresses and the protocol. */
function withChecksum(payload: Buffer, at: number, pseudo: Buffer): Buffer {
  const body = Buffer.from(payload);
  body.writeUInt16BE(0, at);
  const sum = ~sumOf(Buffer.concat([pseudo, body])) & 0xffff;
  // In a datagram none at all is written as zero.
  body.writeUInt16BE(sum === 0 && at === checksumAt[UDP] ? 0xffff : sum, at);
  return body;
}

function pseudoIpv6(source: string, destination: string, length: number, protocol: number): Buffer {
  const rest = Buffer.alloc(8);
  rest.writeUInt32BE(length, 0);
  rest.writeUInt32BE(protocol, 4);
  return Buffer.concat([ipBytes(source), ipBytes(destination), rest]);
}

function ipv6(source: string, destination: string, protocol: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(0x6000_0000, 0);
  header.writeUInt16BE(payload.length, 4);
  header.set([protocol, 63], 6);
  return Buffer.concat([header, ipBytes(source), ipBytes(destination), payload]);
}

const checksumAt: Readonly<Record<number, number>> = { [TCP]: 16, [UDP]: 6, [ICMPV6]: 2 };

function sent(protocol: number, payload: Buffer, from = client, to = server): Buffer {
  const body = withChecksum(payload, checksumAt[protocol] ?? 0, pseudoIpv6(from, to, payload.length, protocol));
  return frameOf(0x86dd, ipv6(from, to, protocol, body));
}

function translated(frame: Buffer, clients = new ClientTable()): Buffer | undefined {
  const output = Buffer.alloc(FRAME_BYTES);
  const size = translateFrame(frame, frame.length, clients, output);
  return size === 0 ? undefined : output.subarray(0, size);
}

/** The answer to a packet of IPv4: addresses change sides. */
function turned(frame: Buffer): Buffer {
  const turnedFrame = Buffer.from(frame);
  frame.copy(turnedFrame, IP + 12, IP + 16, IP + 20);
  frame.copy(turnedFrame, IP + 16, IP + 12, IP + 16);
  return turnedFrame;
}

function expectSound(frame: Buffer): void {
  const packet = frame.subarray(IP);
  expect(sumOf(packet.subarray(0, 20))).toBe(0xffff);
  const protocol = packet[9] ?? 0;
  const pseudo = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, protocol, 0, 0])]);
  pseudo.writeUInt16BE(packet.length - 20, 10);
  const whole = protocol === ICMP ? packet.subarray(20) : Buffer.concat([pseudo, packet.subarray(20)]);
  expect(sumOf(whole)).toBe(0xffff);
  expect(packet.readUInt16BE(2)).toBe(packet.length);
}

const payload = (least: number) =>
  fc.uint8Array({ minLength: least, maxLength: 3000 }).map((bytes) => Buffer.from(bytes));

describe("a packet of NAT64", () => {
  test.each([
    [TCP, 20],
    [UDP, 8],
  ])("of protocol %i goes out and comes back as it was, but for who it is from", (protocol, least) => {
    fc.assert(
      fc.property(payload(least), (body) => {
        const clients = new ClientTable();
        const there = translated(sent(protocol, body), clients)!;
        expectSound(there);
        expect(formatIp(ipOfBytes(there.subarray(IP + 12, IP + 16)))).toBe("240.0.0.1");
        expect(formatIp(ipOfBytes(there.subarray(IP + 16, IP + 20)))).toBe("198.51.100.7");
        // Addresses change sides, which no checksum notices.
        const back = translated(turned(there), clients)!;
        const expected = sent(protocol, body, server, client);
        expect(back.subarray(IP)).toEqual(expected.subarray(IP));
      }),
    );
  });

  test("of ICMP has the type of its family and a checksum of its own", () => {
    const clients = new ClientTable();
    const echo = Buffer.from([128, 0, 0, 0, 0, 9, 0, 1, 1, 2, 3]);
    const there = translated(sent(ICMPV6, echo), clients)!;
    expectSound(there);
    expect([there[IP + 9], there[IP + 20]]).toEqual([ICMP, 8]);
    const answer = turned(there);
    answer[IP + 20] = 0;
    const back = translated(answer, clients)!;
    echo[0] = 129;
    expect(back.subarray(IP)).toEqual(sent(ICMPV6, echo, server, client).subarray(IP));
  });

  test("an error tells the packet that it is about in the other family", () => {
    const clients = new ClientTable();
    const there = translated(sent(UDP, Buffer.alloc(1400, 1)), clients)!;
    const tooBig = Buffer.concat([Buffer.from([3, 4, 0, 0, 0, 0, 0x05, 0xdc]), there.subarray(IP, IP + 28)]);
    const header = Buffer.from(there.subarray(IP, IP + 20));
    header.writeUInt16BE(20 + tooBig.length, 2);
    header[9] = ICMP;
    header.set(ipBytes("203.0.113.1"), 12);
    header.set(there.subarray(IP + 12, IP + 16), 16);
    const back = translated(frameOf(0x0800, Buffer.concat([header, tooBig])), clients)!;
    const message = back.subarray(IP + 40);
    expect([message[0], message.readUInt32BE(4)]).toEqual([2, 1520]);
    expect(formatIp(ipOfBytes(back.subarray(IP + 8, IP + 24)))).toBe("64:ff9b::cb00:7101");
    expect(formatIp(ipOfBytes(message.subarray(16, 32)))).toBe(client);
    expect(formatIp(ipOfBytes(message.subarray(32, 48)))).toBe(server);
    const pseudo = pseudoIpv6("64:ff9b::cb00:7101", client, message.length, ICMPV6);
    expect(sumOf(Buffer.concat([pseudo, message]))).toBe(0xffff);
  });

  test("a fragment stays one", () => {
    const clients = new ClientTable();
    const header = Buffer.from([UDP, 0, 0x01, 0x01, 0, 0, 0xab, 0xcd]);
    const there = translated(
      frameOf(0x86dd, ipv6(client, server, FRAGMENT, Buffer.concat([header, Buffer.alloc(64, 7)]))),
      clients,
    )!;
    expect([there.readUInt16BE(IP + 4), there.readUInt16BE(IP + 6)]).toEqual([0xabcd, 0x2000 | 32]);
    const back = translated(turned(there), clients)!;
    expect([back[IP + 6], back.subarray(IP + 40, IP + 48).toString("hex")]).toEqual([FRAGMENT, "110001010000abcd"]);
  });

  test.each([
    ["that is for no address of the prefix", sent(UDP, Buffer.alloc(8), client, "2001:db8::1")],
    ["that claims to be from inside the prefix", sent(UDP, Buffer.alloc(8), server, server)],
    ["for a link-local address", sent(UDP, Buffer.alloc(8), client, "64:ff9b::169.254.169.254")],
    ["of another protocol", frameOf(0x86dd, ipv6(client, server, 50, Buffer.alloc(40)))],
    ["that is cut short", sent(TCP, Buffer.alloc(40)).subarray(0, IP + 50)],
    ["of IPv4 for nobody", turned(frameOf(0x0800, Buffer.from("4500001c0000000040110000f0000001c6336407", "hex")))],
  ])("%s is dropped", (_what, frame) => {
    expect(translated(frame)).toBeUndefined();
  });

  test("an error about addresses that nobody has makes no client", () => {
    const clients = new ClientTable();
    const about = ipv6(server, "2001:db8::77", UDP, Buffer.alloc(16));
    expect(
      translated(sent(ICMPV6, Buffer.concat([Buffer.from([1, 4, 0, 0, 0, 0, 0, 0]), about])), clients),
    ).toBeUndefined();
    expect([clients.clientOf(0xf000_0001), clients.clientOf(0xf000_0002)]).toEqual([ipBytes(client), undefined]);
  });

  test("whatever comes, nothing is thrown and no size is beyond the frame", () => {
    const clients = new ClientTable();
    translated(sent(UDP, Buffer.alloc(8)), clients);
    const starts = [
      sent(TCP, Buffer.alloc(40)),
      sent(ICMPV6, Buffer.alloc(80, 1)),
      translated(sent(UDP, Buffer.alloc(60)), clients)!,
    ];
    const change = fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(starts.length - 1), change, fc.nat(200), (which, changes, cut) => {
        const frame = Buffer.from(starts[which] ?? []);
        for (const [at, value] of changes) if (at < frame.length) frame[at] = value;
        const kept = frame.subarray(0, Math.min(frame.length, 10 + cut));
        const size = translateFrame(kept, kept.length, clients, Buffer.alloc(FRAME_BYTES));
        expect(size).toBeGreaterThanOrEqual(0);
        expect(size).toBeLessThanOrEqual(FRAME_BYTES);
      }),
      { numRuns: 3000 },
    );
  });
});
