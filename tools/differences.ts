/**
 * Writes the list of assumptions in docs/differences.md from the `ASSUMPTION:` comments of the code, so that the two
 * cannot drift apart: `npm run differences`. The rest of that document is written by hand.
 */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const document = join(root, "docs/differences.md");
const heading = "## Assumptions\n";

/** The document as it should be. */
export function differences(): string {
  const [written = ""] = readFileSync(document, "utf8").split(heading);
  return `${written}${heading}\n${introduction}\n${assumptions().join("\n")}\n`;
}

const introduction =
  "AWS documents nothing here, or two of its pages disagree. Taken from the code by `npm run differences`.\n";

function assumptions(): string[] {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "src"], {
    cwd: root,
    encoding: "utf8",
  })
    .split("\n")
    .filter((file) => file.endsWith(".ts") && !/\.test\.ts$|\/generated\//.test(file))
    .toSorted();
  return files.flatMap((file) =>
    assumptionsOf(readFileSync(join(root, file), "utf8")).map((text) => `- ${capital(text)} (\`${file}\`)`),
  );
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** Every assumption as one line of text. It ends with its comment, at an empty line of it, or where another mark begins. */
export function assumptionsOf(source: string): string[] {
  const comments = source.matchAll(/\/\*\*?[\s\S]*?\*\/|(?:^[ \t]*\/\/.*\n?)+/gm);
  return [...comments].flatMap(([comment]) => {
    const lines = comment.split("\n").map((line) =>
      line
        .replace(/^\s*(\/\*\*?|\*\/|\*|\/\/) ?/, "")
        .replace(/\*\/\s*$/, "")
        .trim(),
    );
    const text = lines.join("\n");
    return [
      ...text.matchAll(/ASSUMPTION: ([\s\S]*?)(?=\n\n|\nASSUMPTION:|ASSUMPTION:|\bINVARIANT:|\bSource:|$(?![\s\S]))/g),
    ].map(([, words = ""]) => words.replace(/\s+/g, " ").trim());
  });
}

if (process.argv[1] === import.meta.filename) writeFileSync(document, differences());
