import { makeDivisible } from '../../nn/divisible.js';
import { ConfigError } from '../../utils/errors.js';
import type { BatchShape } from './sampler.js';

export interface SideRange {
  /** Resolution that the table always contains, and that batch sizes refer to. */
  readonly base: number;
  readonly min: number;
  readonly max: number;
}

export interface ScaleOptions {
  readonly height: SideRange;
  readonly width: SideRange;
  /** Sizes between min and max; the base comes on top when it is not among them. */
  readonly maxScales: number;
  /** Every size is rounded to a multiple of it. */
  readonly checkScale: number;
}

/** Throws ConfigError for sizes that are no whole numbers from 1, or ranges that are upside down. */
export function checkScales(name: string, { height, width, maxScales, checkScale }: ScaleOptions): void {
  const values = {
    'base height': height.base,
    'smallest height': height.min,
    'base width': width.base,
    'smallest width': width.min,
    'number of scales': maxScales,
    'multiple of sizes': checkScale,
  };
  for (const [what, value] of Object.entries(values)) {
    if (Number.isInteger(value) && value > 0) continue;
    throw new ConfigError(`${name}: the ${what} is ${value}`, 'use a whole number from 1');
  }
  for (const [what, { min, max }] of Object.entries({ height, width })) {
    if (Number.isInteger(max) && max >= min) continue;
    throw new ConfigError(`${name}: the largest ${what} is ${max}, the smallest ${min}`, 'swap them');
  }
}

/**
 * Resolutions with a batch size each, in CVNets' order: the k-th height goes with the k-th width, the shorter list
 * ends the pairing, equal entries fall together, and the rest is sorted.
 */
export function scaleTable(options: ScaleOptions, batchAt: (height: number, width: number) => number): BatchShape[] {
  const heights = sizes(options.height, options);
  const widths = sizes(options.width, options);
  const table = new Map<string, BatchShape>();
  for (let k = 0; k < Math.min(heights.length, widths.length); k++) {
    const shape = { height: heights[k], width: widths[k], batch: batchAt(heights[k], widths[k]) };
    table.set(JSON.stringify(shape), shape);
  }
  return [...table.values()].sort((a, b) => a.height - b.height || a.width - b.width || a.batch - b.batch);
}

/** One side's sizes, ascending. Sizes that only rounding makes equal stay, since they decide the pairing. */
function sizes({ base, min, max }: SideRange, { maxScales, checkScale }: ScaleOptions): number[] {
  const step = maxScales > 1 ? (max - min) / (maxScales - 1) : 0;
  const spaced = Array.from({ length: maxScales }, (_, i) => min + i * step);
  if (maxScales > 1) spaced[maxScales - 1] = max;
  return [...new Set([...spaced, base])].map((size) => makeDivisible(size, checkScale)).sort((a, b) => a - b);
}

/** Images that fit where `batch` images of `pixels` do. Rounded to two decimals before the rest is cut off. */
export function scaledBatch(pixels: number, batch: number, height: number, width: number): number {
  return Math.max(1, Math.trunc(Number(((pixels * batch) / (height * width)).toFixed(2))));
}
