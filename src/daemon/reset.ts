/** Clears a running region: the resources first, so that nothing new can be put into a bucket, then the objects. */

import { resetState } from "../model/reset.ts";
import { all } from "../model/state.ts";
import { usualCredentialRules } from "../model/credential.ts";
import type { Control } from "../model/verb.ts";
import type { ObjectStore } from "../services/s3/store/object-store.ts";

/** Resolves when every resource of every account and every object is gone for good. */
export async function resetRegion(control: Control, objects: ObjectStore): Promise<void> {
  const buckets = [...all(control.state(), "bucket")].map((bucket) => bucket.id);
  await control.run(resetState, { accountId: usualCredentialRules.defaultAccountId, region: "aws-global" });
  for (const bucket of buckets) await emptyBucket(objects, bucket);
}

async function emptyBucket(objects: ObjectStore, bucket: string): Promise<void> {
  for (;;) {
    const { entries } = objects.list(bucket, { prefix: Buffer.alloc(0), limit: 1000 });
    const keys = entries.flatMap((entry) => (entry.kind === "row" ? [entry.row.key] : []));
    if (keys.length === 0) break;
    await Promise.all(keys.map((key) => objects.delete({ bucket, key }, () => undefined)));
  }
  // Forgets the uploads that were under way.
  await objects.whileEmpty(bucket, () => Promise.resolve());
}
