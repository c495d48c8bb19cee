import { expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.js';
import { foldGradientSums } from '../../src/graph/passes/fold-sums.js';
import { conv2dBackwardInputOp } from '../../src/ops/conv2d.js';
import * as ops from '../../src/ops/index.js';
import { apply } from '../../src/ops/op.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { size } from '../../src/tensor/shape.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { devices } from '../support/devices.js';
import { Random } from '../support/random.js';

const names = (root: Tensor): string[] => reachableNodes([root]).map(({ op }) => op);

function residual(x: Tensor): Tensor {
  return ops.add(x, ops.conv2d(x, input('w', [4, 4, 3, 3]), { padding: 1 }));
}

test('gradients that meet where a block begins are added by the convolution', () => {
  const x = input('x', [2, 4, 5, 5]);
  const [dx] = gradients(ops.sum(ops.square(residual(x))), [x]);
  expect(dx.node.op).toBe('binary');
  const folded = foldGradientSums([dx]).get(dx)!;
  expect(folded.node.op).toBe('conv2dBackwardInput');
  expect(folded.node.inputs[2]).toBe(dx.node.inputs[0]);
});

test('a gradient that is read elsewhere, is a result, or has another shape keeps its sum', () => {
  const x = input('x', [2, 4, 5, 5]);
  const w = input('w', [4, 4, 1, 1]);
  const attrs = { stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1], groups: 1, inputShape: x.shape } as const;
  const gradient = () => apply(conv2dBackwardInputOp, [x, w], attrs)[0];
  const shared = gradient();
  const kept = [ops.mul(ops.add(x, shared), shared), ops.add(input('row', [4, 5, 5]), gradient())];
  const result = gradient();
  for (const roots of [[kept[0]], [kept[1]], [result, ops.add(x, result)]]) {
    const rewritten = foldGradientSums(roots);
    expect(roots.flatMap((root) => names(rewritten.get(root)!))).toEqual(roots.flatMap(names));
  }
});

const layers = [
  { channels: 8, filters: 8, kernel: 3, stride: 1, groups: 1, map: 7 },
  { channels: 8, filters: 12, kernel: 3, stride: 2, groups: 1, map: 9 },
  { channels: 3, filters: 5, kernel: 3, stride: 2, groups: 1, map: 6 },
  { channels: 16, filters: 8, kernel: 1, stride: 1, groups: 1, map: 6 },
  { channels: 8, filters: 8, kernel: 3, stride: 1, groups: 8, map: 6 },
  { channels: 8, filters: 8, kernel: 3, stride: 2, groups: 8, map: 7 },
  { channels: 8, filters: 8, kernel: 3, stride: 1, groups: 2, map: 5 },
  { channels: 32, filters: 4, kernel: 1, stride: 1, groups: 1, map: 64 },
];

test.each(layers)('%o: the sum has the bits of two operators', async (layer) => {
  const { channels, filters, kernel, stride, groups, map } = layer;
  const pad = Math.floor(kernel / 2);
  const out = Math.floor((map + 2 * pad - kernel) / stride) + 1;
  const shapes = {
    dy: [2, filters, out, out],
    w: [filters, channels / groups, kernel, kernel],
    other: [2, channels, map, map],
  };
  const [dy, w, other] = Object.entries(shapes).map(([name, shape]) => input(name, shape));
  const attrs = {
    stride: [stride, stride],
    padding: [pad, pad, pad, pad],
    dilation: [1, 1],
    groups,
    inputShape: shapes.other,
  } as const;
  const [one, two] = [0, 1].map(() => apply(conv2dBackwardInputOp, [dy, w], attrs)[0]);
  const random = new Random(JSON.stringify(layer));
  const feeds = new Map(
    [dy, w, other].map((tensor) => [tensor, Float32Array.from({ length: size(tensor.shape) }, () => random.uniform())]),
  );
  for (const { name, engine, evaluate } of await devices()) {
    const outputs = [ops.add(other, one), two, ops.add(other, two)];
    const [folded, , apart] = await evaluate(outputs, feeds);
    expect(folded, `${name} on ${engine.device.description}`).toEqual(apart);
  }
});
