import { FormatError } from '../../../utils/errors.js';
import { fromHalf, toHalf } from '../../half.js';
import type { Executor } from '../../inference/verify.js';
import type { MilOperation } from '../model.js';
import { constantOperand } from './constants.js';
import { type Elements, givenOperand, type Operand, type Operands } from './operation.js';
import { operations } from './ops/index.js';
import type { CoreMLPackage } from './package.js';

export const INTERPRETER = 'the interpreter of ML Programs in cvnets';

/** Runs a package that was read from a disk, operation by operation; halves are rounded after each. */
export function programExecutor({ model: { main }, weights }: CoreMLPackage): Executor {
  const constants = new Map<string, Operand>();
  return {
    name: INTERPRETER,
    async run(inputs, wanted) {
      const values = new Map<string, Operand>();
      for (const { name, type } of main.inputs) {
        const input = inputs.get(name);
        if (type.kind !== 'tensor' || !input) throw new FormatError(`nothing is given for the input ${name}`);
        values.set(name, givenOperand(name, type.dtype, type.shape, input.data));
      }
      const lastUse = new Map<string, number>();
      main.operations.forEach((operation, i) => {
        for (const name of readBy(operation)) lastUse.set(name, i);
      });
      const results = new Map<string, ArrayLike<number>>();
      const keep = new Set(wanted);
      main.operations.forEach((operation, i) => {
        for (const [name, value] of evaluate(operation)) {
          values.set(name, value);
          if (keep.has(name)) results.set(name, value.data as Float32Array);
        }
        for (const name of readBy(operation)) if (lastUse.get(name) === i) values.delete(name);
      });
      return results;

      function evaluate(operation: MilOperation): [string, Operand][] {
        if (operation.type !== 'const') return runOperation(operation, values, weights);
        const [{ name }] = operation.outputs;
        const known = constants.get(name) ?? constantOperand(operation.attributes.val, weights);
        constants.set(name, known);
        return [[name, known]];
      }
    },
  };
}

const readBy = ({ inputs }: MilOperation): string[] =>
  Object.values(inputs).flatMap((bindings) => bindings.flatMap((binding) => ('name' in binding ? [binding.name] : [])));

function runOperation(
  { type, inputs, outputs }: MilOperation,
  values: ReadonlyMap<string, Operand>,
  weights: ReadonlyMap<string, Uint8Array>,
): [string, Operand][] {
  const operation = operations.get(type);
  if (!operation) throw new FormatError(`the operation ${type} is not known here`);
  const operands: Operands = Object.fromEntries(
    Object.entries(inputs).map(([key, bindings]) => [
      key,
      bindings.map((binding) => {
        if ('value' in binding) return constantOperand(binding.value, weights);
        const value = values.get(binding.name);
        if (!value) throw new FormatError(`${binding.name} is read, but nothing before it computes it`);
        return value;
      }),
    ]),
  );
  const results = operation.infer(operands);
  const computed = operation.run(operands, results);
  return outputs.map(({ name }, i) => {
    const { dtype, shape } = results[i];
    const data = dtype === 'fp16' ? rounded(computed[i]) : computed[i];
    return [name, { dtype, shape, data }];
  });
}

const rounded = (data: Elements): Float32Array => fromHalf(toHalf(data as Float32Array));
