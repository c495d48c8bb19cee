import { type Shape, size } from '../tensor/shape.js';
import type { PhiloxSequence } from '../utils/random.js';

/** Values of a parameter before the first step, row-major. */
export type Initializer = (shape: Shape, random: PhiloxSequence) => Float32Array;

/** Methods that CVNets' `model.layer.*_init` names. */
export type InitMethod =
  | 'kaiming_normal'
  | 'kaiming_uniform'
  | 'xavier_normal'
  | 'xavier_uniform'
  | 'normal'
  | 'trunc_normal';

/** Inputs and outputs of one unit of a weight [O, I, kernel...]. */
function fans([out, input, ...kernel]: Shape): { fanIn: number; fanOut: number } {
  const taps = size(kernel);
  return { fanIn: input * taps, fanOut: out * taps };
}

const draw = (shape: Shape, next: () => number): Float32Array => Float32Array.from({ length: size(shape) }, next);

export const constant =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(size(shape)).fill(value);

export const zeros = constant(0);
export const ones = constant(1);

/** Uniform in [-bound, bound). */
export const uniform =
  (bound: number): Initializer =>
  (shape, random) =>
    draw(shape, () => random.uniform(-bound, bound));

export const normal =
  (std: number): Initializer =>
  (shape, random) =>
    draw(shape, () => std * random.normal());

/** Normal, drawn again until the value lies within [-2, 2]. */
export const truncatedNormal =
  (std: number): Initializer =>
  (shape, random) =>
    draw(shape, () => {
      let value = std * random.normal();
      while (Math.abs(value) > 2) value = std * random.normal();
      return value;
    });

/** What PyTorch gives convolutions: Kaiming-uniform with a = √5, which is uniform within 1 / √fan_in. */
export const torchDefault: Initializer = (shape, random) => uniform(1 / Math.sqrt(fans(shape).fanIn))(shape, random);

/** PyTorch's default bias of a layer whose units have `fanIn` inputs. */
export const torchDefaultBias = (fanIn: number): Initializer => uniform(1 / Math.sqrt(fanIn));

export const xavierUniform: Initializer = (shape, random) => {
  const { fanIn, fanOut } = fans(shape);
  return uniform(Math.sqrt(6 / (fanIn + fanOut)))(shape, random);
};

/** A method by CVNets' name; `std` is for normal (default 1 / √inputs) and trunc_normal. Kaiming uses fan_out, gain √2. */
export function initializer(method: InitMethod, std?: number): Initializer {
  return (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    switch (method) {
      case 'kaiming_normal':
        return normal(Math.sqrt(2 / fanOut))(shape, random);
      case 'kaiming_uniform':
        return uniform(Math.sqrt(6 / fanOut))(shape, random);
      case 'xavier_normal':
        return normal(Math.sqrt(2 / (fanIn + fanOut)))(shape, random);
      case 'xavier_uniform':
        return xavierUniform(shape, random);
      case 'normal':
        return normal(std ?? 1 / Math.sqrt(shape[1]))(shape, random);
      case 'trunc_normal':
        return truncatedNormal(std ?? 1 / Math.sqrt(shape[1]))(shape, random);
    }
  };
}
