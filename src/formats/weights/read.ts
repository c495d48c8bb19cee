import type { Files } from '../../platform/platform.js';
import { FormatError } from '../../utils/errors.js';
import { decodeModel } from '../onnx/decode.js';
import { readSafetensors, type SafetensorsDtype, type SafetensorsTensor } from '../safetensors.js';
import { readNpz } from './npz.js';
import { readTfjs } from './tfjs.js';
import { isPickle, readTorchLegacy, readTorchZip, torchFolder } from './torch.js';
import { readZip } from './zip.js';

export type WeightsFormat = 'safetensors' | 'torch' | 'npz' | 'tfjs' | 'onnx';

/** Tensors by the names and in the layouts that the file has. */
export interface WeightsFile {
  readonly path: string;
  readonly format: WeightsFormat;
  readonly tensors: ReadonlyMap<string, SafetensorsTensor>;
  readonly metadata: ReadonlyMap<string, string>;
}

const ZIP = 0x04034b50;
const none: ReadonlyMap<string, string> = new Map();

/**
 * Reads weights in any of the formats, told apart by what they contain. Nothing of a file is ever run.
 * Throws FormatError that says what is wrong, or which formats there are.
 */
export async function readWeights(files: Files, path: string): Promise<WeightsFile> {
  if (path.endsWith('.json')) return { path, format: 'tfjs', tensors: await readTfjs(files, path), metadata: none };
  const file = await files.read(path);
  if (file.length >= 4 && new DataView(file.buffer, file.byteOffset).getUint32(0, true) === ZIP) {
    if (torchFolder(readZip(file, path)) !== undefined) {
      return { path, format: 'torch', tensors: await readTorchZip(file, path), metadata: none };
    }
    return { path, format: 'npz', tensors: await readNpz(file, path), metadata: none };
  }
  if (isPickle(file)) return { path, format: 'torch', tensors: readTorchLegacy(file, path), metadata: none };
  if (path.endsWith('.onnx')) return { path, format: 'onnx', ...onnxWeights(file, path) };
  if (looksLikeSafetensors(file)) return { path, format: 'safetensors', ...readSafetensors(file, path) };
  throw new FormatError(
    `${path} holds no weights in a known format`,
    'known: .safetensors, .pt and .pth of PyTorch, .npz, model.json of TensorFlow.js, .onnx',
  );
}

/** A length that fits, then JSON. */
function looksLikeSafetensors(file: Uint8Array): boolean {
  return file.length > 9 && file[8] === 0x7b && new DataView(file.buffer, file.byteOffset).getUint32(4, true) === 0;
}

const onnxTypes: Readonly<Record<string, SafetensorsDtype>> = {
  float: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  double: 'F64',
  int64: 'I64',
  int32: 'I32',
  uint8: 'U8',
  int8: 'I8',
};

/** The initialisers of a model. */
function onnxWeights(file: Uint8Array, path: string) {
  const { graph, metadata } = decodeModel(file, path);
  const tensors = new Map<string, SafetensorsTensor>();
  for (const { name, type, dims, bytes, external } of graph.initializers) {
    if (external) throw new FormatError(`${path}: ${name} lies in ${external.location}`, 'give a model in one file');
    if (Object.hasOwn(onnxTypes, type)) tensors.set(name, { dtype: onnxTypes[type], shape: dims, bytes });
  }
  return { tensors, metadata };
}
