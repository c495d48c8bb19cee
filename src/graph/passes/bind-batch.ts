import { BATCH, type Shape } from '../../tensor/shape.js';
import { input, makeNode, type Tensor, withScope } from '../../tensor/tensor.js';
import { opOf } from '../lower.js';
import { type Rewritten, rewrite } from '../rewrite.js';

/**
 * Gives a graph that was traced with inputs of shape [BATCH, ...] its batch size. Shapes are inferred again from the
 * inputs down, so a forward pass is traced once and planned for any batch, and exporters keep the symbol.
 */
export function bindBatch(roots: readonly Tensor[], batch: number): Rewritten {
  return rewrite(roots, (node, inputs) => {
    const [first] = node.outputs;
    if (node.source) {
      if (node.source.kind !== 'input' || first.shape[0] !== BATCH) return undefined;
      return [input(node.source.name, bound(first.shape, batch), first.dtype)];
    }
    if (inputs.every((tensor, i) => tensor === node.inputs[i]) && first.shape[0] !== BATCH) return undefined;
    const attrs = bindAttrs(node.op, node.attrs, batch);
    const specs = withScope(node.scope, () => opOf(node.op).infer(inputs, attrs));
    return makeNode(node.op, attrs, inputs, specs, undefined, node.scope).outputs;
  });
}

const bound = (shape: Shape, batch: number): Shape => (shape[0] === BATCH ? [batch, ...shape.slice(1)] : shape);

/** Attributes that are shapes of the traced tensors; `reshape` infers its -1 by itself. */
function bindAttrs(op: string, attrs: unknown, batch: number): unknown {
  if (op === 'reshape' || typeof attrs !== 'object' || attrs === null) return attrs;
  const shapes = attrs as { shape?: Shape; inputShape?: Shape; size?: Shape };
  const result: Record<string, unknown> = { ...attrs };
  if (shapes.shape) result.shape = bound(shapes.shape, batch);
  if (shapes.inputShape) result.inputShape = bound(shapes.inputShape, batch);
  if (op === 'slice' && shapes.size) result.size = bound(shapes.size, batch);
  return result;
}
