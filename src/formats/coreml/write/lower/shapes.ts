import { type Shape, size } from '../../../../tensor/shape.js';
import type { InferenceNode } from '../../../inference/graph.js';
import { bool, bools, int, ints, MAX_RANK, type MilBuilder, number, storedShape, text } from '../builder.js';

export function lowerReshape({ inputs: [x], outputs: [y] }: InferenceNode<'reshape'>, builder: MilBuilder): void {
  builder.op('reshape', { x: builder.readStored(x), shape: ints(storedShape(y.shape)) }, y);
}

/** More than five axes: those of length 1 do not count, neighbours that stay so are one, and the rest goes in steps. */
export function lowerTranspose({ attrs, inputs, outputs }: InferenceNode<'transpose'>, builder: MilBuilder): void {
  const [x] = inputs;
  const [y] = outputs;
  if (x.shape.length <= MAX_RANK) {
    builder.op('transpose', { x: builder.read(x), perm: ints(attrs.order) }, y);
    return;
  }
  const { shape, order } = mergeAxes(x.shape, attrs.order);
  const stored = storedShape(y.shape);
  if (shape.length <= MAX_RANK) {
    const name = reshaped(builder.readStored(x), storedShape(x.shape), shape);
    const result = order.map((axis) => shape[axis]);
    if (same(result, stored)) builder.op('transpose', { x: name, perm: ints(order) }, y);
    else {
      const turned = builder.step('transpose', { x: name, perm: ints(order) }, y, result);
      builder.op('reshape', { x: turned, shape: ints(stored) }, y);
    }
    return;
  }
  // One axis after the other moves to its place: a transposition of four axes each.
  let current = [...shape.keys()];
  let name = builder.readStored(x);
  for (const [to, axis] of order.entries()) {
    const from = current.indexOf(axis);
    if (from === to) continue;
    const lengths = current.map((index) => shape[index]);
    const parts = [lengths.slice(0, to), lengths.slice(to, from), [lengths[from]], lengths.slice(from + 1)].map(size);
    const swapped = [parts[0], parts[2], parts[1], parts[3]];
    name = builder.step('reshape', { x: name, shape: ints(parts) }, y, parts);
    name = builder.step('transpose', { x: name, perm: ints([0, 2, 1, 3]) }, y, swapped);
    current = [...current.slice(0, to), axis, ...current.slice(to).filter((index) => index !== axis)];
  }
  builder.op('reshape', { x: name, shape: ints(stored) }, y);

  function reshaped(of: string, from: Shape, to: Shape): string {
    return same(from, to) ? of : builder.step('reshape', { x: of, shape: ints(to) }, y, to);
  }
}

const same = (a: Shape, b: Shape): boolean => a.join() === b.join();

/** The same transposition of fewer axes. */
function mergeAxes(shape: Shape, order: readonly number[]): { shape: number[]; order: number[] } {
  const long = order.filter((axis) => shape[axis] !== 1);
  const groups: number[][] = [];
  const sorted = [...long].sort((a, b) => a - b);
  for (const axis of long) {
    const last = groups.at(-1);
    if (last && sorted.indexOf(axis) === sorted.indexOf(last.at(-1)!) + 1) last.push(axis);
    else groups.push([axis]);
  }
  const inOrder = [...groups].sort(([a], [b]) => a - b);
  return {
    shape: inOrder.map((group) => size(group.map((axis) => shape[axis]))),
    order: groups.map((group) => inOrder.indexOf(group)),
  };
}

export function lowerConcat({ attrs, inputs, outputs: [y] }: InferenceNode<'concat'>, builder: MilBuilder): void {
  const values = inputs.map((value) => builder.read(value));
  builder.op('concat', { values, axis: int(attrs.axis), interleave: bool(false) }, y);
}

/** Repeats along axes of length 1. */
export function lowerExpand({ inputs: [x], outputs: [y] }: InferenceNode<'expand'>, builder: MilBuilder): void {
  const aligned = [...y.shape.slice(x.shape.length).map(() => 1), ...x.shape];
  const shape = ints(aligned);
  const name = builder.read(x);
  const whole = same(aligned, x.shape) ? name : builder.step('reshape', { x: name, shape }, y, aligned);
  builder.op('tile', { x: whole, reps: ints(y.shape.map((length, i) => length / aligned[i])) }, y);
}

export function lowerSlice({ attrs, inputs: [x], outputs: [y] }: InferenceNode<'slice'>, builder: MilBuilder): void {
  const { start, size: count, step } = attrs;
  const none = bools(start.map(() => false));
  const parameters = {
    x: builder.read(x),
    begin: ints(start),
    end: ints(start.map((first, i) => first + (count[i] - 1) * step[i] + 1)),
    stride: ints(step),
    begin_mask: none,
    end_mask: none,
    squeeze_mask: none,
  };
  builder.op('slice_by_index', parameters, y);
}

export function lowerSplit({ attrs, inputs: [x], outputs }: InferenceNode<'split'>, builder: MilBuilder): void {
  builder.op('split', { x: builder.read(x), split_sizes: ints(attrs.sizes), axis: int(attrs.axis) }, outputs);
}

/** Pairs of each axis: before, after. */
export function lowerPad({ attrs, inputs: [x], outputs: [y] }: InferenceNode<'pad'>, builder: MilBuilder): void {
  const pad = ints(attrs.before.flatMap((before, i) => [before, attrs.after[i]]));
  const parameters = { x: builder.read(x), pad, mode: text('constant'), constant_val: number(attrs.value) };
  builder.op('pad', parameters, y);
}
