import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { mul, sum } from '../../src/ops/index.js';
import { allocate, type DType, type TypedArray } from '../../src/tensor/dtype.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array, type RefArray } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { expectClose, gradientLimit, norm } from './close.js';
import { devices, testedDevices } from './devices.js';
import { checkNumericGradients } from './numeric-gradient.js';
import { Random } from './random.js';

/** An operand of a case: its shape, and what is special about it. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype?: DType;
  /** All values, or a function of the random source and the flat index. Default: uniform in [-1, 1). */
  readonly values?: readonly number[] | ((random: Random, i: number) => number);
  /** False for what has no gradient: targets, counters, running statistics. Default: every f32 operand has one. */
  readonly differentiable?: boolean;
}

export interface OpCase {
  readonly title: string;
  readonly inputs: Readonly<Record<string, Shape | Operand>>;
  /** Calls the operator's public function. */
  build(tensors: Readonly<Record<string, Tensor>>): Tensor | readonly Tensor[];
  /** How many of the outputs, from the first, the loss depends on; 0: no gradient. Default: all f32 outputs. */
  readonly differentiable?: number;
  /** False where the function has a kink at the given values: only the stated gradient is checked there. */
  readonly smooth?: boolean;
  /** Largest error relative to the output's root mean square. */
  readonly tolerance?: number;
}

interface Built {
  readonly feeds: Map<Tensor, TypedArray>;
  readonly reference: Map<Tensor, RefArray>;
  readonly outputs: readonly Tensor[];
  readonly loss?: Tensor;
  readonly wrt: readonly Tensor[];
}

const operand = (value: Shape | Operand): Operand => (Array.isArray(value) ? { shape: value } : (value as Operand));

const inputName = ({ node: { source } }: Tensor): string => (source && 'name' in source ? source.name : 'a state');

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray): Buffer => Buffer.from(buffer, byteOffset, byteLength);
const sameBits = (a: TypedArray, b: TypedArray): boolean => bytesOf(a).equals(bytesOf(b));

/** Traces a case, with a loss that weighs every element of the outputs by a random number. */
function buildCase({ title, inputs, build, differentiable = Number.POSITIVE_INFINITY }: OpCase): Built {
  const random = new Random(title);
  const feeds = new Map<Tensor, TypedArray>();
  const feed = (name: string, { shape, dtype = 'f32', values }: Operand): Tensor => {
    const tensor = shape.length ? input(name, shape, dtype) : scalar(name, dtype);
    const data = allocate(dtype, size(shape));
    for (let i = 0; i < data.length; i++) {
      if (typeof values === 'function') data[i] = values(random, i);
      else data[i] = values ? values[i] : random.uniform();
    }
    feeds.set(tensor, data);
    return tensor;
  };

  const wrt: Tensor[] = [];
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(inputs)) {
    const described = operand(value);
    tensors[name] = feed(name, described);
    if ((described.differentiable ?? true) && tensors[name].dtype === 'f32') wrt.push(tensors[name]);
  }
  const built = build(tensors);
  const outputs = Array.isArray(built) ? (built as readonly Tensor[]) : [built as Tensor];
  let loss: Tensor | undefined;
  outputs.slice(0, differentiable).forEach((output, i) => {
    if (output.dtype !== 'f32' || wrt.length === 0) return;
    const term = sum(mul(output, feed(`weight of output ${i}`, { shape: output.shape })));
    loss = loss ? sum(mul(loss, term)) : term;
  });
  const reference = new Map([...feeds].map(([tensor, data]) => [tensor, array(tensor.shape, data)]));
  return { feeds, reference, outputs, loss, wrt };
}

/**
 * Checks one case: outputs and gradients of every device against the float64 reference of the same graph, and those
 * gradients against central differences of the reference's forward pass, which know nothing of gradient rules.
 */
export async function checkOp(opCase: OpCase): Promise<void> {
  const { feeds, reference, outputs, loss, wrt } = buildCase(opCase);
  const grads = loss ? gradients(loss, wrt) : [];
  const expected = evaluate([...outputs, ...grads], reference);
  const values = expected.slice(0, outputs.length);
  const truth = expected.slice(outputs.length);
  if (loss && (opCase.smooth ?? true)) checkNumericGradients(loss, wrt, truth, reference, new Random(opCase.title));

  const all = Math.hypot(...truth.map(({ data }) => norm(data)));
  for (const device of await devices()) {
    const results = await device.evaluate([...outputs, ...grads], feeds);
    const again = await device.repeat([...outputs, ...grads], feeds);
    results.forEach((result, i) => {
      expect(sameBits(result, again[i]), `${device.name}: result ${i} has the same bits twice`).toBe(true);
    });
    outputs.forEach((output, i) => {
      expectClose(`${device.name}: output ${i}`, results[i], values[i], output.dtype, opCase.tolerance);
    });
    truth.forEach(({ data }, i) => {
      const got = results[outputs.length + i];
      const error = norm(data.map((value, k) => value - got[k]));
      const limit = gradientLimit(data, all);
      expect(error, `${device.name}: gradient of ${inputName(wrt[i])}`).toBeLessThanOrEqual(limit);
    });
  }
}

/** One test a case, then, with `arbitrary`, one over random cases. */
export function describeOp(
  name: string,
  cases: readonly OpCase[],
  { arbitrary, runs = 15 }: { arbitrary?: fc.Arbitrary<OpCase>; runs?: number } = {},
): void {
  describe(name, () => {
    test.each(cases.map((each) => [each.title, each] as const))('%s', (_, each) => checkOp(each));
    if (!arbitrary) return;
    // Kernels of new shapes are compiled, which takes a software adapter on a busy machine its time.
    const numRuns = testedDevices.includes('webgpu') ? Math.ceil(runs / 2) : runs;
    test('random shapes', { timeout: 240_000 }, () =>
      fc.assert(fc.asyncProperty(arbitrary, checkOp), { numRuns, seed: 20250731 }),
    );
  });
}
