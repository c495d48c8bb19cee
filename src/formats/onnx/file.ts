import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import { crc32 } from '../crc.js';
import { decodeModel } from './decode.js';
import { encodeModel } from './encode.js';
import type { OnnxFile } from './executor.js';
import type { OnnxModel, OnnxTensor } from './model.js';

/** Protocol Buffers end at 2^31 bytes; a tenth is left for the rest of the model. */
export const DEFAULT_EXTERNAL_ABOVE = 1.9e9;
/** Smaller tensors stay in the model. */
const LEAST_EXTERNAL = 1024;
/** Pages of memory-mapped files. */
const ALIGNMENT = 4096;

export interface WrittenFile {
  /** The file of the large tensors, when there is one. */
  readonly data?: string;
  readonly bytes: number;
}

/**
 * Writes a model. When its tensors take more than `externalAbove` bytes, those of at least 1 KB go to a file beside it
 * whose name holds a checksum, so that a model never finds the data of another one.
 * @param name of the model in the end, when `path` is a temporary one
 */
export async function writeOnnx(
  files: Files,
  path: string,
  model: OnnxModel,
  { externalAbove = DEFAULT_EXTERNAL_ABOVE, name = path }: { externalAbove?: number; name?: string } = {},
): Promise<WrittenFile> {
  const total = sumOf(model.graph.initializers.map(({ bytes }) => bytes.length));
  if (total <= externalAbove) {
    const chunks = encodeModel(model);
    await files.write(path, chunks);
    return { bytes: lengthOf(chunks) };
  }
  const { parts, initializers } = moveOut(model.graph.initializers);
  const checksum = crc32Of(parts).toString(16).padStart(8, '0');
  const location = `${baseName(name).replace(/\.onnx$/, '')}-${checksum}.data`;
  const data = `${folderOf(path)}${location}`;
  await files.write(data, parts);
  const located = initializers.map((tensor) =>
    tensor.external ? { ...tensor, external: { ...tensor.external, location } } : tensor,
  );
  const chunks = encodeModel({ ...model, graph: { ...model.graph, initializers: located } });
  await files.write(path, chunks);
  return { data, bytes: lengthOf(chunks) + lengthOf(parts) };
}

/** Reads a model and the files that its tensors lie in. Throws FormatError for paths that leave the model's folder. */
export async function readOnnx(files: Files, path: string): Promise<OnnxFile> {
  const bytes = await files.read(path);
  const model = decodeModel(bytes, path);
  const external = new Map<string, Uint8Array>();
  for (const tensor of model.graph.initializers) {
    if (!tensor.external) continue;
    const { location, offset, length } = tensor.external;
    checkLocation(location, `${path}: ${tensor.name}`);
    const data = external.get(location) ?? (await files.read(`${folderOf(path)}${location}`));
    external.set(location, data);
    if (offset + length > data.length) {
      throw new FormatError(
        `${path}: ${tensor.name} lies at ${offset} to ${offset + length} of ${location}, which has ${data.length} bytes`,
        'the data file is cut off or belongs to another model; get both again',
      );
    }
  }
  return { bytes, model, external };
}

/** The model with the contents of all tensors, wherever they lie. */
export function withContents({ model, external }: OnnxFile): OnnxModel {
  const initializers = model.graph.initializers.map((tensor): OnnxTensor => {
    if (!tensor.external) return tensor;
    const { location, offset, length } = tensor.external;
    const { name, type, dims } = tensor;
    return { name, type, dims, bytes: external.get(location)!.subarray(offset, offset + length) };
  });
  return { ...model, graph: { ...model.graph, initializers } };
}

/** A file beside the model, or in a folder below it; nothing else is opened. */
export function checkLocation(location: string, what: string): void {
  const inside =
    /^(?!\/)(?![A-Za-z]:)[^\\\0]+$/.test(location) && !location.split('/').some((part) => part === '..' || part === '');
  if (inside) return;
  throw new FormatError(
    `${what} points at ${JSON.stringify(location)}, which is not below the folder of the model`,
    'external data must lie beside the model; the file may be hostile',
  );
}

/** Zeros between tensors, and the tensors without their contents. */
function moveOut(tensors: readonly OnnxTensor[]): { parts: Uint8Array[]; initializers: OnnxTensor[] } {
  const parts: Uint8Array[] = [];
  let position = 0;
  const initializers = tensors.map((tensor): OnnxTensor => {
    const { length } = tensor.bytes;
    if (length < LEAST_EXTERNAL) return tensor;
    const offset = Math.ceil(position / ALIGNMENT) * ALIGNMENT;
    if (offset > position) parts.push(new Uint8Array(offset - position));
    parts.push(tensor.bytes);
    position = offset + length;
    return { ...tensor, bytes: new Uint8Array(0), external: { location: '', offset, length } };
  });
  return { parts, initializers };
}

/** Of the checksums of the parts: one pass over the bytes without joining them. */
function crc32Of(parts: readonly Uint8Array[]): number {
  return crc32(new Uint8Array(Uint32Array.from(parts, crc32).buffer));
}

const sumOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const lengthOf = (chunks: readonly Uint8Array[]): number => sumOf(chunks.map(({ length }) => length));
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);
