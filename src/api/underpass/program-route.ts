/** The part of Underpass's own API that keepers of programs and the commands `ps`, `logs` and `stop` speak to. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { createInterface } from "node:readline";
import type { OutputPiece, ProgramEnd, ProgramStart, ProgramTable } from "./program-table.ts";

/** What a keeper sends, a line of JSON each: the start, then pieces of output, then the end. */
export type KeeperLine =
  | { readonly start: ProgramStart }
  | { readonly piece: OutputPiece }
  | { readonly end: ProgramEnd };

/**
 * A keeper's connection: its request is the program's life. The answer names the program in its first line; further lines
 * are orders. It breaks off when the program has ended.
 */
export async function keepProgram(
  table: ProgramTable,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const lines = createInterface({ input: request, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]();
  const first = await nextOf(lines);
  if (first === undefined || !("start" in first) || !isStart(first.start)) {
    response.writeHead(400, { "content-type": "application/json" });
    response.end(
      `${JSON.stringify({ error: { code: "no-program", message: "the first line must say what runs" } })}\n`,
    );
    return;
  }
  const { instanceId, program } = first.start;
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const write = (value: object): void => void response.write(`${JSON.stringify(value)}\n`);
  const record = table.open({ instanceId, program }, write);
  write({ programId: record.line.programId });
  let end: ProgramEnd | undefined;
  try {
    for (let line = await nextOf(lines); line !== undefined; line = await nextOf(lines)) {
      if ("piece" in line) record.print(line.piece);
      if ("end" in line) end = line.end;
    }
  } finally {
    table.close(record, end);
    response.end();
  }
}

/** What the program has printed, piece by piece; with `follow` also what it prints until it ends. */
export async function sendOutput(
  table: ProgramTable,
  { programId, follow }: { readonly programId: string; readonly follow: boolean },
  response: ServerResponse,
): Promise<void> {
  const record = table.find(programId);
  if (record === undefined) return;
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  const write = (piece: OutputPiece): void => {
    // A reader that does not keep up loses pieces; it must not hold the daemon's memory.
    if (response.writableLength < 4 * 1024 * 1024) response.write(`${JSON.stringify(piece)}\n`);
  };
  for (const piece of record.output()) write(piece);
  if (!follow || record.line.state === "ended") return void response.end();
  response.flushHeaders();
  const stop = record.follow(write);
  response.once("close", stop);
  await record.ended;
  stop();
  response.end();
}

async function nextOf(lines: AsyncIterator<string>): Promise<KeeperLine | undefined> {
  try {
    const line = await lines.next();
    if (line.done === true) return undefined;
    const value: unknown = JSON.parse(line.value);
    return typeof value === "object" && value !== null ? (value as KeeperLine) : undefined;
  } catch {
    // A connection that broke off, or no JSON: nothing more is to be had.
    return undefined;
  }
}

function isStart(start: unknown): start is ProgramStart {
  if (typeof start !== "object" || start === null) return false;
  const { instanceId, program } = start as Partial<ProgramStart>;
  return typeof instanceId === "string" && Array.isArray(program) && program.every((one) => typeof one === "string");
}
