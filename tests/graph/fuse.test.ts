import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { fuseBatchNormActivation } from '../../src/graph/passes/fuse.js';
import { rewrite, rewriteTrace } from '../../src/graph/rewrite.js';
import * as ops from '../../src/ops/index.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { readState, State, traceStates, writeState } from '../../src/tensor/state.js';
import { input, type Tensor, withScope } from '../../src/tensor/tensor.js';

const x = input('x', [4, 3, 5, 5]);
const vector = (name: string): Tensor => input(name, [3]);
const norm = (y: Tensor): ops.BatchNormResult =>
  ops.batchNorm(y, vector('gamma'), vector('beta'), vector('mean'), vector('var'));
const activations = (root: Tensor): number => reachableNodes([root]).filter((node) => node.op === 'activation').length;

test.each(['relu', 'relu6'] as const)('a %s after a batch norm moves into it', (kind) => {
  const loss = ops.mean(ops.activation(withScope('block', () => norm(x)).y, kind));
  const fused = fuseBatchNormActivation([loss]).get(loss)!;
  expect(activations(fused)).toBe(0);
  const [y] = fused.node.inputs;
  expect(y.node.op).toBe('batchNorm');
  expect(y.node.attrs).toMatchObject({ activation: kind, momentum: 0.1 });
  expect(y.node.scope).toBe('block');
});

test('inference batch norms are fused too', () => {
  const y = ops.relu(ops.batchNormInference(x, vector('g'), vector('b'), vector('m'), vector('v')));
  const fused = fuseBatchNormActivation([y]).get(y)!;
  expect(fused.node.op).toBe('batchNormInference');
  expect(fused.node.attrs).toMatchObject({ activation: 'relu' });
});

test('nothing is fused when y is used elsewhere, is an output, or the activation has no fused form', () => {
  const { y } = norm(x);
  const twice = ops.mean(ops.add(ops.relu(y), y));
  expect(activations(fuseBatchNormActivation([twice]).get(twice)!)).toBe(1);

  const relu = ops.relu(norm(x).y);
  const both = [relu, relu.node.inputs[0]];
  expect(both.map((root) => fuseBatchNormActivation(both).get(root))).toEqual(both);

  const silu = ops.silu(norm(x).y);
  expect(fuseBatchNormActivation([silu]).get(silu)).toBe(silu);
});

test('a second activation stays', () => {
  const y = ops.relu6(ops.relu(norm(x).y));
  const fused = fuseBatchNormActivation([y]).get(y)!;
  expect(activations(fused)).toBe(1);
  expect(fused.node.attrs).toMatchObject({ kind: 'relu6' });
});

test('chains are fused block by block, and what is not touched is kept', () => {
  const stem = ops.exp(x);
  const y = ops.relu(norm(ops.relu(norm(stem).y)).y);
  const rewritten = fuseBatchNormActivation([y]);
  expect(activations(rewritten.get(y)!)).toBe(0);
  expect(rewritten.get(stem)).toBe(stem);
});

test('a trace keeps its results and state writes', () => {
  const runningMean = new State('norm.running_mean', [3], 'buffer', () => new Float32Array(3));
  const weight = new State('norm.weight', [3], 'parameter', () => new Float32Array(3).fill(1));
  const trace = traceStates(() => {
    const gamma = readState(weight);
    const result = ops.batchNorm(x, gamma, vector('beta'), readState(runningMean), vector('var'));
    writeState(runningMean, result.runningMean);
    return { loss: ops.mean(ops.relu(result.y)) };
  });
  const fused = rewriteTrace(trace, fuseBatchNormActivation);
  const written = fused.writes.get(runningMean)!;
  expect(written.node).toBe(fused.result.loss.node.inputs[0].node);
  expect(written.node.attrs).toMatchObject({ activation: 'relu' });
  expect(written.index).toBe(3);

  const [dgamma] = gradients(fused.result.loss, [fused.reads.get(weight)!]);
  expect(dgamma.node.op).toBe('batchNormBackward');
  expect(dgamma.node.attrs).toEqual({ activation: 'relu' });
});

test('an empty rule changes nothing', () => {
  const y = ops.relu(norm(x).y);
  for (const [before, after] of rewrite([y], () => undefined)) expect(after).toBe(before);
});
