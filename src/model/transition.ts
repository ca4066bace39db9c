/**
 * States that a resource passes through, as `pending` and `deleting`: how long it stays there is a setting. With none
 * the document is at once what it becomes; the call that started it still answers the passing state, as AWS's does.
 */

import type { Resource } from "./resource.ts";
import { type Change, type Documents, type Kind, put, type State } from "./state.ts";
import { type Context, usualSettings } from "./verb.ts";

/** What documents with passing states carry. */
export interface Transitional {
  /** When the passing state ends, in milliseconds since the epoch; absent in a lasting one. */
  readonly settlesAtMs?: number;
}

/** What a document in a passing state becomes, with all that follows from it. */
export type Settler<D> = (document: D, state: State, context: Context) => readonly Change[];

/** The one key of the index `transition`. */
export const passing = "passing";

/** The keys of a document in the index `transition`. */
export function transitionKeys(document: Resource & Transitional): readonly string[] {
  return document.settlesAtMs === undefined ? [] : [passing];
}

/** What is stored of a document that enters a passing state; `settled` says what it becomes. */
export function enter<K extends Kind>(
  kind: K,
  document: Documents[K] & Transitional,
  settled: (document: Documents[K]) => readonly Change[],
  context: Context,
): readonly Change[] {
  const { transitionMs } = context.settings ?? usualSettings;
  if (transitionMs === 0) return settled(document);
  return [put(kind, { ...document, settlesAtMs: context.nowMs + transitionMs })];
}

/** What a document carries that enters a passing state, where its other fields say which one that is. */
export function passingFrom(context: Context): Transitional {
  const { transitionMs } = context.settings ?? usualSettings;
  return transitionMs === 0 ? {} : { settlesAtMs: context.nowMs + transitionMs };
}

/** The document in a lasting state: without its time. */
export function lasting<D extends Transitional>(document: D): D {
  const { settlesAtMs: _, ...rest } = document;
  return rest as D;
}
