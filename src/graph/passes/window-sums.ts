import { add, div, minimum, mul } from '../../ops/binary.js';
import { fill } from '../../ops/fill.js';
import { globalNorm } from '../../ops/global-norm.js';
import { sqrt, square } from '../../ops/unary.js';
import { bytesPerElement } from '../../tensor/dtype.js';
import { size } from '../../tensor/shape.js';
import { makeNode, type Tensor } from '../../tensor/tensor.js';
import { opOf } from '../lower.js';
import { cannotSplit, onWindow, rowsOf, type WindowedNode } from './windows.js';

/** Sums over the batch: weight gradients and reductions. Partial sums are added in window order. */
export function splitSum({ node, inputs, windows }: WindowedNode): readonly Tensor[] {
  const { kind, ...rest } = node.attrs as { kind?: string };
  const mean = node.op === 'reduce' && kind === 'mean';
  const summed = mean ? { ...node, attrs: { ...rest, kind: 'sum' } } : node;
  const total = windows
    .map(
      ([start, rows]) =>
        onWindow(
          summed,
          inputs.map((x) => rowsOf(x, start, rows)),
          rows,
        )[0],
    )
    .reduce((sum, part) => add(sum, part));
  return [mean ? mul(total, size(node.outputs[0].shape) / size(inputs[0].shape)) : total];
}

/** Runs of neighbouring list members, each at most `maxBytes` long. */
function chunks({ node, inputs, limits }: WindowedNode, count: number): [number, number][] {
  const result: [number, number][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const bytes = Math.ceil((size(inputs[i].shape) * bytesPerElement.f32) / 256) * 256;
    if (bytes > limits.maxBytes) throw cannotSplit(node, inputs[i], limits.maxBytes);
    if (used + bytes > limits.maxBytes) {
      result.push([i, i]);
      used = 0;
    }
    used += bytes;
    result.at(-1)![1] = i + 1;
  }
  return result;
}

/** A multi-tensor update in one launch a window of its lists. */
export function splitUpdate(context: WindowedNode): readonly Tensor[] {
  const { node, inputs } = context;
  const { count } = node.attrs as { count: number };
  const lists = opOf(node.op).groups!(inputs, node.attrs).length;
  const outputLists = node.outputs.length / count;
  const outputs = new Array<Tensor>(node.outputs.length);
  for (const [start, end] of chunks(context, count)) {
    const members = Array.from({ length: lists }, (_, list) => inputs.slice(list * count + start, list * count + end));
    const attrs = Object.fromEntries(
      Object.entries(node.attrs as object).map(([key, value]) => [
        key,
        Array.isArray(value) && value.length === count && key !== 'betas' ? value.slice(start, end) : value,
      ]),
    );
    const operands = [...members.flat(), ...inputs.slice(lists * count)];
    const chunk = { ...attrs, count: end - start };
    const results = makeNode(node.op, chunk, operands, opOf(node.op).infer(operands, chunk)).outputs;
    for (let list = 0; list < outputLists; list++) {
      for (let i = start; i < end; i++) outputs[list * count + i] = results[list * (end - start) + i - start];
    }
  }
  return outputs;
}

/** The norm of the windows' norms; the coefficient is min(1, maxNorm / (norm + 1e-6)) as in the operator. */
export function splitGlobalNorm(context: WindowedNode): readonly Tensor[] {
  const { inputs, node } = context;
  const { maxNorm } = node.attrs as { maxNorm: number };
  const squares = chunks(context, inputs.length).map(([start, end]) =>
    square(globalNorm(inputs.slice(start, end)).norm),
  );
  const norm = sqrt(squares.reduce((sum, part) => add(sum, part)));
  const coefficient = maxNorm > 0 ? minimum(div(maxNorm, add(norm, 1e-6)), 1) : fill([], 1);
  return [norm, coefficient];
}
