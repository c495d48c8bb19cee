import type { Shape } from '../../../tensor/shape.js';
import type { Operand } from '../../device.js';
import type { Constants } from '../constants.js';
import { call, type WasmCall, type WasmKernel } from '../kernel.js';

/** One loop of a walk over tensors: how often, and how many bytes each of them moves on. */
export interface Axis {
  readonly size: number;
  readonly steps: readonly number[];
}

/** Drops axes of length 1 and joins neighbours that every tensor walks as one. Slowest first; never empty. */
export function collapse(axes: readonly Axis[], elementSteps: readonly number[]): Axis[] {
  const result: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const outer = result.at(-1);
    if (outer?.steps.every((step, i) => step === axis.size * axis.steps[i])) {
      result[result.length - 1] = { size: outer.size * axis.size, steps: axis.steps };
    } else result.push(axis);
  }
  return result.length > 0 ? result : [{ size: 1, steps: elementSteps }];
}

/** The table that strided kernels read: i32 (size, step, step) an axis. */
export function axisTable(axes: readonly Axis[]): Int32Array {
  return Int32Array.from(axes.flatMap(({ size, steps }) => [size, ...steps]));
}

/** Iterations of all loops but the innermost. */
export const rowsOf = (axes: readonly Axis[]): number => axes.slice(0, -1).reduce((n, { size }) => n * size, 1);

export const copyKernel = {
  name: 'copy',
  fields: { x: 'ptr', y: 'ptr', count: 'i32' },
} as const satisfies WasmKernel;

export const copyStridedKernel = {
  name: 'copyStrided',
  fields: { x: 'ptr', y: 'ptr', axes: 'ptr', outer: 'i32', rows: 'i32', elementBytes: 'i32' },
} as const satisfies WasmKernel;

export const transposeTilesKernel = {
  name: 'transposeTiles',
  fields: { x: 'ptr', y: 'ptr', batch: 'i32', rows: 'i32', columns: 'i32' },
} as const satisfies WasmKernel;

/** One side of a strided copy: where its first element lies, and its steps in elements along the logical axes. */
export interface StridedOperand {
  readonly operand: Operand;
  readonly strides: readonly number[];
}

/** y[i] = x[i] for every multi-index i of `shape`. Steps of x may be 0, which repeats it. */
export function copyStrided(
  shape: Shape,
  x: StridedOperand,
  y: StridedOperand,
  elementBytes: number,
  constants: Constants,
): WasmCall {
  const loops = shape.map((size, i) => ({ size, steps: [x.strides[i] * elementBytes, y.strides[i] * elementBytes] }));
  loops.sort((a, b) => b.steps[1] - a.steps[1]);
  const axes = collapse(loops, [elementBytes, elementBytes]);
  const inner = axes[axes.length - 1];
  if (axes.length === 1 && inner.steps.every((step) => step === elementBytes)) {
    return call(copyKernel, { x: x.operand, y: y.operand, count: inner.size * elementBytes });
  }
  const tiles = elementBytes === 4 ? asTranspose(axes) : undefined;
  if (tiles) return call(transposeTilesKernel, { x: x.operand, y: y.operand, ...tiles });
  return call(copyStridedKernel, {
    x: x.operand,
    y: y.operand,
    axes: constants.add(axisTable(axes)),
    outer: axes.length - 1,
    rows: rowsOf(axes),
    elementBytes,
  });
}

/** [batch][columns][rows] of y read from a contiguous [batch][rows][columns], 4-byte elements. */
function asTranspose(axes: readonly Axis[]): { batch: number; rows: number; columns: number } | undefined {
  if (axes.length !== 2 && axes.length !== 3) return undefined;
  const [columns, rows] = axes.slice(-2);
  const plane = columns.size * rows.size * 4;
  const batch = axes.length === 3 ? axes[0] : { size: 1, steps: [plane, plane] };
  const matches =
    columns.steps[0] === 4 &&
    columns.steps[1] === rows.size * 4 &&
    rows.steps[0] === columns.size * 4 &&
    rows.steps[1] === 4 &&
    batch.steps.every((step) => step === plane);
  return matches ? { batch: batch.size, rows: rows.size, columns: columns.size } : undefined;
}
