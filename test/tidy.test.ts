/**
 * Holds what no linter we have can hold: which folder may import which, that the core is pure, the names and sizes of
 * files, and that generated code and documents keep their place.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

interface Import {
  readonly file: string;
  /** A path below `src/`, or the name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

const core = ["base", "policy", "model", "network", "plan", "analyse"];
const edges = ["wire", "dataplane", "services", "api"];

const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "");
const sources = tracked.filter((file) => /^src\/.*\.ts$/.test(file));
const products = sources.filter((file) => !file.endsWith(".test.ts"));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const statements = text.matchAll(
    /^(?:import|export)\s(?<type>type\s)?[^"';]*?from\s"(?<from>[^"]+)"|import\("(?<dynamic>[^"]+)"\)/gm,
  );
  return [...statements].map(({ groups }) => {
    const from = groups?.["from"] ?? groups?.["dynamic"] ?? "";
    const target = from.startsWith(".") ? relative(root, join(root, dirname(file), from)).replace(/^src\//, "") : from;
    return { file: file.replace(/^src\//, ""), target, typeOnly: groups?.["type"] !== undefined };
  });
}

const imports = products.flatMap(importsOf);
const layerOf = (path: string): string => path.split("/")[0] ?? "";
const isOurs = (path: string): boolean =>
  [...core, ...edges, "daemon", "cli"].includes(layerOf(path)) && path.includes("/");

/** Why the import is against the architecture, or undefined. */
function fault({ file, target, typeOnly }: Import): string | undefined {
  const [from, to] = [layerOf(file), layerOf(target)];
  if (!isOurs(target))
    return core.includes(from) && !/generated\//.test(target) ? "the core imports nothing from outside" : undefined;
  if (from === to) return undefined;
  if (core.includes(from))
    return core.indexOf(to) >= 0 && core.indexOf(to) < core.indexOf(from) ? undefined : "against the order of the core";
  if (from === "wire") return to === "base" ? undefined : "wire knows base alone";
  if (edges.includes(from)) return core.includes(to) || to === "wire" ? undefined : "siblings do not know each other";
  if (from === "daemon") return to === "cli" ? "the daemon does not know the command line" : undefined;
  if (core.includes(to) || to === "wire") return undefined;
  if (file === "cli/up.ts" && to === "daemon") return undefined;
  return typeOnly && target.startsWith("api/underpass/") ? undefined : "the command line speaks HTTP";
}

describe("imports", () => {
  test("there are some to look at", () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  test("follow the architecture", () => {
    expect(imports.flatMap((one) => (fault(one) ? [`${one.file} → ${one.target}: ${fault(one)}`] : []))).toEqual([]);
  });

  test("the rule can fail", () => {
    expect(fault({ file: "policy/parse.ts", target: "model/state.ts", typeOnly: true })).toBeDefined();
    expect(fault({ file: "network/walk.ts", target: "node:fs", typeOnly: false })).toBeDefined();
    expect(fault({ file: "services/s3/server.ts", target: "api/handler.ts", typeOnly: true })).toBeDefined();
    expect(fault({ file: "cli/why.ts", target: "daemon/daemon.ts", typeOnly: false })).toBeDefined();
  });
});

describe("the core", () => {
  test.each([/\bDate\.now\(/, /\bnew Date\(\)/, /\bMath\.random\(/, /\bprocess\./, /\bsetTimeout\(/, /\bfetch\(/])(
    "has no %s",
    (pattern) => {
      const hits = products.filter(
        (file) =>
          core.includes(layerOf(file.replace(/^src\//, ""))) &&
          pattern.test(codeOf(readFileSync(join(root, file), "utf8"))),
      );
      expect(hits).toEqual([]);
    },
  );
});

describe("files", () => {
  const written = tracked.filter((file) => /\.(ts|tsx|js)$/.test(file) && !file.includes("/generated/"));

  test("are named in kebab-case, and not for nothing in particular", () => {
    expect(
      written.filter((file) => !/^[a-z0-9-]+(\.(test|config))?\.(ts|tsx|js)$/.test(file.split("/").at(-1) ?? "")),
    ).toEqual([]);
    expect(written.filter((file) => /(^|\/)(utils?|helpers?|common|manager|misc|index)\.ts$/.test(file))).toEqual([]);
  });

  test("hold one subject: at most 500 lines", () => {
    const long = written.filter(
      (file) => !file.endsWith(".test.ts") && !/\/(data|testdata)\//.test(file) && linesOf(file) > 500,
    );
    expect(long).toEqual([]);
  });

  test("open with what they decide", () => {
    const silent = products.filter(
      (file) =>
        !file.includes("/generated/") && !/^(#!.*\n)?(\/\*\*|\/\/)/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(silent).toEqual([]);
  });

  test("leave nothing open", () => {
    const open = written.filter(
      (file) => file !== "test/tidy.test.ts" && /\b(TODO|FIXME|XXX)\b/.test(readFileSync(join(root, file), "utf8")),
    );
    expect(open).toEqual([]);
  });
});

describe("documents", () => {
  test("ARCHITECTURE.md is at most 200 lines and names every folder of src", () => {
    const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8");
    expect(text.split("\n").length).toBeLessThanOrEqual(200);
    expect(
      [...new Set(sources.map((file) => file.split("/")[1] ?? ""))].filter((folder) => !text.includes(`${folder}/`)),
    ).toEqual([]);
  });
});

function linesOf(file: string): number {
  return readFileSync(join(root, file), "utf8").split("\n").length - 1;
}

/** The text without comments: a rule on code must not trip over a sentence. */
function codeOf(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}
