import { softmax } from '../../ops/softmax.js';
import { FormatError } from '../../utils/errors.js';
import type { InferenceValue } from '../inference/graph.js';
import type { InferenceModel } from '../inference/model.js';

/** Outputs of a classifier: those that Apple's own converter gives. */
export const CLASS_LABEL = 'classLabel';
export const CLASS_PROBABILITIES = 'classLabel_probs';

/**
 * The probabilities of a model whose classes are known: softmax of its logits, with the tensor that a verification
 * compares with. Undefined when they are not known.
 */
export function probabilitiesOf({ graph, classes }: InferenceModel): InferenceValue | undefined {
  if (classes.length === 0) return undefined;
  const [logits] = graph.outputs;
  const columns = logits.shape.at(-1);
  if (logits.shape.length !== 2 || columns !== classes.length) {
    throw new FormatError(`${classes.length} classes, but ${logits.name} is [${logits.shape}]`);
  }
  const tensor = logits.tensor && softmax(logits.tensor, 1);
  return { name: 'probabilities', shape: logits.shape, dtype: 'f32', tensor };
}

/** The model with its probabilities as one more result to verify. */
export function withProbabilities(model: InferenceModel): InferenceModel {
  const probabilities = probabilitiesOf(model);
  if (!probabilities) return model;
  const { graph } = model;
  return { ...model, graph: { ...graph, outputs: [...graph.outputs, probabilities] } };
}
