/** Goes round a changing list of names in steps, so that each comes up once in a round. */

/** A short list is done in fewer steps. */
const FEWEST_IN_STEP = 10;

export class Rounds {
  readonly #names: () => readonly string[];
  readonly #steps: number;
  #rest: string[] = [];
  #perStep = FEWEST_IN_STEP;

  constructor(names: () => readonly string[], steps: number) {
    this.#names = names;
    this.#steps = steps;
  }

  /** The names of the next step; one may be gone by then. */
  next(): readonly string[] {
    if (this.#rest.length === 0) {
      this.#rest = [...this.#names()];
      this.#perStep = Math.max(FEWEST_IN_STEP, Math.ceil(this.#rest.length / this.#steps));
    }
    return this.#rest.splice(0, this.#perStep);
  }
}
