import { FormatError } from '../../../utils/errors.js';
import { MAX_HALF } from '../../half.js';

/** Throws FormatError for a number that half precision would make infinite. */
export function expectHalfRange(values: ArrayLike<number>, name: string): void {
  const large = Array.from(values).find((value) => Math.abs(value) > MAX_HALF && Number.isFinite(value));
  if (large === undefined) return;
  throw new FormatError(
    `${name} holds ${large}, half precision ends at ${MAX_HALF}`,
    'export without --fp16, or train with weight decay so that the weights stay small',
  );
}
