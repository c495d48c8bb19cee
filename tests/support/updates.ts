import { expect } from 'vitest';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { input, scalar, type Tensor } from '../../src/tensor/tensor.js';
import { array } from '../reference/array.js';
import { evaluate } from '../reference/evaluate.js';
import { expectClose } from './close.js';
import { devices } from './devices.js';
import { Random } from './random.js';

/** Lengths around the 64-float boundary that lists are aligned to, and shapes of several ranks. */
export const parameterShapes: readonly Shape[] = [[5], [4, 3, 3, 3], [1], [64], [65], [7, 9], [2, 17, 1, 1], [1, 3, 5]];

export type Lists = Readonly<Record<string, readonly Tensor[]>>;

export interface UpdateSteps {
  readonly title: string;
  readonly shapes?: readonly Shape[];
  /** Lists that the update changes and the next step starts from: parameters, moments. The rest is new every step. */
  readonly kept: readonly string[];
  readonly fresh: readonly string[];
  /** Values of the scalars at step t = 1, 2, ... */
  readonly scalars?: (t: number) => Readonly<Record<string, number>>;
  /** One value in [0, 1) or (-1, 1) for the start of each kept list. */
  readonly start?: Readonly<Record<string, (random: Random) => number>>;
  build(lists: Lists, scalars: Readonly<Record<string, Tensor>>): readonly (readonly Tensor[])[];
  /** The rule on numbers, written again: new values of the kept lists for element i of tensor t. */
  rule(
    value: Readonly<Record<string, number>>,
    scalars: Readonly<Record<string, number>>,
    tensor: number,
  ): readonly number[];
}

const STEPS = 4;
const noScalars = (): Readonly<Record<string, number>> => ({});

/**
 * Runs a multi-tensor update for several steps on every device, each step from the device's own last values, and
 * compares it after each with the rule in float64, started from the same numbers and run on its own.
 */
export async function checkUpdates(update: UpdateSteps): Promise<void> {
  const { shapes = parameterShapes, kept, fresh, scalars = noScalars } = update;
  const uniform = (random: Random): number => random.uniform();
  const names = [...kept, ...fresh];
  const lists = Object.fromEntries(names.map((name) => [name, shapes.map((shape, i) => input(`${name} ${i}`, shape))]));
  const scalarTensors = Object.fromEntries(Object.keys(scalars(1)).map((name) => [name, scalar(name)]));
  const outputs = update.build(lists, scalarTensors).flat();
  const draw = (random: Random, name: string): number[][] =>
    shapes.map((shape) =>
      Array.from({ length: size(shape) }, () => Math.fround((update.start?.[name] ?? uniform)(random))),
    );

  const random = new Random(update.title);
  const initial = Object.fromEntries(kept.map((name) => [name, draw(random, name)]));
  const incoming = Array.from({ length: STEPS }, () =>
    Object.fromEntries(fresh.map((name) => [name, draw(random, name)])),
  );
  const truth = iterate(update, initial, incoming);

  for (const device of [{ name: 'reference', evaluate: referenceOf }, ...(await devices())]) {
    let current: Record<string, ArrayLike<number>[]> = initial;
    for (let step = 0; step < STEPS; step++) {
      const feeds = new Map<Tensor, TypedArray>();
      for (const name of names) {
        const values = current[name] ?? incoming[step][name];
        lists[name].forEach((tensor, i) => {
          feeds.set(tensor, Float32Array.from(values[i]));
        });
      }
      const given = scalars(step + 1);
      for (const [name, tensor] of Object.entries(scalarTensors)) feeds.set(tensor, Float32Array.of(given[name]));
      const results = await device.evaluate(outputs, feeds);
      current = Object.fromEntries(
        kept.map((name, k) => [name, results.slice(k * shapes.length, (k + 1) * shapes.length)]),
      );
      for (const name of kept) {
        shapes.forEach((shape, i) => {
          const what = `${device.name}, step ${step + 1}: ${name} ${i}`;
          expectClose(what, current[name][i], array(shape, truth[step][name][i]));
        });
      }
    }
    expect(Object.keys(current)).toEqual([...kept]);
  }
}

type Values = Readonly<Record<string, readonly number[][]>>;

function iterate(
  { kept, fresh, scalars = noScalars, rule }: UpdateSteps,
  initial: Values,
  incoming: readonly Values[],
): Values[] {
  let current = initial;
  return incoming.map((given, step) => {
    const next: Record<string, number[][]> = Object.fromEntries(kept.map((name) => [name, []]));
    current[kept[0]].forEach((values, tensor) => {
      for (const name of kept) next[name].push([]);
      values.forEach((_, i) => {
        const element: Record<string, number> = {};
        for (const name of kept) element[name] = current[name][tensor][i];
        for (const name of fresh) element[name] = given[name][tensor][i];
        const result = rule(element, scalars(step + 1), tensor);
        kept.forEach((name, k) => {
          next[name][tensor].push(result[k]);
        });
      });
    });
    current = next;
    return next;
  });
}

/** The reference evaluator, seen as a device. */
async function referenceOf(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, TypedArray>): Promise<TypedArray[]> {
  const values = new Map([...feeds].map(([tensor, data]) => [tensor, array(tensor.shape, data)]));
  return evaluate(outputs, values).map(({ data }) => Float32Array.from(data));
}
