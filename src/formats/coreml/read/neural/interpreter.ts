import type { Executor } from '../../../inference/verify.js';
import { fail, givenOperand, type Operand } from '../operation.js';
import type { NeuralFile } from './decode.js';
import { inputShape } from './inputs.js';
import { stepOf } from './layers.js';

export const NEURAL_INTERPRETER = 'the interpreter of neural networks in cvnets';

/** Runs a file that was read from a disk, layer by layer. */
export function neuralExecutor({ layers, description, preprocessed }: NeuralFile): Executor {
  return {
    name: NEURAL_INTERPRETER,
    async run(inputs, wanted) {
      if (preprocessed.length > 0) fail('preprocessing of inputs is not known here');
      const values = new Map<string, Operand>();
      for (const feature of description.inputs) {
        const input = inputs.get(feature.name) ?? fail(`nothing is given for the input ${feature.name}`);
        values.set(feature.name, givenOperand(feature.name, 'fp32', inputShape(feature), input.data));
      }
      for (const layer of layers) {
        const operands = layer.inputs.map((name) => values.get(name) ?? fail(`nothing before it computes ${name}`));
        const { operation, operands: all } = stepOf(layer, operands);
        const results = operation.infer(all);
        const computed = operation.run(all, results);
        layer.outputs.forEach((name, i) => {
          values.set(name, { ...results[i], data: computed[i] });
        });
      }
      const found = wanted.filter((name) => values.has(name));
      return new Map(found.map((name) => [name, values.get(name)!.data as Float32Array]));
    },
  };
}
