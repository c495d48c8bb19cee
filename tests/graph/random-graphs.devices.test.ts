import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import * as ops from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import { defaultLayout, toLogical, toPhysical } from '../../src/tensor/layout.js';
import { type Shape, sameShape, size } from '../../src/tensor/shape.js';
import { readState, State, writeState } from '../../src/tensor/state.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { array, type RefArray } from '../reference/array.js';
import { ReferenceSession } from '../reference/evaluate.js';
import { devices } from '../support/devices.js';
import { Random } from '../support/random.js';

const shape: Shape = [2, 4, 3, 4];

/** One step of a random program: an operation on tensors that earlier steps made. */
interface Step {
  readonly operation: keyof typeof operations;
  readonly first: number;
  readonly second: number;
}

/** What the steps of one program share: they are traced once, then run for several steps. */
interface Context {
  readonly states: Map<string, State>;
}

const state = ({ states }: Context, name: string, shape: Shape, value: number): State => {
  const full = `${name} [${shape}]`;
  if (!states.has(full)) {
    states.set(full, new State(full, shape, 'buffer', () => new Float32Array(size(shape)).fill(value)));
  }
  return states.get(full)!;
};

const spatial = (x: Tensor): boolean => x.rank === 4;

/** Each returns undefined where it does not apply. All are smooth, so that float32 and float64 take the same branch. */
const operations = {
  silu: (x: Tensor) => ops.silu(x),
  tanh: (x: Tensor) => ops.tanh(x),
  add: (x: Tensor, y: Tensor) => (sameShape(x.shape, y.shape) ? ops.add(x, y) : undefined),
  twice: (x: Tensor) => ops.mul(ops.tanh(x), x),
  centre: (x: Tensor) => (spatial(x) ? ops.sub(x, ops.mean(x, { axes: [2, 3], keepDims: true })) : undefined),
  flip: (x: Tensor) => (spatial(x) ? ops.transpose(x, [0, 1, 3, 2]) : undefined),
  channelsLast: (x: Tensor) => (spatial(x) && x.shape[1] === x.shape[3] ? ops.transpose(x, [0, 3, 1, 2]) : undefined),
  flatten: (x: Tensor) => (spatial(x) ? ops.flatten(x) : undefined),
  unflatten: (x: Tensor) => (x.rank === 2 ? ops.reshape(x, [x.shape[0], 4, -1, 4]) : undefined),
  batchConcat: (x: Tensor, y: Tensor) =>
    sameShape(x.shape, y.shape) && x.shape[0] < 8 ? ops.concat([x, y], 0) : undefined,
  channelConcat: (x: Tensor, y: Tensor) =>
    sameShape(x.shape, y.shape) && spatial(x) && x.shape[1] < 16 ? ops.concat([x, y], 1) : undefined,
  half: (x: Tensor) =>
    x.shape[0] % 2 === 0
      ? ops.slice(
          x,
          x.shape.map(() => 0),
          x.shape.with(0, x.shape[0] / 2),
        )
      : undefined,
  shuffle: (x: Tensor) => {
    if (!spatial(x) || x.shape[1] % 2) return undefined;
    const [n, c, h, w] = x.shape;
    return ops.reshape(ops.transpose(ops.reshape(x, [n, 2, c / 2, h, w]), [0, 2, 1, 3, 4]), [n, c, h, w]);
  },
  norm(x: Tensor, _: Tensor, context: Context) {
    const channels = [x.shape[1]];
    if (size(x.shape) / channels[0] < 8) return undefined;
    const [one, zero] = [ops.fill(channels, 1), ops.fill(channels, 0.1)];
    const [mean, variance] = [state(context, 'mean', channels, 0), state(context, 'variance', channels, 1)];
    const result = ops.batchNorm(x, one, zero, readState(mean), readState(variance));
    writeState(mean, result.runningMean);
    writeState(variance, result.runningVar);
    return result.y;
  },
  /** Reads a state, writes it, and goes on with what was read before. */
  remember(x: Tensor, _: Tensor, context: Context) {
    const memory = state(context, 'memory', x.shape, 0.5);
    const old = readState(memory);
    writeState(memory, ops.tanh(ops.add(old, x)));
    return ops.add(old, x);
  },
  pool: (x: Tensor) => (spatial(x) ? ops.avgPool2d(x, { kernel: 2, stride: 1, padding: [0, 1, 0, 1] }) : undefined),
  softmax: (x: Tensor) => ops.softmax(x, 1),
  copy: (x: Tensor) => ops.copy(x),
} satisfies Record<string, (x: Tensor, y: Tensor, context: Context) => Tensor | undefined>;

const names = Object.keys(operations) as (keyof typeof operations)[];

const program = fc.array(
  fc.record({ operation: fc.constantFrom(...names), first: fc.nat(50), second: fc.nat(50) }) as fc.Arbitrary<Step>,
  { minLength: 3, maxLength: 14 },
);

/** The last few values, and gradients of a loss over all of them with respect to both inputs. */
function build(steps: readonly Step[], context: Context): Record<string, Tensor> {
  const inputs = [input('a', shape), input('b', shape)];
  const made: Tensor[] = [...inputs];
  for (const { operation, first, second } of steps) {
    const pick = (i: number): Tensor => made[made.length - 1 - (i % made.length)];
    const result = operations[operation](pick(first), pick(second), context);
    if (result) made.push(result);
  }
  const results = made.slice(-4);
  const terms = results.map((tensor, i) => ops.sum(ops.mul(ops.tanh(tensor), 1 + i)));
  const loss = terms.reduce((total, term) => ops.add(total, term));
  const grads = gradients(loss, inputs, { allowUnused: true });
  return Object.fromEntries([...results, loss, ...grads].map((tensor, i) => [`${i}`, tensor]));
}

/** Values are about 1, and norms magnify what rounding leaves of a zero; a misplaced buffer is off by far more. */
function expectNear(what: string, got: ArrayLike<number>, { data }: RefArray): void {
  const error = data.reduce((worst, value, i) => Math.max(worst, Math.abs(got[i] - value) / (1 + Math.abs(value))), 0);
  expect(error, what).toBeLessThan(1e-3);
  expect(got.length, what).toBe(data.length);
}

async function check(steps: readonly Step[]): Promise<void> {
  const context: Context = { states: new Map() };
  const traced = trace(() => build(steps, context));
  const session = new ReferenceSession();
  const random = new Random(JSON.stringify(steps));
  const feeds = Array.from({ length: 2 }, () =>
    ['a', 'b'].map((name) => [name, Float32Array.from({ length: size(shape) }, () => random.uniform())] as const),
  );
  const truth = feeds.map((feed) => ({
    results: session.run(traced, new Map(feed.map(([name, data]) => [name, array(shape, data)]))),
    states: new Map(session.states),
  }));
  for (const { name, engine } of await devices()) {
    const program = await engine.compile('random', traced);
    for (const each of context.states.values()) await engine.writeState(each, each.init());
    for (const [step, { results, states }] of truth.entries()) {
      const used = feeds[step].filter(([input]) => program.plan.inputs.has(input));
      const physical = used.map(([input, data]) => [input, toPhysical(data, shape, defaultLayout(4))] as const);
      const got = await program.run({ inputs: Object.fromEntries(physical) });
      for (const [key, tensor] of Object.entries(traced.result)) {
        const logical = toLogical(got[key], tensor.shape, defaultLayout(tensor.rank));
        expectNear(`${name}, step ${step}, ${tensor}`, logical, results[key]);
      }
      for (const [each, value] of states) {
        expectNear(`${name}, step ${step}, ${each.name}`, await engine.readState(each), value);
      }
    }
    engine.release(program);
  }
}

test('random programs with states and gradients', { timeout: 120_000 }, () =>
  fc.assert(fc.asyncProperty(program, check), { numRuns: 60, seed: 7 }),
);
