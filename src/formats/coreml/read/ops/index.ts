import { fail, float, floatsOf, type Operation, shapeOf, word, wordOf } from '../operation.js';
import { elementwise } from './elementwise.js';
import { layers } from './layers.js';
import { reductions } from './reductions.js';
import { resizing } from './resizing.js';
import { shapes } from './shapes.js';
import { windows } from './windows.js';

const cast: Operation = {
  parameters: { x: float, dtype: word },
  infer(operands) {
    const dtype = wordOf(operands, 'dtype');
    if (dtype === 'fp16' || dtype === 'fp32') return [{ dtype, shape: shapeOf(operands, 'x') }];
    return fail(`a cast to ${dtype} is not known here`);
  },
  run: (operands) => [floatsOf(operands, 'x')],
};

/** Gives the likeliest class, and the probabilities in the order of the classes. */
const classify: Operation = {
  parameters: { probabilities: { type: 'fp32' }, classes: { type: 'string', constant: true } },
  infer({ probabilities: [{ shape }], classes: [{ shape: classes }] }) {
    const count = shape.reduce((n, length) => n * length, 1);
    if (classes[0] !== count) fail(`${classes[0]} classes for ${count} probabilities`);
    return [
      { dtype: 'string', shape: [] },
      { dtype: 'fp64', shape: [count] },
    ];
  },
  run(operands) {
    const probabilities = floatsOf(operands, 'probabilities');
    const best = probabilities.indexOf(Math.max(...probabilities));
    return [[operands.classes[0].data![best]], probabilities];
  },
};

/** Operations that are known here. */
export const operations: ReadonlyMap<string, Operation> = new Map<string, Operation>(
  Object.entries({ ...elementwise, ...layers, ...reductions, ...resizing, ...shapes, ...windows, cast, classify }),
);
