import { type ReferenceRule, split, zeros } from './array.js';

type AxisAttrs = { readonly axis: number };

/** log Σ_k exp(x[start + k·step]), shifted by the maximum. */
export function logSumExp(x: Float64Array, start: number, length: number, step: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < length; k++) max = Math.max(max, x[start + k * step]);
  let sum = 0;
  for (let k = 0; k < length; k++) sum += Math.exp(x[start + k * step] - max);
  return max + Math.log(sum);
}

/** Calls `visit(start, length, step)` for every line along `axis`. */
function eachLine(
  shape: readonly number[],
  axis: number,
  visit: (start: number, length: number, step: number) => void,
) {
  const [outer, length, inner] = split(shape, axis);
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) visit(o * length * inner + i, length, inner);
}

export const logSoftmax: ReferenceRule<AxisAttrs> = ([x], { axis }) => {
  const y = zeros(x.shape);
  eachLine(x.shape, axis, (start, length, step) => {
    const lse = logSumExp(x.data, start, length, step);
    for (let k = 0; k < length; k++) y.data[start + k * step] = x.data[start + k * step] - lse;
  });
  return [y];
};

/** exp(x − max) / Σ exp(x − max) */
export const softmax: ReferenceRule<AxisAttrs> = ([x], { axis }) => {
  const y = zeros(x.shape);
  eachLine(x.shape, axis, (start, length, step) => {
    let max = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < length; k++) max = Math.max(max, x.data[start + k * step]);
    let sum = 0;
    for (let k = 0; k < length; k++) sum += Math.exp(x.data[start + k * step] - max);
    for (let k = 0; k < length; k++) y.data[start + k * step] = Math.exp(x.data[start + k * step] - max) / sum;
  });
  return [y];
};

/** dx = y·(dy − Σ y·dy) */
export const softmaxBackward: ReferenceRule<AxisAttrs> = ([y, dy], { axis }) => {
  const dx = zeros(y.shape);
  eachLine(y.shape, axis, (start, length, step) => {
    let dot = 0;
    for (let k = 0; k < length; k++) dot += y.data[start + k * step] * dy.data[start + k * step];
    for (let k = 0; k < length; k++) {
      const i = start + k * step;
      dx.data[i] = y.data[i] * (dy.data[i] - dot);
    }
  });
  return [dx];
};

/** dx = dy − exp(y)·Σ dy */
export const logSoftmaxBackward: ReferenceRule<AxisAttrs> = ([y, dy], { axis }) => {
  const dx = zeros(y.shape);
  eachLine(y.shape, axis, (start, length, step) => {
    let sum = 0;
    for (let k = 0; k < length; k++) sum += dy.data[start + k * step];
    for (let k = 0; k < length; k++) {
      const i = start + k * step;
      dx.data[i] = dy.data[i] - Math.exp(y.data[i]) * sum;
    }
  });
  return [dx];
};
