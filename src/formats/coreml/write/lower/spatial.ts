import { FormatError } from '../../../../utils/errors.js';
import type { InferenceNode } from '../../../inference/graph.js';
import { bool, int, ints, type MilBuilder, text } from '../builder.js';

export function lowerMaxPool2d(node: InferenceNode<'maxPool2d'>, builder: MilBuilder): void {
  const { attrs, inputs, scope } = node;
  if (attrs.dilation.some((d) => d !== 1)) {
    throw new FormatError(`${scope || 'the network'} has a dilated max-pool, which CoreML cannot say`);
  }
  builder.op('max_pool', { x: builder.read(inputs[0]), ...windowOf(attrs), ceil_mode: bool(false) }, node.outputs[0]);
}

export function lowerAvgPool2d({ attrs, inputs, outputs: [y] }: InferenceNode<'avgPool2d'>, builder: MilBuilder): void {
  const parameters = {
    x: builder.read(inputs[0]),
    ...windowOf(attrs),
    exclude_padding_from_average: bool(!attrs.countIncludePad),
    ceil_mode: bool(false),
  };
  builder.op('avg_pool', parameters, y);
}

type WindowAttrs = Pick<InferenceNode<'avgPool2d'>['attrs'], 'kernel' | 'stride' | 'padding'>;

function windowOf({ kernel, stride, padding }: WindowAttrs) {
  return { kernel_sizes: ints(kernel), strides: ints(stride), pad_type: text('custom'), pad: ints(padding) };
}

export function lowerReduce({ attrs, inputs, outputs: [y] }: InferenceNode<'reduce'>, builder: MilBuilder): void {
  const { kind, axes, keepDims } = attrs;
  builder.op(`reduce_${kind}`, { x: builder.read(inputs[0]), axes: ints(axes), keep_dims: bool(keepDims) }, y);
}

export function lowerSoftmax({ attrs, inputs, outputs: [y] }: InferenceNode<'softmax'>, builder: MilBuilder): void {
  builder.op('softmax', { x: builder.read(inputs[0]), axis: int(attrs.axis) }, y);
}

/** x - log Σ exp x. */
export function lowerLogSoftmax({ attrs, inputs, outputs: [y] }: InferenceNode<'logSoftmax'>, builder: MilBuilder) {
  const x = builder.read(inputs[0]);
  const axis = attrs.axis < 0 ? attrs.axis + y.shape.length : attrs.axis;
  const kept = y.shape.map((length, i) => (i === axis ? 1 : length));
  const total = builder.step('reduce_log_sum_exp', { x, axes: ints([axis]), keep_dims: bool(true) }, y, kept);
  builder.op('sub', { x, y: total }, y);
}

/** Whole multiples are upsampled, which every version of the system does fastest. */
export function lowerResize2d(node: InferenceNode<'resize2d'>, builder: MilBuilder): void {
  const { attrs, inputs, scope } = node;
  const [y] = node.outputs;
  const { size, mode, alignCorners } = attrs;
  const [input] = inputs;
  const x = builder.read(input);
  const factors = [size[0] / input.shape[2], size[1] / input.shape[3]];
  const multiple = factors.every(Number.isInteger);
  const target = { target_size_height: int(size[0]), target_size_width: int(size[1]) };
  if (mode === 'nearest') {
    if (multiple) {
      const [height, width] = factors.map(int);
      builder.op('upsample_nearest_neighbor', { x, scale_factor_height: height, scale_factor_width: width }, y);
    } else builder.op('resize_nearest_neighbor', { x, ...target }, y);
    return;
  }
  if (multiple && !alignCorners) {
    const [height, width] = factors.map(int);
    const scale = { scale_factor_height: height, scale_factor_width: width };
    builder.op('upsample_bilinear', { x, ...scale, align_corners: bool(false) }, y);
    return;
  }
  if (alignCorners && size.includes(1)) {
    throw new FormatError(
      `${scope || 'the network'} resizes to ${size.join('x')} with corners, which CoreML leaves open`,
    );
  }
  const sampling = alignCorners ? 'STRICT_ALIGN_CORNERS' : 'UNALIGN_CORNERS';
  builder.op('resize_bilinear', { x, ...target, sampling_mode: text(sampling) }, y);
}
