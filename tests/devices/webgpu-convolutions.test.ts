import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KernelNode, Lowering, Value } from '../../src/devices/device.js';
import type { WebgpuCall, WebgpuTarget } from '../../src/devices/webgpu/kernel.js';
import { lowerConv2d } from '../../src/devices/webgpu/kernels/conv2d.js';
import { lowerConv2dBackwardInput } from '../../src/devices/webgpu/kernels/conv2d-backward-input.js';
import { lowerConv2dBackwardWeight } from '../../src/devices/webgpu/kernels/conv2d-backward-weight.js';
import { lowerMatmul } from '../../src/devices/webgpu/kernels/matmul.js';
import { sliceDepth } from '../../src/devices/webgpu/kernels/sum-slices.js';
import { countTiles, lanesFor, tileHeight } from '../../src/devices/webgpu/kernels/tiles.js';
import type { Conv2dAttrs } from '../../src/ops/conv2d.js';
import { defaultLayout } from '../../src/tensor/layout.js';
import { type Shape, size } from '../../src/tensor/shape.js';

// How convolutions and products become dispatches: what can be checked without an adapter.

const target: WebgpuTarget = {
  limits: {
    maxStorageBufferBindingSize: 128 << 20,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupsPerDimension: 65535,
    maxStorageBuffersPerShaderStage: 8,
  },
};
const roomier: WebgpuTarget = {
  limits: { ...target.limits, maxStorageBufferBindingSize: 2 ** 31, maxComputeInvocationsPerWorkgroup: 1024 },
};

let id = 0;
const value = (shape: Shape): Value => ({
  id: id++,
  name: `value ${id}`,
  shape,
  dtype: 'f32',
  layout: defaultLayout(shape.length),
  bytes: 4 * size(shape),
});

interface Layer {
  readonly batch: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly map: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
}

/** The three nodes of a layer with padding kernel >> 1. */
function nodes({ batch, inputs, outputs, map, kernel, stride, groups }: Layer) {
  const padding = kernel >> 1;
  const out = Math.floor((map + 2 * padding - kernel) / stride) + 1;
  const attrs: Conv2dAttrs = {
    stride: [stride, stride],
    padding: [padding, padding, padding, padding],
    dilation: [1, 1],
    groups,
  };
  const x = value([batch, inputs, map, map]);
  const w = value([outputs, inputs / groups, kernel, kernel]);
  const y = value([batch, outputs, out, out]);
  const node = <A>(op: string, extra: A, from: Value[], to: Value): KernelNode<Conv2dAttrs & A> => ({
    op,
    attrs: { ...attrs, ...extra },
    inputs: from,
    outputs: [to],
    scope: '',
  });
  return {
    forward: node('conv2d', {}, [x, w], y),
    backwardInput: node('conv2dBackwardInput', { inputShape: x.shape }, [y, w], x),
    backwardWeight: node('conv2dBackwardWeight', { weightShape: w.shape }, [x, y], w),
  };
}

function lowerAll(layer: Layer, to: WebgpuTarget = target) {
  const { forward, backwardInput, backwardWeight } = nodes(layer);
  return {
    forward: lowerConv2d(forward, to),
    backwardInput: lowerConv2dBackwardInput(backwardInput, to),
    backwardWeight: lowerConv2dBackwardWeight(backwardWeight, to),
  };
}

/** What the executor will rely on, and what WebGPU's default limits allow. */
function expectLegal({ calls, workspace = 0 }: Lowering<WebgpuCall>): void {
  for (const { shader, buffers, params, overrides, workgroups } of calls) {
    expect(Object.keys(params).sort()).toEqual(Object.keys(shader.params).sort());
    expect(shader.overrides).toEqual(expect.arrayContaining(Object.keys(overrides)));
    expect(Object.keys(buffers).sort()).toEqual([...shader.bindings].sort());
    for (const count of Object.values(params)) expect(Number.isInteger(count) && count >= 0).toBe(true);
    for (const count of workgroups) expect(count >= 1 && count <= 65535).toBe(true);
    const {
      LANES_N = 1,
      LANES_M = 1,
      LANES_E = 1,
      LANES_S = 1,
      WORKGROUP_SIZE = 1,
    } = overrides as Record<string, number>;
    expect(LANES_N * LANES_M * LANES_E * LANES_S * WORKGROUP_SIZE).toBeLessThanOrEqual(256);

    const scratch = Object.values(buffers).filter(({ of }) => of === 'workspace');
    for (const { offset, bytes = workspace - offset } of scratch) {
      expect(offset % 256).toBe(0);
      expect(offset + bytes).toBeLessThanOrEqual(workspace);
    }
    const ends = scratch
      .map(({ offset, bytes = workspace - offset }) => [offset, offset + bytes])
      .sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < ends.length; i++) expect(ends[i][0]).toBeGreaterThanOrEqual(ends[i - 1][1]);
  }
}

const layers = fc
  .record({
    batch: fc.constantFrom(1, 8, 32, 128),
    groups: fc.constantFrom(1, 1, 2, 3),
    depthwise: fc.boolean(),
    inPerGroup: fc.constantFrom(1, 3, 4, 16, 17, 64, 512),
    outPerGroup: fc.constantFrom(1, 4, 5, 32, 256),
    map: fc.constantFrom(1, 2, 7, 14, 56, 112, 224),
    kernel: fc.constantFrom(1, 3, 5, 7),
    stride: fc.constantFrom(1, 2, 3),
  })
  .map(({ groups, depthwise, inPerGroup, outPerGroup, ...rest }) =>
    depthwise
      ? { ...rest, groups: inPerGroup, inputs: inPerGroup, outputs: inPerGroup }
      : { ...rest, groups, inputs: inPerGroup * groups, outputs: outPerGroup * groups },
  );

describe('convolutions', () => {
  test('any layer keeps to the default limits: 1 dispatch forward, 1 for the input, at most 2 for the weights', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const { forward, backwardInput, backwardWeight } = lowerAll(layer);
        expect(forward.calls).toHaveLength(1);
        expect(backwardInput.calls).toHaveLength(1);
        expect(backwardWeight.calls.length).toBeLessThanOrEqual(2);
        for (const lowering of [forward, backwardInput, backwardWeight]) expectLegal(lowering);
      }),
      { numRuns: 300 },
    );
  });

  test('the order of sums depends on shapes only, not on the adapter', () => {
    fc.assert(
      fc.property(layers, (layer) => {
        const slices = (lowering: Lowering<WebgpuCall>) => lowering.calls.map(({ params }) => params);
        expect(slices(lowerAll(layer, roomier).backwardWeight)).toEqual(slices(lowerAll(layer).backwardWeight));
      }),
    );
  });

  test.each([
    ['a stem', { inputs: 3, outputs: 32, map: 224, kernel: 3, stride: 2, groups: 1 }, 'conv2d_scalar'],
    ['a large layer', { inputs: 64, outputs: 64, map: 56, kernel: 3, stride: 1, groups: 1 }, 'conv2d_tall'],
    ['a small layer', { inputs: 64, outputs: 64, map: 4, kernel: 3, stride: 1, groups: 1 }, 'conv2d'],
    ['a depthwise layer', { inputs: 96, outputs: 96, map: 56, kernel: 3, stride: 1, groups: 96 }, 'conv2d_depthwise'],
    ['odd channels', { inputs: 17, outputs: 5, map: 56, kernel: 3, stride: 1, groups: 1 }, 'conv2d_scalar'],
  ])('%s runs the kernel made for it', (_, layer, name) => {
    expect(lowerAll({ batch: 8, ...layer }).forward.calls[0].shader.name).toBe(name);
  });

  test('a stem of 864 weights spreads its 400,000 pixels over the GPU', () => {
    const stem = { batch: 32, inputs: 3, outputs: 32, map: 224, kernel: 3, stride: 2, groups: 1 };
    const [partials] = lowerAll(stem).backwardWeight.calls;
    expect(partials.workgroups[0]).toBeGreaterThanOrEqual(256);
  });

  test('one phase of the grid for each offset within a stride', () => {
    const { backwardInput } = lowerAll({ batch: 2, inputs: 8, outputs: 8, map: 9, kernel: 3, stride: 3, groups: 1 });
    expect(backwardInput.calls[0].workgroups[2]).toBe(9);
  });
});

test('products of any size keep to the default limits', () => {
  const side = fc.constantFrom(1, 3, 4, 10, 64, 1000, 1280, 4097);
  fc.assert(
    fc.property(side, side, side, fc.boolean(), fc.boolean(), fc.boolean(), (m, k, n, transposeA, transposeB, bias) => {
      const a = value(transposeA ? [k, m] : [m, k]);
      const b = value(transposeB ? [n, k] : [k, n]);
      const node = {
        op: 'matmul',
        attrs: { transposeA, transposeB },
        inputs: bias ? [a, b, value([n])] : [a, b],
        outputs: [value([m, n])],
        scope: '',
      };
      const lowering = lowerMatmul(node, target);
      expect(lowering.calls.length).toBeLessThanOrEqual(2);
      expectLegal(lowering);
    }),
  );
});

describe('slices', () => {
  const options = fc.record({
    workgroups: fc.double({ min: 0.01, max: 5000, noNaN: true }),
    aim: fc.constant(256),
    shortest: fc.constantFrom(32, 128),
    elements: fc.integer({ min: 1, max: 1 << 25 }),
  });

  test('cover the sum once, none empty, none shorter than asked unless the whole is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), options, (depth, asked) => {
        const { slices, length } = sliceDepth(depth, asked);
        expect(slices * length).toBeGreaterThanOrEqual(depth);
        expect((slices - 1) * length).toBeLessThan(depth);
        expect(length).toBeGreaterThanOrEqual(Math.min(depth, asked.shortest));
      }),
    );
  });

  test('their copies stay within 64 MiB', () => {
    const { slices } = sliceDepth(1 << 20, { workgroups: 1, aim: 1e6, shortest: 1, elements: 1 << 20 });
    expect(slices).toBe(16);
  });
});

describe('tiles', () => {
  test('a workgroup has 64 lanes, wide or tall as the output is', () => {
    expect(lanesFor(100, 100)).toEqual({ LANES_N: 8, LANES_M: 8 });
    expect(lanesFor(100, 3)).toEqual({ LANES_N: 4, LANES_M: 16 });
    expect(lanesFor(2, 100)).toEqual({ LANES_N: 32, LANES_M: 2 });
    expect(lanesFor(1, 1)).toEqual({ LANES_N: 64, LANES_M: 1 });
    expect(countTiles(100, 9, 4, lanesFor(25, 9))).toBe(Math.ceil(100 / 32) * 2);
  });

  test('are tall only where they are many and full', () => {
    const lanes = lanesFor(1000, 8);
    expect(tileHeight(8192, 8, 1, lanes)).toBe(8);
    expect(tileHeight(8191, 8, 1, lanes)).toBe(8);
    expect(tileHeight(4096, 8, 1, lanes)).toBe(4);
    expect(tileHeight(4096, 8, 2, lanes)).toBe(8);
    expect(tileHeight(32, 320, 40, lanes)).toBe(4);
  });
});
