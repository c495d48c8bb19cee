import { concat } from '../../ops/concat.js';
import { slice } from '../../ops/slice.js';
import { bytesPerElement } from '../../tensor/dtype.js';
import { reachableNodes } from '../../tensor/reachable.js';
import { type Shape, size } from '../../tensor/shape.js';
import { makeNode, type Node, type Tensor, type TensorSpec, withScope } from '../../tensor/tensor.js';
import { PlanError } from '../../utils/errors.js';
import { opOf } from '../lower.js';
import { type Rewritten, rewrite } from '../rewrite.js';
import { cutRows, type RowRange, type WindowLimits } from '../rows.js';
import { splitMatmul, splitSampleNorm, splitSampleNormBackward } from './window-layers.js';
import { splitNorm, splitNormBackward, splitNormInferenceBackward } from './window-norms.js';
import { splitGlobalNorm, splitSum, splitUpdate } from './window-sums.js';

/** The parts that the rules of one operator work with. */
export interface WindowedNode {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  readonly windows: readonly RowRange[];
  readonly limits: WindowLimits;
}

type SplitRule = (context: WindowedNode) => readonly Tensor[];

/**
 * Splits operators with an operand above the device's binding limit into windows along N: the same maths, with
 * partial sums and statistics merged in window order. Slices and concatenations of windows cost nothing (see
 * `placeConcats`). Throws PlanError for an operator that cannot be split.
 */
export function splitWindows(roots: readonly Tensor[], limits: WindowLimits): Rewritten {
  if (!reachableNodes(roots).some((node) => isTooLarge(node, node.inputs, limits))) {
    return new Map(roots.map((tensor) => [tensor, tensor]));
  }
  return rewrite(roots, (node, inputs) => {
    if (node.source || !isTooLarge(node, inputs, limits)) return undefined;
    return withScope(node.scope, () => split(node, inputs, limits));
  });
}

const bytes = ({ shape, dtype }: TensorSpec): number => size(shape) * bytesPerElement[dtype];

function isTooLarge(node: Node, inputs: readonly Tensor[], { maxBytes }: WindowLimits): boolean {
  if (node.source || isAlias(node)) return false;
  const { groups } = opOf(node.op);
  const lists = groups?.(inputs, node.attrs) ?? [];
  const listBytes = lists.map(([start, end]) => inputs.slice(start, end).reduce((sum, x) => sum + bytes(x), 0));
  return Math.max(...listBytes, ...[...inputs, ...node.outputs].map(bytes)) > maxBytes;
}

/** Views, whose copies are cut where they are made, and slices and concatenations along N, which are windows already. */
function isAlias(node: Node): boolean {
  if (node.op === 'reshape' || node.op === 'transpose') return true;
  if (node.op === 'concat') return (node.attrs as { axis: number }).axis === 0;
  if (node.op !== 'slice') return false;
  return node.inputs[0].shape.every((d, axis) => axis === 0 || d === node.outputs[0].shape[axis]);
}

const splitRules: Readonly<Record<string, SplitRule>> = {
  conv2dBackwardWeight: splitSum,
  batchNorm: splitNorm,
  batchNormBackward: splitNormBackward,
  batchNormInferenceBackward: splitNormInferenceBackward,
  layerNorm: splitSampleNorm,
  layerNormBackward: splitSampleNormBackward,
  groupNorm: splitSampleNorm,
  groupNormBackward: splitSampleNormBackward,
  matmul: splitMatmul,
  globalNorm: splitGlobalNorm,
  sgd: splitUpdate,
  adam: splitUpdate,
  ema: splitUpdate,
  accumulate: splitUpdate,
};

function split(node: Node, inputs: readonly Tensor[], limits: WindowLimits): readonly Tensor[] {
  const reducesBatch = node.op === 'reduce' && (node.attrs as { axes: readonly number[] }).axes.includes(0);
  const rule = splitRules[node.op] ?? (reducesBatch ? splitSum : splitBatchwise);
  const walksLists = rule === splitUpdate || rule === splitGlobalNorm;
  const windows = walksLists ? [] : windowsOf(node, inputs, limits);
  return rule({ node, inputs, windows, limits });
}

function windowsOf(node: Node, inputs: readonly Tensor[], limits: WindowLimits): readonly RowRange[] {
  const { maxBytes } = limits;
  const large = [...inputs, ...node.outputs].filter((tensor) => bytes(tensor) > maxBytes);
  const batch = large[0].shape[0];
  const rowBytes = large.map((tensor) => bytes(tensor) / tensor.shape[0]);
  const windows = cutRows(batch, rowBytes, limits);
  if (!windows || large.some((tensor) => tensor.shape[0] !== batch)) throw cannotSplit(node, large[0], maxBytes);
  return windows;
}

export function cannotSplit(node: Node, tensor: Tensor, maxBytes: number): PlanError {
  const where = node.scope ? `${node.scope}: ` : '';
  return new PlanError(
    `${where}${node.op} needs ${bytes(tensor)} bytes for [${tensor.shape}], this device binds at most ${maxBytes}`,
    'use a smaller batch, resolution or width',
  );
}

/** Rows [start, start + rows) of a tensor; the tensor itself when it has no batch of that size. */
export function rowsOf(x: Tensor, start: number, rows: number): Tensor {
  return slice(x, [start, ...x.shape.slice(1).map(() => 0)], [rows, ...x.shape.slice(1)]);
}

/** The operator on other inputs, with its attributes adapted to `rows` rows. */
export function onWindow(node: Node, inputs: readonly Tensor[], rows: number): readonly Tensor[] {
  const attrs = withRows(node, rows);
  return makeNode(node.op, attrs, inputs, opOf(node.op).infer(inputs, attrs)).outputs;
}

/** Attributes that repeat the batch size: `inputShape` of input gradients, `shape` of fills and expansions, `size` of slices. */
function withRows(node: Node, rows: number): unknown {
  const attrs = { ...(node.attrs as Record<string, unknown>) };
  const key = { slice: 'size', expand: 'shape', fill: 'shape' }[node.op] ?? 'inputShape';
  const shape = attrs[key] as Shape | undefined;
  if (shape) attrs[key] = [rows, ...shape.slice(1)];
  return attrs;
}

/** Operators whose rows do not know of each other: every output is the concatenation of the windows' outputs. */
const splitBatchwise: SplitRule = ({ node, inputs, windows, limits }) => {
  const batch = node.outputs[0].shape[0];
  if (!isBatchwise(node)) throw cannotSplit(node, node.outputs[0], limits.maxBytes);
  const carriesBatch = (x: Tensor): boolean => x.rank === node.outputs[0].rank && x.shape[0] === batch && batch > 1;
  const parameters =
    node.op.startsWith('conv2d') || node.op.startsWith('batchNorm') || node.op === 'prelu' ? 1 : undefined;
  const parts = windows.map(([start, rows]) =>
    onWindow(
      node,
      inputs.map((x, i) => (i < (parameters ?? inputs.length) && carriesBatch(x) ? rowsOf(x, start, rows) : x)),
      rows,
    ),
  );
  return node.outputs.map((_, i) =>
    concat(
      parts.map((outputs) => outputs[i]),
      0,
    ),
  );
};

const rowIndependent = new Set(
  [
    'activation activationBackward addActivation prelu unary binary conv2d conv2dBackwardInput batchNormInference maxPool2d',
    'maxPool2dBackward avgPool2d avgPool2dBackward resize2d resize2dBackward toFloat copy fill expand reduce',
  ].flatMap((names) => names.split(' ')),
);

/** What is left after `splitRules`; operators along one axis qualify when that axis is not N. */
function isBatchwise({ op, attrs, inputs }: Node): boolean {
  if (rowIndependent.has(op)) return true;
  const { axis, before, after } = attrs as {
    axis?: number;
    before?: number[];
    after?: number[];
  };
  if (axis !== undefined) return axis !== 0 && axis !== -inputs[0].rank;
  return op === 'slice' || (before?.[0] === 0 && after?.[0] === 0);
}
