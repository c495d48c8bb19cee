import { FormatError } from '../../../utils/errors.js';
import type { InferenceModel } from '../../inference/model.js';
import { CLASS_LABEL, CLASS_PROBABILITIES } from '../classifier.js';
import type { Feature, FeatureType, ModelDescription } from '../model.js';

/** What the model takes and gives, for people and for Xcode. */
export function describeModel(model: InferenceModel, version: string): ModelDescription {
  const { name, graph, classes, pixels, facts } = model;
  const [logits] = graph.outputs;
  const classifier = classes.length > 0;
  const outputs: Feature[] = classifier
    ? [
        { name: CLASS_LABEL, description: 'Likeliest class', type: { kind: 'string' } },
        {
          name: CLASS_PROBABILITIES,
          description: 'Probability of each class',
          type: { kind: 'dictionary', key: 'string' },
        },
      ]
    : [{ name: logits.name, description: '', type: { kind: 'array', dtype: 'fp32', shape: logits.shape } }];
  const userDefined = new Map(Object.entries(facts));
  if (!pixels.embedded) {
    const { scale, shift } = pixels;
    userDefined.set('preprocessing', JSON.stringify({ layout: 'NCHW', channels: 'RGB', scale, shift }));
  }
  return {
    inputs: [imageFeature(model)],
    outputs,
    ...(classifier && { predictedFeature: CLASS_LABEL, predictedProbabilities: CLASS_PROBABILITIES }),
    metadata: {
      description: classifier ? `${name}, ${classes.length} classes` : name,
      version,
      author: 'cvnets',
      userDefined: new Map([...userDefined].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

function imageFeature({ graph, pixels }: InferenceModel): Feature {
  const [{ name, shape }] = graph.inputs;
  const [batch, channels, height, width] = shape;
  let type: FeatureType = { kind: 'array', dtype: 'fp32', shape };
  if (pixels.embedded) {
    if (channels !== 1 && channels !== 3) {
      throw new FormatError(
        `the network takes ${channels} channels, which is no kind of image that CoreML knows`,
        'use --no-embed-preprocessing',
      );
    }
    if (batch !== 1) {
      throw new FormatError(
        `a batch of ${batch} images is not one image`,
        'use --batch 1, or --no-embed-preprocessing for an array',
      );
    }
    type = { kind: 'image', width, height, colorSpace: channels === 1 ? 'gray' : 'RGB' };
  }
  return { name, description: pixels.embedded ? 'Photo' : 'Scaled pixels', type };
}
