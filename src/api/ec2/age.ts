/** The order of Describe operations: documents as they came. */

/** What the order looks at. */
export interface Dated {
  readonly id: string;
  readonly createdAtMs: number;
}

/** Creation time first; the id makes it one of a kind. */
export function keyOf(document: Dated): string {
  return `${String(document.createdAtMs).padStart(15, "0")} ${document.id}`;
}

/** The documents, oldest first. */
export function inOrder<D extends Dated>(documents: readonly D[]): D[] {
  return documents.toSorted(byAge);
}

/** Puts a document into its place of a list that is in order. */
export function insertByAge<D extends Dated>(list: D[], document: D): void {
  const last = list.at(-1);
  // What has just been made is the commonest, and belongs at the end.
  if (last === undefined || byAge(last, document) < 0) list.push(document);
  else list.splice(placeOf(list, document), 0, document);
}

/** Takes a document out of a list that is in order. */
export function removeByAge<D extends Dated>(list: D[], document: D): void {
  const at = placeOf(list, document);
  if (list[at] === document) list.splice(at, 1);
}

/** The index of the first document that is not older. */
function placeOf(list: readonly Dated[], document: Dated): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const one = list[middle];
    if (one !== undefined && byAge(one, document) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function byAge(a: Dated, b: Dated): number {
  return a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
