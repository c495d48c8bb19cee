import fc from 'fast-check';
import { topKCorrect } from '../../src/ops/top-k-correct.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

interface Rows {
  readonly rows: number;
  readonly classes: number;
  readonly k?: readonly number[];
  readonly ignored?: number;
  /** Few distinct values, so that many logits are equal. */
  readonly ties?: boolean;
}

function count({ rows, classes, k = [1, 5], ignored = 0, ties = false }: Rows): OpCase {
  return {
    title: `[${rows},${classes}] k ${k}${ignored ? ' ignored' : ''}${ties ? ' ties' : ''}`,
    inputs: {
      logits: { shape: [rows, classes], values: (random) => (ties ? random.integer(3) : random.uniform()) },
      target: {
        shape: [rows],
        dtype: 'i32',
        values: (random) => (random.next() < ignored ? -1 : random.integer(classes)),
      },
    },
    build: ({ logits, target }) => topKCorrect(logits, target, { k }),
    differentiable: 0,
    tolerance: 0,
  };
}

describeOp(
  'topKCorrect',
  [
    count({ rows: 10, classes: 10 }),
    count({ rows: 1, classes: 1000 }),
    count({ rows: 300, classes: 7, k: [1, 2, 3] }),
    count({ rows: 40, classes: 6, ties: true }),
    count({ rows: 30, classes: 6, ignored: 0.5, k: [3] }),
    count({ rows: 5, classes: 3, k: [1, 5] }),
    count({ rows: 4, classes: 1, k: [1] }),
  ],
  {
    arbitrary: fc
      .record({
        rows: fc.integer({ min: 1, max: 70 }),
        classes: fc.integer({ min: 1, max: 40 }),
        ignored: fc.constantFrom(0, 0.3),
        ties: fc.boolean(),
      })
      .map(count),
  },
);
