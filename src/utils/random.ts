/** Four 32-bit words. */
export type Words = readonly [number, number, number, number];

const ROUNDS = 10;
const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const WEYL = [0x9e3779b9, 0xbb67ae85] as const;

/** Upper 32 bits of the product of two 32-bit words. */
function multiplyHigh(a: number, b: number): number {
  const [aLow, aHigh] = [a & 0xffff, a >>> 16];
  const [bLow, bHigh] = [b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four random words that depend
 * on a counter and a key only, so that any element can be drawn anywhere, in any order.
 */
export function philox(counter: Words, key: readonly [number, number]): Words {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIERS[0], c0);
    const low0 = Math.imul(MULTIPLIERS[0], c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIERS[1], c2);
    const low1 = Math.imul(MULTIPLIERS[1], c2) >>> 0;
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ k0) >>> 0, low1, (high0 ^ c3 ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL[0]) >>> 0;
    k1 = (k1 + WEYL[1]) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** The 24 upper bits of a word as a number in [0, 1), exact in f32. */
export function unitInterval(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** Turns a name into a stream number: 32-bit FNV-1a of its UTF-16 code units. */
export function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Draws in sequence from the stream (seed, stream), or from one of its many parts. */
export class PhiloxSequence {
  #block = 0;
  #words: Words = [0, 0, 0, 0];
  #used = 4;

  constructor(
    readonly seed: number,
    readonly stream: number,
    readonly part: readonly [number, number, number] = [0, 0, 0],
  ) {}

  /** A word, 0 to 2^32 - 1. */
  word(): number {
    if (this.#used === 4) {
      this.#words = philox([this.#block++, ...this.part], [this.seed >>> 0, this.stream >>> 0]);
      this.#used = 0;
    }
    return this.#words[this.#used++];
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * unitInterval(this.word());
  }

  /** Standard normal, by Box and Muller's transformation of two words. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
