const N = 624;
const M = 397;

/** What `MersenneTwister.state` saves: 624 words and the position in them. */
export type MersenneState = Uint32Array;

/**
 * CPython's `random.Random`, bit for bit: MT19937 (Matsumoto and Nishimura 1998) with Python's seeding, shuffle and
 * draws, so that CVNets' sampler sequences can be reproduced.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(N);
  #index = N;

  /** @param seed a non-negative safe integer; Python takes the absolute value of others. */
  constructor(seed = 0) {
    this.seed(seed);
  }

  /** `random.seed(value)` for integers: the value's 32-bit digits, lowest first, are the key. */
  seed(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`seed is ${value}, but must be a safe integer`);
    const magnitude = Math.abs(value);
    const high = Math.floor(magnitude / 2 ** 32);
    this.#seedByArray(high ? [magnitude >>> 0, high] : [magnitude >>> 0]);
  }

  /** The generator's position, to continue from later. */
  get state(): MersenneState {
    const saved = new Uint32Array(N + 1);
    saved.set(this.#state);
    saved[N] = this.#index;
    return saved;
  }

  set state(saved: MersenneState) {
    if (saved.length !== N + 1 || saved[N] > N) throw new RangeError('not the state of a Mersenne Twister');
    this.#state.set(saved.subarray(0, N));
    this.#index = saved[N];
  }

  /** The next `bits` random bits, 1 to 32. */
  getrandbits(bits: number): number {
    return this.#next() >>> (32 - bits);
  }

  /** Uniform on [0, 1) with 53 bits. */
  random(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  uniform(low: number, high: number): number {
    return low + (high - low) * this.random();
  }

  /** Uniform integer in 0..limit-1, by rejection as `Random._randbelow_with_getrandbits` does. */
  below(limit: number): number {
    if (limit < 1 || limit > 2 ** 31) throw new RangeError(`below(${limit}): the limit must be in 1..2^31`);
    const bits = 32 - Math.clz32(limit);
    let value = this.getrandbits(bits);
    while (value >= limit) value = this.getrandbits(bits);
    return value;
  }

  choice<T>(values: ArrayLike<T>): T {
    return values[this.below(values.length)];
  }

  /** Fisher-Yates from the end, in place. */
  shuffle<T>(values: { readonly length: number; [index: number]: T }): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  #seedByArray(key: readonly number[]): void {
    const mt = this.#state;
    mt[0] = 19650218;
    for (let i = 1; i < N; i++) mt[i] = Math.imul(1812433253, mt[i - 1] ^ (mt[i - 1] >>> 30)) + i;
    let i = 1;
    let j = 0;
    const step = () => {
      if (++i < N) return;
      mt[0] = mt[N - 1];
      i = 1;
    };
    for (let k = Math.max(N, key.length); k > 0; k--) {
      mt[i] = (mt[i] ^ Math.imul(mt[i - 1] ^ (mt[i - 1] >>> 30), 1664525)) + key[j] + j;
      step();
      j = (j + 1) % key.length;
    }
    for (let k = N - 1; k > 0; k--) {
      mt[i] = (mt[i] ^ Math.imul(mt[i - 1] ^ (mt[i - 1] >>> 30), 1566083941)) - i;
      step();
    }
    mt[0] = 0x80000000;
    this.#index = N;
  }

  #next(): number {
    if (this.#index === N) this.#twist();
    let y = this.#state[this.#index++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const mt = this.#state;
    for (let i = 0; i < N; i++) {
      const y = (mt[i] & 0x80000000) | (mt[(i + 1) % N] & 0x7fffffff);
      mt[i] = mt[(i + M) % N] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }
}
