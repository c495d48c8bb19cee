import type { Feature } from '../../model.js';
import { fail } from '../operation.js';

/** The shape that an input has for the layers: images are [1,C,H,W]. */
export function inputShape({ name, type }: Feature): readonly number[] {
  if (type.kind === 'image') return [1, type.colorSpace === 'gray' ? 1 : 3, type.height, type.width];
  if (type.kind === 'array') return type.shape;
  return fail(`the input ${name} is neither an image nor an array`);
}
