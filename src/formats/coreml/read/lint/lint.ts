import type { MilFunction, MilOperation } from '../../model.js';
import { walkBlobs } from '../blobs.js';
import { constantOperand } from '../constants.js';
import type { Operand } from '../operation.js';
import type { CoreMLPackage } from '../package.js';
import { lintDescription } from './description.js';
import { lintNames } from './names.js';
import { lintOperation } from './operation.js';

/** Versions of the specification, and the operations that each brought. */
const opsets = new Map([
  ['CoreML5', 6],
  ['CoreML6', 7],
  ['CoreML7', 8],
  ['CoreML8', 9],
  ['CoreML9', 10],
]);

export type Report = (problem: string) => void;

/**
 * Everything that is wrong with a package, one line each; empty when it is as it must be. Types are inferred again from
 * the inputs and compared with what the file declares. Knows the operations that are written here.
 */
export function lintPackage({ model, weights }: CoreMLPackage): string[] {
  const problems: string[] = [];
  const report: Report = (problem) => problems.push(problem);
  const { main, specification } = model;
  const needed = opsets.get(main.opset);
  if (needed === undefined) report(`the operations ${main.opset} are not known here`);
  else if (needed !== specification)
    report(`operations ${main.opset} need specification ${needed}, not ${specification}`);
  lintNames(main, report);
  const values = lintOperations(main, weights, report);
  lintUse(main, report);
  lintBlobs(main, weights, report);
  lintDescription(model, values, report);
  return problems;
}

/** Walks the operations in order; returns what is known of every value. */
function lintOperations(main: MilFunction, weights: CoreMLPackage['weights'], report: Report): Map<string, Operand> {
  const values = new Map<string, Operand>();
  for (const { name, type } of main.inputs) {
    if (type.kind !== 'tensor') report(`input ${name} is no tensor`);
    else if (type.shape.some((length) => length < 1)) report(`input ${name} is [${type.shape}], sizes must be fixed`);
    else values.set(name, { dtype: type.dtype, shape: type.shape });
  }
  for (const operation of main.operations) {
    if (operation.type === 'const') lintConstant(operation, weights, values, report);
    else lintOperation(operation, weights, values, report);
  }
  for (const name of main.outputs) if (!values.has(name)) report(`output ${name} is computed by nobody`);
  return values;
}

function lintConstant(
  { inputs, outputs, attributes }: MilOperation,
  weights: CoreMLPackage['weights'],
  values: Map<string, Operand>,
  report: Report,
): void {
  const [output] = outputs;
  const value = attributes.val;
  if (outputs.length !== 1 || !value || Object.keys(inputs).length > 0) {
    report(`the constant ${output?.name} needs one output, the attribute val, and no inputs`);
    return;
  }
  try {
    if (JSON.stringify(output.type) !== JSON.stringify(value.type)) {
      report(`the constant ${output.name} is declared ${show(output.type)}, its value is ${show(value.type)}`);
    }
    const operand = constantOperand(value, weights);
    const bad = operand.dtype.startsWith('fp')
      ? (operand.data as Float32Array).findIndex((x) => !Number.isFinite(x))
      : -1;
    if (bad >= 0) report(`the constant ${output.name} holds ${operand.data![bad]} at ${bad}`);
    values.set(output.name, operand);
  } catch (error) {
    report(`the constant ${output.name}: ${(error as Error).message}`);
    if (value.type.kind === 'tensor') values.set(output.name, { dtype: value.type.dtype, shape: value.type.shape });
  }
}

function lintUse({ inputs, operations, outputs }: MilFunction, report: Report): void {
  const read = new Set(outputs);
  for (const operation of operations) {
    for (const binding of Object.values(operation.inputs).flat()) if ('name' in binding) read.add(binding.name);
  }
  for (const { name } of inputs) if (!read.has(name)) report(`input ${name} is read by nobody`);
  for (const operation of operations) {
    if (!operation.outputs.some(({ name }) => read.has(name))) {
      report(`${operation.outputs[0]?.name} (${operation.type}) is read by nobody`);
    }
  }
}

function lintBlobs({ operations }: MilFunction, weights: CoreMLPackage['weights'], report: Report): void {
  for (const [name, content] of weights) {
    try {
      const read = new Set<number>();
      for (const { attributes } of operations) {
        for (const value of Object.values(attributes)) {
          if ('blob' in value && value.blob.file === name) read.add(value.blob.offset);
        }
      }
      for (const { offset } of walkBlobs(content))
        if (!read.has(offset)) report(`the blob at ${offset} is read by nobody`);
    } catch (error) {
      report((error as Error).message);
    }
  }
}

const show = (type: { readonly kind: string; readonly dtype?: string; readonly shape?: readonly number[] }): string =>
  type.kind === 'tensor' ? `${type.dtype}[${type.shape}]` : type.kind;
