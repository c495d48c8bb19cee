import { FormatError } from '../../../utils/errors.js';
import { MAX_HALF } from '../../half.js';

/** Throws FormatError for a number that half precision would make infinite. */
export function expectHalfRange(values: ArrayLike<number>, name: string): void {
  for (let i = 0; i < values.length; i++) {
    if (Math.abs(values[i]) <= MAX_HALF || !Number.isFinite(values[i])) continue;
    throw new FormatError(
      `${name} holds ${values[i]}, half precision ends at ${MAX_HALF}`,
      'export without --fp16, or train with weight decay so that the weights stay small',
    );
  }
}
