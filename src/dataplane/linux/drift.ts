/** What was found otherwise than it should be, in words for the log. */

import type { Change, Difference } from "./diff.ts";
import { contentOf, keyOf } from "./kernel-object.ts";

/** More are told as a number. */
const MOST_LINES = 20;

export function driftLines({ make, clear }: Difference): readonly string[] {
  const changes = [...make, ...clear].flat();
  const told = changes.slice(0, MOST_LINES).map(driftLine);
  const rest = changes.length - told.length;
  return rest > 0 ? [...told, `drift: ${rest} more`] : told;
}

function driftLine({ verb, object }: Change): string {
  const what = `${keyOf(object)} ${contentOf(object)}`.trim();
  switch (verb) {
    case "add":
      return `drift: ${what} was gone; it is put back`;
    case "replace":
      return `drift: ${what} was altered; it is as before`;
    case "remove":
      return `drift: ${what} is not ours; it is taken away`;
  }
}
