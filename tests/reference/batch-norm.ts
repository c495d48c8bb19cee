import type {
  BatchNormApplyAttrs,
  BatchNormAttrs,
  BatchNormBackwardAttrs,
  BatchNormInferenceAttrs,
  BatchNormInferenceBackwardAttrs,
  FusedActivation,
} from '../../src/ops/batch-norm.js';
import { type RefArray, type ReferenceRule, split, zeros } from './array.js';

const activate = (kind: FusedActivation, y: number): number => {
  if (kind === 'none') return y;
  return kind === 'relu' ? Math.max(0, y) : Math.min(6, Math.max(0, y));
};

/** Derivative of the fused activation at its argument; 0 at the kinks, as in PyTorch. */
const slope = (kind: FusedActivation, y: number): number =>
  kind === 'none' || (y > 0 && (kind === 'relu' || y < 6)) ? 1 : 0;

/** Calls `visit(flat index)` for every element of channel `c` (axis 1). */
function eachOf(x: RefArray, c: number, visit: (i: number) => void): void {
  const [outer, channels, inner] = split(x.shape, 1);
  for (let n = 0; n < outer; n++) for (let i = 0; i < inner; i++) visit((n * channels + c) * inner + i);
}

/**
 * y = act(γ·(x − μ)·rstd + β) with the batch's mean and biased variance, rstd = 1/√(var + eps). The running variance
 * takes the unbiased one, n/(n−1), as in PyTorch.
 */
export const batchNorm: ReferenceRule<BatchNormAttrs> = ([x, gamma, beta, runningMean, runningVar], attrs) => {
  const { eps, momentum, activation } = attrs;
  const [outer, channels, inner] = split(x.shape, 1);
  const count = outer * inner;
  const y = zeros(x.shape);
  const [mean, rstd, newMean, newVar] = [0, 0, 0, 0].map(() => zeros([channels]));
  for (let c = 0; c < channels; c++) {
    let sum = 0;
    eachOf(x, c, (i) => {
      sum += x.data[i];
    });
    const mu = sum / count;
    let squares = 0;
    eachOf(x, c, (i) => {
      squares += (x.data[i] - mu) ** 2;
    });
    mean.data[c] = mu;
    rstd.data[c] = 1 / Math.sqrt(squares / count + eps);
    newMean.data[c] = (1 - momentum) * runningMean.data[c] + momentum * mu;
    newVar.data[c] = (1 - momentum) * runningVar.data[c] + (momentum * squares) / Math.max(1, count - 1);
    eachOf(x, c, (i) => {
      y.data[i] = activate(activation, gamma.data[c] * (x.data[i] - mu) * rstd.data[c] + beta.data[c]);
    });
  }
  return [y, mean, rstd, newMean, newVar];
};

/**
 * With g = dy·act' and x̂ = (x − μ)·rstd: dβ = Σ g, dγ = Σ g·x̂, dx = γ·rstd·(g − dβ/n − x̂·dγ/n).
 */
export const batchNormBackward: ReferenceRule<BatchNormBackwardAttrs> = (inputs, { activation }) => {
  const [x, dy, gamma, beta, mean, rstd] = inputs;
  const [outer, channels, inner] = split(x.shape, 1);
  const count = outer * inner;
  const dx = zeros(x.shape);
  const dgamma = zeros([channels]);
  const dbeta = zeros([channels]);
  for (let c = 0; c < channels; c++) {
    const normalized = (i: number): number => (x.data[i] - mean.data[c]) * rstd.data[c];
    const grad = (i: number): number => dy.data[i] * slope(activation, gamma.data[c] * normalized(i) + beta.data[c]);
    eachOf(x, c, (i) => {
      dbeta.data[c] += grad(i);
      dgamma.data[c] += grad(i) * normalized(i);
    });
    eachOf(x, c, (i) => {
      const centred = grad(i) - dbeta.data[c] / count - (normalized(i) * dgamma.data[c]) / count;
      dx.data[i] = gamma.data[c] * rstd.data[c] * centred;
    });
  }
  return [dx, dgamma, dbeta];
};

/** y = act(γ·(x − mean)·rstd + β). */
export const batchNormApply: ReferenceRule<BatchNormApplyAttrs> = ([x, gamma, beta, mean, rstd], { activation }) => {
  const y = zeros(x.shape);
  for (let c = 0; c < x.shape[1]; c++) {
    eachOf(x, c, (i) => {
      y.data[i] = activate(activation, gamma.data[c] * (x.data[i] - mean.data[c]) * rstd.data[c] + beta.data[c]);
    });
  }
  return [y];
};

export const batchNormInference: ReferenceRule<BatchNormInferenceAttrs> = (inputs, { eps, activation }) => {
  const [x, gamma, beta, mean, variance] = inputs;
  const y = zeros(x.shape);
  for (let c = 0; c < x.shape[1]; c++) {
    const scale = gamma.data[c] / Math.sqrt(variance.data[c] + eps);
    eachOf(x, c, (i) => {
      y.data[i] = activate(activation, (x.data[i] - mean.data[c]) * scale + beta.data[c]);
    });
  }
  return [y];
};

/** The statistics are constants here: dx = γ·rstd·g. */
export const batchNormInferenceBackward: ReferenceRule<BatchNormInferenceBackwardAttrs> = (inputs, attrs) => {
  const [x, dy, gamma, beta, mean, variance] = inputs;
  const rstd = Array.from(variance.data, (v) => 1 / Math.sqrt(v + attrs.eps));
  const dx = zeros(x.shape);
  const dgamma = zeros([x.shape[1]]);
  const dbeta = zeros([x.shape[1]]);
  for (let c = 0; c < x.shape[1]; c++) {
    eachOf(x, c, (i) => {
      const normalized = (x.data[i] - mean.data[c]) * rstd[c];
      const grad = dy.data[i] * slope(attrs.activation, gamma.data[c] * normalized + beta.data[c]);
      dx.data[i] = gamma.data[c] * rstd[c] * grad;
      dgamma.data[c] += grad * normalized;
      dbeta.data[c] += grad;
    });
  }
  return [dx, dgamma, dbeta];
};
