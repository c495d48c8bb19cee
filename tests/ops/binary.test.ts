import fc from 'fast-check';
import { expect, test } from 'vitest';
import { add, div, maximum, minimum, mul, sub } from '../../src/ops/binary.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input } from '../../src/tensor/tensor.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

const kinds = { add, sub, mul, div, minimum, maximum };
type Kind = keyof typeof kinds;
const names = Object.keys(kinds) as Kind[];

function pair(kind: Kind, a: Shape, b: Shape): OpCase {
  const smooth = kind !== 'minimum' && kind !== 'maximum';
  return {
    title: `${kind} [${a}] [${b}]`,
    inputs: { a, b: { shape: b, values: (random) => random.uniform(0.5, 2) } },
    build: ({ a, b }) => kinds[kind](a, b),
    differentiable: smooth ? undefined : 0,
  };
}

/** Some axes of `shape` become 1 and some leading ones go. */
const stretched = (shape: Shape, mask: readonly boolean[], lead: number): number[] =>
  shape.map((d, i) => (mask[i] ? 1 : d)).slice(Math.min(lead, shape.length - 1));

const random = fc
  .record({
    kind: fc.constantFrom(...names),
    shape: shapes(1, 5),
    masks: fc.tuple(...[0, 1].map(() => fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }))),
    lead: fc.nat(2),
    swap: fc.boolean(),
  })
  .map(({ kind, shape, masks, lead, swap }) => {
    const sides = [stretched(shape, masks[0], 0), stretched(shape, masks[1], lead)];
    return swap ? pair(kind, sides[1], sides[0]) : pair(kind, sides[0], sides[1]);
  });

describeOp(
  'binary',
  [
    ...names.map((kind) => pair(kind, [2, 5, 4, 3], [2, 5, 4, 3])),
    pair('add', [2, 5, 4, 3], [5, 1, 1]),
    pair('mul', [2, 5, 4, 3], [1, 5, 1, 1]),
    pair('mul', [2, 5, 4, 3], [2, 5, 1, 1]),
    pair('sub', [3, 1], [1, 4]),
    pair('div', [2, 17, 1, 1], [17, 3, 3]),
    pair('add', [4, 7], [7]),
    pair('mul', [4, 7], [4, 1]),
    pair('div', [2, 3, 4, 5], [5]),
    pair('sub', [], [2, 8, 3, 3]),
    pair('mul', [], []),
    pair('add', [2, 3, 2, 2, 3], [3, 2, 2, 1]),
    pair('mul', [1, 16, 10, 10], [1, 1, 10, 10]),
    { title: 'a tensor with itself', inputs: { a: [2, 4, 3, 3] }, build: ({ a }) => mul(a, a) },
    { title: 'a number', inputs: { a: [5] }, build: ({ a }) => sub(1.5, div(a, 4)) },
  ],
  { arbitrary: random, runs: 30 },
);

test('names the shapes that do not broadcast', () => {
  expect(() => add(input('a', [2, 3]), input('b', [2, 4]))).toThrow('add: shapes [2,3] and [2,4] do not broadcast');
});
