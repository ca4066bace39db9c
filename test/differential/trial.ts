/** What is tried. It stands apart so that the program inside instances loads nothing else. */

/** A connection that is tried, or a packet that wants an answer. */
export interface Trial {
  readonly kind: TrialKind;
  readonly ip: string;
  /** Of a protocol without ports its number; 0 for a ping. */
  readonly port: number;
  /** One of the sender's own; absent for the primary one. */
  readonly sourceIp?: string;
  /** The port that it comes from, where the plane lets a program choose; of a ping its identifier. */
  readonly sourcePort: number;
}

export type TrialKind = "tcp" | "udp" | "ping" | "protocol";

/** What instances listen on. */
export const ports = { tcp: [80, 8080], udp: [5000] } as const;
