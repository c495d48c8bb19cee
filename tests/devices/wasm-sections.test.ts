import { expect, test } from 'vitest';
import { at, type KernelNode, type Value } from '../../src/devices/device.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import { call, type SectionRole, type WasmCall, type WasmKernel, withRole } from '../../src/devices/wasm/kernel.js';
import { findSections, imagesOf } from '../../src/devices/wasm/sections.js';
import { gradients } from '../../src/graph/autodiff.js';
import * as ops from '../../src/ops/index.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine, trace } from '../../src/scheduler/engine.js';
import { defaultLayout } from '../../src/tensor/layout.js';
import { type Shape, size } from '../../src/tensor/shape.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { Random } from '../support/random.js';

const kernel = { name: 'copy', fields: { x: 'ptr', y: 'ptr' } } as const satisfies WasmKernel;

let id = 1;
function value(shape: Shape, offset = 0): Value {
  return {
    id: id++,
    name: 'v',
    shape,
    dtype: 'f32',
    layout: defaultLayout(shape.length),
    bytes: 4 * size(shape),
    offset,
  };
}

interface Step {
  readonly node: KernelNode;
  readonly calls: readonly WasmCall[];
}

function step(inputs: readonly Value[], outputs: readonly Value[], ...roles: (SectionRole | undefined)[]): Step {
  const made = call(kernel, { x: at(inputs[0]), y: at(outputs[0]) });
  const node = { op: 'copy', attrs: {}, inputs, outputs, scope: '' };
  return { node, calls: roles.map((role) => withRole(made, role)) };
}

/** Steps of the calls in tape order; `+` where a call goes on with the section of the one before. */
function order(steps: readonly Step[]): string {
  return findSections(steps)
    .calls.map(({ step, continues }) => `${continues ? '+' : ' '}${steps.indexOf(step)}`)
    .join('');
}

const image = () => value([4, 8, 8, 8]);

test('calls on the same images become a section; what prepares moves in front, what finishes behind', () => {
  const [x, y, z, w, dw] = [image(), image(), image(), value([8]), value([8])];
  const steps = [
    step([x], [y], 4),
    step([y], [dw], 4, 'after'),
    step([w], [z], 'before', 4),
    step([z], [value([8])], undefined),
  ];
  expect(order(steps)).toBe(' 2 0+1+2 1 3');
  expect(findSections(steps).spans).toEqual([[0, 2]]);
});

test('a section ends where another number of images, an undivided call or a finished output is needed', () => {
  const [x, y, z, dw] = [image(), image(), image(), value([8])];
  expect(order([step([x], [y], 4), step([y], [z], 2)])).toBe(' 0 1');
  expect(order([step([x], [y], 4), step([y], [z], undefined), step([z], [x], 4)])).toBe(' 0 1 2');
  expect(order([step([x], [dw], 4, 'after'), step([dw], [z], 4)])).toBe(' 0 0 1');
  expect(order([step([x], [dw], 4), step([dw], [z], 'before', 4)])).toBe(' 0 1 1');
  expect(findSections([step([x], [y], 4), step([y], [z], 2)]).spans).toEqual([]);
});

test('preparations that nothing follows stay where they are', () => {
  const [x, y, z] = [image(), image(), image()];
  const steps = [step([x], [y], 4), step([value([8])], [z], 'before', undefined)];
  expect(order(steps)).toBe(' 0 1 1');
  expect(findSections(steps).spans).toEqual([]);
});

test('only whole large channels-last images are shared out one by one', () => {
  const large = [4, 64, 64, 64];
  expect(imagesOf([value(large)], 1024, 2)).toBe(4);
  expect(imagesOf([value(large)], 10.5, 2)).toBeUndefined();
  expect(imagesOf([value(large)], 1024, 3)).toBeUndefined();
  expect(imagesOf([value(large, 64)], 1024, 2)).toBeUndefined();
  expect(imagesOf([value(large), value([2, 64, 64, 64])], 1024, 2)).toBeUndefined();
  expect(imagesOf([{ ...value(large), layout: [0, 1, 2, 3] }], 1024, 2)).toBeUndefined();
  expect(imagesOf([value([4, 8, 8, 8])], 16, 2)).toBeUndefined();
  expect(imagesOf([value([1, 64, 128, 128])], 1024, 1)).toBeUndefined();
});

/** Two blocks with a residual connection, on images that are large enough, and all their gradients. */
function network(): Record<string, Tensor> {
  const channels = 48;
  const x = input('x', [2, channels, 66, 64]);
  const wrt: Tensor[] = [x];
  const parameter = (name: string, shape: Shape): Tensor => {
    const tensor = input(name, shape);
    wrt.push(tensor);
    return tensor;
  };
  const norm = (name: string, y: Tensor, activation: 'none' | 'relu6'): Tensor => {
    const [gamma, beta] = [parameter(`${name} gamma`, [channels]), parameter(`${name} beta`, [channels])];
    const running = [ops.fill([channels], 0), ops.fill([channels], 1)] as const;
    return ops.batchNorm(y, gamma, beta, ...running, { activation }).y;
  };
  const pointwise = (name: string, y: Tensor) => ops.conv2d(y, parameter(name, [channels, channels, 1, 1]));
  const depthwise = (name: string, y: Tensor, stride: number) =>
    ops.conv2d(y, parameter(name, [channels, 1, 3, 3]), { padding: 1, stride, groups: channels });
  const expanded = norm('n1', pointwise('w1', x), 'relu6');
  const filtered = norm('n2', depthwise('w2', expanded, 1), 'relu6');
  const sum = ops.add(x, norm('n3', pointwise('w3', filtered), 'none'));
  const dense = ops.conv2d(sum, parameter('w4', [8, channels, 3, 3]), { padding: 1 });
  const loss = ops.add(ops.mean(ops.square(dense)), ops.mean(ops.square(depthwise('w5', sum, 2))));
  return Object.fromEntries([['loss', loss], ...gradients(loss, wrt).map((g, i) => [`d${i}`, g] as const)]);
}

test('the same bits with and without sections, for any number of threads', async () => {
  const random = new Random(7);
  const feeds = new Map<string, Float32Array>();
  const results: Buffer[] = [];
  const spans: number[] = [];
  for (const threads of [0, 2, 3]) {
    const device = await createWasmDevice(nodePlatform, { threads });
    const engine = new Engine(device);
    const program = await engine.compile('sections', trace(network));
    for (const [name, { shape }] of program.plan.inputs) {
      if (!feeds.has(name))
        feeds.set(
          name,
          Float32Array.from({ length: size(shape) }, () => random.uniform(-1, 1)),
        );
    }
    const outputs = await program.run({ inputs: Object.fromEntries(feeds) });
    results.push(Buffer.concat(Object.values(outputs).map((data) => Buffer.from(data.buffer as ArrayBuffer))));
    const nodes = program.plan.steps.map(({ node, lowering }) => ({ node, calls: lowering.calls }));
    spans.push(device.interleaved!(nodes as { node: KernelNode; calls: readonly unknown[] }[]).length);
    await engine.close();
  }
  expect(spans[0]).toBeGreaterThan(4);
  expect(spans[1]).toBe(spans[0]);
  expect(spans[2]).toBe(0); // 2 images, 3 threads
  expect(results.map((bytes) => bytes.equals(results[0]))).toEqual([true, true, true]);
});
