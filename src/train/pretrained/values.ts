import { toFloat32 } from '../../formats/weights/floats.js';
import { permute, strides } from '../../tensor/shape.js';
import { FormatError } from '../../utils/errors.js';
import type { Match, MatchedTensor } from './match.js';

/** eps of our batch norms. */
const EPS = 1e-5;

/** Initial values of the parameters that were matched, in our layout. Throws FormatError for what is not finite. */
export function matchedValues({ matched, names }: Match): ReadonlyMap<string, Float32Array> {
  const values = new Map<string, Float32Array>();
  for (const [name, place] of matched) {
    const value = reordered(name, place);
    const at = value.findIndex((element) => !Number.isFinite(element));
    if (at >= 0)
      throw new FormatError(`${place.theirs}[${at}] is ${value[at]}`, 'the weights are of a run that diverged');
    const shift = names.eps === undefined || !name.endsWith('.running_var') ? 0 : names.eps - EPS;
    values.set(name, shift === 0 ? value : value.map((variance) => variance + shift));
  }
  return values;
}

function reordered(name: string, { tensor, axes }: MatchedTensor): Float32Array {
  const source = toFloat32(name, tensor);
  if (!axes) return source;
  const [shape, steps] = [permute(tensor.shape, axes), permute(strides(tensor.shape), axes)];
  const index = new Array<number>(shape.length).fill(0);
  return Float32Array.from({ length: source.length }, () => {
    const value = source[index.reduce((sum, position, axis) => sum + position * steps[axis], 0)];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
    return value;
  });
}
