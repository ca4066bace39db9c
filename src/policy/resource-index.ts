/**
 * Statements by the literal beginnings of their resources: a radix tree that one walk along the resource's ARN reads, so
 * that of ten thousand statements only those are tried whose beginning fits.
 */

export interface ResourceNode<T> {
  /** What leads from the parent to here. */
  label: string;
  /** By the first code unit of their labels. */
  children: Map<number, ResourceNode<T>> | undefined;
  /** What begins with the labels down to here. */
  items: T[] | undefined;
}

export function emptyResourceNode<T>(label = ""): ResourceNode<T> {
  return { label, children: undefined, items: undefined };
}

/** Adds an item under a literal beginning. */
export function insertItem<T>(root: ResourceNode<T>, prefix: string, item: T): void {
  let node = root;
  let at = 0;
  while (at < prefix.length) {
    node.children ??= new Map();
    const unit = prefix.charCodeAt(at);
    const child = node.children.get(unit);
    if (child === undefined) {
      const leaf = emptyResourceNode<T>(prefix.slice(at));
      node.children.set(unit, leaf);
      node = leaf;
      break;
    }
    const shared = sharedLength(child.label, prefix, at);
    node = shared === child.label.length ? child : split(node, child, shared);
    at += shared;
  }
  node.items ??= [];
  node.items.push(item);
}

/** Puts a node between a parent and its child, where the child's label parts. */
function split<T>(parent: ResourceNode<T>, child: ResourceNode<T>, at: number): ResourceNode<T> {
  const between = emptyResourceNode<T>(child.label.slice(0, at));
  parent.children?.set(child.label.charCodeAt(0), between);
  child.label = child.label.slice(at);
  between.children = new Map([[child.label.charCodeAt(0), child]]);
  return between;
}

function sharedLength(label: string, prefix: string, from: number): number {
  let at = 0;
  while (at < label.length && from + at < prefix.length && label.charCodeAt(at) === prefix.charCodeAt(from + at)) at++;
  return at;
}
