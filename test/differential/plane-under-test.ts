/** The data planes that there are, ready to be held against the pure functions. */

import { openLinuxPlane } from "../../src/dataplane/linux/plane.ts";
import { openUserspacePlane } from "../../src/dataplane/userspace/plane.ts";
import type { PlaneUnderTest } from "./compare.ts";
import { kernelProber } from "./kernel-prober.ts";
import { proxyProber } from "./prober.ts";

export const linuxUnderTest: PlaneUnderTest = {
  open: (host) => openLinuxPlane(host),
  prober: kernelProber,
  carries: "packets",
};

export const userspaceUnderTest: PlaneUnderTest = {
  open: openUserspacePlane,
  prober: proxyProber,
  carries: "connections",
};
