/**
 * The client of `bench/path.ts`: reads `KEY COUNT` lines, makes so many presigned GETs one after the other over one kept
 * connection, and prints how many milliseconds they took. Plain node:http, so that the client weighs little.
 */

import { createHash, createHmac } from "node:crypto";
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";

const endpoint = new URL(process.argv[2] ?? "");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

for await (const line of createInterface({ input: process.stdin })) {
  const [key = "", count = "1"] = line.split(" ");
  const begunMs = performance.now();
  for (let at = 0; at < Number(count); at++) await getOnce(presigned(`/bench/${key}`));
  console.log(performance.now() - begunMs);
}

function getOnce(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ agent, host: endpoint.hostname, port: endpoint.port || 80, path }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.on("data", () => {});
      response.on("end", resolve);
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters". */
function presigned(path: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/us-east-1/s3/aws4_request`;
  const query = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(`test/${scope}`)}&X-Amz-Date=${time}&X-Amz-Expires=600&X-Amz-SignedHeaders=host`;
  const canonical = `GET\n${path}\n${query}\nhost:${endpoint.host}\n\nhost\nUNSIGNED-PAYLOAD`;
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const key = scope.split("/").reduce<string | Buffer>(hmac, "AWS4test");
  const digest = createHash("sha256").update(canonical).digest("hex");
  return `${path}?${query}&X-Amz-Signature=${hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`).toString("hex")}`;
}
