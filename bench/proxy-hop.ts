/** nginx and haproxy in front of a region, as one would put them there: what a proxy hop costs instead of a door. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Proxies extends AsyncDisposable {
  /** By name; none for one that is not installed. */
  readonly endpoints: Readonly<Record<string, string>>;
}

/** Resolves when those that are installed answer for the region. */
export async function startProxies(regionEndpoint: string): Promise<Proxies> {
  const folder = mkdtempSync(join(tmpdir(), "underpass-proxy-"));
  const started: ChildProcess[] = [];
  const endpoints: Record<string, string> = {};
  const target = new URL(regionEndpoint).host;
  for (const [name, start] of Object.entries(starters)) {
    if (spawnSync(name, ["-v"], { stdio: "ignore" }).error !== undefined) continue;
    const port = await freePort();
    started.push(start(folder, port, target));
    await answering(port);
    endpoints[name] = `http://127.0.0.1:${port}`;
  }
  return {
    endpoints,
    [Symbol.asyncDispose]: async () => {
      for (const child of started) {
        const ended = once(child, "exit");
        child.kill("SIGTERM");
        await ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const starters = {
  /** Source: nginx documentation, "Module ngx_http_proxy_module": HTTP/1.1 and no Connection header keep connections to the target. */
  nginx: (folder: string, port: number, target: string): ChildProcess => {
    const file = join(folder, "nginx.conf");
    writeFileSync(
      file,
      `daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
events {}
http {
  access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_requests 1000000;
  upstream region { server ${target}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://region; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $http_host; proxy_buffering off;
    }
  }
}
`,
    );
    return spawn("nginx", ["-p", folder, "-c", file], { stdio: ["ignore", "ignore", "inherit"] });
  },
  haproxy: (folder: string, port: number, target: string): ChildProcess => {
    const file = join(folder, "haproxy.cfg");
    writeFileSync(
      file,
      `defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend door
  bind 127.0.0.1:${port}
  default_backend region
backend region
  server region ${target}
`,
    );
    return spawn("haproxy", ["-db", "-q", "-f", file], { stdio: ["ignore", "ignore", "inherit"] });
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Resolves when something answers over HTTP at the port. */
async function answering(port: number): Promise<void> {
  for (let tries = 100; ; tries--) {
    try {
      await fetch(`http://127.0.0.1:${port}/_underpass/status`);
      return;
    } catch (cause) {
      if (tries === 0) throw new Error(`wait for the proxy on port ${port}`, { cause });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
