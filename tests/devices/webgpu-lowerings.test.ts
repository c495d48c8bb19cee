import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { at, type KernelNode, type Lowering, type Value } from '../../src/devices/device.js';
import type { WebgpuCall, WebgpuTarget } from '../../src/devices/webgpu/kernel.js';
import { channelTiling, slabs } from '../../src/devices/webgpu/kernels/channels.js';
import { webgpuKernels } from '../../src/devices/webgpu/kernels/index.js';
import { block } from '../../src/devices/webgpu/kernels/multi-tensor.js';
import { collapse, inVectors, ordered } from '../../src/devices/webgpu/kernels/strided.js';
import { type KernelOpName, ops } from '../../src/ops/index.js';
import type { AnyOp } from '../../src/ops/op.js';
import type { DType } from '../../src/tensor/dtype.js';
import { defaultLayout } from '../../src/tensor/layout.js';
import { type Shape, size } from '../../src/tensor/shape.js';

// How operators become dispatches: what can be checked without an adapter.

const target: WebgpuTarget = {
  limits: {
    maxStorageBufferBindingSize: 128 << 20,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxStorageBuffersPerShaderStage: 8,
  },
};

let id = 0;
const value = (shape: Shape, dtype: DType = 'f32'): Value => ({
  id: id++,
  name: `value ${id}`,
  shape,
  dtype,
  layout: defaultLayout(shape.length),
  bytes: (dtype === 'u8' ? 1 : 4) * size(shape),
});

/** Lowers an operator whose inputs have the given shapes; the others are f32. */
function lower(op: KernelOpName, shapes: readonly (Shape | readonly [Shape, DType])[], attrs: object, to = target) {
  const inputs = shapes.map((each) =>
    Array.isArray(each[0]) ? value(each[0], each[1] as DType) : value(each as Shape),
  );
  const rule: AnyOp = ops[op];
  const outputs = rule.infer(inputs, attrs as never).map(({ shape, dtype }) => value(shape, dtype));
  const node: KernelNode = { op, attrs, inputs, outputs, scope: '' };
  return { node, lowering: webgpuKernels[op](node as KernelNode<never>, to) };
}

/** What every dispatch must keep to: limits, alignment, complete parameters, bindings that do not overlap. */
function expectLegal({ calls, workspace = 0, constants }: Lowering<WebgpuCall>): void {
  for (const { shader, buffers, params, overrides, workgroups } of calls) {
    expect(Object.keys(buffers).sort()).toEqual([...shader.bindings].sort());
    expect(Object.keys(params).sort()).toEqual(Object.keys(shader.params).sort());
    expect(Object.keys(overrides).filter((name) => !shader.overrides.includes(name))).toEqual([]);
    for (const [name, type] of Object.entries(shader.params)) {
      if (type === 'u32')
        expect(Number.isInteger(params[name]) && params[name] >= 0, `${shader.name}.${name}`).toBe(true);
      if (type === 'i32') expect(Number.isInteger(params[name]), `${shader.name}.${name}`).toBe(true);
    }
    for (const n of workgroups) expect(Number.isInteger(n) && n >= 1 && n <= 65535).toBe(true);

    const ranges = shader.bindings.map((name) => {
      const { of, offset, bytes } = buffers[name];
      const whole = of === 'workspace' ? workspace : of === 'constants' ? (constants?.byteLength ?? 0) : of.bytes;
      expect(offset % 256, `${shader.name}.${name}`).toBe(0);
      const length = bytes ?? whole - offset;
      expect(length, `${shader.name}.${name}`).toBeGreaterThan(0);
      if (typeof of === 'string') expect(offset + length).toBeLessThanOrEqual(Math.ceil(whole / 16) * 16);
      return { of, start: offset, end: offset + length };
    });
    ranges.forEach((a, i) => {
      for (const b of ranges.slice(0, i)) expect(a.of === b.of && a.start < b.end && b.start < a.end).toBe(false);
    });
  }
}

const image: Shape = [4, 24, 14, 14];
const large: Shape = [8, 24, 28, 28];
const norm = { eps: 1e-5, momentum: 0.1, activation: 'relu' };
const channel: Shape = [24];
const parameters: Shape[] = [[24, 3, 3, 3], [24], [5000], [10, 24], [1]];
const perTensor = { weightDecay: parameters.map(() => 0.01), lrMultiplier: parameters.map(() => 1) };
const lists = (n: number): Shape[] => Array.from({ length: n }, () => parameters).flat();
const count = parameters.length;
const one: Shape = [];
const entropy = { labelSmoothing: 0.1, ignoreIndex: -1, reduction: 'mean' };

const launches: [string, number, KernelOpName, (Shape | readonly [Shape, DType])[], object][] = [
  ['batch norm of a small map', 1, 'batchNorm', [image, channel, channel, channel, channel], norm],
  ['its gradient', 1, 'batchNormBackward', [image, image, channel, channel, channel, channel], norm],
  ['batch norm: statistics, then the rest', 2, 'batchNorm', [large, channel, channel, channel, channel], norm],
  [
    'its gradient: two sums, then the rest',
    2,
    'batchNormBackward',
    [large, large, channel, channel, channel, channel],
    norm,
  ],
  ['batch norm with given statistics', 1, 'batchNormInference', [image, channel, channel, channel, channel], norm],
  ['activation', 1, 'activation', [image], { kind: 'gelu', slope: 0 }],
  ['sum of two maps', 1, 'binary', [image, image], { kind: 'add' }],
  ['scaled channels', 1, 'binary', [image, [4, 24, 1, 1]], { kind: 'mul' }],
  ['global average pool', 1, 'reduce', [image], { kind: 'mean', axes: [2, 3], keepDims: false }],
  ['sum of a large map', 2, 'reduce', [[8, 64, 56, 56]], { kind: 'sum', axes: [0, 1, 2, 3], keepDims: false }],
  [
    'cross entropy',
    2,
    'crossEntropy',
    [
      [128, 1000],
      [[128], 'i32'],
    ],
    entropy,
  ],
  [
    'cross entropy in one workgroup',
    1,
    'crossEntropy',
    [
      [32, 10],
      [[32], 'i32'],
    ],
    entropy,
  ],
  [
    'its gradient',
    1,
    'crossEntropyBackward',
    [[128, 1000], [[128], 'i32'], [128], one],
    { ...entropy, weighted: false },
  ],
  [
    'its gradient for very many labels',
    2,
    'crossEntropyBackward',
    [[2, 8, 64, 64], [[2, 64, 64], 'i32'], [2, 64, 64], one],
    { ...entropy, weighted: false },
  ],
  [
    'its gradient for probabilities',
    1,
    'crossEntropyBackward',
    [[9, 5], [9, 5], [9], one],
    { ...entropy, weighted: false },
  ],
  [
    'top-k accuracy',
    2,
    'topKCorrect',
    [
      [128, 1000],
      [[128], 'i32'],
    ],
    { k: [1, 5], ignoreIndex: -1 },
  ],
  ['softmax', 1, 'softmax', [[4, 8, 50, 50]], { axis: 3 }],
  [
    'sgd of all parameters',
    1,
    'sgd',
    [...lists(3), one],
    { ...perTensor, count, momentum: 0.9, nesterov: false, clipped: false },
  ],
  [
    'sgd, clipped',
    1,
    'sgd',
    [...lists(3), one, one],
    { ...perTensor, count, momentum: 0.9, nesterov: true, clipped: true },
  ],
  [
    'adam of all parameters, its scalars first',
    2,
    'adam',
    [...lists(4), one, one, one, one],
    { ...perTensor, count, betas: [0.9, 0.999], eps: 1e-8, decoupled: true, clipped: true },
  ],
  ['averages of all parameters', 1, 'ema', lists(2), { count, momentum: 0.0005 }],
  ['accumulated gradients', 1, 'accumulate', [...lists(2), one], { count }],
  ['norm of all gradients', 2, 'globalNorm', lists(1), { maxNorm: 1 }],
];

test.each(launches)('%s: %i launches', (_, number, op, shapes, attrs) => {
  const { lowering } = lower(op, shapes, attrs);
  expect(lowering.calls).toHaveLength(number);
  expectLegal(lowering);
});

test('dispatches stay legal for any map', () => {
  const map = fc.tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(1, 3, 4, 5, 17, 32, 96, 1280),
    fc.integer({ min: 2, max: 120 }),
    fc.integer({ min: 1, max: 120 }),
  );
  const layer = { eps: 0, epsilonOf: 'variance' };
  fc.assert(
    fc.property(map, fc.subarray([0, 1, 2, 3]), fc.boolean(), (x, axes, keepDims) => {
      const c = [x[1]];
      expectLegal(lower('batchNorm', [x, c, c, c, c], norm).lowering);
      expectLegal(lower('batchNormBackward', [x, x, c, c, c, c], norm).lowering);
      expectLegal(lower('batchNormInferenceBackward', [x, x, c, c, c, c], norm).lowering);
      expectLegal(lower('reduce', [x], { kind: 'mean', axes, keepDims }).lowering);
      expectLegal(lower('preluBackward', [x, c, x], {}).lowering);
      expectLegal(lower('binary', [x, [x[1], 1, 1]], { kind: 'mul' }).lowering);
      expectLegal(lower('layerNormBackward', [x, x, c, [x[0], x[2], x[3]], [x[0], x[2], x[3]]], layer).lowering);
      expectLegal(lower('groupNormBackward', [x, x, c, [x[0], 1], [x[0], 1]], { groups: 1, eps: 0 }).lowering);
      expectLegal(lower('softmax', [x], { axis: 2 }).lowering);
    }),
    { numRuns: 60 },
  );
});

test('a large launch is folded over two dimensions', () => {
  const { lowering } = lower('activation', [[256, 64, 224, 224]], { kind: 'relu', slope: 0 });
  const [x, y] = lowering.calls[0].workgroups;
  expect(y).toBeGreaterThan(1);
  expect(x * y * 256 * 4).toBeGreaterThanOrEqual(256 * 64 * 224 * 224);
  expectLegal(lowering);
});

describe('channels', () => {
  const lanes = fc.constantFrom(1, 3, 4, 5, 17, 36, 64, 100, 144, 1000, 1280);

  test('every row and every lane has a workgroup', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), lanes, fc.constantFrom(128, 1024), (rows, channels, most) => {
        const tiling = channelTiling(value([rows, channels]));
        const cut = slabs(tiling, most);
        expect(tiling.x * tiling.blocks).toBeGreaterThanOrEqual(tiling.lanes);
        expect(256 % tiling.x).toBe(0);
        expect(cut.count * cut.rows).toBeGreaterThanOrEqual(rows);
        expect((cut.count - 1) * cut.rows).toBeLessThan(rows);
        expect(cut.count).toBeLessThanOrEqual(most);
      }),
    );
  });

  test('a lane is four channels where they divide by four', () => {
    expect(channelTiling(value([2, 144, 7, 7]))).toMatchObject({ vector: true, lanes: 36, rows: 98 });
    expect(channelTiling(value([2, 17, 7, 7]))).toMatchObject({ vector: false, lanes: 17, rows: 98 });
  });
});

describe('walks', () => {
  test('neighbouring dimensions become one where nobody jumps', () => {
    expect(collapse({ sizes: [2, 3, 4], strides: [[12, 4, 1]] })).toEqual({ sizes: [24], strides: [[1]] });
    expect(
      collapse({
        sizes: [2, 1, 3, 4],
        strides: [
          [24, 9, 4, 1],
          [12, 7, 4, 1],
        ],
      }),
    ).toEqual({
      sizes: [2, 12],
      strides: [
        [24, 1],
        [12, 1],
      ],
    });
    expect(collapse({ sizes: [1, 1], strides: [[5, 7]] })).toEqual({ sizes: [1], strides: [[1]] });
  });

  test('dimensions are put in the order of one walker', () => {
    const channelsLast = ordered(
      {
        sizes: [2, 3, 5],
        strides: [
          [15, 1, 3],
          [15, 5, 1],
        ],
      },
      0,
    );
    expect(channelsLast).toEqual({
      sizes: [2, 5, 3],
      strides: [
        [15, 3, 1],
        [15, 1, 5],
      ],
    });
  });

  test('vectors need a contiguous fast dimension and multiples of four', () => {
    expect(
      inVectors(
        {
          sizes: [3, 8],
          strides: [
            [8, 1],
            [12, 1],
          ],
        },
        [0, 4],
      ),
    ).toBe(true);
    expect(
      inVectors(
        {
          sizes: [3, 8],
          strides: [
            [8, 1],
            [9, 1],
          ],
        },
        [0, 0],
      ),
    ).toBe(false);
    expect(
      inVectors(
        {
          sizes: [3, 8],
          strides: [
            [8, 1],
            [12, 1],
          ],
        },
        [0, 2],
      ),
    ).toBe(false);
    expect(
      inVectors(
        {
          sizes: [8, 3],
          strides: [
            [4, 1],
            [4, 1],
          ],
        },
        [0, 0],
      ),
    ).toBe(false);
    expect(inVectors({ sizes: [8], strides: [[2], [1]] }, [0, 0])).toBe(false);
  });
});

describe('blocks of tensors', () => {
  const members = [[5000], [3], [64, 130]].map((shape) => value(shape));

  test('each row of the table is a piece of one tensor', () => {
    const { windows, chunks, constants } = block(members, target, {
      weightDecay: [0, 0.5, 0],
      lrMultiplier: [1, 1, 2],
    });
    const rows = new DataView(constants.buffer);
    const row = (i: number) => [
      rows.getUint32(256 + 16 * i, true),
      rows.getUint32(256 + 16 * i + 4, true),
      rows.getFloat32(256 + 16 * i + 8, true),
      rows.getFloat32(256 + 16 * i + 12, true),
    ];
    expect([windows.length, chunks]).toEqual([1, 6]);
    expect(Array.from({ length: 6 }, (_, i) => row(i))).toEqual([
      [0, 4096, 0, 1],
      [4096, 904, 0, 1],
      [5056, 3, 0.5, 1],
      [5120, 4096, 0, 2],
      [9216, 4096, 0, 2],
      [13312, 128, 0, 2],
    ]);
    expect(windows[0].list(members[0])).toEqual({ ...at(members[0]), bytes: 4 * (13312 + 128) });
  });

  test('a block above the binding limit is walked in windows', () => {
    const limits = { ...target.limits, maxStorageBufferBindingSize: 32768 };
    const { windows, chunks } = block(members, { limits });
    expect(windows.map((window) => [window.first, window.chunks])).toEqual([
      [0, 2],
      [2, 2],
      [4, 2],
    ]);
    expect(chunks).toBe(6);
    for (const window of windows) {
      const { offset, bytes } = window.list(members[0]);
      expect(offset % 256).toBe(0);
      expect(bytes).toBeLessThanOrEqual(32768);
    }
  });
});
