import { expect, test } from 'vitest';
import { type ToFloatAttrs, toFloat } from '../../src/ops/to-float.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { images } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const converted = (x: Shape, attrs?: ToFloatAttrs): OpCase => ({
  title: `[${x}] ${JSON.stringify(attrs ?? 'default')}`,
  inputs: { x: { shape: x, dtype: 'u8', values: (random) => random.integer(256) } },
  build: ({ x }) => toFloat(x, attrs),
  differentiable: 0,
  tolerance: 1e-6,
});

/** Mean and deviation of ImageNet. */
const imagenet: ToFloatAttrs = {
  scale: [0.229, 0.224, 0.225].map((deviation) => 1 / (255 * deviation)),
  shift: [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225],
};

describeOp(
  'toFloat',
  [
    converted([2, 3, 5, 7]),
    converted([1, 3, 8, 8], imagenet),
    converted([3, 3, 5, 5], { scale: [2], shift: imagenet.shift }),
    converted([1, 1, 1, 1]),
    converted([2, 1, 28, 28], { scale: [1 / 127.5], shift: [-1] }),
    converted([1, 17, 3, 2]),
    converted([1, 4, 6, 6], { scale: [1, 2, 3, 4], shift: [0.5] }),
  ],
  { arbitrary: images().map((x) => converted(x)) },
);

test('one value a channel, or one for all', () => {
  expect(() => toFloat(input('x', [1, 3, 2, 2], 'u8'), { scale: [1, 2] })).toThrow('toFloat got 2 values of scale');
});
