import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { askStream, linesOf } from "./client.ts";
import { regionEnds } from "./inside.ts";

const dispatcher = Symbol.for("undici.globalDispatcher.1");
type Dispatchers = Record<symbol, { constructor: new (options: object) => { constructor: never } }>;

/** A region that says nothing for as long as it lives. */
let region: Server;
let endpoint: string;
/** How long `fetch` waits for more of an answer: five minutes in Node. */
const patienceMs = 300;

beforeEach(async () => {
  region = createServer((request, response) => {
    if (request.url !== "/_underpass/life") response.writeHead(404).end('{"error":{"message":"there is none"}}');
    else response.writeHead(200).flushHeaders();
  });
  region.listen(0, "127.0.0.1");
  await once(region, "listening");
  endpoint = `http://127.0.0.1:${(region.address() as AddressInfo).port}`;
});

afterEach(() => {
  region.closeAllConnections();
  region.close();
});

test("a silent region has not ended, until it has", async () => {
  // The first use makes the one that all of this process have.
  await fetch("data:,");
  const all = globalThis as unknown as Dispatchers;
  const usual = all[dispatcher]!;
  all[dispatcher] = new usual.constructor({ bodyTimeout: patienceMs }) as Dispatchers[symbol];
  try {
    let hasEnded = false;
    const ended = regionEnds({ endpoint }).then(() => void (hasEnded = true));
    await once(region, "request");
    const control = await fetch(`${endpoint}/_underpass/life`);
    await expect(control.text()).rejects.toThrow("terminated");
    expect(hasEnded).toBe(false);
    region.closeAllConnections();
    await ended;
  } finally {
    all[dispatcher] = usual;
  }
});

test("lines end with the region", async () => {
  const lines = linesOf(await askStream({ endpoint }, "life"));
  region.closeAllConnections();
  await expect(lines.next()).rejects.toThrow("the region has ended");
});

test("a refusal is told in the region's own words", async () => {
  await expect(askStream({ endpoint }, "programs/p9/output")).rejects.toThrow("there is none");
});

test("where nobody listens it says how to start one", async () => {
  await expect(askStream({ endpoint: "http://127.0.0.1:1" }, "life")).rejects.toThrow(/^no region answers at .*:1; /);
});
