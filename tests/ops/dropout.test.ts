import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dropout } from '../../src/ops/dropout.js';
import type { Shape } from '../../src/tensor/shape.js';
import { input, scalar } from '../../src/tensor/tensor.js';
import { array, number } from '../reference/array.js';
import { philox } from '../reference/dropout.js';
import { evaluate } from '../reference/evaluate.js';
import { shapes } from '../support/arbitrary.js';
import { describeOp, type OpCase } from '../support/describe-op.js';

function drop(x: Shape, p: number, { seed = 7, stream = 0, step = 0 } = {}): OpCase {
  return {
    title: `[${x}] p ${p} seed ${seed} stream ${stream} step ${step}`,
    inputs: { x, counter: { shape: [], dtype: 'u32', values: [step] } },
    build: ({ x, counter }) => dropout(x, counter, { p, seed, stream }),
    tolerance: 1e-6,
  };
}

describeOp(
  'dropout',
  [
    drop([2, 5, 4, 3], 0.5),
    drop([1, 17, 1, 1], 0.2, { stream: 3 }),
    drop([3, 8, 5, 7], 0.1, { step: 41 }),
    drop([4, 1280], 0.2, { seed: 1234567, stream: 2, step: 1000 }),
    drop([5], 0.5),
    drop([2, 3], 0),
    drop([67], 0.99, { seed: 0xffffffff, stream: 0xfffffffe, step: 0xffffffff }),
  ],
  { arbitrary: fc.tuple(shapes(1, 5), fc.nat(1e6)).map(([x, step]) => drop(x, 0.3, { step })) },
);

test('Philox gives the known answers of its authors', () => {
  const hex = (words: number[]): string => words.map((word) => word.toString(16).padStart(8, '0')).join(' ');
  const ones = 0xffffffff;
  expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8');
  expect(hex(philox([ones, ones, ones, ones], [ones, ones]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd');
  expect(hex(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0]))).toBe(
    'd16cfe09 94fdcceb 5001e420 24126ea1',
  );
});

test('keeps the mean, and another counter gives another mask', () => {
  const [x, counter] = [input('x', [10000]), scalar('counter', 'u32')];
  const y = dropout(x, counter, { p: 0.25, seed: 1, stream: 1 });
  const at = (step: number) =>
    evaluate(
      [y],
      new Map([
        [x, array([10000], new Array(10000).fill(1))],
        [counter, number(step)],
      ]),
    )[0];
  const [first, second] = [at(1), at(2)];
  const kept = first.data.filter((value) => value !== 0).length;
  expect(Math.abs(kept / 10000 - 0.75)).toBeLessThan(0.02);
  expect(first.data).not.toEqual(second.data);
  expect(at(1).data).toEqual(first.data);
});

test('drops no more than all', () => {
  expect(() => dropout(input('x', [2]), scalar('c', 'u32'), { p: 1, seed: 0, stream: 0 })).toThrow('dropout got p=1');
});
