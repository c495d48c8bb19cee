/**
 * Keeps the device work of several runs in the order in which they were started, also when a run has to wait for the
 * host between two of its parts.
 */
export class Turns {
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * Calls `body` when it is its turn. The turn ends when `release` is called, or when `body` settles: a body that has
   * handed all its work to the device releases at once and then waits for the results.
   */
  async take<T>(body: (release: () => void) => Promise<T>): Promise<T> {
    const before = this.#tail;
    let release = (): void => {};
    this.#tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    try {
      return await body(release);
    } finally {
      release();
    }
  }
}
