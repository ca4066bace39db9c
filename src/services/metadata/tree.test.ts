import { expect, test } from "vitest";
import { regionBuilder, secondInterface } from "../../../test/region-builder.ts";
import { allocateAddress, associateAddress } from "../../model/elastic-ip.ts";
import { assignPrivateIpAddresses } from "../../model/interface-address.ts";
import { find } from "../../model/state.ts";
import { entryAt, listingOf, metadataTree } from "./tree.ts";

test("every interface of an instance is told, with the public address of each private one", () => {
  const build = regionBuilder();
  const vpc = build.vpc("10.0.0.0/16");
  build.gateway(vpc);
  const [inner = "", outer = ""] = ["10.0.1.0/24", "10.0.2.0/24"].map((block) => build.subnet(vpc, block));
  const instance = build.instance(inner);
  const second = secondInterface(build, instance, outer);
  const wish = { networkInterfaceId: second.id, addresses: [], count: 1, allowReassignment: false };
  const ips = [second.ip, ...build.run(assignPrivateIpAddresses, wish)];
  const publicIps = ips.map((privateIpAddress) => {
    const { id: allocationId, publicIp } = build.run(allocateAddress, { tags: [] });
    const where = { allocationId, networkInterfaceId: second.id, privateIpAddress };
    build.run(associateAddress, { ...where, allowReassociation: false });
    return publicIp;
  });
  const state = build.state();
  const root = metadataTree(state, find(state, "instance", instance.id)!);
  const told = (path: string): string | undefined => {
    const entry = entryAt(root, path.split("/"));
    return entry?.kind === "folder" ? listingOf(entry) : entry?.kind === "text" ? String(entry.text) : undefined;
  };
  const macs = [instance.eni, second.id].map((id) => find(state, "network-interface", id)?.macAddress ?? "");
  const base = "latest/meta-data/network/interfaces/macs";
  expect(told(base)?.split("\n").toSorted()).toEqual(macs.map((mac) => `${mac}/`).toSorted());
  expect(told(`${base}/${macs[0]}/device-number`)).toBe("0");
  expect(told(`${base}/${macs[0]}/public-ipv4s`)).toBeUndefined();
  const own = `${base}/${macs[1]}`;
  expect([told(`${own}/device-number`), told(`${own}/subnet-id`)]).toEqual(["1", outer]);
  expect(told(`${own}/local-ipv4s`)).toBe(ips.join("\n"));
  expect(told(`${own}/public-ipv4s`)?.split("\n").toSorted()).toEqual(publicIps.toSorted());
  expect(publicIps.map((ip) => told(`${own}/ipv4-associations/${ip}`))).toEqual(ips);
});
