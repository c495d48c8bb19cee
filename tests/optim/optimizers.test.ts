import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { square, sum } from '../../src/ops/index.js';
import { Ema } from '../../src/optim/ema.js';
import { optimizers } from '../../src/optim/index.js';
import type { Optimizer, OptimizerOptions, Trainable } from '../../src/optim/optimizer.js';
import { readState, State, type StateTrace, traceStates } from '../../src/tensor/state.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import { number } from '../reference/array.js';
import { ReferenceSession } from '../reference/evaluate.js';

const parameter = (name: string, shape: number[], values: number[]): State =>
  new State(name, shape, 'parameter', () => Float32Array.from(values));

/** Minimises w² + b²: the gradient is twice the value. */
function problem(): Trainable[] {
  return [{ state: parameter('fc.weight', [1, 2], [1, -2]) }, { state: parameter('fc.bias', [1], [3]) }];
}

function trace(
  trainables: readonly Trainable[],
  optimizer: Optimizer,
  after?: () => void,
): StateTrace<{ loss: Tensor }> {
  return traceStates(() => {
    const values = trainables.map(({ state }) => readState(state));
    const losses = values.map((value) => sum(square(value)));
    const grads = losses.map((loss, i) => gradients(loss, [values[i]])[0]);
    optimizer.update(grads);
    after?.();
    return { loss: losses[0] };
  });
}

/** Values of weight[0] and bias after each of some steps. */
function train(
  make: (trainables: readonly Trainable[]) => Optimizer,
  steps: number,
  trainables = problem(),
): number[][] {
  const optimizer = make(trainables);
  const step = trace(trainables, optimizer);
  const session = new ReferenceSession();
  return Array.from({ length: steps }, (_, update) => {
    const scalars = Object.entries(optimizer.scalars(0.1, update)).map(
      ([name, value]) => [name, number(value)] as const,
    );
    session.run(step, new Map(scalars));
    return trainables.map(({ state }) => session.value(state).data[0]);
  });
}

describe('sgd', () => {
  test('momentum as in PyTorch', () => {
    // v = 2w; w -= .1 v, then v = .5 v + 2w
    const [first, second] = train((p) => optimizers.sgd(p, { momentum: 0.5, weight_decay: 0 }), 2);
    expect(first[0]).toBeCloseTo(0.8, 12);
    expect(second[0]).toBeCloseTo(0.8 - 0.1 * (0.5 * 2 + 1.6), 12);
  });

  test('nesterov', () => {
    const [first] = train((p) => optimizers.sgd(p, { momentum: 0.5, nesterov: true, weight_decay: 0 }), 1);
    expect(first[0]).toBeCloseTo(1 - 0.1 * (2 + 0.5 * 2), 12);
  });

  test.each([
    [true, 3 - 0.1 * 6],
    [false, 3 - 0.1 * (6 + 0.5 * 3)],
  ])('biases are not decayed when no_decay_bn_filter_bias is %s', (no_decay_bn_filter_bias, bias) => {
    const options: OptimizerOptions = { weight_decay: 0.5, no_decay_bn_filter_bias };
    const [[weight, after]] = train((p) => optimizers.sgd(p, { momentum: 0, ...options }), 1);
    expect(weight).toBeCloseTo(1 - 0.1 * (2 + 0.5), 12);
    expect(after).toBeCloseTo(bias, 12);
  });

  test('learning rates are multiplied by parameter', () => {
    const trainables = problem().map((each, i) => ({ ...each, lrMultiplier: i === 0 ? 10 : 1 }));
    const [[weight, bias]] = train((p) => optimizers.sgd(p, { momentum: 0, weight_decay: 0 }), 1, trainables);
    expect(weight).toBeCloseTo(1 - 10 * 0.1 * 2, 12);
    expect(bias).toBeCloseTo(3 - 0.1 * 6, 12);
  });

  test('gradients are clipped to their global norm', () => {
    const norm = Math.hypot(2, 4, 6);
    const [[weight]] = train((p) => optimizers.sgd(p, { momentum: 0, weight_decay: 0, grad_clip: 1 }), 1);
    expect(weight).toBeCloseTo(1 - (0.1 * 2) / (norm + 1e-6), 12);
  });
});

describe('adam', () => {
  const options = { beta1: 0.9, beta2: 0.98, eps: 1e-8 };

  function expected(decay: number, decoupled: boolean, steps: number): number[] {
    let [w, m, v] = [1, 0, 0];
    return Array.from({ length: steps }, (_, i) => {
      const g = 2 * w + (decoupled ? 0 : decay * w);
      if (decoupled) w -= 0.1 * decay * w;
      m = 0.9 * m + 0.1 * g;
      v = 0.98 * v + 0.02 * g * g;
      w -= (0.1 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.98 ** (i + 1))) + 1e-8);
      return w;
    });
  }

  test.each([
    ['adam', false],
    ['adamw', true],
  ] as const)('%s', (name, decoupled) => {
    const steps = train((p) => optimizers[name](p, { ...options, weight_decay: 0.3 }), 4);
    expected(0.3, decoupled, 4).forEach((value, i) => {
      expect(steps[i][0]).toBeCloseTo(value, 10);
    });
  });
});

test('averages follow the weights they were copied from', () => {
  const trainables = problem();
  const buffer = new State('norm.running_mean', [1], 'buffer', () => Float32Array.of(5));
  const optimizer = optimizers.sgd(trainables, { momentum: 0, weight_decay: 0 });
  const ema = new Ema(
    trainables.map(({ state }) => state),
    [buffer],
    { momentum: 0.25 },
  );
  const step = trace(trainables, optimizer, () => ema.update());
  const session = new ReferenceSession();
  session.run(step, new Map([['lr', number(0.1)]]));
  const weight = ema.averages.get(trainables[0].state)!;
  expect(weight.name).toBe('ema.fc.weight');
  expect(session.value(weight).data[0]).toBeCloseTo(0.75 * 1 + 0.25 * 0.8, 12);
  expect(session.value(ema.averages.get(buffer)!).data[0]).toBe(5);
});

test('a wrong number of gradients is refused', () => {
  expect(() => optimizers.sgd(problem()).update([])).toThrow('got 0 gradients, but has 2 parameters');
});
