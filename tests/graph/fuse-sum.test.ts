import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { fuseSumActivation } from '../../src/graph/passes/fuse-sum.js';
import * as ops from '../../src/ops/index.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { input, type Tensor, withScope } from '../../src/tensor/tensor.js';

const a = input('a', [2, 3, 4, 4]);
const b = input('b', [2, 3, 4, 4]);
const names = (root: Tensor): string[] => reachableNodes([root]).map(({ op }) => op);

test.each(['relu', 'relu6'] as const)('a sum and its %s become one operator', (kind) => {
  const loss = ops.mean(withScope('block', () => ops.activation(ops.add(a, b), kind)));
  const fused = fuseSumActivation([loss]).get(loss)!;
  const [y] = fused.node.inputs;
  expect(y.node).toMatchObject({ op: 'addActivation', attrs: { activation: kind }, inputs: [a, b], scope: 'block' });
  expect(names(fused)).not.toContain('binary');
});

test('the gradient needs y, not the sum, and both sides get the same tensor', () => {
  const y = ops.relu(ops.add(a, b));
  const fused = fuseSumActivation([y]).get(y)!;
  const [da, db] = gradients(ops.sum(fused), [a, b]);
  expect(da).toBe(db);
  expect(da.node.op).toBe('activationBackward');
  expect(da.node.inputs[0]).toBe(fused);
});

test('a sum that is read elsewhere, is a result, broadcasts, or has another activation, stays', () => {
  const sum = ops.add(a, b);
  const twice = ops.mul(ops.relu(sum), sum);
  const result = [ops.relu(sum), sum];
  const row = ops.relu(ops.add(a, input('row', [4])));
  const silu = ops.silu(ops.add(a, b));
  const difference = ops.relu(ops.sub(a, b));
  for (const roots of [[twice], result, [row], [silu], [difference]]) {
    const rewritten = fuseSumActivation(roots);
    for (const root of roots) expect(rewritten.get(root)).toBe(root);
  }
});
