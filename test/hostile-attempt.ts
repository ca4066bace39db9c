/** What the attempts of a hostile program share: how each is told, and what the program knows of its surroundings. */

import { request } from "node:http";
import koffi from "koffi";
import { nameOfErrno } from "../src/dataplane/linux/libc.ts";

export interface Surroundings {
  readonly netdPid: number;
  readonly daemonPid: number;
  /** A program inside another instance. */
  readonly otherPid: number;
  /** Shared memory of the machine, by its number. */
  readonly sharedMemory: number;
  /** An abstract unix socket of the machine. */
  readonly abstractSocket: string;
  /** Another instance of the same VPC. */
  readonly otherIp: string;
  readonly otherIpv6: string;
  readonly otherToken: string;
  /** On which the other instance tells who sends to it. */
  readonly otherPort: number;
  /** In the same subnet; nobody has it. */
  readonly strangerIpv6: string;
  /** An address of the machine itself. */
  readonly machineIp: string;
  readonly regionPort: number;
  readonly stateFolder: string;
  readonly bucketHost: string;
  readonly bucketHostIpv6: string;
  /** An endpoint and addresses that the bucket's policy lets in. */
  readonly trustedEndpoint: string;
  readonly trustedIp: string;
  readonly trustedIpv6: string;
}

export const around = JSON.parse(process.argv[2] ?? "") as Surroundings;
export const metadata = "169.254.169.254";
export const library = koffi.load(null);

export function attempt(what: string, action: () => string | number | null | void): void {
  try {
    const gained = action();
    console.log(`${what}: ${gained ?? "done"}`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    console.log(`${what}: ${code ?? message}`);
  }
}

/** The kernel's error name, or `done`. */
export function call(action: () => unknown): string {
  return Number(action()) < 0 ? nameOfErrno(koffi.errno()) : "done";
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function ask(
  host: string,
  path: string,
  {
    method = "GET",
    headers = {},
    port = 80,
    family = 0,
  }: { method?: string; headers?: Record<string, string>; port?: number; family?: number } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const outgoing = request({ host, port, family, path, method, headers, timeout: 3000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.on("timeout", () => outgoing.destroy(Object.assign(new Error("nothing answers"), { code: "nothing" })));
    outgoing.on("error", reject);
    outgoing.end();
  });
}

export async function attemptAsk(what: string, ...asked: Parameters<typeof ask>): Promise<void> {
  try {
    const { status, body } = await ask(...asked);
    console.log(`${what}: ${status}${status === 200 ? ` ${body}` : ""}`);
  } catch (error) {
    console.log(`${what}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
