import { copy } from '../../src/ops/copy.js';
import { square } from '../../src/ops/index.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp } from '../support/describe-op.js';

describeOp(
  'copy',
  [
    { title: 'of an input', inputs: { x: [2, 5, 4, 3] }, build: ({ x }) => copy(x), tolerance: 0 },
    { title: 'of a result', inputs: { x: [7, 3] }, build: ({ x }) => copy(square(x)) },
    {
      title: 'of pixels',
      inputs: { x: { shape: [1, 3, 5, 3], dtype: 'u8', values: (random) => random.integer(256) } },
      build: ({ x }) => copy(x),
      differentiable: 0,
    },
    {
      title: 'of integers',
      inputs: { x: { shape: [5], dtype: 'i32', values: [-1, 0, 7, 2 ** 31 - 1, -(2 ** 31)] } },
      build: ({ x }) => copy(x),
      differentiable: 0,
    },
  ],
  {
    arbitrary: shapes(1, 6).map((x) => ({ title: `[${x}]`, inputs: { x }, build: ({ x }) => copy(x), tolerance: 0 })),
  },
);
