/** Hosts behind VPN connections as resources. */

import { describe, expect, test } from "vitest";
import { regionBuilder } from "../../test/region-builder.ts";
import { createOnPremisesHost, deleteOnPremisesHost } from "./on-premises-host.ts";
import { all } from "./state.ts";
import { deleteVpnConnection } from "./vpn-connection.ts";

function made() {
  const build = regionBuilder();
  const { vpnConnectionId } = build.vpn(build.vpc("10.0.0.0/16"), "192.168.0.0/16");
  build.onPremises(vpnConnectionId, "desk", "192.168.0.10");
  return { build, vpnConnectionId };
}

describe("a host", () => {
  test.each([
    ["in no static route", { ip: "172.16.0.1" }, /in no static route of vpn-\w+ \(192\.168\.0\.0\/16\)/],
    ["with an address that is taken", { ip: "192.168.0.10" }, /is the address of `desk`/],
    ["with a name that is taken", { name: "desk" }, /there is an on-premises host `desk` already/],
    ["with a name like an instance's id", { name: "i-0a1b2c3d" }, /is no name/],
    ["of IPv6", { ip: "2001:db8::1" }, /is no IPv4 address/],
    ["behind no connection", { vpnConnectionId: "vpn-0a1b2c3d" }, /The vpnConnection ID 'vpn-0a1b2c3d' does not exist/],
  ])("%s is refused", (_what, wish, text) => {
    const { build, vpnConnectionId } = made();
    const input = { name: "printer", ip: "192.168.0.11", vpnConnectionId, ...wish };
    expect(() => build.run(createOnPremisesHost, input)).toThrow(text);
  });

  test("goes by its name, and with its VPN connection", () => {
    const { build, vpnConnectionId } = made();
    build.onPremises(vpnConnectionId, "printer", "192.168.0.11");
    build.run(deleteOnPremisesHost, "printer");
    expect(() => build.run(deleteOnPremisesHost, "printer")).toThrow(/there is no on-premises host `printer`/);
    expect([...all(build.state(), "on-premises-host")].map(({ name }) => name)).toEqual(["desk"]);
    build.run(deleteVpnConnection, { vpnConnectionId });
    expect([...all(build.state(), "on-premises-host")]).toEqual([]);
  });
});
