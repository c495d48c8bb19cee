import type { TensorSpec } from '../tensor/tensor.js';
import { expectCount, expectDtype, expectFloat, expectInteger, expectShape } from './check.js';

/**
 * Checks the operands of an operator that walks several lists of tensors at once: `names.length` lists of `count`
 * f32 tensors with equal shapes member by member, then the rank-0 tensors `scalars`.
 */
export function checkLists(
  op: string,
  inputs: readonly TensorSpec[],
  count: number,
  names: readonly string[],
  scalars: readonly string[],
): void {
  expectInteger(op, 'count', count, 1);
  const listed = names.length * count;
  expectCount(op, inputs, listed + scalars.length);
  expectFloat(
    op,
    inputs,
    ...names.flatMap((name) => Array.from({ length: count }, (_, i) => `${name} ${i}`)),
    ...scalars,
  );
  names.forEach((name, list) => {
    for (let i = 0; i < count; i++) expectShape(op, `${name} ${i}`, inputs[list * count + i], inputs[i].shape);
  });
  scalars.forEach((name, i) => {
    expectDtype(op, name, inputs[listed + i], 'f32');
    expectShape(op, name, inputs[listed + i], []);
  });
}

/** The first `lists` lists of `count` inputs, each a block of its own. */
export function listRanges(count: number, lists: number): (readonly [number, number])[] {
  return Array.from({ length: lists }, (_, i) => [i * count, (i + 1) * count] as const);
}

/** Output list i shares the storage of input list `sources[i]`. */
export function listAliases(count: number, sources: readonly number[]): (readonly [number, number])[] {
  return sources.flatMap((source, list) =>
    Array.from({ length: count }, (_, i) => [list * count + i, source * count + i] as const),
  );
}

/** Output specs of an operator that updates the lists `sources`. */
export function listSpecs(inputs: readonly TensorSpec[], count: number, sources: readonly number[]): TensorSpec[] {
  return listAliases(count, sources).map(([, input]) => ({ shape: inputs[input].shape, dtype: inputs[input].dtype }));
}
