/**
 * What the daemon asks of a data plane, kernel or userspace. A plane carries connections from instances to the services
 * and hands each to `accept` with the path that it took.
 */

import type { Socket } from "node:net";
import type { MetadataClient } from "../network/metadata-client.ts";
import type { Path } from "../network/path.ts";
import type { TrafficReading } from "../network/traffic-count.ts";
import type { OpenConnection } from "../network/untracked.ts";
import type { Blueprint } from "../plan/blueprint.ts";

export interface DataPlane extends AsyncDisposable {
  readonly kind: "linux" | "userspace";
  /** What this plane does not enforce, a sentence each; empty for none. */
  readonly notEnforced: readonly string[];
  /** What this plane or the machine does not carry at all, a sentence each; empty for none. */
  readonly notCarried: readonly string[];
  /** Resolves when the machine holds the blueprint: a packet sent afterwards takes the new way. Calls are queued in order. */
  readonly apply: (blueprint: Blueprint) => Promise<void>;
  /**
   * How a program gets into an instance or an on-premises host, or undefined when the plane does not hold it. `hostName` is
   * what the program finds the host to be called, where the plane can do that.
   */
  readonly entry: (instanceId: string, hostName?: string) => Promise<Entry | undefined> | Entry | undefined;
  /** The open connections of TCP and UDP in these VPCs. */
  readonly connections: (vpcIds: readonly string[]) => Promise<readonly OpenConnection[]>;
  /** Cuts them off from the rules that allowed them: they go on only as new ones would. */
  readonly forget: (connections: readonly OpenConnection[]) => Promise<void>;
  /** What was counted since the reading before; one reads at a time. */
  readonly readTraffic: () => Promise<TrafficReading>;
  /** Resolves, with the reason, when the plane has stopped by itself; never after a disposal. */
  readonly failed: Promise<Error>;
}

/** Who asks a resolver for a name. */
export interface NameAsker {
  /** Whose resolver it is; undefined for the public DNS. */
  readonly vpcId: string | undefined;
  readonly sourceIp: string;
}

export interface PlaneHost {
  /** Takes over an accepted connection to a service. `port` is the port that the client called. */
  readonly accept: (socket: Socket, path: Path, port: number) => void;
  /** Takes over an accepted connection to the instance metadata service. */
  readonly acceptMetadata: (socket: Socket, client: MetadataClient) => void;
  /** Answers one DNS query; wire form in, wire form out. */
  readonly answerDns: (client: NameAsker, query: Uint8Array, transport: "udp" | "tcp") => Uint8Array | undefined;
  /** A line for the log of the daemon. */
  readonly log: (line: string) => void;
  /** PEM of the system's roots and the region's own CA, for programs inside instances. */
  readonly caBundleFile: string;
  /** PEM of the region's own CA alone. */
  readonly caFile: string;
  /** A folder that programs inside instances do not see, and that holds `folder`: the region's state with its keys. */
  readonly secretFolder: string;
  /** A folder for this plane's own files; it exists. */
  readonly folder: string;
}

/** What `underpass exec` needs. The command line runs `[...command, program, ...arguments]` with `environment` laid over its own. */
export interface Entry {
  readonly command: readonly string[];
  /** `undefined` as JSON null: the variable is taken away. */
  readonly environment: Readonly<Record<string, string | null>>;
}
