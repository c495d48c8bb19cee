import { add } from '../ops/binary.js';
import { fill } from '../ops/fill.js';
import type { GradientContext } from '../ops/op.js';
import { reachableNodes } from '../tensor/reachable.js';
import { sameShape } from '../tensor/shape.js';
import { type Node, type Tensor, withScope } from '../tensor/tensor.js';
import { CvnetsError, ShapeError } from '../utils/errors.js';
import { opOf } from './lower.js';

export interface GradientsOptions {
  /** A tensor that the loss does not depend on has gradient 0 instead of being an error. */
  readonly allowUnused?: boolean;
}

/**
 * Reverse-mode derivatives of a rank-0 loss: one tensor for each of `wrt`, with its shape. Only nodes on a path from
 * `wrt` to the loss are visited, in descending creation order, so sums over several uses have a fixed order.
 * Throws ShapeError for a loss that is not a scalar and CvnetsError for an operator with no gradient on the path.
 */
export function gradients(
  loss: Tensor,
  wrt: readonly Tensor[],
  { allowUnused = false }: GradientsOptions = {},
): Tensor[] {
  if (loss.rank !== 0 || loss.dtype !== 'f32') {
    throw new ShapeError(`gradients got a loss ${loss}, but needs f32[]`, 'reduce it with mean or sum first');
  }
  const nodes = reachableNodes([loss]);
  const needed = tensorsOnPath(nodes, wrt);
  const sums = new Map<Tensor, Tensor>();
  if (needed.has(loss))
    sums.set(
      loss,
      withScope(loss.node.scope, () => fill([], 1)),
    );
  for (const node of nodes.reverse()) {
    const grads = node.outputs.map((output) => sums.get(output));
    const needs = node.inputs.map((input) => needed.has(input));
    if (!needs.includes(true) || grads.every((grad) => grad === undefined)) continue;
    withScope(node.scope, () => {
      const { inputs, outputs, attrs } = node;
      const results = gradientOf(node, { inputs, outputs, attrs, grads, needs });
      inputs.forEach((input, i) => {
        const grad = results[i];
        if (!needs[i] || !grad) return;
        if (!sameShape(grad.shape, input.shape)) {
          throw new ShapeError(`the gradient of ${node.op} for input ${i} is ${grad}, but that input is ${input}`);
        }
        const sum = sums.get(input);
        sums.set(input, sum ? add(sum, grad) : grad);
      });
    });
  }
  return wrt.map((tensor) => {
    const grad = sums.get(tensor);
    if (grad) return grad;
    if (allowUnused) return fill(tensor.shape, 0);
    throw new CvnetsError(
      `the loss does not depend on ${describe(tensor)}, or only through something that is not differentiable`,
      'leave it out, or pass allowUnused to get zeros',
    );
  });
}

/** f32 tensors that depend on one of `wrt`, those included. */
function tensorsOnPath(nodes: readonly Node[], wrt: readonly Tensor[]): ReadonlySet<Tensor> {
  const needed = new Set(wrt);
  for (const node of nodes) {
    if (!node.inputs.some((input) => needed.has(input))) continue;
    for (const output of node.outputs) if (output.dtype === 'f32') needed.add(output);
  }
  return needed;
}

function gradientOf(node: Node, context: GradientContext<unknown>): readonly (Tensor | undefined)[] {
  const rule = opOf(node.op);
  if (rule.gradient) return rule.gradient(context);
  const place = node.scope ? `${node.scope}: ` : '';
  throw new CvnetsError(
    `${place}${node.op} has no gradient`,
    'keep it out of the path from the parameters to the loss',
  );
}

function describe(tensor: Tensor): string {
  const { source, scope, op } = tensor.node;
  if (source) return source.kind === 'state' ? `state ${source.state.name}` : `${source.kind} ${source.name}`;
  return scope ? `${scope}:${op}` : op;
}
