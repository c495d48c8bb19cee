import { FormatError } from '../../utils/errors.js';
import { fromBfloat16, fromHalf } from '../half.js';
import type { SafetensorsTensor } from '../safetensors.js';

/** A tensor's values as an array of its own, in float32 whatever it is stored in. Throws FormatError for integers. */
export function toFloat32(name: string, { dtype, bytes }: SafetensorsTensor): Float32Array {
  const { buffer } = bytes.slice();
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer);
    case 'F16':
      return fromHalf(new Uint16Array(buffer));
    case 'BF16':
      return fromBfloat16(new Uint16Array(buffer));
    case 'F64':
      return Float32Array.from(new Float64Array(buffer));
    default:
      throw new FormatError(`${name} is ${dtype}, a weight is a floating-point number`, 'convert it to float32');
  }
}
