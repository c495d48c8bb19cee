import type { ProtoField } from '../../protobuf/reader.js';
import type { Feature, FeatureType, ModelDescription } from '../model.js';

type Fields = Iterable<ProtoField>;

const arrays = new Map<number, 'fp16' | 'fp32' | 'fp64' | 'int32'>([
  [0x10010, 'fp16'],
  [0x10020, 'fp32'],
  [0x10040, 'fp64'],
  [0x20020, 'int32'],
]);

/** Reads a ModelDescription; what is not known here, such as a state, is passed over. */
export function readDescription(fields: Fields): ModelDescription {
  const inputs: Feature[] = [];
  const outputs: Feature[] = [];
  let predictedFeature: string | undefined;
  let predictedProbabilities: string | undefined;
  let metadata: ModelDescription['metadata'] = { description: '', version: '', author: '', userDefined: new Map() };
  for (const field of fields) {
    if (field.number === 1) inputs.push(readFeature(field.message()));
    else if (field.number === 10) outputs.push(readFeature(field.message()));
    else if (field.number === 11) predictedFeature = field.string();
    else if (field.number === 12) predictedProbabilities = field.string();
    else if (field.number === 100) metadata = readMetadata(field.message());
  }
  return { inputs, outputs, predictedFeature, predictedProbabilities, metadata };
}

function readMetadata(fields: Fields): ModelDescription['metadata'] {
  const texts = new Map<number, string>();
  const userDefined = new Map<string, string>();
  for (const field of fields) {
    if (field.number === 100) {
      const [key, value] = readEntry(field.message());
      userDefined.set(key, value?.string() ?? '');
    } else texts.set(field.number, field.string());
  }
  return {
    description: texts.get(1) ?? '',
    version: texts.get(2) ?? '',
    author: texts.get(3) ?? '',
    userDefined,
  };
}

/** Key and value of a map's entry. */
export function readEntry(fields: Fields): [key: string, value: ProtoField | undefined] {
  let key = '';
  let value: ProtoField | undefined;
  for (const field of fields) {
    if (field.number === 1) key = field.string();
    else if (field.number === 2) value = field;
  }
  return [key, value];
}

function readFeature(fields: Fields): Feature {
  let name = '';
  let description = '';
  let type: FeatureType = { kind: 'double' };
  for (const field of fields) {
    if (field.number === 1) name = field.string();
    else if (field.number === 2) description = field.string();
    else if (field.number === 3) for (const one of field.message()) type = readType(one) ?? type;
  }
  return { name, description, type };
}

function readType(field: ProtoField): FeatureType | undefined {
  switch (field.number) {
    case 1:
      return { kind: 'int64' };
    case 2:
      return { kind: 'double' };
    case 3:
      return { kind: 'string' };
    case 4: {
      const numbers = new Map([...field.message()].map((one) => [one.number, one]));
      const space = numbers.get(3)?.int();
      return {
        kind: 'image',
        width: numbers.get(1)?.int() ?? 0,
        height: numbers.get(2)?.int() ?? 0,
        colorSpace: space === 20 ? 'RGB' : space === 30 ? 'BGR' : 'gray',
      };
    }
    case 5: {
      const shape: number[] = [];
      let dtype: 'fp16' | 'fp32' | 'fp64' | 'int32' = 'fp32';
      for (const one of field.message()) {
        if (one.number === 1) shape.push(...one.ints());
        else if (one.number === 2) dtype = arrays.get(one.int()) ?? 'fp32';
      }
      return { kind: 'array', shape, dtype };
    }
    case 6: {
      const keys = [...field.message()].map(({ number }) => number);
      return { kind: 'dictionary', key: keys.includes(2) ? 'string' : 'int64' };
    }
    default:
      return undefined;
  }
}
