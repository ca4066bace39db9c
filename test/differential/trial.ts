/** What is tried. It stands apart so that the program inside instances loads nothing else. */

/** A connection that is tried, or a datagram that wants an answer. */
export interface Trial {
  readonly kind: "tcp" | "udp";
  readonly ip: string;
  readonly port: number;
  /** One of the instance's own; absent for the primary one. */
  readonly sourceIp?: string;
  /** The port that it comes from, where the plane lets a program choose. */
  readonly sourcePort: number;
}

/** What instances listen on. */
export const ports = { tcp: [80, 8080], udp: [5000] } as const;
