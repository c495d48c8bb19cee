import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import {
  activation,
  adam,
  avgPool2d,
  batchNorm,
  batchNormInference,
  conv2d,
  crossEntropy,
  globalNorm,
  logSoftmax,
  matmul,
  maxPool2d,
  mul,
  prelu,
  resize2d,
  sgd,
  softmax,
  sum,
} from '../../src/ops/index.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array, number, type RefArray } from './array.js';
import { evaluate } from './evaluate.js';

interface Packed {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface Case {
  readonly op: string;
  readonly options: Record<string, never>;
  readonly inputs: Readonly<Record<string, Packed>>;
  readonly outputs: readonly Packed[];
  readonly weight?: Packed;
  readonly grads?: Readonly<Record<string, Packed>>;
}

interface Trajectory {
  readonly name: 'sgd' | 'adam';
  readonly options: {
    readonly lr: number;
    readonly momentum: number;
    readonly nesterov: boolean;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly decoupled: boolean;
    readonly maxNorm?: number;
  };
  readonly start: readonly Packed[];
  readonly gradients: readonly (readonly Packed[])[];
  readonly parameters: readonly (readonly Packed[])[];
  readonly norms: readonly number[];
}

const file = new URL('../fixtures/operators.json', import.meta.url);
const fixtures: { torch: string; cases: Case[]; optimizers: Trajectory[] } = JSON.parse(readFileSync(file, 'utf8'));

type Build = (inputs: Readonly<Record<string, Tensor>>, options: Record<string, never>) => Tensor | readonly Tensor[];

const builders: Readonly<Record<string, Build>> = {
  activation: ({ x }, { kind }) => activation(x, kind, kind === 'leakyRelu' ? 0.1 : 0),
  avgPool2d: ({ x }, options) => avgPool2d(x, options as never),
  batchNorm: ({ x, gamma, beta, runningMean, runningVar }, options) => {
    const result = batchNorm(x, gamma, beta, runningMean, runningVar, options);
    return [result.y, result.runningMean, result.runningVar];
  },
  batchNormInference: ({ x, gamma, beta, mean, variance }, options) =>
    batchNormInference(x, gamma, beta, mean, variance, options),
  conv2d: ({ x, w, bias }, options) => conv2d(x, w, { ...options, bias }),
  crossEntropy: ({ logits, target, weight }, options) => crossEntropy(logits, target, { ...options, weight }),
  logSoftmax: ({ x }, { axis }) => logSoftmax(x, axis),
  matmul: ({ a, b, bias }, options) => matmul(a, b, { ...options, bias }),
  maxPool2d: ({ x }, options) => maxPool2d(x, options as never),
  prelu: ({ x, a }) => prelu(x, a),
  resize2d: ({ x }, options) => resize2d(x, options as never),
  softmax: ({ x }, { axis }) => softmax(x, axis),
};

const unpack = ({ shape, data }: Packed): RefArray => array(shape, data);

function expectEqual(what: string, got: RefArray, expected: Packed, tolerance = 1e-11): void {
  expect(got.shape, what).toEqual(expected.shape);
  expected.data.forEach((value, i) => {
    expect(Math.abs(got.data[i] - value), `${what}[${i}]: ${got.data[i]}, PyTorch ${value}`).toBeLessThan(tolerance);
  });
}

describe(`the reference agrees with PyTorch ${fixtures.torch}`, () => {
  const titled = fixtures.cases.map((each, i) => [`${i} ${each.op} ${JSON.stringify(each.options)}`, each] as const);

  test.each(titled)('%s', (_, { op, options, inputs, outputs, weight, grads = {} }) => {
    const tensors: Record<string, Tensor> = {};
    const feeds = new Map<Tensor | string, RefArray>();
    for (const [name, packed] of Object.entries(inputs)) {
      const indices = name === 'target' && packed.shape.length < inputs.logits.shape.length;
      tensors[name] = input(name, packed.shape, indices ? 'i32' : 'f32');
      feeds.set(tensors[name], unpack(packed));
    }
    const built = builders[op](tensors, options);
    const results = Array.isArray(built) ? (built as readonly Tensor[]) : [built as Tensor];
    const names = Object.keys(grads);
    let derived: readonly Tensor[] = [];
    if (weight) {
      const factor = input('weight of the loss', weight.shape);
      feeds.set(factor, unpack(weight));
      derived = gradients(
        sum(mul(results[0], factor)),
        names.map((name) => tensors[name]),
      );
    }
    const values = evaluate([...results, ...derived], feeds);
    outputs.forEach((expected, i) => {
      expectEqual(`output ${i}`, values[i], expected);
    });
    names.forEach((name, i) => {
      // PyTorch's hard-sigmoid multiplies by 1/6 as a float32.
      const tolerance = JSON.stringify(options).includes('hardSigmoid') ? 1e-8 : undefined;
      expectEqual(`gradient of ${name}`, values[results.length + i], grads[name], tolerance);
    });
  });

  test.each(fixtures.optimizers.map((each) => [`${each.name} ${JSON.stringify(each.options)}`, each] as const))(
    '%s',
    (_, { name, options, start, gradients, parameters, norms }) => {
      const list = (what: string): Tensor[] => start.map(({ shape }, i) => input(`${what} ${i}`, shape));
      const [params, grads, firstMoments, secondMoments] = ['p', 'g', 'm', 'v'].map(list);
      const { norm, coefficient } = globalNorm(grads, options.maxNorm);
      const rules = { weightDecay: [0.05, 0], lrMultiplier: [1, 1] };
      const shared = { parameters: params, gradients: grads, lr: scalar('lr'), coefficient };
      const corrections = { biasCorrection1: scalar('c1'), biasCorrection2: scalar('c2') };
      const updated =
        name === 'sgd'
          ? Object.values(sgd({ ...shared, momenta: firstMoments }, { ...rules, ...options }))
          : Object.values(adam({ ...shared, ...corrections, firstMoments, secondMoments }, { ...rules, ...options }));
      const kept = [params, firstMoments, secondMoments].slice(0, updated.length);

      let state = [
        start.map(unpack),
        ...kept.slice(1).map(() =>
          start.map(({ shape, data }) =>
            array(
              shape,
              data.map(() => 0),
            ),
          ),
        ),
      ];
      gradients.forEach((step, t) => {
        const feeds = new Map<Tensor | string, RefArray>([['lr', number(options.lr)]]);
        if (options.betas) for (const k of [0, 1]) feeds.set(`c${k + 1}`, number(1 - options.betas[k] ** (t + 1)));
        kept.forEach((tensors, k) => {
          tensors.forEach((tensor, i) => {
            feeds.set(tensor, state[k][i]);
          });
        });
        grads.forEach((tensor, i) => {
          feeds.set(tensor, unpack(step[i]));
        });
        const values = evaluate([norm, ...updated.flat()], feeds);
        if (options.maxNorm) expect(values[0].data[0]).toBeCloseTo(norms[t], 12);
        state = updated.map((_, k) => values.slice(1 + k * start.length, 1 + (k + 1) * start.length));
        parameters[t].forEach((expected, i) => {
          expectEqual(`step ${t + 1}, parameter ${i}`, state[0][i], expected);
        });
      });
    },
  );
});
