import source from '../../../../shaders/cross_entropy/cross_entropy.wgsl';
import backwardSource from '../../../../shaders/cross_entropy/cross_entropy_backward.wgsl';
import divisorSource from '../../../../shaders/cross_entropy/cross_entropy_divisor.wgsl';
import lossSource from '../../../../shaders/cross_entropy/cross_entropy_loss.wgsl';
import type { CrossEntropyAttrs, CrossEntropyBackwardAttrs } from '../../../ops/cross-entropy.js';
import { DeviceError } from '../../../utils/errors.js';
import { at, type Value } from '../../device.js';
import { dispatch, type Shader, type WebgpuLower } from '../kernel.js';
import { elements, WORKGROUP } from './lanes.js';

export const crossEntropyShader = {
  name: 'cross_entropy',
  source,
  bindings: ['logits', 'labels', 'weight', 'lse', 'partials'],
  params: {
    places: 'u32',
    classes: 'u32',
    inner: 'u32',
    places_each: 'u32',
    ignore_index: 'i32',
    smoothing: 'f32',
  },
  overrides: ['X', 'SOFT', 'WEIGHTED', 'FINAL'],
} as const satisfies Shader;

export const crossEntropyLossShader = {
  name: 'cross_entropy_loss',
  source: lossSource,
  bindings: ['partials', 'loss'],
  params: { count: 'u32' },
  overrides: ['MEAN'],
} as const satisfies Shader;

export const crossEntropyDivisorShader = {
  name: 'cross_entropy_divisor',
  source: divisorSource,
  bindings: ['labels', 'weight', 'partials'],
  params: { places: 'u32', places_each: 'u32', ignore_index: 'i32' },
  overrides: ['WEIGHTED'],
} as const satisfies Shader;

export const crossEntropyBackwardShader = {
  name: 'cross_entropy_backward',
  source: backwardSource,
  bindings: ['logits', 'labels', 'weight', 'lse', 'dloss', 'partials', 'dlogits'],
  params: {
    places: 'u32',
    classes: 'u32',
    inner: 'u32',
    places_each: 'u32',
    ignore_index: 'i32',
    smoothing: 'f32',
    parts: 'u32',
    divisor: 'f32',
  },
  overrides: ['X', 'SOFT', 'WEIGHTED', 'COUNTED'],
} as const satisfies Shader;

/** Bound where there is no weight: the kernel does not read it. */
const NO_WEIGHT = new Uint8Array(4);

/** Up to so many labels each workgroup of the gradient adds the divisor up itself: a launch costs more. */
const COUNTED_PLACES = 4096;

/** Cuts `places` among at most `most` workgroups, each a whole number of `step`s. */
function share(places: number, step: number, most: number): { each: number; count: number } {
  const each = Math.ceil(places / (most * step)) * step;
  return { each, count: Math.ceil(places / each) };
}

/** How both directions walk the logits, [N,C] or [N,C,L] row-major or [N,C,H,W] channels-last. */
function walk(logits: Value, target: Value, attrs: CrossEntropyAttrs, most: number) {
  const { shape } = logits;
  if (shape.length > 4) {
    throw new DeviceError(`crossEntropy of rank ${shape.length} [${shape}] is not supported`, 'reshape it to [N,C,L]');
  }
  const classes = shape[1];
  const places = elements(logits) / classes;
  const X = Math.min(WORKGROUP, 2 ** Math.ceil(Math.log2(Math.max(1, classes / 4))));
  const { each, count } = share(places, WORKGROUP / X, most);
  const params = {
    places,
    classes,
    inner: shape.length === 3 ? shape[2] : 1,
    places_each: each,
    ignore_index: attrs.ignoreIndex,
    smoothing: attrs.labelSmoothing,
  };
  return { params, count, X, soft: target.dtype === 'f32' };
}

export const lowerCrossEntropy: WebgpuLower<CrossEntropyAttrs> = ({ attrs, inputs, outputs: [loss, lse] }) => {
  const [logits, target, weight] = inputs;
  const { params, count, X, soft } = walk(logits, target, attrs, 1024);
  const MEAN = attrs.reduction === 'mean' ? 1 : 0;
  const alone = count === 1;
  const first = dispatch(crossEntropyShader, {
    buffers: {
      logits: at(logits),
      labels: at(target),
      weight: at(weight ?? 'constants'),
      lse: at(lse),
      partials: at(alone ? loss : 'workspace'),
    },
    params,
    overrides: { X, SOFT: soft ? 1 : 0, WEIGHTED: weight ? 1 : 0, FINAL: alone ? 1 + MEAN : 0 },
    workgroups: [count, 1, 1],
  });
  const constants = weight ? undefined : NO_WEIGHT;
  if (alone) return { calls: [first], constants };
  const second = dispatch(crossEntropyLossShader, {
    buffers: { partials: at('workspace'), loss: at(loss) },
    params: { count },
    overrides: { MEAN },
    workgroups: [1, 1, 1],
  });
  return { calls: [first, second], workspace: 8 * count, constants };
};

export const lowerCrossEntropyBackward: WebgpuLower<CrossEntropyBackwardAttrs> = (node, target_) => {
  const { attrs, inputs, outputs } = node;
  const [logits, target] = inputs;
  const [lse, dloss] = inputs.slice(-2);
  const weight = attrs.weighted ? inputs[2] : undefined;
  const WEIGHTED = weight ? 1 : 0;
  const { params, count, X, soft } = walk(logits, target, attrs, target_.limits.maxComputeWorkgroupsPerDimension);

  const mean = attrs.reduction === 'mean';
  const counted = mean && !soft; // the divisor depends on the labels
  const alone = counted && params.places <= COUNTED_PLACES;
  const parts = share(params.places, WORKGROUP, 256);
  const divisor = dispatch(crossEntropyDivisorShader, {
    buffers: { labels: at(target), weight: at(weight ?? 'constants'), partials: at('workspace') },
    params: { places: params.places, places_each: parts.each, ignore_index: attrs.ignoreIndex },
    overrides: { WEIGHTED },
    workgroups: [parts.count, 1, 1],
  });
  const gradient = dispatch(crossEntropyBackwardShader, {
    buffers: {
      logits: at(logits),
      labels: at(target),
      weight: at(weight ?? 'constants'),
      lse: at(lse),
      dloss: at(dloss),
      partials: at('workspace'),
      dlogits: at(outputs[0]),
    },
    params: { ...params, parts: counted ? parts.count : 0, divisor: mean ? params.places : 1 },
    overrides: { X, SOFT: soft ? 1 : 0, WEIGHTED, COUNTED: alone ? 1 : 0 },
    workgroups: [count, 1, 1],
  });
  return {
    calls: counted && !alone ? [divisor, gradient] : [gradient],
    workspace: 4 * parts.count,
    constants: weight ? undefined : NO_WEIGHT,
  };
};
