/**
 * The long-running programs inside instances (`underpass exec -d`). The daemon starts none of them: each has a keeper, a
 * process of the user who called, which speaks here over one connection. So a program has the rights of its caller alone,
 * and this table only knows what keepers say: that a program runs, what it prints and how it ended.
 */

import { find, type State } from "../../model/state.ts";

/** What a keeper says first. */
export interface ProgramStart {
  readonly instanceId: string;
  readonly program: readonly string[];
}

export interface ProgramLine extends ProgramStart {
  /** `p1`: counted since the start of the daemon. */
  readonly programId: string;
  readonly state: "running" | "ended";
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  /** How it ended; neither where its keeper was killed. */
  readonly end?: ProgramEnd;
}

export type ProgramEnd = { readonly status: number } | { readonly signal: string };

/** A piece of output, in base64. */
export interface OutputPiece {
  readonly stream: "out" | "err";
  readonly data: string;
}

/** What a keeper is told: end it softly, and after a while for good, or at once. */
export type ProgramOrder = { readonly order: "stop" | "kill" };

/** Of one program, in base64: some 750 KiB of output. */
const outputLimit = 1024 * 1024;
/** Programs that have ended and are remembered. */
const endedLimit = 32;

export class ProgramRecord {
  line: ProgramLine;
  readonly tell: (order: ProgramOrder) => void;
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #followers = new Set<(piece: OutputPiece) => void>();
  #pieces: OutputPiece[] = [];
  #size = 0;

  constructor(line: ProgramLine, tell: (order: ProgramOrder) => void) {
    this.line = line;
    this.tell = tell;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#resolveEnded = resolve;
  }

  /** Keeps a piece; of more than the limit the oldest go. */
  print(piece: OutputPiece): void {
    this.#pieces.push(piece);
    this.#size += piece.data.length;
    while (this.#size > outputLimit && this.#pieces.length > 1) this.#size -= this.#pieces.shift()?.data.length ?? 0;
    for (const follow of this.#followers) follow(piece);
  }

  output(): readonly OutputPiece[] {
    return this.#pieces;
  }

  /** Calls back for what is printed from now on; the answer ends that. */
  follow(onPiece: (piece: OutputPiece) => void): () => void {
    this.#followers.add(onPiece);
    return () => this.#followers.delete(onPiece);
  }

  end(end: ProgramEnd | undefined, nowMs: number): void {
    this.line = { ...this.line, state: "ended", endedAtMs: nowMs, ...(end !== undefined && { end }) };
    this.#resolveEnded();
  }
}

export class ProgramTable {
  readonly #records = new Map<string, ProgramRecord>();
  readonly #nowMs: () => number;
  #count = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  open(start: ProgramStart, tell: (order: ProgramOrder) => void): ProgramRecord {
    const programId = `p${++this.#count}`;
    const line: ProgramLine = { programId, ...start, state: "running", startedAtMs: this.#nowMs() };
    const record = new ProgramRecord(line, tell);
    this.#records.set(programId, record);
    return record;
  }

  close(record: ProgramRecord, end: ProgramEnd | undefined): void {
    record.end(end, this.#nowMs());
    const ended = [...this.#records.values()].filter((one) => one.line.state === "ended");
    for (const { line } of ended.slice(0, -endedLimit)) this.#records.delete(line.programId);
  }

  find(programId: string): ProgramRecord | undefined {
    return this.#records.get(programId);
  }

  /** In the order of their start. */
  list(): readonly ProgramLine[] {
    return [...this.#records.values()].map(({ line }) => line);
  }

  /** Ends the programs of instances that do not run (any more) and of on-premises hosts that are gone. */
  endStale(state: State): void {
    for (const { line, tell } of this.#records.values()) {
      if (find(state, "on-premises-host", line.instanceId) !== undefined) continue;
      if (line.state === "running" && find(state, "instance", line.instanceId)?.state !== "running") {
        tell({ order: "kill" });
      }
    }
  }
}
