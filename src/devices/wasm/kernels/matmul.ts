import type { MatmulAttrs } from '../../../ops/matmul.js';
import { size } from '../../../tensor/shape.js';
import { at } from '../../device.js';
import { call, type WasmCall, type WasmKernel, type WasmLower } from '../kernel.js';
import { gemmCall, NO_BIAS_BYTES, packedBytes, packPanelsKernel } from './gemm.js';
import { Workspace } from './workspace.js';

export const transposeMatrixKernel = {
  name: 'transposeMatrix',
  fields: { x: 'ptr', y: 'ptr', batch: 'i32', rows: 'i32', columns: 'i32' },
} as const satisfies WasmKernel;

/** Packs b into panels (and turns a into rows, if it is transposed), then multiplies. */
export const lowerMatmul: WasmLower<MatmulAttrs> = ({ inputs: [a, b, bias], outputs: [y], attrs }, { threads }) => {
  const workspace = new Workspace();
  const calls: WasmCall[] = [];
  const [k, n] = attrs.transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
  const rows = attrs.transposeA ? a.shape.at(-1)! : a.shape.at(-2)!;
  const bBatch = size(b.shape) / Math.max(1, k * n);
  const aBatch = size(a.shape) / Math.max(1, rows * k);

  let left = at(a);
  if (attrs.transposeA) {
    left = workspace.take(a.bytes);
    calls.push(call(transposeMatrixKernel, { x: at(a), y: left, batch: aBatch, rows: k, columns: rows }));
  }

  const pack = { groups: bBatch, n, tapsH: 1, tapsW: 1, k };
  const right = workspace.take(packedBytes(pack));
  const [nStride, kStride] = attrs.transposeB ? [k, 1] : [1, n];
  calls.push(
    call(packPanelsKernel, {
      x: at(b),
      y: right,
      ...pack,
      groupStride: k * n,
      nStride,
      tapHStride: 0,
      tapWStride: 0,
      kStride,
    }),
  );

  // A shared b sees the batch as more rows.
  const [batch, m] = bBatch === aBatch ? [aBatch, rows] : [1, aBatch * rows];
  const product = { a: left, b: right, y: at(y), bias: bias ? at(bias) : null, zeros: at('constants'), batch, m, n, k };
  calls.push(gemmCall(product, workspace, threads));
  return { calls, workspace: workspace.bytes, constants: new Uint8Array(NO_BIAS_BYTES) };
};
