import source from '../../../../shaders/reduce/reduce.wgsl';
import type { ReduceAttrs } from '../../../ops/reduce.js';
import { normalizeAxis } from '../../../tensor/shape.js';
import { DeviceError } from '../../../utils/errors.js';
import { at, type Lowering } from '../../device.js';
import { dispatch, type Shader, type WebgpuCall, type WebgpuLower, type WebgpuTarget } from '../kernel.js';
import { MOST_PARTIALS } from './channels.js';
import { stridesOf } from './copy.js';
import { scalarLanes, WORKGROUP } from './lanes.js';
import { collapse, ordered, type Space } from './strided.js';

export const reduceShader = {
  name: 'reduce',
  source,
  bindings: ['x', 'y'],
  params: {
    outputs: 'u32',
    terms: 'u32',
    slab_terms: 'u32',
    kept1: 'u32',
    kept2: 'u32',
    kept_stride0: 'u32',
    kept_stride1: 'u32',
    kept_stride2: 'u32',
    summed1: 'u32',
    summed2: 'u32',
    summed_stride0: 'u32',
    summed_stride1: 'u32',
    summed_stride2: 'u32',
    scale: 'f32',
  },
  overrides: ['X', 'ALONG'],
} as const satisfies Shader;

export const reduceScalarShader = scalarLanes(reduceShader);

/** Terms that an invocation adds alone before a second launch is worth its price. */
const LONG_SUM = 64;

type Buffer = WebgpuCall['buffers'][string];

/** A sum over `summed` for every point of `kept`; strides[0] steps through the source. */
export interface Sum {
  readonly from: Buffer;
  readonly to: Buffer;
  readonly kept: Space;
  readonly summed: Space;
  readonly scale: number;
}

interface SumOptions {
  /** Byte of the workspace from where on partial sums may lie; a multiple of 256. */
  readonly scratch?: number;
  readonly mostSlabs?: number;
}

const product = (sizes: readonly number[]): number => sizes.reduce((n, d) => n * d, 1);

const powerOfTwo = (n: number, most: number): number => Math.min(most, 2 ** Math.ceil(Math.log2(n)));

/** Both spaces with exactly three dimensions, the missing slow ones of size 1. */
function three({ sizes, strides: [steps] }: Space): { sizes: number[]; steps: number[] } {
  if (sizes.length > 3) {
    throw new DeviceError(`a reduction over ${sizes.length} separate groups of axes [${sizes}] is not supported`);
  }
  const missing = 3 - sizes.length;
  return {
    sizes: [...Array<number>(missing).fill(1), ...sizes],
    steps: [...Array<number>(missing).fill(0), ...steps],
  };
}

/** One launch, or two when there is too little to do for the sums to stay whole. */
export function sumInto(
  sum: Sum,
  target: WebgpuTarget,
  { scratch = 0, mostSlabs = MOST_PARTIALS }: SumOptions = {},
): Lowering<WebgpuCall> {
  const kept = three(sum.kept);
  const summed = three(sum.summed);
  const vector =
    kept.sizes[2] % 4 === 0 &&
    kept.steps[2] === 1 &&
    [kept.steps[0], kept.steps[1], ...summed.steps].every((s) => s % 4 === 0);
  const lane = vector ? 4 : 1;
  const outputs = product(kept.sizes) / lane;
  const terms = product(summed.sizes);
  const along = summed.steps[2] === 1;
  const X = along ? WORKGROUP / powerOfTwo(terms, WORKGROUP) : powerOfTwo(outputs, terms < 64 ? WORKGROUP : 32);
  const height = WORKGROUP / X;

  const tiles = Math.ceil(outputs / X);
  const few = terms <= LONG_SUM * height;
  const wanted = few ? 1 : Math.min(Math.ceil(terms / (8 * height)), Math.floor(1024 / tiles), mostSlabs);
  const slabTerms = Math.ceil(terms / Math.max(1, wanted));
  const slabs = Math.ceil(terms / slabTerms);
  const limit = target.limits.maxComputeWorkgroupsPerDimension;
  const partial = { ...at('workspace', scratch), bytes: slabs * outputs * lane * 4 };
  const folds = Math.ceil(tiles / limit);
  const call = dispatch(vector ? reduceShader : reduceScalarShader, {
    buffers: { x: sum.from, y: slabs === 1 ? sum.to : partial },
    params: {
      outputs,
      terms,
      slab_terms: slabTerms,
      kept1: kept.sizes[1],
      kept2: kept.sizes[2] / lane,
      kept_stride0: kept.steps[0] / lane,
      kept_stride1: kept.steps[1] / lane,
      kept_stride2: vector ? 1 : kept.steps[2],
      summed1: summed.sizes[1],
      summed2: summed.sizes[2],
      summed_stride0: summed.steps[0] / lane,
      summed_stride1: summed.steps[1] / lane,
      summed_stride2: summed.steps[2] / lane,
      scale: slabs === 1 ? sum.scale : 1,
    },
    overrides: { X, ALONG: along ? 1 : 0 },
    workgroups: [Math.ceil(tiles / folds), slabs, folds],
  });
  if (slabs === 1) return { calls: [call] };

  const count = outputs * lane;
  const rest: Sum = {
    from: partial,
    to: sum.to,
    kept: { sizes: [count], strides: [[1]] },
    summed: { sizes: [slabs], strides: [[count]] },
    scale: sum.scale,
  };
  return { calls: [call, ...sumInto(rest, target, { mostSlabs: 1 }).calls], workspace: partial.bytes };
}

export const lowerReduce: WebgpuLower<ReduceAttrs> = ({ attrs, inputs: [x], outputs: [y] }, target) => {
  const rank = x.shape.length;
  const reduced = new Set(attrs.axes.map((axis) => normalizeAxis(axis, rank, 'reduce')));
  const axes = x.shape.map((_, axis) => axis);
  const keptAxes = axes.filter((axis) => !reduced.has(axis));
  const steps = stridesOf(x);
  const results = stridesOf(y);
  const sizesOf = (chosen: readonly number[]) => chosen.map((axis) => x.shape[axis]);
  const stepsOf = (chosen: readonly number[]) => chosen.map((axis) => steps[axis]);
  const resultSteps = keptAxes.map((axis, i) => results[attrs.keepDims ? axis : i]);

  // Kept dimensions in the order of y, summed ones in the order of x.
  const kept = collapse(ordered({ sizes: sizesOf(keptAxes), strides: [stepsOf(keptAxes), resultSteps] }, 1));
  const summedAxes = [...reduced];
  const summed = collapse(ordered({ sizes: sizesOf(summedAxes), strides: [stepsOf(summedAxes)] }, 0));
  const scale = attrs.kind === 'mean' ? 1 / product(summed.sizes) : 1;
  return sumInto({ from: at(x), to: at(y), kept, summed, scale }, target);
};
