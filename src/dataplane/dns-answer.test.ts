import dnsPacket from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NameRecord, Resolution } from "../network/resolve.ts";
import { answerDns, type Transport } from "./dns-answer.ts";

/** A resolver of three names: one with an address, one with very many, one in a VPC without a resolver. */
function resolve({ name, type }: { name: string; type: string }): Resolution {
  const zone = "amazonaws.com";
  const records: NameRecord[] = Array.from({ length: name.startsWith("many") ? 100 : 1 }, (_, at) => ({
    type: "A",
    ip: `52.216.0.${at}`,
    ttlSeconds: 5,
  }));
  if (name === "off.amazonaws.com") return { kind: "no-resolver", by: "a test" };
  if (name === "0.0.216.52.in-addr.arpa") {
    return { kind: "records", zone, by: "a test", records: [{ type: "PTR", name: "s3.amazonaws.com", ttlSeconds: 5 }] };
  }
  if (!["s3.amazonaws.com", "many.amazonaws.com", zone].includes(name)) return { kind: "no-name", zone, by: "a test" };
  if (type !== "A" || name === zone) return { kind: "no-data", zone, by: "a test" };
  return { kind: "records", records, zone, by: "a test" };
}

interface Ask {
  readonly name?: string;
  readonly type?: dnsPacket.RecordType;
  readonly additionals?: dnsPacket.Answer[];
  readonly transport?: Transport;
  readonly flags?: number;
}

const opt = (udpPayloadSize: number, ednsVersion = 0): dnsPacket.Answer => ({
  type: "OPT",
  name: ".",
  udpPayloadSize,
  extendedRcode: 0,
  ednsVersion,
  flags: 0,
  flag_do: false,
  options: [],
});

function query({ name = "s3.amazonaws.com", type = "A", additionals = [], flags = 0x0100 }: Ask): Buffer {
  return dnsPacket.encode({ type: "query", id: 4711, flags, questions: [{ name, type, class: "IN" }], additionals });
}

function ask(asked: Ask): dnsPacket.DecodedPacket & { rcode: string } {
  const answer = answerDns(resolve, query(asked), asked.transport ?? "udp");
  return dnsPacket.decode(Buffer.from(answer!)) as dnsPacket.DecodedPacket & { rcode: string };
}

function check(asked: Ask, rcode: string, answers: readonly unknown[]): void {
  const answer = ask(asked);
  expect([answer.id, answer.type, answer.rcode]).toEqual([4711, "response", rcode]);
  expect(answer.answers!.map((one) => ("data" in one ? one.data : one))).toEqual(answers);
}

describe("answers", () => {
  test("an address", () => check({}, "NOERROR", ["52.216.0.0"]));
  test("a pointer", () => check({ name: "0.0.216.52.in-addr.arpa", type: "PTR" }, "NOERROR", ["s3.amazonaws.com"]));
  test("no IPv6 address", () => check({ type: "AAAA" }, "NOERROR", []));
  test("no such name", () => check({ name: "nothing.amazonaws.com" }, "NXDOMAIN", []));
  test("the zone's own record", () =>
    check({ name: "amazonaws.com", type: "SOA" }, "NOERROR", [expect.objectContaining({ minimum: 60 })]));
  test("a zone transfer is refused", () => check({ type: "AXFR" }, "REFUSED", []));
  test("an opcode that is no query", () => check({ flags: 2 << 11 }, "NOTIMP", []));

  test("a negative answer names its zone", () => {
    expect(ask({ name: "nothing.amazonaws.com" }).authorities).toMatchObject([
      { type: "SOA", name: "amazonaws.com", ttl: 60 },
    ]);
    expect(ask({ type: "MX" }).authorities).toMatchObject([{ type: "SOA", name: "amazonaws.com" }]);
    expect(ask({}).authorities).toEqual([]);
  });

  test("the case of the question is kept", () => {
    const answer = ask({ name: "S3.aMaZonAWS.cOm" });
    expect([answer.questions![0]!.name, answer.answers![0]!.name]).toEqual(["S3.aMaZonAWS.cOm", "S3.aMaZonAWS.cOm"]);
  });

  test("recursion is offered, and what the client wished for is repeated", () => {
    const flags = (wished: number): number =>
      Buffer.from(answerDns(resolve, query({ flags: wished }), "udp")!).readUInt16BE(2);
    expect(flags(0x0100)).toBe(0x8180);
    expect(flags(0)).toBe(0x8080);
    expect(flags(0x0110)).toBe(0x8190);
  });

  test("without a resolver there is no answer", () => {
    expect(answerDns(resolve, query({ name: "off.amazonaws.com" }), "udp")).toBeUndefined();
  });
});

describe("size", () => {
  const many = { name: "many.amazonaws.com" };
  const truncated = (asked: Ask): [boolean, number] => {
    const answer = ask(asked);
    return [answer.flag_tc, answer.answers!.length];
  };

  test("UDP without EDNS holds 512 bytes", () => expect(truncated(many)).toEqual([true, 0]));
  test("EDNS takes what the client offers", () => {
    expect(truncated({ ...many, additionals: [opt(4096)] })).toEqual([false, 100]);
    expect(truncated({ ...many, additionals: [opt(1232)] })).toEqual([true, 0]);
    expect(truncated({ ...many, additionals: [opt(100)] })).toEqual([true, 0]);
  });
  test("TCP holds all", () => expect(truncated({ ...many, transport: "tcp" })).toEqual([false, 100]));
});

describe("EDNS", () => {
  test("it is answered with our own", () => {
    expect(ask({ additionals: [opt(1232)] }).additionals).toMatchObject([{ type: "OPT", udpPayloadSize: 4096 }]);
    expect(ask({}).additionals).toEqual([]);
  });
  test("another version is refused by number", () => {
    const answer = ask({ additionals: [opt(1232, 1)] });
    expect(answer.additionals).toMatchObject([{ type: "OPT", extendedRcode: 1, ednsVersion: 0 }]);
    expect(answer.answers).toEqual([]);
  });
  test("two of them are a broken query", () => check({ additionals: [opt(1232), opt(1232)] }, "FORMERR", []));
});

describe("broken queries", () => {
  const rcodeOf = (bytes: Uint8Array): number | undefined => {
    const answer = answerDns(resolve, bytes, "udp");
    return answer && answer[3]! & 15;
  };
  const whole = query({});

  test("too short for a header, or an answer: nothing comes back", () => {
    expect(rcodeOf(whole.subarray(0, 11))).toBeUndefined();
    expect(
      rcodeOf(Buffer.concat([whole.subarray(0, 2), Buffer.from([0x81, 0x80]), whole.subarray(4)])),
    ).toBeUndefined();
  });
  test("cut short", () => {
    for (let length = 12; length < whole.length; length++) expect(rcodeOf(whole.subarray(0, length))).toBe(1);
  });
  test("no question, or two", () => {
    const counted = (count: number): Buffer => {
      const copy = Buffer.from(whole);
      copy.writeUInt16BE(count, 4);
      return copy;
    };
    expect([rcodeOf(counted(0)), rcodeOf(counted(2)), rcodeOf(counted(65535))]).toEqual([1, 1, 1]);
  });
  test("a question that points at itself", () => {
    const header = whole.subarray(0, 12);
    expect(rcodeOf(Buffer.concat([header, Buffer.from([0xc0, 0x0c, 0, 1, 0, 1])]))).toBe(1);
  });
  test("another class", () => {
    const chaos = Buffer.from(whole);
    chaos.writeUInt16BE(3, chaos.length - 2);
    expect(rcodeOf(chaos)).toBe(5);
  });

  test("any bytes: no crash, and an answer that is one", () => {
    const damaged = fc
      .tuple(fc.array(fc.tuple(fc.nat(whole.length + 40), fc.nat(255)), { maxLength: 12 }), fc.nat(60))
      .map(([hits, cut]) => {
        const copy = Buffer.concat([query({ additionals: [opt(1232)] }), Buffer.alloc(20)]);
        for (const [at, byte] of hits) copy[at % copy.length] = byte;
        return copy.subarray(0, copy.length - cut);
      });
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 200 }), damaged),
        fc.constantFrom("udp", "tcp"),
        (bytes, transport) => {
          const answer = answerDns(resolve, bytes, transport as Transport);
          if (answer === undefined) return;
          const decoded = dnsPacket.decode(Buffer.from(answer));
          expect([decoded.type, decoded.id]).toEqual(["response", (bytes[0]! << 8) | bytes[1]!]);
        },
      ),
      { numRuns: 5000 },
    );
  });
});
