/** An index space and what walks it: `strides[w][d]` is the step of walker w along dimension d. */
export interface Space {
  readonly sizes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same walk with as few dimensions as possible: those of size 1 go, and neighbours that every walker crosses
 * without a jump become one. At least one dimension is left.
 */
export function collapse({ sizes, strides }: Space): Space {
  const kept: { size: number; steps: number[] }[] = [];
  sizes.forEach((size, d) => {
    if (size === 1) return;
    const steps = strides.map((walker) => walker[d]);
    const outer = kept.at(-1);
    if (outer?.steps.every((step, w) => step === steps[w] * size)) {
      outer.size *= size;
      outer.steps = steps;
    } else {
      kept.push({ size, steps });
    }
  });
  if (kept.length === 0) kept.push({ size: 1, steps: strides.map(() => 1) });
  return { sizes: kept.map(({ size }) => size), strides: strides.map((_, w) => kept.map(({ steps }) => steps[w])) };
}

/** Dimensions of `space` from slowest to fastest for `walker`, so that its accesses are in order. */
export function ordered({ sizes, strides }: Space, walker: number): Space {
  const order = sizes
    .map((_, d) => d)
    .sort((a, b) => Math.abs(strides[walker][b]) - Math.abs(strides[walker][a]) || a - b);
  const permuted = (values: readonly number[]) => order.map((d) => values[d]);
  return { sizes: permuted(sizes), strides: strides.map(permuted) };
}

/** True when the fastest dimension is contiguous for every walker and everything is a multiple of 4. */
export function inVectors({ sizes, strides }: Space, offsets: readonly number[]): boolean {
  const last = sizes.length - 1;
  return (
    sizes[last] % 4 === 0 &&
    offsets.every((offset) => offset % 4 === 0) &&
    strides.every((walker) => walker[last] === 1 && walker.every((step, d) => d === last || step % 4 === 0))
  );
}
