import { type InferenceValue, isConstant } from '../../inference/graph.js';
import type { OnnxBuilder } from '../builder.js';

/** A vector [C], lined up with `axis` of x. */
export function perChannel(vector: InferenceValue, x: InferenceValue, axis: number, builder: OnnxBuilder): string {
  const shape = [vector.shape[0], ...x.shape.slice(axis + 1).map(() => 1)];
  if (shape.length === 1) return builder.read(vector);
  if (isConstant(vector)) {
    return builder.tensor(`${vector.name}_lined`, vector.data, shape, `lined ${shape} ${vector.name}`);
  }
  return builder.step('Reshape', [builder.read(vector), builder.integers('vector_shape', shape)], vector, shape);
}
