import { host } from '../../../ops/host.js';
import { defaultLayout, toLogical, toPhysical } from '../../../tensor/layout.js';
import { BATCH, type Shape } from '../../../tensor/shape.js';
import { readState, State } from '../../../tensor/state.js';
import { type Tensor, withScope } from '../../../tensor/tensor.js';
import { CvnetsError, FormatError } from '../../../utils/errors.js';
import type { ElementType, OnnxAttribute, OnnxGraph, OnnxNode } from '../model.js';
import { arrayOf, count, deviceType, type HostArray, hostArray, toDevice } from './array.js';
import { hostOps } from './host/index.js';
import { nativeOps } from './native/index.js';

/** A value of the graph: known now, or computed on the device. */
export type Value = { readonly array: HostArray } | { readonly tensor: Tensor; readonly type: ElementType };

export interface ImportOptions {
  /** The version of the standard's operators. */
  readonly opset: number;
  readonly training?: boolean;
  /** Parameters of a network by the name of their initialiser; other initialisers are constants. */
  readonly parameter?: (name: string) => Tensor | undefined;
  /** Receives new running statistics of a norm, by the names of the old ones. */
  readonly write?: (name: string, value: Tensor) => void;
  /** Contents of tensors of the file that were read before. */
  readonly arrays?: ReadonlyMap<string, HostArray>;
  /** Values that are known although they are inputs. */
  readonly known?: ReadonlyMap<string, HostArray>;
}

/** One node while it becomes operators of the engine. Getters throw FormatError for what is not as they need it. */
export class NodeImport {
  constructor(
    readonly node: OnnxNode,
    readonly options: ImportOptions,
    private readonly values: ReadonlyMap<string, Value>,
    private readonly constants: Map<HostArray, Tensor>,
  ) {}

  get opset(): number {
    return this.options.opset;
  }

  has(input: number): boolean {
    return (this.node.inputs[input] ?? '') !== '';
  }

  value(input: number): Value {
    const value = this.values.get(this.node.inputs[input] ?? '');
    return value ?? this.fail(`has no input ${input}`);
  }

  /** The operand on the device. A constant gets a place there. */
  tensor(input: number): Tensor {
    const value = this.value(input);
    if ('tensor' in value) return value.tensor;
    return this.options.parameter?.(this.node.inputs[input]) ?? this.constant(value.array, this.node.inputs[input]);
  }

  constant(array: HostArray, name = 'constant'): Tensor {
    const known = this.constants.get(array);
    if (known) return known;
    const { dims, type } = array;
    const tensor = readState(new State(`constant.${name}`, dims, 'buffer', () => toDevice(array), deviceType(type)));
    this.constants.set(array, tensor);
    return tensor;
  }

  typeOf(input: number): ElementType {
    const value = this.value(input);
    return 'tensor' in value ? value.type : value.array.type;
  }

  shapeOf(input: number): Shape {
    const value = this.value(input);
    return 'tensor' in value ? value.tensor.shape : value.array.dims;
  }

  /** An operand whose value must be known when the network is built. */
  array(input: number): HostArray {
    const value = this.value(input);
    if ('array' in value) return value.array;
    return this.fail(`needs input ${input} (${this.node.inputs[input]}) as a constant, but it is computed`);
  }

  /** Numbers of a constant operand. */
  numbers(input: number): number[] {
    return Array.from(this.array(input).data);
  }

  int(name: string, fallback?: number): number {
    return this.#attribute(name, ['int'], fallback);
  }

  float(name: string, fallback?: number): number {
    return this.#attribute(name, ['float'], fallback);
  }

  text(name: string, fallback?: string): string {
    return this.#attribute(name, ['string'], fallback);
  }

  ints(name: string, fallback?: readonly number[]): readonly number[] {
    return this.#attribute(name, ['ints'], fallback);
  }

  hasAttribute(name: string): boolean {
    return Object.hasOwn(this.node.attributes, name);
  }

  fail(what: string): never {
    throw new FormatError(`node ${this.node.name || this.node.outputs[0]} (${this.node.opType}) ${what}`);
  }

  #attribute<T>(name: string, types: readonly OnnxAttribute['type'][], fallback?: T): T {
    const attribute = this.hasAttribute(name) ? this.node.attributes[name] : undefined;
    if (attribute && types.includes(attribute.type) && 'value' in attribute) return attribute.value as T;
    return fallback ?? this.fail(`lacks attribute ${name}`);
  }
}

/** Makes the operators of one node; undefined leaves it to the host. */
export type NativeOp = (node: NodeImport) => readonly Tensor[] | undefined;

/** Computes a node from values alone. The shapes of the results depend on shapes, attributes and constants only. */
export type HostOp = (inputs: readonly (HostArray | undefined)[], node: NodeImport) => readonly HostArray[];

/**
 * Builds the graph on the engine: from its inputs' tensors to its outputs' values, inside of a trace. What depends on
 * constants alone is computed now. What no kernel does is computed on the host, without a gradient.
 * Throws FormatError that lists every operator that is not supported, with its nodes.
 */
export function importGraph(
  graph: OnnxGraph,
  inputs: ReadonlyMap<string, Tensor>,
  options: ImportOptions,
): ReadonlyMap<string, Value> {
  refuseUnsupported(graph);
  const values = new Map<string, Value>();
  for (const tensor of graph.initializers) {
    values.set(tensor.name, { array: options.arrays?.get(tensor.name) ?? arrayOf(tensor) });
  }
  for (const { name, type } of graph.inputs) {
    const tensor = inputs.get(name);
    const known = options.known?.get(name);
    if (tensor?.shape.includes(0)) throw new FormatError(`input ${name} [${tensor.shape}] has no elements`);
    if (known) values.set(name, { array: known });
    else if (tensor) values.set(name, { tensor, type: type ?? 'float' });
  }
  const constants = new Map<HostArray, Tensor>();
  for (const node of graph.nodes) {
    const job = new NodeImport(node, options, values, constants);
    const results = withScope(node.name || node.outputs[0], () => importNode(job));
    node.outputs.forEach((name, i) => {
      if (name !== '' && results[i]) values.set(name, results[i]);
    });
  }
  return values;
}

function importNode(job: NodeImport): readonly Value[] {
  const { node } = job;
  if (node.opType === 'Shape') return [{ array: shapeArray(job) }];
  const isKnown = node.inputs.every((name, i) => name === '' || 'array' in job.value(i));
  const onHost = hostOps[node.opType];
  try {
    if (isKnown && onHost && !hasParameter(job)) return onHost(operands(job), job).map((array) => ({ array }));
    const native = nativeOps[node.opType]?.(job);
    if (native) return native.map((tensor, i) => ({ tensor, type: resultType(job, tensor, i) }));
    return onHost ? runOnHost(job, onHost) : job.fail('cannot be done in this form');
  } catch (error) {
    if (error instanceof CvnetsError && !(error instanceof FormatError))
      return job.fail(`cannot be done: ${error.message}`);
    throw error;
  }
}

/** Shapes are known while the network is built; an open batch stays -1, which a Reshape then computes. */
function shapeArray(job: NodeImport): HostArray {
  const shape = job.shapeOf(0);
  const dims = shape.slice(job.int('start', 0), job.int('end', shape.length));
  return hostArray('int64', [dims.length], dims);
}

/** Parameters are constants that change: what is computed from them stays a node. */
function hasParameter({ node, options }: NodeImport): boolean {
  return node.inputs.some((name) => options.parameter?.(name) !== undefined);
}

const operands = (job: NodeImport) => job.node.inputs.map((_, i) => (job.has(i) ? job.array(i) : undefined));

/** Integers are all i32 on the device; the type in the file decides what they are outside. */
function resultType(job: NodeImport, { dtype }: Tensor, output: number): ElementType {
  if (dtype === 'f32') return 'float';
  if (dtype === 'u8') return job.node.opType === 'Cast' && job.int('to') === 2 ? 'uint8' : 'bool';
  return output === 0 && job.has(0) && job.typeOf(0) === 'int32' ? 'int32' : 'int64';
}

/** Operands that the shape of a result depends on: they must be known when the network is built. */
const shapeOperands: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  Expand: [1],
  MaxUnpool: [2],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  Reshape: [1],
  Resize: [1, 2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  TopK: [1],
  Unsqueeze: [1],
  Upsample: [1],
};

/** A node of the plan that the host computes. Its shapes are found by a run on zeros. */
function runOnHost(job: NodeImport, compute: HostOp): readonly Value[] {
  const { node } = job;
  const dynamic = node.inputs.map((_, i) => i).filter((i) => job.has(i) && 'tensor' in job.value(i));
  for (const i of dynamic) {
    if (shapeOperands[node.opType]?.includes(i) || (node.opType.startsWith('Reduce') && i > 0)) job.array(i);
    if (job.shapeOf(i).includes(BATCH)) job.fail('is computed on the host, which needs a fixed batch');
  }
  const specs = dynamic.map((i) => ({ type: job.typeOf(i), dims: job.shapeOf(i) }));
  const fixed = node.inputs.map((_, i) => (job.has(i) && !dynamic.includes(i) ? job.array(i) : undefined));
  const fill = (data: (i: number) => ArrayLike<number>): (HostArray | undefined)[] => {
    const all = [...fixed];
    dynamic.forEach((input, i) => {
      const { type, dims } = specs[i];
      const values = data(i);
      all[input] = {
        type,
        dims,
        data: deviceType(type) === 'f32' ? Float32Array.from(values) : Float64Array.from(values),
      };
    });
    return all;
  };
  const shapes = compute(
    fill((i) => new Float32Array(count(specs[i].dims))),
    job,
  );
  const outputs = shapes.map(({ type, dims }) => ({ shape: dims, dtype: deviceType(type) }));
  const results = host(
    dynamic.map((i) => job.tensor(i)),
    {
      name: node.opType,
      outputs,
      run: (arrays) => {
        const logical = arrays.map((array, i) => toLogical(array, specs[i].dims, defaultLayout(specs[i].dims.length)));
        const arraysOut = compute(
          fill((i) => logical[i]),
          job,
        );
        return arraysOut.map((array) => toPhysical(toDevice(array), array.dims, defaultLayout(array.dims.length)));
      },
    },
  );
  return results.map((tensor, i) => ({ tensor, type: shapes[i].type }));
}

/** Names of operators that are supported. */
export const supportedOps = (): string[] =>
  [...new Set(['Shape', ...Object.keys(nativeOps), ...Object.keys(hostOps)])].sort();

const domains = new Set(['', 'ai.onnx.preview.training']);

/** Throws FormatError that lists every operator that is not supported, with its nodes. */
export function refuseUnsupported({ nodes }: OnnxGraph): void {
  const supported = new Set(supportedOps());
  const unknown = new Map<string, string[]>();
  for (const { domain, opType, name, outputs } of nodes) {
    const known = domains.has(domain) && supported.has(opType);
    if (known) continue;
    const full = domain === '' ? opType : `${domain}.${opType}`;
    unknown.set(full, [...(unknown.get(full) ?? []), name || outputs[0]]);
  }
  if (unknown.size === 0) return;
  const list = [...unknown].map(([op, names]) => {
    return `  ${op}: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
  });
  throw new FormatError(`these operators are not supported:\n${list.join('\n')}`, 'export the network without them');
}
