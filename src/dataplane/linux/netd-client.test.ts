import { expect } from "vitest";
import { testWith } from "../../../test/need.ts";
import { diffParts } from "./diff.ts";
import { linuxPlaneLack } from "./lack.ts";
import { NetdClient } from "./netd-client.ts";
import { NOTHING } from "./part.ts";
import { blueprintOf, vpcBlueprint } from "./testdata/blueprint.ts";
import { wantedParts } from "./wanted.ts";

const test = testWith(await linuxPlaneLack());

test("netd ends with its channel, while it hands over a listening socket too", async () => {
  const ended = Promise.withResolvers<void>();
  const netd = await NetdClient.start({
    onListener: (_listener, handle) => {
      handle.close();
      // It has the next one to hand over by then, which nobody takes.
      void netd[Symbol.asyncDispose]().then(ended.resolve, ended.reject);
    },
    onMade: () => undefined,
    onDrift: () => undefined,
    onLine: (line) => console.warn(line),
  });
  const performed = netd.perform(diffParts(NOTHING, wantedParts(blueprintOf(vpcBlueprint(1)), NOTHING)).make);
  await expect(performed).rejects.toThrow("netd ended (status 0)");
  await ended.promise;
});
