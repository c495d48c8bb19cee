/**
 * How the values of an operand are made. Every side of a comparison makes them by itself, element by element in
 * logical row-major order, so that nothing but this record has to travel.
 */
export type Fill =
  | { readonly kind: 'constant'; readonly value: number }
  /** Uniform in [low, high). */
  | { readonly kind: 'uniform'; readonly seed: number; readonly low: number; readonly high: number }
  /** Whole numbers 0 to 255. */
  | { readonly kind: 'bytes'; readonly seed: number }
  /** 0, 1, ... length-1, 0, 1, ... */
  | { readonly kind: 'cycle'; readonly length: number };

/** 32 well-mixed bits of an element: the finalizer of MurmurHash3 over index and seed. */
export function hash(index: number, seed: number): number {
  let x = (index + Math.imul(seed, 0x9e3779b1)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}

export function elementOf(fill: Fill, index: number): number {
  switch (fill.kind) {
    case 'constant':
      return fill.value;
    case 'uniform':
      return fill.low + (fill.high - fill.low) * (hash(index, fill.seed) / 2 ** 32);
    case 'bytes':
      return hash(index, fill.seed) >>> 24;
    case 'cycle':
      return index % fill.length;
  }
}

/** Writes the values into `target` and returns it. */
export function fillWith<T extends { [index: number]: number; readonly length: number }>(fill: Fill, target: T): T {
  for (let i = 0; i < target.length; i++) target[i] = elementOf(fill, i);
  return target;
}
