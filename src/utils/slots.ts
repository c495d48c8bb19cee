/** Lends a fixed number of things to tasks, one task each at a time, in the order in which they asked. */
export class Slots<T> {
  readonly #free: T[];
  readonly #waiting: ((slot: T) => void)[] = [];

  constructor(slots: Iterable<T>) {
    this.#free = [...slots];
  }

  /** Runs the task as soon as a slot is free. */
  async use<R>(task: (slot: T) => Promise<R>): Promise<R> {
    const slot = this.#free.pop() ?? (await new Promise<T>((resolve) => this.#waiting.push(resolve)));
    try {
      return await task(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(slot);
      else this.#free.push(slot);
    }
  }
}
