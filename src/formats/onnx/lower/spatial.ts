import { FormatError } from '../../../utils/errors.js';
import type { InferenceNode } from '../../inference/graph.js';
import { int, ints, type OnnxBuilder, string } from '../builder.js';
import type { OnnxAttributes } from '../model.js';
import { pads } from './layers.js';

export function lowerMaxPool2d(
  { attrs, inputs: [x], outputs: [output] }: InferenceNode<'maxPool2d'>,
  builder: OnnxBuilder,
): void {
  const dilated = attrs.dilation.some((d) => d !== 1);
  builder.node('MaxPool', [builder.read(x)], output, {
    kernel_shape: ints(attrs.kernel),
    strides: ints(attrs.stride),
    pads: ints(pads(attrs.padding)),
    ...(dilated && { dilations: ints(attrs.dilation) }),
  });
}

export function lowerAvgPool2d(
  { attrs, inputs: [x], outputs: [output] }: InferenceNode<'avgPool2d'>,
  builder: OnnxBuilder,
): void {
  builder.node('AveragePool', [builder.read(x)], output, {
    kernel_shape: ints(attrs.kernel),
    strides: ints(attrs.stride),
    pads: ints(pads(attrs.padding)),
    count_include_pad: int(attrs.countIncludePad ? 1 : 0),
  });
}

/** Axes are an input of ReduceMean from opset 18 on, and of ReduceSum in all versions that are written. */
export function lowerReduce(
  { attrs, inputs: [x], outputs: [output] }: InferenceNode<'reduce'>,
  builder: OnnxBuilder,
): void {
  const { kind, axes, keepDims } = attrs;
  const name = builder.read(x);
  if (kind === 'mean' && keepDims && x.shape.length === 4 && axes.join() === '2,3') {
    builder.node('GlobalAveragePool', [name], output);
    return;
  }
  const keepdims = int(keepDims ? 1 : 0);
  if (kind === 'mean' && builder.opset < 18) {
    builder.node('ReduceMean', [name], output, { axes: ints(axes), keepdims });
    return;
  }
  const opType = kind === 'mean' ? 'ReduceMean' : 'ReduceSum';
  builder.node(opType, [name, builder.integers('axes', axes)], output, { keepdims });
}

/** By sizes of height and width alone (opset 18), so that the batch stays open. */
export function lowerResize2d(node: InferenceNode<'resize2d'>, builder: OnnxBuilder): void {
  const {
    attrs,
    inputs,
    outputs: [output],
    scope,
  } = node;
  const [x] = inputs;
  const sampling: OnnxAttributes =
    attrs.mode === 'nearest'
      ? { coordinate_transformation_mode: string('asymmetric'), mode: string('nearest'), nearest_mode: string('floor') }
      : {
          coordinate_transformation_mode: string(attrs.alignCorners ? 'align_corners' : 'half_pixel'),
          mode: string('linear'),
        };
  const name = builder.read(x);
  if (builder.opset >= 18) {
    const sizes = builder.integers('resize_sizes', attrs.size);
    builder.node('Resize', [name, null, null, sizes], output, { axes: ints([2, 3]), ...sampling });
    return;
  }
  if (x.shape[0] >= 0) {
    const sizes = builder.integers('resize_sizes', output.shape);
    builder.node('Resize', [name, null, null, sizes], output, sampling);
    return;
  }
  const factors = [attrs.size[0] / x.shape[2], attrs.size[1] / x.shape[3]];
  if (!factors.every(Number.isInteger)) {
    throw new FormatError(
      `${scope || 'the network'} resizes ${x.shape.slice(2).join('x')} to ${attrs.size.join('x')}, which opset ` +
        `${builder.opset} cannot say for an open batch`,
      'use --opset 18, or a fixed --batch',
    );
  }
  const scales = builder.tensor('resize_scales', Float32Array.from([1, 1, ...factors]), [4]);
  builder.node('Resize', [name, null, scales], output, sampling);
}
