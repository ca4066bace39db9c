/** Which operations of AWS's the region serves, read off the services themselves. */

import type { QueryService } from "../api/handler.ts";
import type { Coverage } from "../api/underpass/server.ts";
import { handlerOf } from "../services/s3/handler-table.ts";
import { knownOperations } from "../wire/generated/known-operations.ts";

/** One row for each service, in the order of their names. */
export function coverageOf(services: readonly QueryService[]): readonly Coverage[] {
  const rows = services.map(({ name, handlers }): Coverage => {
    const served = Object.keys(handlers).toSorted();
    return {
      service: name,
      served,
      unserved: [...knownOperations[name]].filter((one) => !served.includes(one)).sort(),
    };
  });
  const s3 = [...knownOperations.s3].toSorted();
  const isServed = (name: string): boolean => handlerOf(name) !== undefined;
  rows.push({ service: "s3", served: s3.filter(isServed), unserved: s3.filter((name) => !isServed(name)) });
  return rows.toSorted((a, b) => (a.service < b.service ? -1 : 1));
}
