/**
 * How a program gets into an instance: by small programs of util-linux, each replacing itself by the next, so that in the
 * end the program stands where the first was started, with its terminal, signals and exit status.
 *
 * The order is what keeps it in. First the instance's network and processes, then a private view of the files (names,
 * certificates, /proc), then a user namespace of its own: it keeps the caller's user and group but holds no right over what
 * came before, so it can neither change its addresses nor undo the view, nor reach netd and its other namespaces.
 *
 * Only a new process can be in a PID namespace, so `nsenter` starts one and waits for it. Whoever starts the entry may take
 * its place: the new process tells its id on the descriptor that UNDERPASS_ADOPT names, and goes on when it is answered there.
 * Source: Linux manual pages user_namespaces(7), mount_namespaces(7), nsenter(1), unshare(1), setpriv(1).
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { widthOf } from "../../base/ip.ts";
import type { VpcBlueprint } from "../../plan/blueprint.ts";
import type { Entry, PlaneHost } from "../plane.ts";
import { MOUNT_PROC } from "./process-space.ts";
import { SITE_RESOLVER_IP } from "./vpn-object.ts";

/**
 * Mounts what the table says, then becomes the rest. Before that the first folder, the region's own, is covered by an
 * empty one: programs run as the user who may read it. Of it the second stays, the files that are for them; the working
 * folder holds on to it meanwhile, which a path would not.
 */
const VIEW = `set -e
here=$PWD hidden=$1 shown=$2 table=$3 name=$4 adopt=$UNDERPASS_ADOPT
unset UNDERPASS_ADOPT
[ -z "$adopt" ] || read -r pid rest < /proc/self/stat
shift 4
[ -z "$name" ] || hostname "$name" 2> /dev/null || :
`;

const COVER = `mount --all --fstab "$table" > /dev/null
cd "$shown"
mount -t tmpfs -o mode=0755,size=64k,nr_inodes=64 none "$hidden"
mkdir -p "$shown"
mount --no-canonicalize --bind . "$shown"
mount -o remount,bind,ro "$hidden"
cd "$here" 2>/dev/null || cd /
`;

const ADOPTION = `if [ "$adopt" ]; then echo "$pid" >&"$adopt"; read -r answer <&"$adopt"; eval "exec $adopt>&-"; fi
exec "$@"`;

function viewScript({ ownProc }: EntryTarget): string {
  return [VIEW, ownProc === true ? `${MOUNT_PROC}\n` : "", COVER, ADOPTION].join("");
}

/** Where Debian, Fedora, SUSE and Alpine keep the certificates that programs trust. */
const BUNDLES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

const BUNDLE_FILE = "ca-bundle.pem";
const CA_FILE = "ca.pem";

/** What the C library takes: MAXNS. */
const MOST_SERVERS = 3;

/** Services of the machine that would answer for names in the instance's stead. */
const NAME_SERVICES = [
  "/run/systemd/resolve/io.systemd.Resolve",
  "/run/systemd/resolve/io.systemd.Resolve.Monitor",
  "/run/nscd/socket",
  "/var/run/nscd/socket",
];

/** Variables that would lead a program past the instance's network and what it offers. */
const MISLEADING = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_EC2",
  "AWS_ENDPOINT_URL_IAM",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL_STS",
  "AWS_EC2_METADATA_DISABLED",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT",
  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
];

/** Of programs on on-premises hosts. */
export const PUBLIC_VIEW = "public";

export interface EntryTarget {
  readonly netdPid: number;
  /** netd's descriptor of the instance's network namespace. */
  readonly fd: number;
  /** Whose names it asks for: `viewOfHost`, or `public`. */
  readonly view: string;
  /** The first process of the instance, which holds its PID and IPC namespaces; absent where the machine makes none. */
  readonly initPid?: number;
  /** Whether it sees its own processes in /proc, or the machine's. */
  readonly ownProc?: boolean;
  /** What the place is called, where this machine has the program `hostname`. */
  readonly hostName?: string;
}

/** Of an instance's programs: the names of its VPC, asked for over IPv6 where the instance has that alone. */
export function viewOfHost(vpcId: string, ips: readonly string[]): string {
  return ips.some((ip) => widthOf(ip) === 32) ? vpcId : ipv6View(vpcId);
}

function ipv6View(vpcId: string): string {
  return `${vpcId}-ipv6`;
}

type NameView = Pick<VpcBlueprint, "nameServers" | "searchDomains">;

/** The command by which the user that runs this process starts a program inside, and the environment for it. */
export function entryOf(host: PlaneHost, target: EntryTarget): Entry {
  const { netdPid, fd, view, initPid } = target;
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const proc = `/proc/${netdPid}`;
  const bundle = join(folderOf(host), BUNDLE_FILE);
  const joined = [
    `--user=${proc}/ns/user`,
    `--net=${proc}/fd/${fd}`,
    ...(initPid === undefined ? [] : [`--ipc=/proc/${initPid}/ns/ipc`, `--pid=/proc/${initPid}/ns/pid`]),
    "--preserve-credentials",
  ];
  const own = [`--map-user=${uid}`, `--map-group=${gid}`];
  // Killed outright, the command line takes its program along.
  const rights = [
    "--no-new-privs",
    "--pdeathsig=KILL",
    "--inh-caps=-all",
    ...(uid === 0 ? ["--bounding-set=-all"] : []),
  ];
  return {
    command: [
      "nsenter",
      ...joined,
      "--",
      "unshare",
      "--mount",
      ...(target.hostName === undefined ? [] : ["--uts"]),
      "--",
      "/bin/sh",
      "-c",
      viewScript(target),
      "underpass",
      host.secretFolder,
      folderOf(host),
      writeTable(host, view),
      target.hostName ?? "",
      "unshare",
      "--user",
      ...own,
      "--",
      "setpriv",
      ...rights,
      "--",
    ],
    environment: {
      ...Object.fromEntries(MISLEADING.map((name) => [name, null])),
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true",
      AWS_CA_BUNDLE: bundle,
      SSL_CERT_FILE: bundle,
      REQUESTS_CA_BUNDLE: bundle,
      CURL_CA_BUNDLE: bundle,
      NODE_EXTRA_CA_CERTS: join(folderOf(host), CA_FILE),
    },
  };
}

/** The text of every file that was written, by its name. */
export type EntryFiles = Map<string, string>;

/**
 * Writes the files that programs of these VPCs see in place of the machine's own; in place, so that running ones see it too.
 * What `written` says of a file already is not written again.
 */
export function writeEntryFiles(host: PlaneHost, vpcs: readonly VpcBlueprint[], written: EntryFiles): void {
  const folder = folderOf(host);
  if (!existsSync(folder)) {
    written.clear();
    mkdirSync(folder, { recursive: true });
    copyFileSync(host.caBundleFile, join(folder, BUNDLE_FILE));
    copyFileSync(host.caFile, join(folder, CA_FILE));
    writeFileSync(join(folder, "hosts"), "127.0.0.1 localhost\n::1 localhost\n");
    writeFileSync(join(folder, "nsswitch.conf"), "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
  }
  const outside = { nameServers: [SITE_RESOLVER_IP], searchDomains: [] };
  const views = vpcs.flatMap((vpc): (readonly [string, NameView])[] => {
    const { ipv6NameServers: nameServers, searchDomains, vpcId } = vpc;
    return [[vpcId, vpc], ...(nameServers ? [[ipv6View(vpcId), { nameServers, searchDomains }] as const] : [])];
  });
  for (const [view, names] of [[PUBLIC_VIEW, outside] as const, ...views]) {
    const [file, text] = [resolvFile(host, view), resolvText(names)];
    if (written.get(file) === text) continue;
    writeFileSync(file, text);
    written.set(file, text);
  }
}

/** Takes the files away again. */
export function removeEntryFiles(host: PlaneHost): void {
  rmSync(folderOf(host), { recursive: true, force: true });
}

/** All binds in one table, since each call of `mount` takes as long as all of them. Returns its path. */
function writeTable(host: PlaneHost, view: string): string {
  const rows = bindsOf(host, view).map((bind) => `${bind.map(escaped).join(" ")} none bind 0 0\n`);
  // Keeps a real root from the settings of the instance's network and of the machine, which are files of root.
  if (process.getuid?.() === 0) rows.push("/proc/sys /proc/sys none bind,ro 0 0\n");
  const file = join(folderOf(host), `mounts-${view}`);
  const text = rows.join("");
  if (existsSync(file) && readFileSync(file, "utf8") === text) return file;
  // By another name first: an entry may be reading it.
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}

/** Source: Linux manual page fstab(5), first field. */
function escaped(path: string): string {
  return path.replaceAll(/[\s\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** Source and target of each bind: only what this machine has is covered. */
function bindsOf(host: PlaneHost, view: string): (readonly [string, string])[] {
  const folder = folderOf(host);
  const binds: (readonly [string, string])[] = [
    [resolvFile(host, view), "/etc/resolv.conf"],
    [join(folder, "nsswitch.conf"), "/etc/nsswitch.conf"],
    [join(folder, "hosts"), "/etc/hosts"],
  ];
  const seen = new Set<string>();
  const covered = [
    ...binds,
    ...BUNDLES.map((file) => [host.caBundleFile, file] as const),
    ...NAME_SERVICES.map((file) => ["/dev/null", file] as const),
  ];
  return covered.filter(([, target]) => {
    if (!existsSync(target)) return false;
    const real = realpathSync(target);
    return seen.has(real) ? false : seen.add(real) !== undefined;
  });
}

/** As a DHCP client would leave it, also where nothing answers at the servers. Source: Linux manual page resolv.conf(5). */
function resolvText({ nameServers, searchDomains }: NameView): string {
  const lines = [
    ...(searchDomains.length > 0 ? [`search ${searchDomains.join(" ")}`] : []),
    ...nameServers.slice(0, MOST_SERVERS).map((ip) => `nameserver ${ip}`),
    "options timeout:1 attempts:2",
  ];
  return `${lines.join("\n")}\n`;
}

function resolvFile(host: PlaneHost, view: string): string {
  return join(folderOf(host), `resolv-${view}.conf`);
}

function folderOf(host: PlaneHost): string {
  return join(host.folder, "instance");
}
