/** Reads back from the kernel what it holds, as the same values that were asked of it. */
import type { Kernel } from "./kernel.ts";
import type { KernelObject } from "./kernel-object.ts";

export function dumpKernel(_kernel: Kernel): KernelObject[] {
  throw new Error("not built yet");
}
