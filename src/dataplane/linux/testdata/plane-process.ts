/** A process with a plane of its own, for tests of what is left of it: prints one line of JSON, then waits to be ended. */

import { blueprintOf, idsOf, serviceIp, vpcBlueprint } from "./blueprint.ts";
import { connecting, openTestPlane } from "./plane.ts";

const test = await openTestPlane();
await test.plane.apply(blueprintOf(vpcBlueprint(1), vpcBlueprint(2)));
const { inPrivate } = idsOf(1);
const user = await test.run(inPrivate, "id", "-u");
const { stdout } = await test.run(inPrivate, ...connecting(serviceIp));
void test.plane.failed.then((error) => process.stdout.write(`failed: ${error.message}\n`));
process.on("SIGTERM", () => {
  void test[Symbol.asyncDispose]().then(() => process.exit(0));
});
const entry = await test.plane.entry(inPrivate);
process.stdout.write(
  `${JSON.stringify({ user: user.stdout.trim(), path: stdout.trim(), entry: entry?.command, notEnforced: test.plane.notEnforced })}\n`,
);
