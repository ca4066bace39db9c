/** Bytes that have arrived and are safe on the disk but belong to no object yet. */

import { createHash } from "node:crypto";
import { chunkBytes, type ContentFolder } from "./content-folder.ts";

/** Objects up to this size lie in the database, so that they share its one sync; larger ones are files. */
export const inlineLimitBytes = 128 * 1024;

export interface Draft extends AsyncDisposable {
  readonly sizeBytes: number;
  readonly md5: Buffer;
  readonly content: DraftContent;
  /** Called by whoever made the content part of an object: the disposal then leaves it alone. */
  readonly adopt: () => void;
}

export type DraftContent =
  | { readonly kind: "inline"; readonly data: Buffer }
  | { readonly kind: "file"; readonly file: string };

/**
 * The body as a draft. When the body throws, nothing is left. `inline` false makes a file whatever the size. The body's
 * chunks must stay as they are until the draft is there.
 */
export async function receiveDraft(
  folder: ContentFolder,
  body: AsyncIterable<Uint8Array>,
  inline: boolean,
): Promise<Draft> {
  const md5 = createHash("md5");
  const small: Uint8Array[] = [];
  let sizeBytes = 0;
  const limit = inline ? inlineLimitBytes : -1;
  const iterator = body[Symbol.asyncIterator]();
  for (let step = await iterator.next(); ; step = await iterator.next()) {
    if (step.done === true) {
      if (!inline) break;
      const data = Buffer.concat(small, sizeBytes);
      return makeDraft({ kind: "inline", data }, md5.update(data).digest(), sizeBytes, async () => undefined);
    }
    sizeBytes += step.value.byteLength;
    small.push(step.value);
    if (sizeBytes > limit) break;
  }
  for (const chunk of small) md5.update(chunk);
  const file = await writeFile(folder, small, iterator, (chunk) => {
    md5.update(chunk);
    sizeBytes += chunk.byteLength;
  });
  return makeDraft({ kind: "file", file }, md5.digest(), sizeBytes, () => folder.remove([file]));
}

function makeDraft(content: DraftContent, md5: Buffer, sizeBytes: number, discard: () => Promise<void>): Draft {
  let adopted = false;
  return {
    sizeBytes,
    md5,
    content,
    adopt: () => {
      adopted = true;
    },
    [Symbol.asyncDispose]: async () => {
      if (!adopted) await discard();
    },
  };
}

/** Writes about a MiB at a time, one write on its way while the next gathers. */
async function writeFile(
  folder: ContentFolder,
  start: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
  observe: (chunk: Uint8Array) => void,
): Promise<string> {
  const file = await folder.create();
  let writing: Promise<void> = Promise.resolve();
  try {
    let gathered: Uint8Array[] = [...start];
    let gatheredBytes = gathered.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) {
      observe(step.value);
      gathered.push(step.value);
      gatheredBytes += step.value.byteLength;
      if (gatheredBytes < chunkBytes) continue;
      await writing;
      writing = file.write(gathered);
      writing.catch(() => undefined);
      gathered = [];
      gatheredBytes = 0;
    }
    await writing;
    if (gathered.length > 0) await file.write(gathered);
    return await file.keep();
  } catch (error) {
    await writing.catch(() => undefined);
    await file.discard();
    await rest.return?.();
    throw error;
  }
}
