import type { InferenceModel } from '../../../inference/model.js';
import type { NeuralModel } from '../../model.js';
import { describeModel } from '../describe.js';
import { buildOperations, type CoreMLOptions } from '../program.js';
import { neuralLayers } from './convert.js';

/** iOS 13 and macOS 10.15: the last before ML Programs that changed what layers there are. */
const SPECIFICATION = 4;

/** The network as a list of layers. Throws FormatError for what the format cannot say. */
export function exportNeuralNetwork(
  model: InferenceModel,
  { version = '' }: Pick<CoreMLOptions, 'version'> = {},
): NeuralModel {
  const { builder, probabilities } = buildOperations(model, 'fp32');
  return {
    specification: SPECIFICATION,
    description: describeModel(model, version),
    layers: neuralLayers(builder),
    exactShapes: true,
    ...(probabilities && { classes: { labels: model.classes, probabilities } }),
  };
}
