import { fail, type Operand, type Operands, type Operation } from '../operation.js';
import { operations } from '../ops/index.js';
import type { ReadLayer } from './decode.js';
import type { Fields } from './fields.js';

/** A layer as an operation whose parameters are known. */
export interface Step {
  readonly operation: Operation;
  readonly operands: Operands;
}

interface Converted {
  readonly type: string;
  readonly operands: Record<string, Operand | readonly Operand[]>;
}

interface LayerKind {
  readonly name: string;
  /** How many inputs it takes [1]; -1: one or more. */
  readonly inputs?: number;
  convert(parameters: Fields, inputs: readonly Operand[]): Converted;
}

const ints = (data: readonly number[]): Operand => ({ dtype: 'int32', shape: [data.length], data });
const int = (value: number): Operand => ({ dtype: 'int32', shape: [], data: [value] });
const flag = (value: boolean): Operand => ({ dtype: 'bool', shape: [], data: [value] });
const flags = (data: readonly number[]): Operand => ({ dtype: 'bool', shape: [data.length], data: data.map(Boolean) });
const word = (value: string): Operand => ({ dtype: 'string', shape: [], data: [value] });
const number = (value: number): Operand => ({ dtype: 'fp32', shape: [], data: Float32Array.of(value) });
const zeros = (count: number): Operand => ({ dtype: 'fp32', shape: [count], data: new Float32Array(count) });

/** [top, bottom, left, right] of the padding `valid`; others are not known here. */
function padding(valid: number, same: number, p: Fields): { pad_type: Operand; pad: Operand } {
  if (p.has(same) || !p.has(valid)) fail('needs the padding `valid`');
  const edges = p.message(valid).message(1).messages(10);
  const pad = edges.flatMap((edge) => [edge.int(1), edge.int(2)]);
  return { pad_type: word('custom'), pad: ints(pad.length > 0 ? pad : [0, 0, 0, 0]) };
}

const simple = (name: string, type: string): LayerKind => ({ name, convert: (_, [x]) => ({ type, operands: { x } }) });
const binary = (name: string, type: string): LayerKind => ({
  name,
  inputs: 2,
  convert: (_, [x, y]) => ({ type, operands: { x, y } }),
});
const reduction = (name: string, type: string): LayerKind => ({
  name,
  convert(p, [x]) {
    const axes = p.flag(3) ? x.shape.map((_, i) => i) : p.ints(1);
    return { type, operands: { x, axes: ints(axes), keep_dims: flag(p.flag(2)) } };
  },
});

const unaryTypes: Readonly<Record<number, string>> = { 0: 'sqrt', 4: 'exp', 5: 'log', 6: 'abs' };
const geluModes = ['EXACT', 'TANH_APPROXIMATION', 'SIGMOID_APPROXIMATION'];

/** By the number of the field that holds the layer's parameters. */
const kinds: Readonly<Record<number, LayerKind>> = {
  100: {
    name: 'convolution',
    convert(p, [x]) {
      const outputs = p.int(1);
      const kernel = p.intsOr(20, [3, 3]);
      if (p.flag(60)) fail('a transposed convolution is not known here');
      return {
        type: 'conv',
        operands: {
          x,
          weight: p.weights(90, [outputs, p.int(2), ...kernel], 'weights'),
          bias: p.flag(70) ? p.weights(91, [outputs], 'bias') : zeros(outputs),
          strides: ints(p.intsOr(30, [1, 1])),
          ...padding(50, 51, p),
          dilations: ints(p.intsOr(40, [1, 1])),
          groups: int(p.int(10) || 1),
        },
      };
    },
  },
  120: {
    name: 'pooling',
    convert(p, [x]) {
      const type = ['max_pool', 'avg_pool'][p.int(1)] ?? fail(`pooling of type ${p.int(1)} is not known here`);
      if (p.flag(60)) fail('global pooling is not known here');
      const operands = {
        x,
        kernel_sizes: ints(p.intsOr(10, [3, 3])),
        strides: ints(p.intsOr(20, [1, 1])),
        ...padding(30, 31, p),
        ceil_mode: flag(false),
      };
      if (type === 'max_pool') return { type, operands };
      return { type, operands: { ...operands, exclude_padding_from_average: flag(p.flag(50)) } };
    },
  },
  130: {
    name: 'activation',
    convert(p, [x]): Converted {
      const [kind] = p.numbers;
      const own = p.message(kind);
      switch (kind) {
        case 10:
          return { type: 'relu', operands: { x } };
        case 15:
          return { type: 'leaky_relu', operands: { x, alpha: number(own.float(1)) } };
        case 25:
          return { type: 'prelu', operands: { x, alpha: own.weights(1, [x.shape[1]], 'slope') } };
        case 30:
          return { type: 'tanh', operands: { x } };
        case 40:
          return { type: 'sigmoid', operands: { x } };
        case 41:
          return { type: 'sigmoid_hard', operands: { x, alpha: number(own.float(1)), beta: number(own.float(2)) } };
        default:
          return fail(`the activation ${kind} is not known here`);
      }
    },
  },
  140: {
    name: 'innerProduct',
    convert(p, [x]) {
      const [inputs, outputs] = [p.int(1), p.int(2)];
      const weight = p.weights(20, [outputs, inputs], 'weights');
      return {
        type: 'linear',
        operands: { x, weight, bias: p.flag(10) ? p.weights(21, [outputs], 'bias') : zeros(outputs) },
      };
    },
  },
  160: {
    name: 'batchnorm',
    convert(p, [x]) {
      const channels = [p.int(1)];
      const gamma = p.weights(15, channels, 'gamma');
      const operands = { x, gamma, beta: p.weights(16, channels, 'beta'), epsilon: number(p.float(10)) };
      if (p.flag(5) && p.flag(6)) return { type: 'instance_norm', operands };
      const mean = p.weights(17, channels, 'mean');
      return { type: 'batch_norm', operands: { ...operands, mean, variance: p.weights(18, channels, 'variance') } };
    },
  },
  210: {
    name: 'upsample',
    convert(p, [x]) {
      const [height, width] = p.ints(1);
      if (p.int(5) !== 0) fail('bilinear upsampling is not known here');
      const operands = { x, scale_factor_height: int(height), scale_factor_width: int(width) };
      return { type: 'upsample_nearest_neighbor', operands };
    },
  },
  211: {
    name: 'resizeBilinear',
    convert(p, [x]) {
      const [height, width] = p.ints(1);
      if (p.message(2).int(1) !== 0) fail('only STRICT_ALIGN_ENDPOINTS_MODE is known here');
      const sampling = word('STRICT_ALIGN_CORNERS');
      const size = { target_size_height: int(height), target_size_width: int(width) };
      return { type: 'resize_bilinear', operands: { x, ...size, sampling_mode: sampling } };
    },
  },
  220: {
    name: 'unary',
    convert(p, [x]): Converted {
      const type = unaryTypes[p.int(1)] ?? fail(`the function ${p.int(1)} is not known here`);
      if (p.float(4) !== 0 || p.float(5) !== 1) fail('shift and scale are not known here');
      return { type, operands: type === 'log' ? { x, epsilon: number(p.float(3)) } : { x } };
    },
  },
  660: {
    name: 'clip',
    convert: (p, [x]) => ({ type: 'clip', operands: { x, alpha: number(p.float(1)), beta: number(p.float(2)) } }),
  },
  680: simple('sign', 'sign'),
  795: {
    name: 'gelu',
    convert: (p, [x]) => ({ type: 'gelu', operands: { x, mode: word(geluModes[p.int(1)] ?? '') } }),
  },
  870: binary('minBroadcastable', 'minimum'),
  875: binary('maxBroadcastable', 'maximum'),
  880: binary('addBroadcastable', 'add'),
  890: binary('divideBroadcastable', 'real_div'),
  900: binary('multiplyBroadcastable', 'mul'),
  905: binary('subtractBroadcastable', 'sub'),
  920: { name: 'tile', convert: (p, [x]) => ({ type: 'tile', operands: { x, reps: ints(p.ints(1)) } }) },
  950: { name: 'softmaxND', convert: (p, [x]) => ({ type: 'softmax', operands: { x, axis: int(p.int(1)) } }) },
  975: {
    name: 'splitND',
    convert(p, [x]) {
      const sizes = p.ints(3);
      if (sizes.length !== p.int(2)) fail(`${sizes.length} sizes for ${p.int(2)} parts`);
      return { type: 'split', operands: { x, split_sizes: ints(sizes), axis: int(p.int(1)) } };
    },
  },
  980: {
    name: 'concatND',
    inputs: -1,
    convert: (p, values) => ({
      type: 'concat',
      operands: { values, axis: int(p.int(1)), interleave: flag(p.flag(2)) },
    }),
  },
  985: { name: 'transpose', convert: (p, [x]) => ({ type: 'transpose', operands: { x, perm: ints(p.ints(1)) } }) },
  995: {
    name: 'sliceStatic',
    convert: (p, [x]) => ({
      type: 'slice_by_index',
      operands: {
        x,
        begin: ints(p.ints(1)),
        begin_mask: flags(p.ints(2)),
        end: ints(p.ints(3)),
        end_mask: flags(p.ints(4)),
        stride: ints(p.ints(5)),
        squeeze_mask: flags(p.ints(6)),
      },
    }),
  },
  1045: {
    name: 'batchedMatmul',
    inputs: 2,
    convert: (p, [x, y]) => ({
      type: 'matmul',
      operands: { x, y, transpose_x: flag(p.flag(1)), transpose_y: flag(p.flag(2)) },
    }),
  },
  1070: {
    name: 'loadConstantND',
    inputs: 0,
    convert(p) {
      const shape = p.ints(1);
      return { type: 'reshape', operands: { x: p.weights(2, shape, 'data'), shape: ints(shape) } };
    },
  },
  1140: {
    name: 'reshapeStatic',
    convert: (p, [x]) => ({ type: 'reshape', operands: { x, shape: ints(p.ints(1)) } }),
  },
  1155: {
    name: 'constantPad',
    convert: (p, [x]) => ({
      type: 'pad',
      operands: { x, pad: ints(p.ints(2)), mode: word('constant'), constant_val: number(p.float(1)) },
    }),
  },
  1270: reduction('reduceSum', 'reduce_sum'),
  1280: reduction('reduceMean', 'reduce_mean'),
  1295: reduction('reduceLogSumExp', 'reduce_log_sum_exp'),
  1350: {
    name: 'layerNormalization',
    convert(p, [x]) {
      const shape = p.ints(1);
      const operands = {
        x,
        axes: ints(shape.map((_, i) => i - shape.length)),
        gamma: p.weights(3, shape, 'gamma'),
        beta: p.weights(4, shape, 'beta'),
        epsilon: number(p.float(2)),
      };
      return { type: 'layer_norm', operands };
    },
  },
};

export const kindOf = ({ kind }: ReadLayer): string => kinds[kind]?.name ?? `of kind ${kind}`;

/** What a layer does with its inputs. Throws FormatError for kinds and parameters that are not known, or do not fit. */
export function stepOf(layer: ReadLayer, inputs: readonly Operand[]): Step {
  const kind = kinds[layer.kind] ?? fail(`no layer that is known here (field ${layer.kind})`);
  const { inputs: needed = 1 } = kind;
  if (needed < 0 ? inputs.length === 0 : inputs.length !== needed) fail(`has ${inputs.length} inputs`);
  const { type, operands } = kind.convert(layer.parameters, inputs);
  const operation = operations.get(type)!;
  const lists = Object.entries(operands).map(([key, value]) => [key, 'dtype' in value ? [value] : value] as const);
  for (const [key, { rank }] of Object.entries(operation.parameters)) {
    for (const { shape } of lists.find(([name]) => name === key)?.[1] ?? []) {
      if (rank && !rank.includes(shape.length)) fail(`${key} is [${shape}], needed ${rank.join(' or ')} axes`);
    }
  }
  return { operation, operands: Object.fromEntries(lists) };
}
