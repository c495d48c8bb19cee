import { add, mul } from '../../src/ops/binary.js';
import { fill } from '../../src/ops/fill.js';
import type { Shape } from '../../src/tensor/shape.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

/** Used by another operator: a constant, or from 65,537 elements on a kernel of its own. */
const used = (shape: Shape, value: number): OpCase => ({
  title: `[${shape}] of ${value}`,
  inputs: { x: [1] },
  build: ({ x }) => add(mul(fill(shape, value), x), fill(shape, 1)),
});

describeOp('fill', [
  used([2, 5, 4, 3], 0.5),
  used([], -3),
  used([7], 1e-3),
  used([2, 3, 110, 113], 2),
  { title: 'alone', inputs: {}, build: () => fill([3, 2], 1.25), differentiable: 0 },
  { title: 'alone, large', inputs: {}, build: () => fill([300, 301], -0.75), differentiable: 0 },
]);
