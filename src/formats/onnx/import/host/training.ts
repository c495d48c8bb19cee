import { count, type HostArray, hostArray } from '../array.js';
import type { HostOp, NodeImport } from '../importer.js';
import { alongAxes, combine, reader } from './support.js';

/** Logarithms of probabilities [N,C,...]. */
function logProbabilities(scores: HostArray): HostArray {
  const most = alongAxes(scores, [1], true, (values) => Math.max(...values), 'double');
  const shifted = combine('double', [scores, most], (x, m) => x - m);
  const total = alongAxes(
    shifted,
    [1],
    true,
    (values) => Math.log(values.reduce((sum, x) => sum + Math.exp(x), 0)),
    'double',
  );
  return combine(scores.type, [shifted, total], (x, t) => x - t);
}

/** Negative log-likelihood of targets [N,...], weighted, without the ignored class. */
function likelihood(logs: HostArray, target: HostArray, weight: HostArray | undefined, job: NodeImport): HostArray {
  const ignore = job.hasAttribute('ignore_index') ? job.int('ignore_index') : undefined;
  const at = reader(logs);
  const inner = count(target.dims.slice(1));
  const losses = new Float64Array(target.data.length);
  let divisor = 0;
  target.data.forEach((label: number, i: number) => {
    if (label === ignore) return;
    const place: number[] = [];
    let rest = i % inner;
    for (let axis = target.dims.length - 1; axis >= 1; axis--) {
      place.unshift(rest % target.dims[axis]);
      rest = Math.floor(rest / target.dims[axis]);
    }
    const w = weight ? weight.data[label] : 1;
    divisor += w;
    losses[i] = -w * at([Math.floor(i / inner), label, ...place]);
  });
  const reduction = job.text('reduction', 'mean');
  if (reduction === 'none') return hostArray(logs.type, target.dims, losses);
  const total = losses.reduce((sum, loss) => sum + loss, 0);
  return hostArray(logs.type, [], [reduction === 'sum' ? total : total / divisor]);
}

const crossEntropy: HostOp = ([scores, target, weight], job) => {
  const logs = logProbabilities(scores!);
  const loss = likelihood(logs, target!, weight, job);
  return job.node.outputs.length > 1 ? [loss, logs] : [loss];
};

/** Inputs of a multi-tensor update: rate, count of updates, then lists of equal length. */
function lists(inputs: readonly (HostArray | undefined)[], kinds: number) {
  const each = (inputs.length - 2) / kinds;
  const tensors = inputs.slice(2).map((tensor) => tensor!);
  const list = (k: number) => tensors.slice(k * each, (k + 1) * each);
  return { rate: inputs[0]!.data[0], step: inputs[1]!.data[0], list };
}

const zip = (like: HostArray, values: (i: number) => number): HostArray =>
  hostArray(
    like.type,
    like.dims,
    Float64Array.from(like.data, (_, i) => values(i)),
  );

const adam: HostOp = (inputs, job) => {
  const { rate, step, list } = lists(inputs, 4);
  const [alpha, beta, eps] = [job.float('alpha', 0.9), job.float('beta', 0.999), job.float('epsilon', 1e-6)];
  const [decay, after] = [job.float('norm_coefficient', 0), job.float('norm_coefficient_post', 0)];
  const corrected = step > 0 ? (rate * Math.sqrt(1 - beta ** step)) / (1 - alpha ** step) : rate;
  const [xs, gs, vs, hs] = [list(0), list(1), list(2), list(3)];
  const gradient = xs.map((x, k) => zip(x, (i) => decay * x.data[i] + gs[k].data[i]));
  const v = vs.map((old, k) => zip(old, (i) => alpha * old.data[i] + (1 - alpha) * gradient[k].data[i]));
  const h = hs.map((old, k) => zip(old, (i) => beta * old.data[i] + (1 - beta) * gradient[k].data[i] ** 2));
  const x = xs.map((old, k) =>
    zip(old, (i) => (1 - after) * (old.data[i] - (corrected * v[k].data[i]) / (Math.sqrt(h[k].data[i]) + eps))),
  );
  return [...x, ...v, ...h];
};

const adagrad: HostOp = (inputs, job) => {
  const { rate, step, list } = lists(inputs, 3);
  const [eps, decay] = [job.float('epsilon', 1e-6), job.float('norm_coefficient', 0)];
  const reduced = rate / (1 + step * job.float('decay_factor', 0));
  const [xs, gs, hs] = [list(0), list(1), list(2)];
  const gradient = xs.map((x, k) => zip(x, (i) => decay * x.data[i] + gs[k].data[i]));
  const h = hs.map((old, k) => zip(old, (i) => old.data[i] + gradient[k].data[i] ** 2));
  const x = xs.map((old, k) =>
    zip(old, (i) => old.data[i] - (reduced * gradient[k].data[i]) / (Math.sqrt(h[k].data[i]) + eps)),
  );
  return [...x, ...h];
};

const momentum: HostOp = (inputs, job) => {
  const { rate, step, list } = lists(inputs, 3);
  const [alpha, beta, decay] = [job.float('alpha'), job.float('beta'), job.float('norm_coefficient')];
  const share = step > 0 ? beta : 1;
  const nesterov = job.text('mode') === 'nesterov';
  const [xs, gs, vs] = [list(0), list(1), list(2)];
  const gradient = xs.map((x, k) => zip(x, (i) => decay * x.data[i] + gs[k].data[i]));
  const v = vs.map((old, k) => zip(old, (i) => alpha * old.data[i] + share * gradient[k].data[i]));
  const x = xs.map((old, k) =>
    zip(old, (i) => old.data[i] - rate * (nesterov ? gradient[k].data[i] + alpha * v[k].data[i] : v[k].data[i])),
  );
  return [...x, ...v];
};

/** In evaluation, or with a ratio of 0, nothing is dropped. Random masks are not the standard's business. */
const dropout: HostOp = ([x, ratio, training], job) => {
  const p = ratio?.data[0] ?? (job.hasAttribute('ratio') ? job.float('ratio') : 0.5);
  if (training?.data[0] && p > 0) job.fail('drops elements at random, which only training does');
  return [x!, hostArray('bool', x!.dims, new Float64Array(x!.data.length).fill(1))];
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** With the mean and the reciprocal deviation as further results. */
const layerNorm: HostOp = ([x, scale, shift], job) => {
  const rank = x!.dims.length;
  const axis = (job.int('axis', -1) + rank) % rank;
  const axes = [...x!.dims.keys()].slice(axis);
  const eps = job.float('epsilon', 1e-5);
  const centre = alongAxes(x!, axes, true, mean, 'float');
  const deviation = alongAxes(
    x!,
    axes,
    true,
    (values) => {
      const m = mean(values);
      return 1 / Math.sqrt(mean(values.map((value) => (value - m) ** 2)) + eps);
    },
    'float',
  );
  const normal = combine('double', [x!, centre, deviation], (value, m, r) => (value - m) * r);
  const scaled = combine('double', [normal, scale!], (a, b) => a * b);
  const y = combine(x!.type, shift ? [scaled, shift] : [scaled], (a, b = 0) => a + b);
  return [y, centre, deviation].slice(0, job.node.outputs.length);
};

const meanVariance: HostOp = ([x], job) => {
  const axes = [...job.ints('axes', [0, 2, 3])];
  const centre = alongAxes(x!, axes, true, mean, 'double');
  const squares = alongAxes(
    combine('double', [x!, x!], (a, b) => a * b),
    axes,
    true,
    mean,
    'double',
  );
  return [combine(x!.type, [x!, centre, squares], (value, m, s) => (value - m) / (Math.sqrt(s - m * m) + 1e-9))];
};

export const trainingHostOps: Readonly<Record<string, HostOp>> = {
  Adagrad: adagrad,
  Adam: adam,
  Dropout: dropout,
  LayerNormalization: layerNorm,
  MeanVarianceNormalization: meanVariance,
  Momentum: momentum,
  NegativeLogLikelihoodLoss: ([logs, target, weight], job) => [likelihood(logs!, target!, weight, job)],
  SoftmaxCrossEntropyLoss: crossEntropy,
};
