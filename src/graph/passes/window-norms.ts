import {
  type BatchNormAttrs,
  type BatchNormBackwardAttrs,
  type BatchNormInferenceBackwardAttrs,
  batchNormInference,
  batchNormInferenceBackwardOp,
} from '../../ops/batch-norm.js';
import { add, div, mul, sub } from '../../ops/binary.js';
import { concat } from '../../ops/concat.js';
import { apply } from '../../ops/op.js';
import { mean as meanOver, sum } from '../../ops/reduce.js';
import { reshape } from '../../ops/reshape.js';
import { sqrt, square } from '../../ops/unary.js';
import { size } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { rowsOf, type WindowedNode } from './windows.js';

const total = (parts: readonly Tensor[]): Tensor => parts.reduce((sum, part) => add(sum, part));

/** All axes but the channel. */
const spread = (x: Tensor): number[] => x.shape.map((_, i) => i).filter((i) => i !== 1);

/** A [C] vector that broadcasts against x. */
const perChannel = (v: Tensor, x: Tensor): Tensor => reshape(v, [1, v.shape[0], ...x.shape.slice(2).map(() => 1)]);

/** Values per channel. */
const samples = (x: Tensor): number => size(x.shape) / x.shape[1];

/**
 * Batch norm over windows: each window's mean and centred sum of squares, merged by Chan's formula, so the statistics
 * are those of the whole batch.
 */
export function splitNorm({ node, inputs, windows }: WindowedNode): readonly Tensor[] {
  const [x, gamma, beta, runningMean, runningVar] = inputs;
  const { eps, momentum, activation } = node.attrs as BatchNormAttrs;
  const n = samples(x);
  const parts = windows.map(([start, rows]) => {
    const part = rowsOf(x, start, rows);
    const mean = meanOver(part, { axes: spread(part) });
    const m2 = sum(square(sub(part, perChannel(mean, part))), { axes: spread(part) });
    return { part, mean, m2, weight: samples(part) / n };
  });
  const mean = total(parts.map((p) => mul(p.mean, p.weight)));
  const between = total(parts.map((p) => mul(square(sub(p.mean, mean)), p.weight)));
  const variance = add(mul(total(parts.map((p) => p.m2)), 1 / n), between);
  const rstd = div(1, sqrt(add(variance, eps)));
  const move = (running: Tensor, value: Tensor): Tensor => add(mul(running, 1 - momentum), mul(value, momentum));
  const y = parts.map(({ part }) => batchNormInference(part, gamma, beta, mean, variance, { eps, activation }));
  return [concat(y, 0), mean, rstd, move(runningMean, mean), move(runningVar, mul(variance, n / (n - 1)))];
}

/** dx = frozen dx − γ·rstd/n · (Σdy + x̂·Σdy·x̂), with the two sums taken over all windows. */
export function splitNormBackward({ node, inputs, windows }: WindowedNode): readonly Tensor[] {
  const [x, dy, gamma, beta, mean, rstd] = inputs;
  const { activation } = node.attrs as BatchNormBackwardAttrs;
  const variance = div(1, square(rstd));
  const parts = windows.map(([start, rows]) => {
    const part = rowsOf(x, start, rows);
    const operands = [part, rowsOf(dy, start, rows), gamma, beta, mean, variance];
    const [dx, dgamma, dbeta] = apply(batchNormInferenceBackwardOp, operands, { eps: 0, activation });
    return { part, dx, dgamma, dbeta };
  });
  const dgamma = total(parts.map((p) => p.dgamma));
  const dbeta = total(parts.map((p) => p.dbeta));
  const factor = mul(mul(gamma, rstd), -1 / samples(x));
  const dx = parts.map((p) => {
    const pull = batchNormInference(p.part, mul(dgamma, factor), mul(dbeta, factor), mean, variance, { eps: 0 });
    return add(p.dx, pull);
  });
  return [concat(dx, 0), dgamma, dbeta];
}

export function splitNormInferenceBackward({ node, inputs, windows }: WindowedNode): readonly Tensor[] {
  const [x, dy, ...vectors] = inputs;
  const attrs = node.attrs as BatchNormInferenceBackwardAttrs;
  const parts = windows.map(([start, rows]) =>
    apply(batchNormInferenceBackwardOp, [rowsOf(x, start, rows), rowsOf(dy, start, rows), ...vectors], attrs),
  );
  const column = (i: number): Tensor[] => parts.map((outputs) => outputs[i]);
  return [concat(column(0), 0), total(column(1)), total(column(2))];
}
