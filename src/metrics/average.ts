/** Metrics are rounded to 4 places where they are printed and compared, as in CVNets. */
export function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** Average of batch means, weighted by the size of the batch. */
export class Average {
  #sum = 0;
  #weight = 0;

  add(value: number, weight = 1): void {
    this.#sum += value * weight;
    this.#weight += weight;
  }

  /** 0 before anything was added. */
  get value(): number {
    return this.#weight === 0 ? 0 : this.#sum / this.#weight;
  }
}
