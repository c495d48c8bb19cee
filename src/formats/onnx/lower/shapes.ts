import { BATCH } from '../../../tensor/shape.js';
import { FormatError } from '../../../utils/errors.js';
import type { InferenceNode } from '../../inference/graph.js';
import { int, ints, type OnnxBuilder } from '../builder.js';

/** The batch is copied by 0 or left to be computed by -1, never written as a number, unless it is fixed. */
export function lowerReshape({ inputs: [x], outputs: [output] }: InferenceNode<'reshape'>, builder: OnnxBuilder): void {
  const [batch, ...rest] = output.shape;
  const name = builder.read(x);
  const keepsBatch = x.shape.length > 0 && x.shape[0] === batch && builder.batchOf(x) === builder.batchOf(output);
  if (keepsBatch && output.shape.length === 2 && x.shape.length > 1) {
    builder.node('Flatten', [name], output, { axis: int(1) });
    return;
  }
  const first = batch === undefined ? [] : [batch !== BATCH ? batch : keepsBatch ? 0 : -1];
  const shape = builder.integers(`${output.name}_shape`, [...first, ...rest]);
  builder.node('Reshape', [name, shape], output);
}

export function lowerTranspose(
  { attrs, inputs, outputs: [output] }: InferenceNode<'transpose'>,
  builder: OnnxBuilder,
): void {
  builder.node('Transpose', [builder.read(inputs[0])], output, { perm: ints(attrs.order) });
}

export function lowerConcat({ attrs, inputs, outputs: [output] }: InferenceNode<'concat'>, builder: OnnxBuilder): void {
  builder.node(
    'Concat',
    inputs.map((value) => builder.read(value)),
    output,
    { axis: int(attrs.axis) },
  );
}

/** Repeats along axes of length 1. An axis of 1 in the target keeps what is there, so the batch can stay open. */
export function lowerExpand(
  { inputs: [x], outputs: [output], scope }: InferenceNode<'expand'>,
  builder: OnnxBuilder,
): void {
  const { shape } = output;
  if (shape[0] === BATCH && (x.shape[0] !== BATCH || x.shape.length !== shape.length)) {
    throw new FormatError(
      `${scope || 'the network'} repeats [${x.shape}] once for each image, but the file has no fixed batch`,
      'export with --batch N, or let broadcasting repeat it',
    );
  }
  const target = shape.map((dim) => (dim === BATCH ? 1 : dim));
  builder.node('Expand', [builder.read(x), builder.integers(`${output.name}_shape`, target)], output);
}

/** Only the axes that are cut are named. */
export function lowerSlice(
  { attrs, inputs: [x], outputs: [output] }: InferenceNode<'slice'>,
  builder: OnnxBuilder,
): void {
  const { start, size, step } = attrs;
  const axes = [...x.shape.keys()].filter((axis) => size[axis] !== x.shape[axis]);
  const ends = axes.map((axis) => start[axis] + (size[axis] - 1) * step[axis] + 1);
  const list = (name: string, values: readonly number[]) => builder.integers(`${output.name}_${name}`, values);
  const strided = axes.some((axis) => step[axis] !== 1);
  builder.node(
    'Slice',
    [
      builder.read(x),
      list(
        'starts',
        axes.map((axis) => start[axis]),
      ),
      list('ends', ends),
      list('axes', axes),
      ...(strided
        ? [
            list(
              'steps',
              axes.map((axis) => step[axis]),
            ),
          ]
        : []),
    ],
    output,
  );
}

export function lowerSplit({ attrs, inputs: [x], outputs }: InferenceNode<'split'>, builder: OnnxBuilder): void {
  const sizes = builder.integers(`${outputs[0].name}_sizes`, attrs.sizes);
  builder.node('Split', [builder.read(x), sizes], outputs, { axis: int(attrs.axis) });
}

export function lowerPad({ attrs, inputs: [x], outputs: [output] }: InferenceNode<'pad'>, builder: OnnxBuilder): void {
  const sizes = builder.integers(`${output.name}_pads`, [...attrs.before, ...attrs.after]);
  const value = attrs.value === 0 ? [] : [builder.number('pad_value', attrs.value)];
  builder.node('Pad', [builder.read(x), sizes, ...value], output);
}
