import { add } from '../../ops/binary.js';
import { concat } from '../../ops/concat.js';
import type { MatmulAttrs } from '../../ops/matmul.js';
import { apply } from '../../ops/op.js';
import type { Tensor } from '../../tensor/tensor.js';
import { opOf } from '../lower.js';
import { cannotSplit, onWindow, rowsOf, type WindowedNode } from './windows.js';

/** The operator on rows of its first `data` inputs and on the whole of the others. */
function parts({ node, inputs, windows }: WindowedNode, isData: (i: number) => boolean): (readonly Tensor[])[] {
  return windows.map(([start, rows]) =>
    onWindow(
      node,
      inputs.map((x, i) => (isData(i) ? rowsOf(x, start, rows) : x)),
      rows,
    ),
  );
}

const joined = (outputs: readonly (readonly Tensor[])[], i: number): Tensor =>
  concat(
    outputs.map((each) => each[i]),
    0,
  );

const total = (outputs: readonly (readonly Tensor[])[], i: number): Tensor =>
  outputs.map((each) => each[i]).reduce((sum, part) => add(sum, part));

/** Layer and group norm know nothing of other samples: y, mean and rstd are those of the windows. */
export function splitSampleNorm(context: WindowedNode): readonly Tensor[] {
  const outputs = parts(context, (i) => i === 0);
  return [0, 1, 2].map((i) => joined(outputs, i));
}

/** Inputs x, dy, gamma, mean, rstd: dgamma and dbeta are sums over the windows. */
export function splitSampleNormBackward(context: WindowedNode): readonly Tensor[] {
  const outputs = parts(context, (i) => i !== 2);
  return [joined(outputs, 0), total(outputs, 1), total(outputs, 2)];
}

/** Products of whole matrices in a batch, of rows of a, or, where both operands have the rows, sums of products. */
export function splitMatmul(context: WindowedNode): readonly Tensor[] {
  const { node, inputs, windows, limits } = context;
  const [a, b, bias] = inputs;
  const attrs = node.attrs as MatmulAttrs;
  const rows = windows.reduce((sum, [, count]) => sum + count, 0);
  if (a.shape[0] !== rows) throw cannotSplit(node, node.outputs[0], limits.maxBytes);
  if (a.rank === 2 && attrs.transposeA) {
    if (attrs.transposeB) throw cannotSplit(node, a, limits.maxBytes);
    const products = windows.map(([start, count], window) => {
      const operands = [rowsOf(a, start, count), rowsOf(b, start, count)];
      return apply(opOf(node.op), window === 0 && bias ? [...operands, bias] : operands, node.attrs);
    });
    return [total(products, 0)];
  }
  return [
    joined(
      parts(context, (i) => i === 0 || (i === 1 && b.rank > 2)),
      0,
    ),
  ];
}
