import type { ReduceAttrs } from '../../../ops/reduce.js';
import { physicalStrides } from '../../../tensor/layout.js';
import { normalizeAxis, size, strides } from '../../../tensor/shape.js';
import { at, type Operand, type Value } from '../../device.js';
import { Constants } from '../constants.js';
import { call, type WasmCall, type WasmKernel, type WasmLower } from '../kernel.js';
import { copyStrided } from './strided.js';

export const reduceChunksKernel = {
  name: 'reduceChunks',
  fields: { x: 'ptr', partials: 'ptr', outer: 'i32', count: 'i32', inner: 'i32', chunk: 'i32', factor: 'f32' },
} as const satisfies WasmKernel;

const F32_BYTES = 4;
const COLUMNS = 64;

/** Neighbouring physical axes that are reduced, or kept, together. */
interface Run {
  readonly size: number;
  readonly reduced: boolean;
}

function runs(x: Value, axes: ReadonlySet<number>): Run[] {
  const result: Run[] = [];
  for (const axis of x.layout) {
    const [length, reduced] = [x.shape[axis], axes.has(axis)];
    if (length === 1) continue;
    const last = result.at(-1);
    if (last?.reduced === reduced) result[result.length - 1] = { size: last.size * length, reduced };
    else result.push({ size: length, reduced });
  }
  return result;
}

const product = (list: readonly Run[]): number => list.reduce((n, run) => n * run.size, 1);

/**
 * How many values are summed in a row. Long sums are cut for parallelism and accuracy, by a rule that knows the shape
 * only: 64 pieces when there are few sums, at most 1024 values a piece (4096 where 16 run side by side).
 */
function chunkLength(outer: number, count: number, inner: number): number {
  const limit = inner === 1 ? 4096 : 1024;
  if (outer * Math.ceil(inner / COLUMNS) >= 32) return Math.min(count, limit);
  const floor = inner === 1 ? 1024 : 64;
  return Math.min(Math.max(floor, Math.ceil(count / 64)), limit);
}

/** Sums one run of axes after another, the fastest first: [outer][count][inner] becomes [outer][inner]. */
export const lowerReduce: WasmLower<ReduceAttrs> = ({ inputs: [x], outputs: [y], attrs }) => {
  const rank = x.shape.length;
  const reduced = new Set(attrs.axes.map((axis) => normalizeAxis(axis, rank, 'reduce')));
  const kept = x.layout.filter((axis) => !reduced.has(axis) && x.shape[axis] !== 1);
  const divisor = attrs.kind === 'mean' ? size(x.shape) / size(y.shape) : 1;

  const constants = new Constants();
  const calls: WasmCall[] = [];
  let workspace = 0;
  const scratch = (elements: number): Operand => {
    const operand = at('workspace', workspace);
    workspace += Math.ceil((elements * F32_BYTES) / 64) * 64 + 64;
    return operand;
  };
  const direct = isInOrder(x, y, kept, attrs.keepDims, reduced);
  const sums = direct ? at(y) : scratch(size(y.shape));

  let rest = runs(x, reduced);
  let source = at(x);
  while (rest.some((run) => run.reduced)) {
    const position = rest.findLastIndex((run) => run.reduced);
    const [outer, count, inner] = [
      product(rest.slice(0, position)),
      rest[position].size,
      product(rest.slice(position + 1)),
    ];
    rest = rest.filter((_, i) => i !== position);
    const last = !rest.some((run) => run.reduced);
    const target = last ? sums : scratch(outer * inner);
    const factor = last ? 1 / divisor : 1;
    const chunk = chunkLength(outer, count, inner);
    const chunks = Math.ceil(count / chunk);
    const partials = chunks > 1 ? scratch(chunks * outer * inner) : target;
    const piece = { x: source, partials, outer, count, inner, chunk, factor: chunks > 1 ? 1 : factor };
    calls.push(call(reduceChunksKernel, piece));
    if (chunks > 1) {
      const merge = { x: partials, partials: target, outer: 1, count: chunks, inner: outer * inner };
      calls.push(call(reduceChunksKernel, { ...merge, chunk: chunks, factor }));
    }
    source = target;
  }
  if (calls.length === 0 || !direct) {
    const order = calls.length === 0 ? x.layout.filter((axis) => x.shape[axis] !== 1) : kept;
    const shape = order.map((axis) => x.shape[axis]);
    const steps = logicalSteps(x, y, attrs.keepDims, reduced);
    const from = { operand: source, strides: strides(shape) };
    const to = { operand: at(y), strides: order.map((axis) => steps[axis]) };
    calls.push(copyStrided(shape, from, to, F32_BYTES, constants));
  }
  return { calls, workspace, constants: constants.bytes };
};

/** Step in y of each logical axis of x; 0 for the reduced ones. */
function logicalSteps(x: Value, y: Value, keepDims: boolean, reduced: ReadonlySet<number>): number[] {
  const steps = physicalStrides(y.shape, y.layout);
  if (keepDims) return steps.map((step, axis) => (reduced.has(axis) ? 0 : step));
  let next = 0;
  return x.shape.map((_, axis) => (reduced.has(axis) ? 0 : steps[next++]));
}

/** Whether what is left of x, in its physical order, is y as it lies in memory. */
function isInOrder(
  x: Value,
  y: Value,
  kept: readonly number[],
  keepDims: boolean,
  reduced: ReadonlySet<number>,
): boolean {
  const steps = logicalSteps(x, y, keepDims, reduced);
  const packed = strides(kept.map((axis) => x.shape[axis]));
  return kept.every((axis, i) => steps[axis] === packed[i]);
}
