/** Policies of the largest size that are made of nothing but hard wildcards, and keys that make them work hardest. */

const limit = 20_480;

export interface Pathological {
  readonly name: string;
  readonly document: string;
}

export function pathologicalPolicies(): readonly Pathological[] {
  const head = "arn:aws:s3:::b/";
  return [
    resources("seven stars a pattern", () => `${head}${"*a".repeat(7)}*b`),
    resources("two hundred stars a pattern", () => `${head}${"*a".repeat(200)}*b*`),
    resources("long pieces", () => `${head}*${"a".repeat(480)}b*`),
    resources("question marks", () => `${head}*a?a?a?b*`),
    resources("long pieces of question marks", () => `${head}*${"a?".repeat(240)}b*`),
    resources("no literal beginning", (at) => `arn:*a*${letters(at, 6)}*a*b*`),
    resources("beginnings of every length", (at) => `${head}${"a".repeat(at % 60)}*aab*`),
    resources("all different", (at) => `${head}*${letters(at, 10)}*`),
    resources(
      "pieces that all occur",
      (at) => `${head}*${letters(at, 5)}*${letters(at >> 3, 5)}*${letters(at >> 5, 4)}*b*`,
    ),
    resources("long and all different", (at) => `${head}*${"a".repeat(at % 40)}b${at}*`),
    resources("with a variable", (at) => `${head}*\${aws:username}${letters(at, 8)}*b*`),
    prefixes("prefixes, all different", (at) => `*a${letters(at, 5)}b*`),
    prefixes("prefixes with question marks", (at) => `*?${letters(at, 6)}*`),
  ];
}

export function longKeys(): readonly string[] {
  const from = (alphabet: string): string =>
    Array.from({ length: 1020 }, (_, at) => alphabet[(Math.imul(at, 2654435761) >>> 9) % alphabet.length]).join("");
  return [from("a"), from("ab"), from("abcdefghijklmnopqrstuvwxyz0123456789")];
}

function resources(name: string, entry: (at: number) => string): Pathological {
  return { name, document: fill(entry, (Resource) => ({ ...open, Resource })) };
}

function prefixes(name: string, entry: (at: number) => string): Pathological {
  const conditions = (list: readonly string[]) => ({ StringLike: { "s3:prefix": list } });
  return { name, document: fill(entry, (list) => ({ ...open, Resource: "*", Condition: conditions(list) })) };
}

const open = { Effect: "Allow", Principal: "*", Action: "*" };

/** As many entries as the limit takes. */
function fill(entry: (at: number) => string, statement: (list: readonly string[]) => object): string {
  const write = (list: readonly string[]): string =>
    JSON.stringify({ Version: "2012-10-17", Statement: statement(list) });
  const list: string[] = [];
  let length = write(list).length;
  for (let at = 0; length + entry(at).length + 3 <= limit; at++) {
    list.push(entry(at));
    length += entry(at).length + 3;
  }
  return write(list);
}

/** `a` and `b` by the bits of a number. */
function letters(at: number, count: number): string {
  return Array.from({ length: count }, (_, bit) => (((at * 37) >>> bit) & 1 ? "b" : "a")).join("");
}
