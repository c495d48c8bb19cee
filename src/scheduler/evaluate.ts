import type { TypedArray } from '../tensor/dtype.js';
import { defaultLayout, toLogical, toPhysical } from '../tensor/layout.js';
import type { Tensor } from '../tensor/tensor.js';
import { ShapeError } from '../utils/errors.js';
import { type Engine, trace } from './engine.js';

/**
 * Runs a small graph once: for play and tests. Feeds and results are in logical row-major order. Keys of `feeds`
 * are tensors made by `input` and `scalar`.
 */
export async function evaluate(
  engine: Engine,
  outputs: readonly Tensor[],
  feeds: ReadonlyMap<Tensor, TypedArray> = new Map(),
): Promise<TypedArray[]> {
  const program = await engine.compile(
    'evaluate',
    trace(() => Object.fromEntries(outputs.map((tensor, i) => [`${i}`, tensor]))),
  );
  const inputs: Record<string, TypedArray> = {};
  const scalars: Record<string, number> = {};
  for (const [tensor, data] of feeds) {
    const { source } = tensor.node;
    if (!source || source.kind === 'state')
      throw new ShapeError(`${tensor} is no input`, 'feed tensors made by input()');
    if (source.kind === 'scalar') scalars[source.name] = data[0];
    else inputs[source.name] = toPhysical(data, tensor.shape, defaultLayout(tensor.rank));
  }
  try {
    const used = { inputs: pick(inputs, program.plan.inputs), scalars: pick(scalars, program.plan.scalars) };
    const results = await program.run(used);
    return outputs.map((tensor, i) => toLogical(results[`${i}`], tensor.shape, defaultLayout(tensor.rank)));
  } finally {
    engine.release(program);
  }
}

/** An output may not depend on every feed. */
function pick<T>(values: Record<string, T>, known: ReadonlyMap<string, unknown>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => known.has(name)));
}
