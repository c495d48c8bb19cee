import type { OnnxAttribute } from '../model.js';

/** What a node of one type may look like, in opsets 17 to 21. */
export interface OnnxSchema {
  /** Least and most inputs; those after the least are optional. */
  readonly inputs: readonly [least: number, most: number];
  readonly outputs?: readonly [least: number, most: number];
  readonly attributes?: Readonly<Record<string, AttributeSchema>>;
  /** First opset that has it, when it is not there from 17 on. */
  readonly since?: number;
}

export interface AttributeSchema {
  readonly type: OnnxAttribute['type'];
  readonly required?: boolean;
  readonly since?: number;
  /** First opset that does not have it any more. */
  readonly until?: number;
}

const float: AttributeSchema = { type: 'float' };
const int: AttributeSchema = { type: 'int' };
const ints: AttributeSchema = { type: 'ints' };
const text: AttributeSchema = { type: 'string' };
const required = (schema: AttributeSchema): AttributeSchema => ({ ...schema, required: true });
const since = (schema: AttributeSchema, opset: number): AttributeSchema => ({ ...schema, since: opset });

const MANY = 2 ** 31 - 1;
const pointwise: OnnxSchema = { inputs: [1, 1] };
const broadcasting: OnnxSchema = { inputs: [2, 2] };
const variadic: OnnxSchema = { inputs: [1, MANY] };
const window = { auto_pad: text, pads: ints, strides: ints, dilations: ints };
const reduction: OnnxSchema = {
  inputs: [1, 2],
  attributes: { keepdims: int, noop_with_empty_axes: since(int, 18), axes: { ...ints, until: 18 } },
};

export const schemas: Readonly<Record<string, OnnxSchema>> = {
  Abs: pointwise,
  Add: broadcasting,
  AveragePool: {
    inputs: [1, 1],
    attributes: {
      ...window,
      dilations: since(ints, 19),
      kernel_shape: required(ints),
      ceil_mode: int,
      count_include_pad: int,
    },
  },
  BatchNormalization: {
    inputs: [5, 5],
    outputs: [1, 3],
    attributes: { epsilon: float, momentum: float, training_mode: int },
  },
  Cast: { inputs: [1, 1], attributes: { to: required(int), saturate: since(int, 19) } },
  Clip: { inputs: [1, 3] },
  Concat: { ...variadic, attributes: { axis: required(int) } },
  Conv: { inputs: [2, 3], attributes: { ...window, kernel_shape: ints, group: int } },
  Div: broadcasting,
  Erf: pointwise,
  Exp: pointwise,
  Expand: { inputs: [2, 2] },
  Flatten: { inputs: [1, 1], attributes: { axis: int } },
  Gelu: { inputs: [1, 1], attributes: { approximate: text }, since: 20 },
  Gemm: { inputs: [2, 3], attributes: { alpha: float, beta: float, transA: int, transB: int } },
  GlobalAveragePool: pointwise,
  GroupNormalization: {
    inputs: [3, 3],
    attributes: { epsilon: float, num_groups: required(int), stash_type: int },
    since: 21,
  },
  HardSigmoid: { inputs: [1, 1], attributes: { alpha: float, beta: float } },
  HardSwish: pointwise,
  InstanceNormalization: { inputs: [3, 3], attributes: { epsilon: float } },
  LayerNormalization: {
    inputs: [2, 3],
    outputs: [1, 3],
    attributes: { axis: int, epsilon: float, stash_type: int },
  },
  LeakyRelu: { inputs: [1, 1], attributes: { alpha: float } },
  Log: pointwise,
  LogSoftmax: { inputs: [1, 1], attributes: { axis: int } },
  MatMul: { inputs: [2, 2] },
  Max: variadic,
  MaxPool: {
    inputs: [1, 1],
    outputs: [1, 2],
    attributes: { ...window, kernel_shape: required(ints), ceil_mode: int, storage_order: int },
  },
  Min: variadic,
  Mul: broadcasting,
  Neg: pointwise,
  PRelu: { inputs: [2, 2] },
  Pad: { inputs: [2, 4], attributes: { mode: text } },
  Reciprocal: pointwise,
  ReduceMean: reduction,
  ReduceSum: { inputs: [1, 2], attributes: { keepdims: int, noop_with_empty_axes: int } },
  Relu: pointwise,
  Reshape: { inputs: [2, 2], attributes: { allowzero: int } },
  Resize: {
    inputs: [1, 4],
    attributes: {
      antialias: since(int, 18),
      axes: since(ints, 18),
      coordinate_transformation_mode: text,
      cubic_coeff_a: float,
      exclude_outside: int,
      extrapolation_value: float,
      keep_aspect_ratio_policy: since(text, 18),
      mode: text,
      nearest_mode: text,
    },
  },
  Sigmoid: pointwise,
  Sign: pointwise,
  Slice: { inputs: [3, 5] },
  Softmax: { inputs: [1, 1], attributes: { axis: int } },
  Split: { inputs: [1, 2], outputs: [1, MANY], attributes: { axis: int, num_outputs: since(int, 18) } },
  Sqrt: pointwise,
  Sub: broadcasting,
  Tanh: pointwise,
  Transpose: { inputs: [1, 1], attributes: { perm: ints } },
};
