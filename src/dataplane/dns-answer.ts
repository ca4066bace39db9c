/**
 * The wire form of a resolver: one query in, one answer out.
 * Source: RFC 1035 section 4 (messages), RFC 6891 (EDNS), RFC 2308 section 3 (the SOA record of a negative answer).
 */

import dnsPacket from "dns-packet";
import type { NameRecord, Question, Resolution } from "../network/resolve.ts";

export type Transport = "udp" | "tcp";

/**
 * The answer to `query`, or undefined where none is due: to what is no query at all, and where there is no resolver. Over
 * UDP it is at most as long as the client allows, with the flag TC set when records had to be left out.
 */
export function answerDns(
  resolve: (question: Question) => Resolution,
  query: Uint8Array,
  transport: Transport,
): Uint8Array | undefined {
  const buffer = Buffer.from(query.buffer, query.byteOffset, query.byteLength);
  if (buffer.length < headerBytes || (buffer.readUInt16BE(2) & flag.response) !== 0) return undefined;
  const read = readQuery(buffer);
  if (read.kind === "refused")
    return encode(buffer, read.questionBytes, { rcode: read.rcode, answers: [], zone: undefined }, read.edns);
  const { name, type } = read;
  const resolution = resolve({ name: name.toLowerCase(), type });
  const reply = replyTo(resolution, name, type);
  if (reply === undefined) return undefined;
  const answer = encode(buffer, read.questionBytes, reply, read.edns);
  if (transport === "tcp" || answer.length <= udpLimit(read.edns)) return answer;
  return encode(buffer, read.questionBytes, { ...reply, answers: [], truncated: true }, read.edns);
}

const headerBytes = 12;

const flag = {
  response: 0x8000,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  checkingDisabled: 0x0010,
};

const rcode = { ok: 0, format: 1, noName: 3, notImplemented: 4, refused: 5 };

/** RFC 6891 section 6.1.3: the upper bits of rcode 16. */
const badVersion = 1;

/** Seconds that a negative answer may be kept. */
const negativeTtlSeconds = 60;

interface Edns {
  readonly udpSizeBytes: number;
  readonly badVersion: boolean;
}

interface Refused {
  readonly kind: "refused";
  readonly rcode: number;
  readonly questionBytes: Buffer;
  readonly edns?: Edns | undefined;
}

interface Query {
  readonly kind: "query";
  /** As the client wrote it, case included. */
  readonly name: string;
  readonly type: string;
  readonly questionBytes: Buffer;
  readonly edns?: Edns | undefined;
}

function readQuery(buffer: Buffer): Query | Refused {
  const none = Buffer.alloc(0);
  // RFC 1035 section 4.1.1: the kind of query is in the bits 11 to 14 of the flags.
  if (((buffer.readUInt16BE(2) >>> 11) & 15) !== 0)
    return { kind: "refused", rcode: rcode.notImplemented, questionBytes: none };
  const packet = decoded(buffer);
  const questionBytes = packet && rawQuestion(buffer);
  const [question] = packet?.questions ?? [];
  if (packet === undefined || question === undefined || questionBytes === undefined) {
    return { kind: "refused", rcode: rcode.format, questionBytes: none };
  }
  const options = packet.additionals.filter((record) => record.type === "OPT");
  if (options.length > 1) return { kind: "refused", rcode: rcode.format, questionBytes };
  const edns = options[0] && { udpSizeBytes: options[0].udpPayloadSize, badVersion: options[0].ednsVersion !== 0 };
  if (edns?.badVersion === true) return { kind: "refused", rcode: rcode.ok, questionBytes, edns };
  const klass = questionBytes.readUInt16BE(questionBytes.length - 2);
  const transfer = question.type === "AXFR" || question.type === "IXFR";
  if (transfer || (klass !== classIn && klass !== classAny)) {
    return { kind: "refused", rcode: rcode.refused, questionBytes, edns };
  }
  return { kind: "query", name: question.name, type: question.type, questionBytes, edns };
}

const classIn = 1;
const classAny = 255;

interface Decoded {
  readonly questions: readonly dnsPacket.Question[];
  readonly additionals: readonly dnsPacket.Answer[];
}

function decoded(buffer: Buffer): Decoded | undefined {
  if (buffer.readUInt16BE(4) !== 1) return undefined;
  try {
    const { questions = [], additionals = [] } = dnsPacket.decode(buffer);
    return { questions, additionals };
  } catch {
    return undefined;
  }
}

/** The one question byte by byte, so that the answer repeats it exactly; undefined when it is cut short or compressed. */
function rawQuestion(buffer: Buffer): Buffer | undefined {
  let at = headerBytes;
  for (let length = buffer[at]; length !== 0; length = buffer[at]) {
    if (length === undefined || length > 63) return undefined;
    at += length + 1;
  }
  const end = at + 5;
  return end <= buffer.length ? buffer.subarray(headerBytes, end) : undefined;
}

interface Reply {
  readonly rcode: number;
  readonly answers: readonly dnsPacket.Answer[];
  /** The zone of a negative answer. */
  readonly zone: string | undefined;
  readonly truncated?: boolean;
}

function replyTo(resolution: Resolution, name: string, type: string): Reply | undefined {
  switch (resolution.kind) {
    case "no-resolver":
      return undefined;
    case "no-name":
      return { rcode: rcode.noName, answers: [], zone: resolution.zone };
    case "no-data": {
      const apex = type === "SOA" && resolution.zone === name.toLowerCase().replace(/\.$/, "");
      if (apex) return { rcode: rcode.ok, answers: [soaOf(resolution.zone)], zone: undefined };
      return { rcode: rcode.ok, answers: [], zone: resolution.zone };
    }
    case "records":
      return { rcode: rcode.ok, answers: resolution.records.map((record) => answerOf(record, name)), zone: undefined };
  }
}

function answerOf(record: NameRecord, name: string): dnsPacket.Answer {
  const common = { name, ttl: record.ttlSeconds, class: "IN" as const };
  return record.type === "PTR"
    ? { ...common, type: record.type, data: record.name }
    : { ...common, type: record.type, data: record.ip };
}

function soaOf(zone: string): dnsPacket.Answer {
  const server = zone === "" ? "ns" : `ns.${zone}`;
  const data = {
    mname: server,
    rname: server,
    serial: 1,
    refresh: 7200,
    retry: 900,
    expire: 1209600,
    minimum: negativeTtlSeconds,
  };
  return { name: zone === "" ? "." : zone, type: "SOA", ttl: negativeTtlSeconds, class: "IN", data };
}

function encode(query: Buffer, questionBytes: Buffer, reply: Reply, edns: Edns | undefined): Buffer {
  const asked = query.readUInt16BE(2);
  const kept = asked & (flag.recursionDesired | flag.checkingDisabled);
  const opcode = asked & 0x7800;
  const flags = kept | opcode | flag.recursionAvailable | (reply.truncated === true ? flag.truncated : 0) | reply.rcode;
  const rest = dnsPacket.encode({
    type: "response",
    id: query.readUInt16BE(0),
    flags,
    answers: [...reply.answers],
    authorities: reply.zone === undefined || reply.truncated === true ? [] : [soaOf(reply.zone)],
    additionals: edns === undefined ? [] : [optOf(edns)],
  });
  const whole = Buffer.concat([rest.subarray(0, headerBytes), questionBytes, rest.subarray(headerBytes)]);
  whole.writeUInt16BE(questionBytes.length === 0 ? 0 : 1, 4);
  return whole;
}

/** What we take over UDP ourselves; also what a client may ask for at most. Source: RFC 6891 section 6.2.5. */
const ownUdpBytes = 4096;

function optOf(edns: Edns): dnsPacket.Answer {
  return {
    type: "OPT",
    name: ".",
    udpPayloadSize: ownUdpBytes,
    extendedRcode: edns.badVersion ? badVersion : 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

/** RFC 1035 section 4.2.1: 512 bytes, unless the client says that it takes more. */
function udpLimit(edns: Edns | undefined): number {
  return edns === undefined ? 512 : Math.min(ownUdpBytes, Math.max(512, edns.udpSizeBytes));
}
