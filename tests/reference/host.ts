import type { HostAttrs } from '../../src/ops/host.js';
import { defaultLayout, toLogical, toPhysical } from '../../src/tensor/layout.js';
import { array, type ReferenceRule } from './array.js';

/** Host functions see what they would see on a device: float32, rank 4 channels-last. They must not be async here. */
export const host: ReferenceRule<HostAttrs> = (inputs, { name, outputs, run }) => {
  const results = run(
    inputs.map(({ shape, data }) => toPhysical(Float32Array.from(data), shape, defaultLayout(shape.length))),
  );
  if (results instanceof Promise) throw new Error(`host function ${name} is async: the reference cannot wait for it`);
  return outputs.map(({ shape }, i) => array(shape, toLogical(results[i], shape, defaultLayout(shape.length))));
};
