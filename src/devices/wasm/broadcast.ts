import { physicalStrides } from '../../tensor/layout.js';
import type { Shape } from '../../tensor/shape.js';
import type { Value } from '../device.js';

/** Steps of x, in elements, along the axes of `shape`: 0 where x is repeated. */
export function broadcastStrides(x: Value, shape: Shape): number[] {
  const steps = physicalStrides(x.shape, x.layout);
  const lead = shape.length - x.shape.length;
  return shape.map((_, i) => (i < lead || x.shape[i - lead] === 1 ? 0 : steps[i - lead]));
}
