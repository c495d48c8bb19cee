import type { MilBinding, MilOperation, MilType } from '../../model.js';
import { constantOperand } from '../constants.js';
import type { Operand, Operands, Parameter, Result } from '../operation.js';
import { operations } from '../ops/index.js';
import type { CoreMLPackage } from '../package.js';
import type { Report } from './lint.js';

const MAX_RANK = 5;
const isFloat = (dtype: string): boolean => dtype === 'fp16' || dtype === 'fp32';

/** Checks one operation against what is known of its kind, and adds what it computes to `values`. */
export function lintOperation(
  { type, inputs, outputs }: MilOperation,
  weights: CoreMLPackage['weights'],
  values: Map<string, Operand>,
  report: Report,
): void {
  const name = outputs[0]?.name ?? '?';
  const say: Report = (problem) => report(`${name} (${type}): ${problem}`);
  // What is wrong further on would only follow from this.
  const declare = () => {
    for (const { name: output, type: declared } of outputs) {
      if (declared.kind === 'tensor') values.set(output, { dtype: declared.dtype, shape: declared.shape });
      else values.set(output, { dtype: 'fp64', shape: [] });
    }
  };
  declare();
  const operation = operations.get(type);
  if (!operation) {
    say('no operation that is known here');
    return;
  }
  for (const { type: declared } of outputs) {
    if (declared.kind === 'tensor' && declared.shape.length > MAX_RANK)
      say(`has ${declared.shape.length} axes, most are 5`);
  }
  const operands = readOperands(operation.parameters, inputs, weights, values, say);
  if (!operands) return;
  try {
    compare(operation.infer(operands), outputs, say);
  } catch (error) {
    say((error as Error).message);
  }
}

/** Undefined when something is missing or of the wrong type. */
function readOperands(
  parameters: Readonly<Record<string, Parameter>>,
  inputs: MilOperation['inputs'],
  weights: CoreMLPackage['weights'],
  values: ReadonlyMap<string, Operand>,
  say: Report,
): Operands | undefined {
  const operands: Record<string, Operand[]> = {};
  let good = true;
  const complain: Report = (problem) => {
    good = false;
    say(problem);
  };
  for (const key of Object.keys(inputs)) if (!Object.hasOwn(parameters, key)) complain(`has no parameter ${key}`);
  const floats = new Set<string>();
  for (const [key, parameter] of Object.entries(parameters)) {
    const bindings = inputs[key] ?? [];
    if (bindings.length === 0) complain(`the parameter ${key} is not written`);
    if (bindings.length > 1 && !parameter.list) complain(`${key} has ${bindings.length} values`);
    operands[key] = bindings.flatMap((binding) => {
      const operand = lookUp(binding, weights, values, complain);
      if (!operand) return [];
      for (const problem of objections(key, parameter, operand)) complain(problem);
      if (parameter.type === 'float') floats.add(operand.dtype);
      return [operand];
    });
  }
  if (floats.size > 1) complain(`mixes ${[...floats].join(' and ')}`);
  return good ? operands : undefined;
}

function lookUp(
  binding: MilBinding,
  weights: CoreMLPackage['weights'],
  values: ReadonlyMap<string, Operand>,
  complain: Report,
): Operand | undefined {
  if ('value' in binding) return constantOperand(binding.value, weights);
  const value = values.get(binding.name);
  if (!value) complain(`reads ${JSON.stringify(binding.name)}, which nothing before it computes`);
  return value;
}

function objections(key: string, { type, constant, rank }: Parameter, { dtype, shape, data }: Operand): string[] {
  const fits = type === 'float' ? isFloat(dtype) : dtype === type;
  return [
    ...(fits ? [] : [`${key} is ${dtype}, needed ${type}`]),
    ...(constant && !data ? [`${key} is no constant`] : []),
    ...(rank && !rank.includes(shape.length) ? [`${key} is [${shape}], needed ${rank.join(' or ')} axes`] : []),
  ];
}

function compare(results: readonly Result[], outputs: MilOperation['outputs'], say: Report): void {
  if (results.length !== outputs.length) say(`has ${outputs.length} outputs, needed ${results.length}`);
  for (const [i, { name, type }] of outputs.entries()) {
    const result = results[i];
    if (!result) continue;
    const [declared, found] = [describe(type), describe({ kind: 'tensor', ...result })];
    // Probabilities by name have the type of their values.
    if (type.kind === 'dictionary') {
      const { key, value } = type;
      const [names, numbers] = [describe(key), describe(value)];
      if (names !== 'string[]') say(`${name} has keys of ${names}`);
      if (numbers !== `${result.dtype}[]`) say(`${name} has values of ${numbers}, needed ${result.dtype}`);
    } else if (declared !== found) say(`${name} is declared ${declared}, it is ${found}`);
  }
}

const describe = (type: MilType): string => (type.kind === 'tensor' ? `${type.dtype}[${type.shape}]` : type.kind);
