import type { Feature, ProgramModel } from '../../model.js';
import type { Operand } from '../operation.js';
import type { Report } from './lint.js';

/** What the description says goes in and out must be what the program takes and gives. */
export function lintDescription(
  { description, main }: ProgramModel,
  values: ReadonlyMap<string, Operand>,
  report: Report,
): void {
  const { inputs, outputs } = description;
  sameNames(
    'inputs',
    inputs,
    main.inputs.map(({ name }) => name),
    report,
  );
  sameNames('outputs', outputs, main.outputs, report);
  for (const feature of [...inputs, ...outputs]) {
    const value = values.get(feature.name);
    if (value) lintFeature(feature, value, report);
  }
  lintClassifier({ description, main } as ProgramModel, report);
}

function sameNames(kind: string, features: readonly Feature[], names: readonly string[], report: Report): void {
  const described = features.map(({ name }) => name);
  if (described.length === 0) report(`the description has no ${kind}`);
  if ([...described].sort().join() !== [...names].sort().join()) {
    report(`the description has the ${kind} ${described.join(', ')}, the program ${names.join(', ')}`);
  }
}

function lintFeature({ name, type }: Feature, { dtype, shape }: Operand, report: Report): void {
  const got = `${dtype}[${shape}]`;
  if (type.kind === 'image') {
    const needed = `fp32[1,${type.colorSpace === 'gray' ? 1 : 3},${type.height},${type.width}]`;
    if (got !== needed) report(`${name} is described as ${type.colorSpace} image, ${needed}; it is ${got}`);
  } else if (type.kind === 'array') {
    const needed = `${type.dtype}[${type.shape}]`;
    if (got !== needed) report(`${name} is described as ${needed}, it is ${got}`);
  } else if (type.kind === 'string' && dtype !== 'string') report(`${name} is described as text, it is ${got}`);
  else if (type.kind === 'dictionary' && dtype !== 'fp64') report(`${name} is described as a dictionary, it is ${got}`);
}

function lintClassifier({ description, main }: ProgramModel, report: Report): void {
  const { outputs, predictedFeature, predictedProbabilities } = description;
  const kinds = new Map(outputs.map(({ name, type }) => [name, type.kind]));
  const classifies = main.operations.some(({ type }) => type === 'classify');
  if (classifies && (!predictedFeature || !predictedProbabilities)) {
    report('the description does not say which outputs are the class and the probabilities');
  }
  if (predictedFeature && kinds.get(predictedFeature) !== 'string') report(`${predictedFeature} is no output of text`);
  if (predictedProbabilities && kinds.get(predictedProbabilities) !== 'dictionary') {
    report(`${predictedProbabilities} is no output of probabilities`);
  }
}
