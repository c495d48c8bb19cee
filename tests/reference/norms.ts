import type { GroupNormAttrs, GroupNormBackwardAttrs } from '../../src/ops/group-norm.js';
import type { LayerNormAttrs, LayerNormBackwardAttrs } from '../../src/ops/layer-norm.js';
import { type RefArray, type ReferenceRule, split, zeros } from './array.js';

/** Elements that are normalised together: their flat positions, and the channel of each. */
interface Family {
  readonly elements: readonly number[];
  readonly channels: readonly number[];
}

/** Channels are axis 1 of [N,C,H,W] and the last axis of everything else; a family is one position of the rest. */
function lines({ shape }: RefArray): Family[] {
  const [outer, count, inner] = split(shape, shape.length === 4 ? 1 : shape.length - 1);
  const channels = Array.from({ length: count }, (_, c) => c);
  return Array.from({ length: outer * inner }, (_, line) => {
    const start = Math.floor(line / inner) * count * inner + (line % inner);
    return { elements: channels.map((c) => start + c * inner), channels };
  });
}

/** A family is the pixels and channels of one group of one sample. */
function groupsOf({ shape: [samples, channels, height, width] }: RefArray, groups: number): Family[] {
  const count = (channels / groups) * height * width;
  return Array.from({ length: samples * groups }, (_, family) => ({
    elements: Array.from({ length: count }, (_, i) => family * count + i),
    channels: Array.from({ length: count }, (_, i) => Math.floor(((family % groups) * count + i) / (height * width))),
  }));
}

/** y = γ·(x − μ)·rstd + β by family, rstd = 1/√(σ² + eps) or 1/(σ + eps). */
function normalise(
  [x, gamma, beta]: readonly RefArray[],
  families: readonly Family[],
  statistics: readonly number[],
  rstdOf: (variance: number) => number,
): RefArray[] {
  const [y, mean, rstd] = [zeros(x.shape), zeros(statistics), zeros(statistics)];
  families.forEach(({ elements, channels }, family) => {
    const average = elements.reduce((sum, i) => sum + x.data[i], 0) / elements.length;
    const variance = elements.reduce((sum, i) => sum + (x.data[i] - average) ** 2, 0) / elements.length;
    mean.data[family] = average;
    rstd.data[family] = rstdOf(variance);
    elements.forEach((i, k) => {
      y.data[i] = gamma.data[channels[k]] * (x.data[i] - average) * rstd.data[family] + beta.data[channels[k]];
    });
  });
  return [y, mean, rstd];
}

/**
 * dx = rstd·(g − mean(g) − x̂·mean(g·x̂)·f) with g = γ·dy. f = dσ/dx as a share of x̂/n: 1 when eps is part of the
 * variance, 1/(σ·rstd) when it is added to σ.
 */
function differentiate(
  [x, dy, gamma, mean, rstd]: readonly RefArray[],
  families: readonly Family[],
  factor: (rstd: number) => number,
): RefArray[] {
  const [dx, dgamma, dbeta] = [zeros(x.shape), zeros(gamma.shape), zeros(gamma.shape)];
  families.forEach(({ elements, channels }, family) => {
    const scale = rstd.data[family];
    const normal = elements.map((i) => (x.data[i] - mean.data[family]) * scale);
    const g = elements.map((i, k) => gamma.data[channels[k]] * dy.data[i]);
    const sum = g.reduce((total, value) => total + value, 0) / g.length;
    const product = (g.reduce((total, value, k) => total + value * normal[k], 0) / g.length) * factor(scale);
    elements.forEach((i, k) => {
      dx.data[i] = scale * (g[k] - sum - normal[k] * product);
      dgamma.data[channels[k]] += dy.data[i] * normal[k];
      dbeta.data[channels[k]] += dy.data[i];
    });
  });
  return [dx, dgamma, dbeta];
}

export const layerNorm: ReferenceRule<LayerNormAttrs> = (inputs, { eps, epsilonOf }) => {
  const { shape } = inputs[0];
  const rest = shape.filter((_, axis) => axis !== (shape.length === 4 ? 1 : shape.length - 1));
  return normalise(inputs, lines(inputs[0]), rest, (variance) =>
    epsilonOf === 'variance' ? 1 / Math.sqrt(variance + eps) : 1 / (Math.sqrt(variance) + eps),
  );
};

export const layerNormBackward: ReferenceRule<LayerNormBackwardAttrs> = (inputs, { eps, epsilonOf }) =>
  differentiate(inputs, lines(inputs[0]), (rstd) => {
    const share = 1 - eps * rstd;
    if (epsilonOf === 'variance') return 1;
    return share > 0 ? 1 / share : 0;
  });

export const groupNorm: ReferenceRule<GroupNormAttrs> = (inputs, { groups, eps }) =>
  normalise(
    inputs,
    groupsOf(inputs[0], groups),
    [inputs[0].shape[0], groups],
    (variance) => 1 / Math.sqrt(variance + eps),
  );

export const groupNormBackward: ReferenceRule<GroupNormBackwardAttrs> = (inputs, { groups }) =>
  differentiate(inputs, groupsOf(inputs[0], groups), () => 1);
