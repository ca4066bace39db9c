/** Chance for texts that people hand on to command lines. */

import { randomBytes } from "node:crypto";

/** Random bytes whose base64url does not begin with `-`: command lines take such a word for an option. */
export function tokenBytes(count: number): Buffer {
  for (;;) {
    const bytes = randomBytes(count);
    if (!bytes.toString("base64url").startsWith("-")) return bytes;
  }
}
