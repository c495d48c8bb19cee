import { FormatError } from '../../../../utils/errors.js';
import { fieldsOf } from '../../../protobuf/reader.js';
import type { ModelDescription } from '../../model.js';
import { readDescription } from '../decode-description.js';
import { Fields } from './fields.js';

export interface ReadLayer {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Number of the field that holds the parameters: it says which layer it is; 0 when there is none. */
  readonly kind: number;
  readonly parameters: Fields;
}

/** What a `.mlmodel` of a neural network holds. */
export interface NeuralFile {
  readonly specification: number;
  readonly description: ModelDescription;
  readonly layers: readonly ReadLayer[];
  readonly exactShapes: boolean;
  /** Inputs that are scaled before the first layer. */
  readonly preprocessed: readonly string[];
  readonly classes?: { readonly labels: readonly string[]; readonly probabilities: string };
}

const FIRST_KIND = 100;

/** Reads a model that is a neural network or a classifier made of one. Throws FormatError for others, and damage. */
export function decodeNeuralModel(bytes: Uint8Array, path: string): NeuralFile {
  let specification = 0;
  let description: ModelDescription | undefined;
  let network: Fields | undefined;
  let classifies = false;
  for (const field of fieldsOf(bytes, 0, path)) {
    if (field.number === 1) specification = field.int();
    else if (field.number === 2) description = readDescription(field.message());
    else if (field.number === 500 || field.number === 403) {
      network = new Fields(field.message());
      classifies = field.number === 403;
    }
  }
  if (!description || !network) {
    throw new FormatError(`${path} holds no neural network`, 'it may be damaged, or a model of another kind');
  }
  return {
    specification,
    description,
    layers: network.messages(1).map(readLayer),
    exactShapes: network.int(5) === 1 && network.int(6) === 1,
    preprocessed: network.messages(2).map((one) => one.text(1)),
    ...(classifies && { classes: { labels: network.message(100).texts(1), probabilities: network.text(200) } }),
  };
}

function readLayer(layer: Fields): ReadLayer {
  const kind = layer.numbers.find((number) => number >= FIRST_KIND) ?? 0;
  return {
    name: layer.text(1),
    inputs: layer.texts(2),
    outputs: layer.texts(3),
    kind,
    parameters: layer.message(kind),
  };
}
