/**
 * Puts back what a namespace is made with and no blueprint tells: its devices are up, its settings are those of its role, and
 * its tables are those of its ruleset.
 */

import { deviceSetting, list } from "./dump.ts";
import { hasFrame, straysOf } from "./frame.ts";
import { AF_INET, AF_INET6 } from "./libc.ts";
import type { Namespace } from "./namespace.ts";
import { decodeAttributes, findAttribute, textOf } from "./netlink-message.ts";
import { deleteTable, FAMILY_INET, getTables, newTable, transaction } from "./nftables.ts";
import { RTM, setLinkUp } from "./rtnetlink.ts";
import { rulesetOf, TABLE } from "./ruleset.ts";
import { alteredSettings, forwardingOf, type Setting, writeSettings } from "./setting.ts";

const LOOPBACK = 1;

/** What was put back, a sentence each. */
export function restore(name: string, namespace: Namespace | undefined): readonly string[] {
  if (namespace === undefined) return [];
  // The settings of all devices first: they change those of each.
  const settings = namespace.inside(() => restoreSettings(alteredSettings(namespace.role)));
  const devices = raiseDevices(name, namespace);
  const ofDevices = namespace.inside(() => restoreSettings(alteredDeviceSettings(namespace)));
  const told = [...settings, ...ofDevices].map(
    (setting) => `drift: ${setting} of ${name} was altered; it is as before`,
  );
  return [...told, ...devices, ...mendTables(name, namespace)];
}

/** Their names. */
function restoreSettings(altered: readonly Setting[]): string[] {
  writeSettings(altered);
  return altered.map(([setting]) => setting);
}

/**
 * Those of single devices that change the way of packets, which the kernel lists with the devices, by their place in its list.
 * Source: uapi headers linux/ip.h and linux/ipv6.h.
 */
const DEVICE_SETTINGS = [
  { family: AF_INET, place: 0, path: "ipv4", setting: "forwarding" },
  { family: AF_INET, place: 7, path: "ipv4", setting: "rp_filter" },
  { family: AF_INET6, place: 0, path: "ipv6", setting: "forwarding" },
  { family: AF_INET6, place: 26, path: "ipv6", setting: "disable_ipv6" },
] as const;

function alteredDeviceSettings(namespace: Namespace): Setting[] {
  return list(namespace, RTM.getLink, 16, "links").flatMap(({ fixed, attributes }): Setting[] => {
    const device = textOf(findAttribute(attributes, 3));
    if (fixed.readInt32LE(4) === LOOPBACK) return [];
    return DEVICE_SETTINGS.flatMap(({ family, place, path, setting }): Setting[] => {
      const wanted = setting === "forwarding" ? forwardingOf(namespace.role) : "0";
      const found = deviceSetting(attributes, family, place);
      const isAltered = found !== undefined && `${found}` !== wanted;
      return isAltered ? [[`${path}/conf/${device.replaceAll(".", "/")}/${setting}`, wanted]] : [];
    });
  });
}

function raiseDevices(name: string, namespace: Namespace): string[] {
  const UP = 1;
  const down = list(namespace, RTM.getLink, 16, "links").flatMap(({ fixed, attributes }) =>
    (fixed.readUInt32LE(8) & UP) === 0
      ? [{ index: fixed.readInt32LE(4), device: textOf(findAttribute(attributes, 3)) }]
      : [],
  );
  namespace.route.request(down.map(({ index }) => setLinkUp(index)));
  return down.map(({ device }) => `drift: ${device} of ${name} was down; it is up again`);
}

function mendTables(name: string, { netfilter, role }: Namespace): string[] {
  const ruleset = rulesetOf(role);
  const tables = netfilter.dump(getTables()).map(({ body }) => ({
    family: body.readUInt8(0),
    table: textOf(findAttribute(decodeAttributes(body.subarray(4)), 1)),
  }));
  const isOurs = ({ family, table }: (typeof tables)[number]): boolean =>
    ruleset.length > 0 && family === FAMILY_INET && table === TABLE;
  const foreign = tables.filter((one) => !isOurs(one));
  const isWhole = ruleset.length === 0 || (tables.some(isOurs) && hasFrame(role, netfilter));
  const strays = isWhole && ruleset.length > 0 ? straysOf(role, netfilter) : [];
  const changes = [
    ...foreign.map(({ family, table }) => deleteTable(table, family)),
    ...(isWhole ? strays.map(({ message }) => message) : [newTable(TABLE), deleteTable(TABLE), ...ruleset]),
  ];
  // As one: no packet meets a namespace without its rules.
  if (changes.length > 0) netfilter.transact(transaction(changes));
  return [
    ...foreign.map(({ table }) => `drift: table ${table} of ${name} is not ours; it is taken away`),
    ...strays.map(({ what }) => `drift: ${what} of ${name} is not ours; it is taken away`),
    ...(isWhole ? [] : [`drift: the rules of ${name} were altered; they are loaded again`]),
  ];
}
