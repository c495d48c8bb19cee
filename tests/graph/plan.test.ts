import { expect, test } from 'vitest';
import { buildPlan } from '../../src/graph/plan.js';
import {
  add,
  batchNorm,
  concat,
  fill,
  flatten,
  gelu,
  mul,
  relu,
  reshape,
  sgd,
  slice,
  split,
  transpose,
} from '../../src/ops/index.js';
import { trace } from '../../src/scheduler/engine.js';
import { readState, State, writeState } from '../../src/tensor/state.js';
import { input, scalar, type Tensor, withScope } from '../../src/tensor/tensor.js';
import { fakeDevice } from '../support/fake-device.js';

const state = (name: string, shape: number[]) =>
  new State(name, shape, 'buffer', () => new Float32Array(shape.reduce((a, b) => a * b, 1)));

const names = (plan: ReturnType<typeof buildPlan>) => plan.steps.map(({ node }) => node.op);

test('a final write that updates in place lands in the state without a copy', () => {
  const [mean, variance] = [state('mean', [3]), state('var', [3])];
  const program = trace(() => {
    const x = input('x', [2, 3, 4, 4]);
    const one = fill([3], 1);
    const norm = batchNorm(x, one, one, readState(mean), readState(variance));
    writeState(mean, norm.runningMean);
    writeState(variance, norm.runningVar);
    return { y: norm.y };
  });
  const plan = buildPlan('train', program, fakeDevice());
  expect(names(plan)).toEqual(['batchNorm']);
  expect(plan.steps[0].node.outputs[3].storage.state).toBe(mean);
});

test('a norm that is called twice writes its state once, at the end', () => {
  const [mean, variance] = [state('mean', [3]), state('var', [3])];
  const program = trace(() => {
    let x = input('x', [2, 3, 4, 4]);
    const one = fill([3], 1);
    for (let call = 0; call < 2; call++) {
      const norm = batchNorm(x, one, one, readState(mean), readState(variance));
      writeState(mean, norm.runningMean);
      writeState(variance, norm.runningVar);
      x = norm.y;
    }
    return { y: x };
  });
  const plan = buildPlan('train', program, fakeDevice());
  const norms = plan.steps.filter(({ node }) => node.op === 'batchNorm').map(({ node }) => node);
  expect(norms[0].outputs[3].storage.kind).toBe('pool');
  expect(norms[1].inputs[3].storage).toBe(norms[0].outputs[3].storage);
  const landed = plan.steps.filter(({ node }) => node.op === 'copy' && node.outputs[0].storage.kind === 'state');
  expect(landed.map(({ node }) => node.outputs[0].storage.state)).toEqual([mean, variance]);
});

test('a state that is read after its update keeps the old value for the reader', () => {
  const counter = state('counter', [4]);
  const program = trace(() => {
    const before = readState(counter);
    writeState(counter, add(before, 1));
    return { before };
  });
  const plan = buildPlan('count', program, fakeDevice());
  const copies = plan.steps.slice(1).map(({ node }) => [node.inputs[0].storage.state, node.outputs[0].storage.state]);
  expect(copies).toEqual([
    [counter, undefined],
    [undefined, counter],
  ]);
  expect(plan.outputs.get('before')!.storage.kind).toBe('pool');
});

test('two states that swap values are saved before either is overwritten', () => {
  const [a, b] = [state('a', [4]), state('b', [4])];
  const program = trace(() => {
    const [x, y] = [readState(a), readState(b)];
    writeState(a, y);
    writeState(b, x);
    return {};
  });
  const copies = buildPlan('swap', program, fakeDevice()).steps.map(({ node }) => [
    node.inputs[0].storage.state?.name,
    node.outputs[0].storage.state?.name,
  ]);
  expect(copies).toEqual([
    ['b', undefined],
    ['a', undefined],
    [undefined, 'a'],
    [undefined, 'b'],
  ]);
});

test('gradients of a multi-tensor update are computed into one block, states become one slab', () => {
  const parameters = [state('w', [3, 5]), state('b', [70])];
  const momenta = [state('w.momentum', [3, 5]), state('b.momentum', [70])];
  const program = trace(() => {
    const gradients = parameters.map((p) => mul(readState(p), 2));
    const updated = sgd(
      { parameters: parameters.map(readState), gradients, momenta: momenta.map(readState), lr: scalar('lr') },
      { momentum: 0.9, nesterov: false, weightDecay: [0, 0], lrMultiplier: [1, 1] },
    );
    parameters.forEach((p, i) => {
      writeState(p, updated.parameters[i]);
      writeState(momenta[i], updated.momenta[i]);
    });
    return {};
  });
  const plan = buildPlan('step', program, fakeDevice());
  expect(names(plan)).toEqual(['binary', 'binary', 'sgd']);
  const [w, b] = plan.steps[2].node.inputs.slice(2, 4);
  expect(w.storage.group).toBe(b.storage.group);
  expect([w.storage.offset, b.storage.offset]).toEqual([0, 256]);
  expect(plan.slabs).toEqual([parameters, momenta]);
});

test('reshape is free when the memory order allows it, and a copy when it does not', () => {
  const x = input('x', [2, 3, 4, 4]);
  const copies = (y: ReturnType<typeof flatten>) =>
    names(
      buildPlan(
        'f',
        trace(() => ({ y })),
        fakeDevice(),
      ),
    );
  expect(copies(relu(flatten(x)))).toEqual(['copy', 'activation']);
  expect(copies(relu(flatten(input('pooled', [2, 3, 1, 1]))))).toEqual(['activation']);
  expect(copies(relu(reshape(input('m', [6, 4]), [4, 6])))).toEqual(['activation']);
});

test('patches of a feature map are one copy, there and back', () => {
  const x = input('x', [2, 3, 4, 6]);
  const cells = transpose(reshape(x, [2, 3, 2, 2, 3, 2]), [0, 3, 5, 2, 4, 1]);
  const tokens = gelu(reshape(cells, [8, 6, 3]));
  const map = reshape(transpose(reshape(tokens, [2, 2, 2, 2, 3, 3]), [0, 5, 3, 1, 4, 2]), [2, 3, 4, 6]);
  const plan = buildPlan(
    'patches',
    trace(() => ({ y: relu(map) })),
    fakeDevice(),
  );
  expect(names(plan)).toEqual(['copy', 'activation', 'copy', 'activation']);
});

test('a view is copied once for all who want it in order, and not for who walks it', () => {
  const x = transpose(input('x', [4, 3]), [1, 0]);
  const plan = (y: Tensor) =>
    names(
      buildPlan(
        'view',
        trace(() => ({ y })),
        fakeDevice(),
      ),
    );
  expect(plan(add(relu(x), gelu(x)))).toEqual(['copy', 'activation', 'activation', 'binary']);
  expect(plan(relu(split(x, [2, 2], 1)[0]))).toEqual(['split', 'activation']);
  expect(plan(x)).toEqual(['copy']);
  expect(plan(transpose(x, [1, 0]))).toEqual([]);
});

test('slices and concatenations of the batch are windows, not copies', () => {
  const x = input('x', [8, 16]);
  const part = (start: number) => relu(slice(x, [start, 0], [4, 16]));
  const program = trace(() => ({ y: concat([part(0), part(4)], 0) }));
  const plan = buildPlan('windows', program, fakeDevice());
  expect(names(plan)).toEqual(['activation', 'activation']);
  expect(plan.steps.map(({ node }) => node.inputs[0].offset)).toEqual([0, 256]);
  expect(plan.steps.map(({ node }) => node.outputs[0].offset)).toEqual([0, 256]);
  expect(plan.steps[0].node.outputs[0].storage).toBe(plan.outputs.get('y')!.storage);
});

test('a device that cannot bind memory twice gets a copy of the second operand', () => {
  const x = input('x', [8, 16]);
  const program = trace(() => ({ y: mul(x, x) }));
  expect(names(buildPlan('square', program, fakeDevice()))).toEqual(['binary']);
  expect(names(buildPlan('square', program, fakeDevice({ exclusiveOperands: true })))).toEqual(['copy', 'binary']);
});

test('a tensor above the binding limit is split along the batch', () => {
  const plan = buildPlan(
    'big',
    trace(() => ({ y: relu(input('x', [8, 16])) })),
    fakeDevice({ maxOperandBytes: 200 }),
  );
  expect(plan.steps.map(({ node }) => [node.op, node.inputs[0].shape[0], node.outputs[0].offset])).toEqual([
    ['activation', 3, 0],
    ['activation', 3, 192],
    ['activation', 2, 384],
  ]);
});

test('a row above the binding limit is refused by name', () => {
  const program = trace(() => ({ y: withScope('layer_1', () => relu(input('x', [8, 16]))) }));
  expect(() => buildPlan('big', program, fakeDevice({ maxOperandBytes: 60 }))).toThrow(
    /layer_1: activation needs 512 bytes for \[8,16\], this device binds at most 60/,
  );
});

test('an input name that stands for two different tensors is refused', () => {
  const program = trace(() => ({ y: add(input('x', [2, 3]), input('x', [3])) }));
  expect(() => buildPlan('clash', program, fakeDevice())).toThrow(/input x is used as f32\[2,3\] and as f32\[3\]/);
});
