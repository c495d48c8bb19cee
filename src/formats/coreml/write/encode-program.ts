import { toHalf } from '../../half.js';
import { ProtoWriter } from '../../protobuf/writer.js';
import type {
  MilBinding,
  MilDType,
  MilFunction,
  MilNamedType,
  MilOperation,
  MilType,
  MilValue,
  ProgramModel,
} from '../model.js';
import { writeDescription } from './encode-description.js';

const dtypes = {
  bool: 1,
  string: 2,
  fp16: 10,
  fp32: 11,
  fp64: 12,
  int8: 21,
  int16: 22,
  int32: 23,
  int64: 24,
  uint8: 31,
  uint16: 32,
  uint32: 33,
  uint64: 34,
} as const satisfies Record<MilDType, number>;

/** A model with an ML Program as the message Model, in parts. */
export function encodeProgramModel({ specification, description, main }: ProgramModel): readonly Uint8Array[] {
  const out = new ProtoWriter();
  out.varint(1, specification);
  out.message(2, (inner) => writeDescription(inner, description));
  out.message(502, (program) => {
    program.varint(1, 1);
    program.entry(2, 'main', (entry) => entry.message(2, (body) => writeFunction(body, main)));
  });
  return out.chunks();
}

function writeFunction(out: ProtoWriter, { inputs, opset, operations, outputs }: MilFunction): void {
  for (const input of inputs) out.message(1, (inner) => writeNamedType(inner, input));
  out.string(2, opset);
  out.entry(3, opset, (entry) =>
    entry.message(2, (block) => {
      for (const name of outputs) block.string(2, name);
      for (const operation of operations) block.message(3, (inner) => writeOperation(inner, operation));
    }),
  );
}

function writeOperation(out: ProtoWriter, { type, inputs, outputs, attributes }: MilOperation): void {
  out.string(1, type);
  for (const [parameter, bindings] of Object.entries(inputs)) {
    out.entry(2, parameter, (entry) =>
      entry.message(2, (argument) => {
        for (const binding of bindings) argument.message(1, (inner) => writeBinding(inner, binding));
      }),
    );
  }
  for (const output of outputs) out.message(3, (inner) => writeNamedType(inner, output));
  for (const [key, value] of Object.entries(attributes)) {
    out.entry(5, key, (entry) => entry.message(2, (inner) => writeValue(inner, value)));
  }
}

function writeBinding(out: ProtoWriter, binding: MilBinding): void {
  if ('name' in binding) out.string(1, binding.name);
  else out.message(2, (inner) => writeValue(inner, binding.value));
}

function writeNamedType(out: ProtoWriter, { name, type }: MilNamedType): void {
  out.string(1, name);
  out.message(2, (inner) => writeType(inner, type));
}

function writeType(out: ProtoWriter, type: MilType): void {
  switch (type.kind) {
    case 'tensor':
      out.message(1, (tensor) => {
        tensor.varint(1, dtypes[type.dtype]);
        if (type.shape.length > 0) tensor.varint(2, type.shape.length);
        for (const size of type.shape) tensor.message(3, (dimension) => writeSize(dimension, size));
      });
      break;
    case 'list':
      out.message(2, (list) => {
        list.message(1, (element) => writeType(element, type.element));
        list.message(2, (dimension) => writeSize(dimension, type.length));
      });
      break;
    case 'dictionary':
      out.message(4, (dictionary) => {
        dictionary.message(1, (key) => writeType(key, type.key));
        dictionary.message(2, (value) => writeType(value, type.value));
      });
      break;
  }
}

function writeSize(out: ProtoWriter, size: number): void {
  if (size < 0) out.message(2, () => {});
  else out.message(1, (constant) => constant.varint(1, size));
}

function writeValue(out: ProtoWriter, value: MilValue): void {
  out.message(2, (inner) => writeType(inner, value.type));
  if ('blob' in value) {
    const { file, offset } = value.blob;
    out.message(5, (blob) => blob.string(1, file).varint(2, offset));
  } else if ('items' in value) {
    out.message(3, (immediate) =>
      immediate.message(3, (list) => {
        for (const item of value.items) list.message(1, (inner) => writeValue(inner, item));
      }),
    );
  } else {
    out.message(3, (immediate) =>
      immediate.message(1, (tensor) => writeTensor(tensor, value.type.dtype, value.data as readonly never[])),
    );
  }
}

/** Each kind of element has a field of its own, whose message holds them in field 1. */
function writeTensor(out: ProtoWriter, dtype: MilDType, data: readonly never[]): void {
  switch (dtype) {
    case 'fp32':
      out.message(1, (inner) => inner.packedFloats(1, data));
      break;
    case 'int16':
    case 'int32':
    case 'uint16':
      out.message(2, (inner) => inner.packedVarints(1, data));
      break;
    case 'bool':
      out.message(3, (inner) => inner.packedVarints(1, (data as readonly boolean[]).map(Number)));
      break;
    case 'string':
      out.message(4, (inner) => {
        for (const text of data) inner.string(1, text);
      });
      break;
    case 'int64':
    case 'uint64':
      out.message(5, (inner) => inner.packedVarints(1, data));
      break;
    case 'fp64':
      out.message(6, (inner) => inner.bytes(1, new Uint8Array(Float64Array.from(data).buffer)));
      break;
    case 'fp16':
      out.message(7, (inner) => inner.bytes(1, new Uint8Array(toHalf(data).buffer)));
      break;
    case 'int8':
    case 'uint8':
      out.message(7, (inner) => inner.bytes(1, Uint8Array.from(data)));
      break;
    case 'uint32':
      out.message(7, (inner) => inner.bytes(1, new Uint8Array(Uint32Array.from(data).buffer)));
      break;
  }
}
