/**
 * Session tokens of IMDSv2. A token carries its own end and is sealed for one instance, so nothing is kept and another
 * instance cannot use it. Source: Amazon EC2 User Guide, "Use the Instance Metadata Service", "How IMDSv2 works".
 */

import { createHmac, timingSafeEqual } from "node:crypto";

export interface TokenSeal {
  /** A token of 56 characters for so many seconds. */
  readonly issue: (instanceId: string, seconds: number, nowMs: number) => string;
  /** The whole seconds that a token of this instance has left; undefined for one that has ended or is not its own. */
  readonly secondsLeft: (instanceId: string, token: string, nowMs: number) => number | undefined;
}

/** Source: as above: from one second to six hours. */
export const longestTokenSeconds = 21_600;

/** Version, end (seconds since the epoch) and when it was issued, to the millisecond of its second. */
const headBytes = 10;

export function tokenSeal(key: Uint8Array): TokenSeal {
  const sealOf = (instanceId: string, head: Uint8Array): Buffer =>
    createHmac("sha256", key).update(instanceId).update(head).digest();
  return {
    issue: (instanceId, seconds, nowMs) => {
      const head = Buffer.alloc(headBytes);
      head.writeUInt32BE(0x0100_0400, 0);
      head.writeUInt32BE(Math.floor(nowMs / 1000) + seconds, 4);
      head.writeUInt16BE(nowMs % 1000, 8);
      return Buffer.concat([head, sealOf(instanceId, head)]).toString("base64url");
    },
    secondsLeft: (instanceId, token, nowMs) => {
      const bytes = Buffer.from(token, "base64url");
      if (bytes.length !== headBytes + 32 || bytes.toString("base64url") !== token.replace(/=+$/, "")) return undefined;
      const head = bytes.subarray(0, headBytes);
      if (!timingSafeEqual(bytes.subarray(headBytes), sealOf(instanceId, head))) return undefined;
      const left = head.readUInt32BE(4) - Math.floor(nowMs / 1000);
      return left > 0 ? left : undefined;
    },
  };
}
