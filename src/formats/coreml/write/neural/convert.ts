import { FormatError } from '../../../../utils/errors.js';
import type { LayerFields, MilOperation, NeuralLayer } from '../../model.js';
import type { MilBuilder, MilConstant } from '../builder.js';
import type { LayerKind } from './layers.js';

/** Reads the parameters of one operation. */
class Reader {
  constructor(
    readonly operation: MilOperation,
    private readonly constants: ReadonlyMap<string, MilConstant>,
  ) {}

  names(parameter: string): string[] {
    return this.operation.inputs[parameter].flatMap((binding) => ('name' in binding ? [binding.name] : []));
  }

  constant(parameter: string): MilConstant {
    const [name] = this.names(parameter);
    const constant = this.constants.get(name);
    if (constant) return constant;
    throw new FormatError(`${name} is computed, an .mlmodel needs a constant there`, 'use --to coreml');
  }

  numbers(parameter: string): number[] {
    return Array.from(this.constant(parameter).data as ArrayLike<unknown>, Number);
  }

  number(parameter: string): number {
    return this.numbers(parameter)[0];
  }

  text(parameter: string): string {
    return this.constant(parameter).data[0] as string;
  }

  weights(parameter: string): Float32Array {
    return Float32Array.from(this.constant(parameter).data as ArrayLike<number>);
  }

  shape(parameter: string): readonly number[] {
    return this.constant(parameter).shape;
  }
}

interface Layer {
  readonly kind: LayerKind;
  readonly fields: LayerFields;
  /** Parameters that are tensors of the network [x]. */
  readonly inputs?: readonly string[];
}

type Convert = (read: Reader) => Layer;

const layer =
  (kind: LayerKind, fields: LayerFields = {}): Convert =>
  () => ({ kind, fields });
const activation = (fields: LayerFields): Layer => ({ kind: 'activation', fields });
const broadcast =
  (kind: LayerKind): Convert =>
  () => ({ kind, fields: {}, inputs: ['x', 'y'] });
const unary =
  (type: number): Convert =>
  () => ({ kind: 'unary', fields: { type, alpha: 1, epsilon: 1e-45, shift: 0, scale: 1 } });
const reduce =
  (kind: LayerKind): Convert =>
  (read) => ({ kind, fields: { axes: read.numbers('axes'), keepDims: read.number('keep_dims'), reduceAll: 0 } });

/** [top, bottom, left, right] as the two edges of each axis. */
function padding(read: Reader): LayerFields {
  const [top, bottom, left, right] = read.numbers('pad');
  const borderAmounts = [
    { startEdgeSize: top, endEdgeSize: bottom },
    { startEdgeSize: left, endEdgeSize: right },
  ];
  return { paddingAmounts: { borderAmounts } };
}

const pool = (read: Reader, type: number, avgPoolExcludePadding: boolean): Layer => ({
  kind: 'pooling',
  fields: {
    type,
    kernelSize: read.numbers('kernel_sizes'),
    stride: read.numbers('strides'),
    valid: padding(read),
    avgPoolExcludePadding,
  },
});

const geluModes: Readonly<Record<string, number>> = { EXACT: 0, TANH_APPROXIMATION: 1, SIGMOID_APPROXIMATION: 2 };
const STRICT_ALIGN_ENDPOINTS = 0;

/** What each operation is as one layer; `silu` and `square` are made by `convert`. */
const conversions: Readonly<Record<string, Convert>> = {
  conv: (read) => {
    const [outputChannels, kernelChannels, ...kernelSize] = read.shape('weight');
    return {
      kind: 'convolution',
      fields: {
        outputChannels,
        kernelChannels,
        nGroups: read.number('groups'),
        kernelSize,
        stride: read.numbers('strides'),
        dilationFactor: read.numbers('dilations'),
        valid: padding(read),
        hasBias: true,
        weights: read.weights('weight'),
        bias: read.weights('bias'),
      },
    };
  },
  linear: (read) => {
    const [outputChannels, inputChannels] = read.shape('weight');
    const parameters = { weights: read.weights('weight'), bias: read.weights('bias') };
    return { kind: 'innerProduct', fields: { inputChannels, outputChannels, hasBias: true, ...parameters } };
  },
  matmul: (read) => ({
    kind: 'batchedMatmul',
    fields: { transposeA: read.number('transpose_x'), transposeB: read.number('transpose_y') },
    inputs: ['x', 'y'],
  }),
  batch_norm: (read) => ({
    kind: 'batchnorm',
    fields: {
      channels: read.shape('gamma')[0],
      epsilon: read.number('epsilon'),
      gamma: read.weights('gamma'),
      beta: read.weights('beta'),
      mean: read.weights('mean'),
      variance: read.weights('variance'),
    },
  }),
  instance_norm: (read) => ({
    kind: 'batchnorm',
    fields: {
      channels: read.shape('gamma')[0],
      computeMeanVar: true,
      instanceNormalization: true,
      epsilon: read.number('epsilon'),
      gamma: read.weights('gamma'),
      beta: read.weights('beta'),
    },
  }),
  layer_norm: (read) => ({
    kind: 'layerNormalization',
    fields: {
      normalizedShape: read.shape('gamma'),
      eps: read.number('epsilon'),
      gamma: read.weights('gamma'),
      beta: read.weights('beta'),
    },
  }),
  relu: () => activation({ ReLU: {} }),
  leaky_relu: (read) => activation({ leakyReLU: { alpha: read.number('alpha') } }),
  prelu: (read) => activation({ PReLU: { alpha: read.weights('alpha') } }),
  sigmoid: () => activation({ sigmoid: {} }),
  tanh: () => activation({ tanh: {} }),
  sigmoid_hard: (read) => activation({ sigmoidHard: { alpha: read.number('alpha'), beta: read.number('beta') } }),
  clip: (read) => ({ kind: 'clip', fields: { minVal: read.number('alpha'), maxVal: read.number('beta') } }),
  gelu: (read) => ({ kind: 'gelu', fields: { mode: geluModes[read.text('mode')] } }),
  sqrt: unary(0),
  exp: unary(4),
  log: unary(5),
  abs: unary(6),
  sign: layer('sign'),
  add: broadcast('addBroadcastable'),
  sub: broadcast('subtractBroadcastable'),
  mul: broadcast('multiplyBroadcastable'),
  real_div: broadcast('divideBroadcastable'),
  minimum: broadcast('minBroadcastable'),
  maximum: broadcast('maxBroadcastable'),
  reduce_sum: reduce('reduceSum'),
  reduce_mean: reduce('reduceMean'),
  reduce_log_sum_exp: reduce('reduceLogSumExp'),
  softmax: (read) => ({ kind: 'softmaxND', fields: { axis: read.number('axis') } }),
  max_pool: (read) => pool(read, 0, false),
  avg_pool: (read) => pool(read, 1, Boolean(read.number('exclude_padding_from_average'))),
  upsample_nearest_neighbor: (read) => ({
    kind: 'upsample',
    fields: { scalingFactor: [read.number('scale_factor_height'), read.number('scale_factor_width')], mode: 0 },
  }),
  resize_bilinear: (read) => {
    const sampling = read.text('sampling_mode');
    if (sampling !== 'STRICT_ALIGN_CORNERS') refuse(read.operation, `the sampling ${sampling}`);
    const targetSize = [read.number('target_size_height'), read.number('target_size_width')];
    return { kind: 'resizeBilinear', fields: { targetSize, mode: { samplingMethod: STRICT_ALIGN_ENDPOINTS } } };
  },
  reshape: (read) => ({ kind: 'reshapeStatic', fields: { targetShape: read.numbers('shape') } }),
  transpose: (read) => ({ kind: 'transpose', fields: { axes: read.numbers('perm') } }),
  concat: (read) => ({ kind: 'concatND', fields: { axis: read.number('axis') }, inputs: ['values'] }),
  slice_by_index: (read) => ({
    kind: 'sliceStatic',
    fields: {
      beginIds: read.numbers('begin'),
      beginMasks: read.numbers('begin_mask'),
      endIds: read.numbers('end'),
      endMasks: read.numbers('end_mask'),
      strides: read.numbers('stride'),
      squeezeMasks: read.numbers('squeeze_mask'),
    },
  }),
  split: (read) => {
    const splitSizes = read.numbers('split_sizes');
    return { kind: 'splitND', fields: { axis: read.number('axis'), numSplits: splitSizes.length, splitSizes } };
  },
  pad: (read) => ({
    kind: 'constantPad',
    fields: { value: read.number('constant_val'), padAmounts: read.numbers('pad') },
  }),
  tile: (read) => ({ kind: 'tile', fields: { reps: read.numbers('reps') } }),
};

function refuse({ type, outputs: [{ name }] }: MilOperation, what: string): never {
  throw new FormatError(`${name}: a neural network of specification 4 has no ${what} (${type})`, 'use --to coreml');
}

/** The layers that compute what the operations of a program do. Throws FormatError, by name, for what has no layer. */
export function neuralLayers(builder: MilBuilder): NeuralLayer[] {
  const { constants, operations } = builder;
  const layers: NeuralLayer[] = [];
  const loaded = new Set<string>();
  /** Constants that are operands become layers of their own, when they are first read. */
  const load = (name: string): string => {
    const constant = constants.get(name);
    if (!constant || loaded.has(name)) return name;
    loaded.add(name);
    const data = Float32Array.from(constant.data as ArrayLike<number>);
    const shape = constant.shape.length > 0 ? constant.shape : [1];
    layers.push({ name, kind: 'loadConstantND', inputs: [], outputs: [name], fields: { shape, data } });
    return name;
  };
  for (const operation of operations) {
    if (operation.type === 'const') continue;
    const names = operation.outputs.map(({ name }) => name);
    const [name] = names;
    const read = new Reader(operation, constants);
    const add = (one: Layer, outputs: readonly string[], inputs: readonly string[]) =>
      layers.push({ name: outputs[0], kind: one.kind, inputs, outputs, fields: one.fields });
    if (operation.type === 'silu' || operation.type === 'square') {
      const [x] = read.names('x');
      let factor = x;
      if (operation.type === 'silu') {
        factor = builder.take(`${name}_sigmoid`);
        add(activation({ sigmoid: {} }), [factor], [x]);
      }
      add({ kind: 'multiplyBroadcastable', fields: {} }, names, [x, factor]);
      continue;
    }
    const convert = conversions[operation.type] ?? refuse(operation, 'such layer');
    const one = convert(read);
    const inputs = (one.inputs ?? ['x']).flatMap((parameter) => read.names(parameter)).map(load);
    add(one, names, inputs);
  }
  return layers;
}
