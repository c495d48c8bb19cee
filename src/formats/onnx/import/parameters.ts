import type { OnnxGraph, OnnxTensor } from '../model.js';

/** What a tensor of the file is in training. */
export type ParameterRole = 'parameter' | 'buffer';

/** Operands that are learned, by operator; of norms, statistics that training moves. */
const learned: Readonly<Record<string, Readonly<Record<number, ParameterRole>>>> = {
  BatchNormalization: { 1: 'parameter', 2: 'parameter', 3: 'buffer', 4: 'buffer' },
  Conv: { 1: 'parameter', 2: 'parameter' },
  ConvTranspose: { 1: 'parameter', 2: 'parameter' },
  Gemm: { 0: 'parameter', 1: 'parameter', 2: 'parameter' },
  GroupNormalization: { 1: 'parameter', 2: 'parameter' },
  InstanceNormalization: { 1: 'parameter', 2: 'parameter' },
  LayerNormalization: { 1: 'parameter', 2: 'parameter' },
  MatMul: { 0: 'parameter', 1: 'parameter' },
  PRelu: { 1: 'parameter' },
};

/** Biases, scales and positions that exporters write as arithmetic. */
const arithmetic = new Set(['Add', 'Mul', 'Sub']);
/** They are learned after the first layer only: before it, they scale pixels. */
const layers = new Set(['Conv', 'Gemm', 'MatMul']);

/**
 * Which tensors of a file are learned, by name: what layers and norms take, and vectors that are added or multiplied
 * after the first layer. Single numbers are constants.
 */
export function findParameters({ nodes, initializers }: OnnxGraph): Map<string, ParameterRole> {
  const tensors = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const isVector = (name: string) => {
    const tensor = tensors.get(name);
    return tensor?.type === 'float' && tensor.dims.reduce((n, dim) => n * dim, 1) > 1;
  };
  const result = new Map<string, ParameterRole>();
  let inLayers = false;
  for (const { opType, inputs } of nodes) {
    inLayers ||= layers.has(opType);
    inputs.forEach((name, i) => {
      const role =
        learned[opType]?.[i] ?? (inLayers && arithmetic.has(opType) && isVector(name) ? 'parameter' : undefined);
      // A vector that statistics are is one wherever else it is read.
      if (role && tensors.get(name)?.type === 'float' && result.get(name) !== 'buffer') result.set(name, role);
    });
  }
  return result;
}

/** The layer that gives the logits: its weight, the axis of the classes in it, and its bias. */
export interface Head {
  readonly weight: OnnxTensor;
  readonly axis: number;
  readonly bias?: OnnxTensor;
}

/** The last matrix product on the way to the output, when nothing but a bias and a softmax follows. */
export function findHead({ nodes, initializers, outputs }: OnnxGraph): Head | undefined {
  const tensors = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const producers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
  let bias: OnnxTensor | undefined;
  let name = outputs[0]?.name ?? '';
  for (let node = producers.get(name); node; node = producers.get(name)) {
    const { opType, inputs, attributes } = node;
    const weight = tensors.get(inputs[1] ?? '');
    if (opType === 'Gemm' && weight) {
      const { transB } = attributes;
      return { weight, axis: transB?.type === 'int' && transB.value === 1 ? 0 : 1, bias: tensors.get(inputs[2] ?? '') };
    }
    if (opType === 'MatMul' && weight) return { weight, axis: 1, bias };
    const operand = inputs.find((input) => !tensors.has(input));
    if (operand === undefined || !['Add', ...passing].includes(opType)) return undefined;
    if (opType === 'Add') bias = inputs.map((input) => tensors.get(input)).find(Boolean);
    name = operand;
  }
  return undefined;
}

/** What may come between the layer and the output. */
const passing = ['Softmax', 'Identity', 'Flatten', 'Reshape', 'Squeeze'];
