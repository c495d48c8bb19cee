import { Average } from './average.js';

/** Top-k accuracies in percent from the counts that `topKCorrect` gives for each batch. */
export class Accuracy {
  readonly #averages: readonly Average[];

  constructor(readonly k: readonly number[] = [1, 5]) {
    this.#averages = k.map(() => new Average());
  }

  /** `correct` has one count for each k, `samples` is how many were judged. */
  add(correct: ArrayLike<number>, samples: number): void {
    this.#averages.forEach((average, i) => {
      average.add((100 * correct[i]) / samples, samples);
    });
  }

  /** By name: `top1`, `top5`. */
  get values(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.k.map((k, i) => [`top${k}`, this.#averages[i].value]));
  }
}
