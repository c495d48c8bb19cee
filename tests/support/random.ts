/** Seeded random numbers for tests: Marsaglia's xorshift, 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number | string) {
    let hash = 0x811c9dc5;
    for (const char of String(seed)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193); // FNV-1a
    this.#state = hash || 1;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) / 2 ** 32;
  }

  /** Uniform in [low, high), exactly representable in float32. */
  uniform(low = -1, high = 1): number {
    return Math.fround(low + (high - low) * this.next());
  }

  integer(below: number): number {
    return Math.floor(this.next() * below);
  }
}
