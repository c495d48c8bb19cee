import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { add, mul, sgd, sub, sum } from '../../src/ops/index.js';
import { readState, State, traceStates, writeState } from '../../src/tensor/state.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array, number, type RefArray } from './array.js';
import { evaluate, type Feeds, ReferenceSession } from './evaluate.js';

test('evaluates what the outputs need, from tensors or names', () => {
  const [a, b, unused] = [input('a', [2]), input('b', [2]), input('unused', [1])];
  const y = add(mul(a, 2), b);
  const z = add(unused, 1);
  const feeds: Feeds = new Map<Tensor | string, RefArray>([
    [a, array([2], [1, 2])],
    ['b', array([2], [10, 20])],
  ]);
  expect([...evaluate([y], feeds)[0].data]).toEqual([12, 24]);
  expect(() => evaluate([z], feeds)).toThrow('no value for input unused');
});

test('a session trains: states keep what a step wrote, several writes are ordered', () => {
  const weight = new State('weight', [2], 'parameter', () => Float32Array.of(1, -1));
  const momentum = new State('momentum', [2], 'optimizer', () => new Float32Array(2));
  const count = new State('count', [], 'buffer', () => new Float32Array(1));
  const step = traceStates(() => {
    writeState(count, add(readState(count), 1));
    writeState(count, mul(readState(count), 2));
    const [w, target] = [readState(weight), input('target', [2])];
    const error = sub(w, target);
    const loss = sum(mul(error, error));
    const updated = sgd(
      { parameters: [w], gradients: gradients(loss, [w]), momenta: [readState(momentum)], lr: scalar('lr') },
      { momentum: 0.5, nesterov: false, weightDecay: [0], lrMultiplier: [1] },
    );
    writeState(weight, updated.parameters[0]);
    writeState(momentum, updated.momenta[0]);
    return { loss };
  });
  const session = new ReferenceSession();
  const feeds = new Map([
    ['target', array([2], [0, 0])],
    ['lr', number(0.1)],
  ]);
  const losses = [0, 1, 2].map(() => session.run(step, feeds).loss.data[0]);
  // w: 1, 0.8, 0.54 with v = 2, 2.6
  expect(losses[0]).toBeCloseTo(2, 12);
  expect(losses[1]).toBeCloseTo(2 * 0.8 ** 2, 12);
  expect(losses[2]).toBeCloseTo(2 * 0.54 ** 2, 12);
  expect(session.value(count).data[0]).toBe(14);
});
