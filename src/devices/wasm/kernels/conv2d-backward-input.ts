import type { Conv2dBackwardInputAttrs } from '../../../ops/conv2d.js';
import { at } from '../../device.js';
import { call, type WasmCall, type WasmLower, withRole } from '../kernel.js';
import { imagesOf } from '../sections.js';
import { windowProductCall, zerosFor } from './conv2d.js';
import { bandOf, depthwiseCall } from './depthwise-conv2d.js';
import { isDepthwiseHalving, lowerDepthwiseHalvingBackwardInput } from './depthwise-conv3x3-backward-input.js';
import { gemmCall, packedBytes, packPanelsKernel } from './gemm.js';
import { thenAdd } from './then-add.js';
import { type Geometry, isDepthwise, isPointwise } from './window.js';
import { shifted, Workspace } from './workspace.js';

/** The taps that reach the input positions of one phase, along one axis. */
interface Phase {
  /** First input position; the others follow `stride` apart. */
  readonly start: number;
  readonly positions: number;
  /** Filter taps first, first + every, ...: `count` of them. */
  readonly first: number;
  readonly every: number;
  readonly count: number;
  /** Position j sees dy at j + offset, j + offset + step, ... */
  readonly offset: number;
  readonly step: number;
}

/**
 * Splits an axis of dx by phase. Input position i = phase + stride * j receives dy[o] through tap k where
 * i = o * stride - padding + k * dilation, so only the taps with (phase + padding - k * dilation) divisible by the
 * stride count, and those see o = j + (phase + padding - k * dilation) / stride: a convolution of stride 1, no tap wasted.
 */
export function inputPhases(length: number, taps: number, stride: number, padding: number, dilation: number): Phase[] {
  return Array.from({ length: Math.min(stride, length) }, (_, start) => {
    const reach = Array.from({ length: taps }, (_, k) => k).filter(
      (k) => (start + padding - k * dilation) % stride === 0,
    );
    // From the last tap to the first, so that dy is read forwards.
    const [first = 0, second = first] = reach.reverse();
    const every = second - first;
    return {
      start,
      positions: Math.ceil((length - start) / stride),
      first,
      every,
      count: reach.length,
      offset: reach.length > 0 ? (start + padding - first * dilation) / stride : 0,
      step: (-every * dilation) / stride,
    };
  });
}

/** What reaches x another way is added afterwards, in place. */
export const lowerConv2dBackwardInput: WasmLower<Conv2dBackwardInputAttrs> = (node, target) => {
  const [dx] = node.outputs;
  const summand = node.inputs[2];
  const product = lowerProduct(node, target);
  if (!summand) return product;
  return thenAdd(product, summand, dx, node.scope, target);
};

/** One window product over dy for every pair of phases, with the weights turned around: [tap][o] -> [tap][i]. */
const lowerProduct: WasmLower<Conv2dBackwardInputAttrs> = (node, target) => {
  const {
    inputs: [dy, w],
    outputs: [dx],
    attrs,
  } = node;
  if (isDepthwiseHalving(w.shape, attrs)) return lowerDepthwiseHalvingBackwardInput(node, target);
  const { threads } = target;
  const [outChannels, n, tapsH, tapsW] = w.shape;
  const { groups, stride, padding, dilation } = attrs;
  const k = outChannels / groups;
  const taps = tapsH * tapsW;
  const [batch, inChannels, height, width] = dx.shape;
  const workspace = new Workspace();
  const depthwise = isDepthwise(w.shape, attrs);
  const constants = zerosFor(outChannels * 4);
  const calls: WasmCall[] = [];

  for (const rows of inputPhases(height, tapsH, stride[0], padding[0], dilation[0])) {
    for (const columns of inputPhases(width, tapsW, stride[1], padding[2], dilation[1])) {
      const tapGrid =
        rows.count * columns.count > 0 ? { tapsH: rows.count, tapsW: columns.count } : { tapsH: 0, tapsW: 0 };
      const pack = depthwise ? { groups: 1, n: inChannels, ...tapGrid, k: 1 } : { groups, n, ...tapGrid, k };
      const packed = workspace.take(packedBytes(pack));
      if (tapGrid.tapsH > 0) {
        const packCall = call(packPanelsKernel, {
          x: shifted(at(w), (rows.first * tapsW + columns.first) * n),
          y: packed,
          ...pack,
          groupStride: k * taps * n,
          nStride: depthwise ? taps : 1,
          tapHStride: rows.every * tapsW * n,
          tapWStride: columns.every * n,
          kStride: taps * n,
        });
        calls.push(withRole(packCall, 'before'));
      }
      if (isPointwise(w.shape, attrs)) {
        const matrices = { a: at(dy), b: packed, y: at(dx), bias: null, zeros: at('constants') };
        const product = gemmCall({ ...matrices, batch: 1, m: batch * height * width, n, k }, workspace, threads);
        calls.push(withRole(product, imagesOf([dy, dx], (height * width) / 4, threads)));
        continue;
      }
      const geometry: Geometry = {
        batch,
        inH: dy.shape[2],
        inW: dy.shape[3],
        xPixel: outChannels * 4,
        outH: rows.positions,
        outW: columns.positions,
        yBatch: height * width * inChannels * 4,
        yRow: stride[0] * width * inChannels * 4,
        yPixel: stride[1] * inChannels * 4,
        strideH: 1,
        strideW: 1,
        offsetH: rows.offset,
        offsetW: columns.offset,
        ...tapGrid,
        stepH: rows.step,
        stepW: columns.step,
      };
      const y = shifted(at(dx), (rows.start * width + columns.start) * inChannels);
      const product = { x: at(dy), y, w: packed, bias: null, geometry, groups, n, k };
      const positions = rows.positions * columns.positions;
      const units = depthwise && bandOf(geometry) ? rows.positions : positions / 4;
      const made = (depthwise ? depthwiseCall : windowProductCall)(product, workspace, threads);
      calls.push(withRole(made, imagesOf([dy, dx], units, threads)));
    }
  }
  return { calls, workspace: workspace.bytes, constants };
};
