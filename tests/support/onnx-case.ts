import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeModel } from '../../src/formats/onnx/decode.js';
import { decodeTensor } from '../../src/formats/onnx/decode-tensor.js';
import { arrayOf, deviceType, type HostArray, toDevice } from '../../src/formats/onnx/import/array.js';
import { importGraph, type Value } from '../../src/formats/onnx/import/importer.js';
import type { OnnxModel } from '../../src/formats/onnx/model.js';
import { fieldsOf } from '../../src/formats/protobuf/reader.js';
import type { Engine } from '../../src/scheduler/engine.js';
import { evaluate } from '../../src/scheduler/evaluate.js';
import type { TypedArray } from '../../src/tensor/dtype.js';
import { reachableNodes } from '../../src/tensor/reachable.js';
import { traceStates } from '../../src/tensor/state.js';
import { input, type Tensor } from '../../src/tensor/tensor.js';
import { CvnetsError } from '../../src/utils/errors.js';

/** How a case went: by kernels alone, with some of it on the host, refused with a reason, or wrong. */
export interface CaseResult {
  readonly name: string;
  readonly opType: string;
  readonly status: 'device' | 'host' | 'refused' | 'wrong';
  readonly message?: string;
}

export interface OnnxCase {
  readonly name: string;
  readonly model: OnnxModel;
  readonly inputs: readonly HostArray[];
  readonly outputs: readonly HostArray[];
}

/** Element types and ranks that a vision engine has to do with. */
const types = new Set(['float', 'int32', 'int64', 'bool']);

/** A case of the standard's backend tests: one operator, tensors of at most four axes. Undefined for others. */
export function readCase(folder: string, name: string): OnnxCase | undefined {
  if (name.includes('_expanded')) return undefined;
  const path = join(folder, name);
  const model = decodeModel(new Uint8Array(readFileSync(join(path, 'model.onnx'))), name);
  const { nodes, inputs, outputs } = model.graph;
  const fits = [...inputs, ...outputs].every(({ type, dims }) => type && types.has(type) && dims && dims.length <= 4);
  if (nodes.length !== 1 || !fits) return undefined;
  const data = join(path, 'test_data_set_0');
  if (!existsSync(data)) return undefined;
  const read = (kind: string) => {
    const names = readdirSync(data).filter((file) => file.startsWith(kind));
    names.sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b)));
    return names.map((file) => arrayOf(decodeTensor(fieldsOf(new Uint8Array(readFileSync(join(data, file)))), file)));
  };
  return { name, model, inputs: read('input'), outputs: read('output') };
}

/** Imports the graph, runs it, and compares with what the standard's reference computed. */
export async function runCase(engine: Engine, test: OnnxCase): Promise<CaseResult> {
  const { name, model } = test;
  const [{ opType }] = model.graph.nodes;
  let message = '';
  // What a network has as constants, such as shapes and axes, these tests have as inputs.
  for (const isKnown of [
    () => false,
    ({ type }: HostArray) => type === 'int64' || type === 'bool',
    (_: HostArray, i: number) => i > 0,
  ]) {
    try {
      const result = await attempt(engine, test, isKnown);
      return { name, opType, ...result };
    } catch (error) {
      if (!(error instanceof CvnetsError)) throw error;
      message ||= error.message;
    }
  }
  return { name, opType, status: 'refused', message };
}

async function attempt(
  engine: Engine,
  { model, inputs, outputs }: OnnxCase,
  isKnown: (array: HostArray, i: number) => boolean,
) {
  const feeds = new Map<Tensor, TypedArray>();
  const known = new Map<string, HostArray>();
  const tensors = new Map<string, Tensor>();
  const { graph } = model;
  const values = traceStates(() => {
    for (const [i, { name }] of graph.inputs.entries()) {
      const array = inputs[i];
      if (isKnown(array, i)) known.set(name, array);
      else {
        const tensor = input(name, array.dims, deviceType(array.type));
        tensors.set(name, tensor);
        feeds.set(tensor, toDevice(array));
      }
    }
    return importGraph(graph, tensors, { opset: model.opsets.get('') ?? 16, known });
  }).result;
  const results = graph.outputs.map(({ name }) => values.get(name) as Value);
  const computed = results
    .filter((value) => value && 'tensor' in value)
    .map((value) => (value as { tensor: Tensor }).tensor);
  const arrays = computed.length > 0 ? await evaluate(engine, computed, feeds) : [];
  const host = computed.length === 0 || reachableNodes(computed).some(({ op }) => op === 'host');
  const problem = results.map((value, i) => {
    if (!value) return `output ${i} is missing`;
    const [dims, data] =
      'tensor' in value
        ? [value.tensor.shape, arrays[computed.indexOf(value.tensor)]]
        : [value.array.dims, value.array.data];
    return difference(outputs[i], dims, data);
  });
  const wrong = problem.find((text) => text !== undefined);
  return wrong
    ? { status: 'wrong' as const, message: wrong }
    : { status: host ? ('host' as const) : ('device' as const) };
}

/** The standard's own tolerance: 1e-3 of each element, and 1e-7. */
function difference(expected: HostArray, dims: readonly number[], data: ArrayLike<number>): string | undefined {
  if (expected.dims.join() !== dims.join()) return `shape [${dims}], needed [${expected.dims}]`;
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [expected.data[i], data[i]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (!(Math.abs(a - b) <= 1e-7 + 1e-3 * Math.abs(a))) return `element ${i} is ${b}, needed ${a}`;
  }
  return undefined;
}
