import { at, type Operand, type Value } from '../../device.js';
import type { Shader } from '../kernel.js';

/** Invocations of a workgroup; what every adapter offers. */
export const WORKGROUP = 256;

/**
 * `value` as an array of 16-byte vectors, the last one perhaps half outside. Values start at multiples of 256 bytes,
 * so what lies there belongs to nobody: it may be read and written, and means nothing.
 */
export function flat(value: Value): Operand & { readonly bytes: number } {
  return { ...at(value), bytes: Math.ceil(value.bytes / 16) * 16 };
}

export const elements = (value: Value): number => value.shape.reduce((n, d) => n * d, 1);

/** Vectors that cover the elements of `value`. */
export const vectors = (value: Value): number => Math.ceil(elements(value) / 4);

/**
 * The shader with one element a lane instead of four, for channel counts that are not multiples of 4: the lines
 * `alias Lane = vec4f;` (or vec4i, vec4u) become `alias Lane = f32;` and nothing else changes.
 */
export function scalarLanes<S extends Shader>(shader: S): S {
  const source = shader.source.replace(/\balias (\w+) ?= ?vec4([fiu]);/g, 'alias $1 = $232;');
  return { ...shader, name: `${shader.name}_scalar`, source };
}
