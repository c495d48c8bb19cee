import type { Operand } from '../operation.js';
import type { NeuralFile, ReadLayer } from './decode.js';
import { inputShape } from './inputs.js';
import { kindOf, stepOf } from './layers.js';

type Report = (problem: string) => void;

/** Versions of the specification that have the layers which are known here, with shapes as they are. */
const VERSIONS = [4, 10] as const;

/** Everything that is wrong with a neural network, one line each; empty when it is as it must be. */
export function lintNeural(file: NeuralFile): string[] {
  const problems: string[] = [];
  const report: Report = (problem) => problems.push(problem);
  const { specification, exactShapes, preprocessed, description } = file;
  if (specification < VERSIONS[0] || specification > VERSIONS[1]) {
    report(`specification ${specification} does not know these layers, needed is ${VERSIONS[0]} to ${VERSIONS[1]}`);
  }
  if (!exactShapes) report('arrays and images are mapped to five axes, which these layers do not expect');
  const inputs = new Set(description.inputs.map(({ name }) => name));
  for (const name of preprocessed) if (!inputs.has(name)) report(`preprocessing of ${name}, which is no input`);
  const values = lintLayers(file, report);
  lintOutputs(file, values, report);
  return problems;
}

/** Walks the layers in order; returns what is known of every value. */
function lintLayers({ layers, description, classes }: NeuralFile, report: Report): Map<string, Operand> {
  const values = new Map<string, Operand>();
  for (const feature of description.inputs) {
    try {
      const shape = inputShape(feature);
      if (shape.some((length) => length < 1)) report(`input ${feature.name} is [${shape}]`);
      values.set(feature.name, { dtype: 'fp32', shape });
    } catch (error) {
      report((error as Error).message);
    }
  }
  const names = new Set<string>();
  const read = new Set([...description.outputs.map(({ name }) => name), classes?.probabilities ?? '']);
  for (const layer of layers) {
    if (layer.name === '') report('a layer has no name');
    if (names.has(layer.name)) report(`layer ${layer.name} is there twice`);
    names.add(layer.name);
    for (const name of layer.inputs) read.add(name);
    lintLayer(layer, values, report);
  }
  for (const { name } of description.inputs) if (!read.has(name)) report(`input ${name} is read by nobody`);
  for (const layer of layers) {
    if (!layer.outputs.some((name) => read.has(name)))
      report(`layer ${layer.name} (${kindOf(layer)}) is read by nobody`);
  }
  return values;
}

function lintLayer(layer: ReadLayer, values: Map<string, Operand>, report: Report): void {
  const say: Report = (problem) => report(`${layer.name} (${kindOf(layer)}): ${problem}`);
  const missing = layer.inputs.filter((name) => !values.has(name));
  for (const name of missing) say(`reads ${JSON.stringify(name)}, which nothing before it computes`);
  for (const name of layer.outputs) if (values.has(name)) say(`computes ${name} a second time`);
  if (missing.length > 0) return;
  try {
    const { operation, operands } = stepOf(
      layer,
      layer.inputs.map((name) => values.get(name)!),
    );
    const results = operation.infer(operands);
    if (results.length !== layer.outputs.length) say(`has ${layer.outputs.length} outputs, needed ${results.length}`);
    for (const [i, name] of layer.outputs.entries()) if (results[i]) values.set(name, results[i]);
  } catch (error) {
    say((error as Error).message);
  }
}

function lintOutputs({ description, classes }: NeuralFile, values: ReadonlyMap<string, Operand>, report: Report): void {
  const { outputs, predictedFeature, predictedProbabilities } = description;
  if (outputs.length === 0) report('the description has no outputs');
  for (const { name, type } of outputs) {
    if (classes && (name === predictedFeature || name === predictedProbabilities)) continue;
    const value = values.get(name);
    if (!value) report(`output ${name} is computed by nobody`);
    else if (type.kind !== 'array') report(`output ${name} is described as ${type.kind}, it is an array`);
    else if (type.shape.join() !== value.shape.join()) {
      report(`output ${name} is described as [${type.shape}], it is [${value.shape}]`);
    }
  }
  if (!classes) {
    if (predictedFeature) report('the description is that of a classifier, the network is none');
    return;
  }
  const kinds = new Map(outputs.map(({ name, type }) => [name, type.kind]));
  if (kinds.get(predictedFeature ?? '') !== 'string') report('the description names no output for the class');
  if (kinds.get(predictedProbabilities ?? '') !== 'dictionary') {
    report('the description names no output for the probabilities');
  }
  const { labels, probabilities } = classes;
  const value = values.get(probabilities);
  if (!value) report(`the probabilities ${probabilities} are computed by nobody`);
  else if (value.shape.reduce((n, length) => n * length, 1) !== labels.length) {
    report(`${labels.length} classes for [${value.shape}] probabilities`);
  }
}
