/** Tries connections from inside instances and on-premises hosts of the Linux plane. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DataPlane } from "../../src/dataplane/plane.ts";
import type { ProbeOrder, ProbeReport } from "./probe.ts";
import type { Prober } from "./prober.ts";

type Order = ProbeOrder extends infer One ? (One extends unknown ? Omit<One, "id"> : never) : never;

interface Waiting {
  readonly resolve: (found: ProbeReport["found"]) => void;
  readonly reject: (error: Error) => void;
}

/** One program for all of them, with the rights of the plane's own user namespace: it also answers neighbours. */
export function kernelProber(plane: DataPlane): Prober {
  const joined = new Map<string, Promise<unknown>>();
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let lastId = 0;

  function start(netdPid: string): ChildProcess {
    const namespaces = [`--user=/proc/${netdPid}/ns/user`, `--net=/proc/${netdPid}/ns/net`];
    const program = [process.execPath, join(import.meta.dirname, "probe.ts")];
    const started = spawn("nsenter", [...namespaces, "--preserve-credentials", "--", ...program], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    started.once("exit", (status) => {
      for (const { reject } of waiting.values()) reject(new Error(`the probe ended (status ${status})`));
    });
    createInterface({ input: started.stdout }).on("line", (line) => {
      const { found, id } = JSON.parse(line) as ProbeReport;
      waiting.get(id)?.resolve(found);
      waiting.delete(id);
    });
    return started;
  }

  function tell(order: Order): Promise<ProbeReport["found"]> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      child?.stdin?.write(`${JSON.stringify({ id, ...order })}\n`);
    });
  }

  /** The words by which programs get in say where it is. */
  async function joinPlace(place: string): Promise<void> {
    const words = (await plane.entry(place))?.command.join(" ") ?? "";
    const [, file = "", netdPid = ""] = /--net=(\/proc\/(\d+)\/fd\/\d+)/.exec(words) ?? [];
    if (file === "") throw new Error(`the plane has no ${place}`);
    child ??= start(netdPid);
    await tell({ kind: "join", place, file, text: `instance ${place}` });
  }

  return {
    probe: async (place, trials, timeoutMs) => {
      const isThere = joined.get(place) ?? joinPlace(place);
      joined.set(place, isThere);
      await isThere;
      return trials.length === 0 ? [] : tell({ kind: "try", place, trials, timeoutMs });
    },
    retire: async (living) => {
      const gone = [...joined.keys()].filter((place) => !living.has(place));
      for (const place of gone) joined.delete(place);
      await Promise.all(gone.map((place) => tell({ kind: "leave", place })));
    },
    [Symbol.asyncDispose]: async () => {
      if (child === undefined) return;
      const ended = once(child, "exit");
      child.stdin?.end();
      await ended;
    },
  };
}
