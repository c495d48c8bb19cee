import * as z from 'zod';
import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import type { SafetensorsDtype, SafetensorsTensor } from '../safetensors.js';

const manifest = z.array(
  z.object({
    paths: z.array(z.string()),
    weights: z.array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().min(0)).max(8),
        dtype: z.enum(['float32', 'int32', 'bool', 'uint8']),
        quantization: z
          .object({
            dtype: z.enum(['uint8', 'uint16', 'float16']),
            scale: z.number().optional(),
            min: z.number().optional(),
          })
          .optional(),
      }),
    ),
  }),
);

const stored: Readonly<Record<string, readonly [SafetensorsDtype, number]>> = {
  float32: ['F32', 4],
  int32: ['I32', 4],
  bool: ['BOOL', 1],
  uint8: ['U8', 1],
  uint16: ['U16', 2],
  float16: ['F16', 2],
};

/**
 * The weights of a model of TensorFlow.js: `model.json` and the files beside it that it names. Names, layouts and
 * padding are TensorFlow's. Throws FormatError when a file lies outside of the folder, or has not the bytes it should.
 */
export async function readTfjs(files: Files, path: string): Promise<ReadonlyMap<string, SafetensorsTensor>> {
  const fail: (what: string) => never = (what) => {
    throw new FormatError(`${path}: ${what}`, 'give the model.json that tfjs wrote, with its weights beside it');
  };
  const parsed = manifest.safeParse(weightsManifest(await files.read(path), fail));
  if (!parsed.success) return fail(`weightsManifest: ${parsed.error.issues[0].path.join('.')} is wrong`);
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { paths, weights } of parsed.data) {
    const outside = paths.find((name) => !/^[\w][\w.-]*$/.test(name) || name.includes('..'));
    if (outside !== undefined) fail(`the weights are in ${JSON.stringify(outside)}, which is no file beside it`);
    const parts = await Promise.all(paths.map((name) => files.read(`${folder}${name}`)));
    const data = joined(parts);
    let position = 0;
    for (const { name, shape, dtype, quantization } of weights) {
      if (name === '__proto__' || tensors.has(name))
        fail(`a weight is named ${name}, as another one or as nothing may`);
      const [type, elementBytes] = stored[quantization?.dtype ?? dtype];
      const length = shape.reduce((product, extent) => product * extent, elementBytes);
      if (!(position + length <= data.length)) fail(`${name} ends at ${position + length} of ${data.length} bytes`);
      const tensor = { dtype: type, shape, bytes: data.subarray(position, position + length) };
      tensors.set(name, quantization?.scale === undefined ? tensor : dequantize(tensor, quantization));
      position += length;
    }
    if (position !== data.length) fail(`the weights end at byte ${position} of ${data.length} in ${paths.join(', ')}`);
  }
  if (tensors.size === 0) fail('it has no weights');
  return tensors;
}

function weightsManifest(file: Uint8Array, fail: (what: string) => never): unknown {
  try {
    const model: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file));
    return (model as { weightsManifest?: unknown } | null)?.weightsManifest;
  } catch {
    return fail('is not JSON');
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0];
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Integers to scale·q + min. */
function dequantize(
  { dtype, shape, bytes }: SafetensorsTensor,
  { scale = 1, min = 0 }: { scale?: number; min?: number },
) {
  const copy = bytes.slice().buffer;
  const integers = dtype === 'U16' ? new Uint16Array(copy) : new Uint8Array(copy);
  const values = Float32Array.from(integers, (value) => value * scale + min);
  return { dtype: 'F32' as const, shape, bytes: new Uint8Array(values.buffer) };
}
