/**
 * Property tests run from one seed, so that a test that passed passes again; `UNDERPASS_SEED=random npm test` explores, and
 * any other number repeats what was found. fast-check prints the seed with each failure.
 */

import fc from "fast-check";

const wish = process.env["UNDERPASS_SEED"];

if (wish !== "random") fc.configureGlobal({ seed: Number(wish ?? 1) });
