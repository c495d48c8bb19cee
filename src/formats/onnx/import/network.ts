import { torchDefault, zeros } from '../../../nn/init.js';
import { type ForwardContext, Module, Parameter, type Part } from '../../../nn/module.js';
import { toFloat } from '../../../ops/index.js';
import type { Tensor } from '../../../tensor/tensor.js';
import { FormatError } from '../../../utils/errors.js';
import type { Pixels } from '../../inference/model.js';
import type { OnnxModel, OnnxValue } from '../model.js';
import { arrayOf, type HostArray } from './array.js';
import { importGraph, refuseUnsupported } from './importer.js';
import { findHead, findParameters, type ParameterRole } from './parameters.js';

export interface ImportedOptions {
  /** Another number of classes than the file has: the last layer starts anew. */
  readonly n_classes?: number;
}

/**
 * A network out of an ONNX file: of images [N,C,H,W] that it takes as the file does, to its first output. Its learned
 * tensors are parameters under their names in the file, so that it is trained, frozen and saved as any other; batch
 * norms that the file still has use the statistics of the batch in training.
 * Throws FormatError that lists what is not supported.
 */
export class ImportedNetwork extends Module {
  readonly #model: OnnxModel;
  readonly #parameters = new Map<string, Parameter>();
  readonly #arrays = new Map<string, HostArray>();
  readonly image: OnnxValue;
  readonly output: OnnxValue;

  /** @param model with the contents of all tensors */
  constructor(model: OnnxModel, { n_classes }: ImportedOptions = {}) {
    super();
    this.#model = model;
    const { graph } = model;
    refuseUnsupported(graph);
    const tensors = new Set(graph.initializers.map(({ name }) => name));
    const inputs = graph.inputs.filter(({ name }) => !tensors.has(name));
    if (inputs.length !== 1) {
      throw new FormatError(
        `the network has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}), needed one image`,
      );
    }
    [this.image] = inputs;
    [this.output] = graph.outputs;
    if (this.image.dims?.length !== 4) throw new FormatError(`input ${this.image.name} is no image [N,C,H,W]`);
    const roles = findParameters(graph);
    const renewed = n_classes === undefined ? new Map<string, Parameter>() : newHead(model, n_classes);
    for (const tensor of graph.initializers) {
      const array = arrayOf(tensor);
      this.#arrays.set(tensor.name, array);
      const role = roles.get(tensor.name);
      if (role) this.#parameters.set(tensor.name, renewed.get(tensor.name) ?? parameterOf(array, role));
    }
  }

  /** How the file wants its pixels; without a word in it, 0 to 1. */
  get pixels(): Pixels {
    const channels = Number(this.image.dims![1]);
    const text = this.#model.metadata.get('preprocessing');
    const said = text === undefined ? {} : (JSON.parse(text) as Partial<Pixels>);
    const each = (values: readonly number[] | undefined, fallback: number) =>
      Array.isArray(values) && values.length === channels ? values : new Array<number>(channels).fill(fallback);
    const embedded = this.image.type === 'uint8';
    return { scale: each(said.scale, 1 / 255), shift: each(said.shift, 0), embedded };
  }

  override parts(): [name: string, part: Part][] {
    return [...this.#parameters];
  }

  forward(x: Tensor, { training }: ForwardContext): Tensor {
    const { graph, opsets } = this.#model;
    const input = x.dtype === 'u8' && !this.pixels.embedded ? toFloat(x, this.pixels) : x;
    const values = importGraph(graph, new Map([[this.image.name, input]]), {
      opset: opsets.get('') ?? 1,
      training,
      arrays: this.#arrays,
      parameter: (name) => this.#parameters.get(name)?.read(),
      write: (name, value) => this.#parameters.get(name)?.write(value),
    });
    const result = values.get(this.output.name);
    if (result && 'tensor' in result) return result.tensor;
    throw new FormatError(`output ${this.output.name} does not depend on the image`);
  }
}

function parameterOf({ dims, data }: HostArray, role: ParameterRole): Parameter {
  return new Parameter(dims, () => Float32Array.from(data), { role });
}

/** New values of the last layer, when it is of another size. */
function newHead({ graph }: OnnxModel, classes: number): Map<string, Parameter> {
  const head = findHead(graph);
  if (!head) throw new FormatError('the network has no last layer that could be made for other classes');
  const { weight, axis, bias } = head;
  if (weight.dims[axis] === classes) return new Map();
  const shape = weight.dims.with(axis, classes);
  const renewed = new Map([[weight.name, new Parameter(shape, torchDefault, { family: 'linear' })]]);
  if (bias) renewed.set(bias.name, new Parameter([classes], zeros));
  return renewed;
}
