/** What the plane and its netd say to each other, over the IPC channel that Node gives a child. */

import type { TrackedConnection } from "./conntrack.ts";
import type { Change } from "./diff.ts";
import type { KernelObject, ListenerObject } from "./kernel-object.ts";
import type { Meter } from "./meter.ts";

export type Order =
  /** Does the steps in their order, as one; answered by `done`. */
  | { readonly kind: "perform"; readonly id: number; readonly steps: readonly (readonly Change[])[] }
  /** Reads back all that the kernel holds, or what these namespaces do; answered by `done` with `objects`. */
  | { readonly kind: "dump"; readonly id: number; readonly namespaces?: readonly string[] }
  /** Puts back what these namespaces, or all, are made with; answered by `done` with `restored`. */
  | { readonly kind: "restore"; readonly id: number; readonly namespaces?: readonly string[] }
  /** Sees to the first process of an instance; answered by `done` with `initPid`. */
  | { readonly kind: "start-init"; readonly id: number; readonly namespace: string }
  /** Reads what these routers, or all, have counted; answered by `done` with `meters`. */
  | { readonly kind: "read-meters"; readonly id: number; readonly namespaces?: readonly string[] }
  /** Lists the connections that this router keeps in mind; answered by `done` with `connections`. */
  | { readonly kind: "list-connections"; readonly id: number; readonly namespace: string }
  /** Has this router forget connections; answered by `done`. */
  | {
      readonly kind: "forget-connections";
      readonly id: number;
      readonly namespace: string;
      readonly connections: readonly TrackedConnection[];
    };

export type Report =
  | { readonly kind: "ready"; readonly pid: number }
  /** Somebody else changed something in these namespaces. */
  | { readonly kind: "drift"; readonly namespaces: readonly string[] }
  /** A listening socket comes with it. */
  | { readonly kind: "listener"; readonly listener: ListenerObject }
  | {
      readonly kind: "done";
      readonly id: number;
      /** Namespaces that were made. */
      readonly made: readonly MadeNamespace[];
      readonly objects?: readonly KernelObject[];
      readonly meters?: readonly Meter[];
      readonly connections?: readonly TrackedConnection[];
      readonly initPid?: number;
      /** What was put back, a sentence each. */
      readonly restored?: readonly string[];
      /** What failed, said from the outermost to the innermost cause; the steps after it were not done. */
      readonly error?: string;
    };

/** A namespace as others may find it: netd's descriptor and the kernel's name. */
export interface MadeNamespace {
  readonly namespace: string;
  readonly fd: number;
  readonly inode: string;
}

/** The order in `message`, which came from the process that started this one. */
export function readOrder(message: unknown): Order {
  return message as Order;
}

/** The report in `message`, which came from the netd that this process started. */
export function readReport(message: unknown): Report {
  return message as Report;
}
