import type { ProtoWriter } from '../../protobuf/writer.js';
import type { Feature, FeatureType, ModelDescription } from '../model.js';

const arrayTypes = { fp32: 65568, fp16: 65552, fp64: 65600, int32: 131104 } as const;
const colorSpaces = { gray: 10, RGB: 20, BGR: 30 } as const;

/** The message ModelDescription: what goes in and out, and the metadata. */
export function writeDescription(out: ProtoWriter, description: ModelDescription): void {
  const { inputs, outputs, predictedFeature, predictedProbabilities, metadata } = description;
  for (const feature of inputs) out.message(1, (inner) => writeFeature(inner, feature));
  for (const feature of outputs) out.message(10, (inner) => writeFeature(inner, feature));
  if (predictedFeature) out.string(11, predictedFeature);
  if (predictedProbabilities) out.string(12, predictedProbabilities);
  out.message(100, (inner) => {
    inner.string(1, metadata.description).string(2, metadata.version).string(3, metadata.author);
    for (const [key, value] of metadata.userDefined) inner.entry(100, key, (entry) => entry.string(2, value));
  });
}

function writeFeature(out: ProtoWriter, { name, description, type }: Feature): void {
  out.string(1, name);
  if (description) out.string(2, description);
  out.message(3, (inner) => writeType(inner, type));
}

function writeType(out: ProtoWriter, type: FeatureType): void {
  switch (type.kind) {
    case 'int64':
      out.message(1, () => {});
      break;
    case 'double':
      out.message(2, () => {});
      break;
    case 'string':
      out.message(3, () => {});
      break;
    case 'image':
      out.message(4, (image) =>
        image.varint(1, type.width).varint(2, type.height).varint(3, colorSpaces[type.colorSpace]),
      );
      break;
    case 'array':
      out.message(5, (array) => array.packedVarints(1, type.shape).varint(2, arrayTypes[type.dtype]));
      break;
    case 'dictionary':
      out.message(6, (dictionary) => dictionary.message(type.key === 'int64' ? 1 : 2, () => {}));
      break;
  }
}
