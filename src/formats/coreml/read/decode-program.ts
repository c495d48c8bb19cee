import { FormatError } from '../../../utils/errors.js';
import { fromHalf } from '../../half.js';
import { fieldsOf, type ProtoField } from '../../protobuf/reader.js';
import type {
  MilBinding,
  MilDType,
  MilFunction,
  MilImmediate,
  MilNamedType,
  MilOperation,
  MilTensorType,
  MilType,
  MilValue,
  ProgramModel,
} from '../model.js';
import { readDescription, readEntry } from './decode-description.js';

type Fields = Iterable<ProtoField>;

const dtypes: Readonly<Record<number, MilDType>> = {
  1: 'bool',
  2: 'string',
  10: 'fp16',
  11: 'fp32',
  12: 'fp64',
  21: 'int8',
  22: 'int16',
  23: 'int32',
  24: 'int64',
  31: 'uint8',
  32: 'uint16',
  33: 'uint32',
  34: 'uint64',
};

/** Reads the message Model that holds an ML Program. Throws FormatError for other kinds of models and damage. */
export function decodeProgramModel(bytes: Uint8Array, path: string): ProgramModel {
  let specification = 0;
  let description: ProgramModel['description'] | undefined;
  let main: MilFunction | undefined;
  for (const field of fieldsOf(bytes, 0, path)) {
    if (field.number === 1) specification = field.int();
    else if (field.number === 2) description = readDescription(field.message());
    else if (field.number === 502) main = readProgram(field.message(), path);
  }
  if (description && main) return { specification, description, main };
  throw new FormatError(
    `${path} holds no ML Program`,
    'it may be a pipeline, or a network of the older kind in a package',
  );
}

function readProgram(fields: Fields, path: string): MilFunction {
  let version = 0;
  const functions = new Map<string, MilFunction>();
  for (const field of fields) {
    if (field.number === 1) version = field.int();
    else if (field.number === 2) {
      const [name, body] = readEntry(field.message());
      if (body) functions.set(name, readFunction(body.message(), path));
    }
  }
  if (version !== 1) throw new FormatError(`${path}: the program has version ${version}, known is 1`);
  const main = functions.get('main');
  if (main && functions.size === 1) return main;
  throw new FormatError(`${path} has the functions ${[...functions.keys()].join(', ')}; needed is main alone`);
}

function readFunction(fields: Fields, path: string): MilFunction {
  const inputs: MilNamedType[] = [];
  let opset = '';
  const blocks = new Map<string, ProtoField>();
  for (const field of fields) {
    if (field.number === 1) inputs.push(readNamedType(field.message()));
    else if (field.number === 2) opset = field.string();
    else if (field.number === 3) {
      const [name, block] = readEntry(field.message());
      if (block) blocks.set(name, block);
    }
  }
  const block = blocks.get(opset);
  if (!block) throw new FormatError(`${path} names the operations ${opset}, but has a block for ${[...blocks.keys()]}`);
  const operations: MilOperation[] = [];
  const outputs: string[] = [];
  for (const field of block.message()) {
    if (field.number === 2) outputs.push(field.string());
    else if (field.number === 3) operations.push(readOperation(field.message()));
  }
  return { inputs, opset, operations, outputs };
}

function readOperation(fields: Fields): MilOperation {
  let type = '';
  const inputs: Record<string, readonly MilBinding[]> = {};
  const outputs: MilNamedType[] = [];
  const attributes: Record<string, MilValue> = {};
  for (const field of fields) {
    if (field.number === 1) type = field.string();
    else if (field.number === 2) {
      const [name, argument] = readEntry(field.message());
      inputs[name] = argument ? [...argument.message()].map((binding) => readBinding(binding.message())) : [];
    } else if (field.number === 3) outputs.push(readNamedType(field.message()));
    else if (field.number === 5) {
      const [name, value] = readEntry(field.message());
      if (value) attributes[name] = readValue(value.message());
    }
  }
  return { type, inputs, outputs, attributes };
}

function readBinding(fields: Fields): MilBinding {
  let binding: MilBinding = { name: '' };
  for (const field of fields) {
    if (field.number === 1) binding = { name: field.string() };
    else if (field.number === 2) binding = { value: readValue(field.message()) };
  }
  return binding;
}

function readNamedType(fields: Fields): MilNamedType {
  let name = '';
  let type: MilType = { kind: 'tensor', dtype: 'fp32', shape: [] };
  for (const field of fields) {
    if (field.number === 1) name = field.string();
    else if (field.number === 2) type = readType(field.message());
  }
  return { name, type };
}

function readType(fields: Fields): MilType {
  for (const field of fields) {
    if (field.number === 1) return readTensorType(field.message());
    const parts = [...field.message()];
    const part = (number: number) => parts.find((one) => one.number === number)?.message() ?? [];
    if (field.number === 2) return { kind: 'list', element: readType(part(1)), length: readSize(part(2)) };
    if (field.number === 4) return { kind: 'dictionary', key: readType(part(1)), value: readType(part(2)) };
  }
  throw new FormatError('a value has no type that is known');
}

function readTensorType(fields: Fields): MilTensorType {
  let dtype: MilDType | undefined;
  let rank = 0;
  const shape: number[] = [];
  for (const field of fields) {
    if (field.number === 1) dtype = dtypes[field.int()];
    else if (field.number === 2) rank = field.int();
    else if (field.number === 3) shape.push(readSize(field.message()));
  }
  if (!dtype) throw new FormatError('a tensor has an element type that is not known');
  if (rank !== shape.length) throw new FormatError(`a tensor of rank ${rank} has the sizes [${shape}]`);
  return { kind: 'tensor', dtype, shape };
}

function readSize(fields: Fields): number {
  for (const field of fields) {
    if (field.number !== 1) continue;
    for (const size of field.message()) if (size.number === 1) return size.int();
    return 0;
  }
  return -1;
}

function readValue(fields: Fields): MilValue {
  let type: MilType | undefined;
  let immediate: Fields | undefined;
  let blob: { file: string; offset: number } | undefined;
  for (const field of fields) {
    if (field.number === 2) type = readType(field.message());
    else if (field.number === 3) immediate = field.message();
    else if (field.number === 5) {
      const parts = new Map([...field.message()].map((one) => [one.number, one]));
      blob = { file: parts.get(1)?.string() ?? '', offset: parts.get(2)?.int() ?? 0 };
    }
  }
  if (type?.kind === 'tensor') {
    if (blob) return { type, blob };
    for (const field of immediate ?? []) {
      if (field.number === 1) return { type, data: readElements(field.message(), type) };
    }
  }
  if (type?.kind === 'list') {
    for (const field of immediate ?? []) {
      if (field.number === 3) {
        return { type, items: [...field.message()].map((one) => readValue(one.message()) as MilImmediate) };
      }
    }
  }
  throw new FormatError('a value is neither a tensor nor a list');
}

/** The one field of a tensor's value says of which kind its elements are. */
function readElements(fields: Fields, { dtype }: MilTensorType): MilImmediate['data'] {
  const data: (number | boolean | string)[] = [];
  for (const kind of fields) {
    for (const field of kind.message()) {
      if (field.number !== 1) continue;
      if (kind.number === 1) data.push(...field.floats());
      else if (kind.number === 2 || kind.number === 5) data.push(...field.ints());
      else if (kind.number === 3) data.push(...field.ints().map(Boolean));
      else if (kind.number === 4) data.push(field.string());
      else if (kind.number === 6) data.push(...field.doubles());
      else if (kind.number === 7) data.push(...fromBytes(field.bytes(), dtype));
    }
  }
  return data;
}

function fromBytes(bytes: Uint8Array, dtype: MilDType): ArrayLike<number> & Iterable<number> {
  const { buffer } = bytes.slice();
  if (dtype === 'fp16') return fromHalf(new Uint16Array(buffer));
  if (dtype === 'int8') return new Int8Array(buffer);
  if (dtype === 'uint32') return new Uint32Array(buffer);
  return new Uint8Array(buffer);
}
