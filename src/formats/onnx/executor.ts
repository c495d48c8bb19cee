import { FormatError } from '../../utils/errors.js';
import { fromHalf } from '../half.js';
import type { Executor, RunInput } from '../inference/verify.js';
import { encodeModel } from './encode.js';
import type { OnnxModel } from './model.js';

/** What is used of onnxruntime, which its builds for Node and for the web share. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<RuntimeSession>;
  };
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => RuntimeTensor;
}

interface RuntimeSession {
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    fetches: readonly string[],
  ): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

interface RuntimeTensor {
  readonly type: string;
  readonly data: ArrayLike<number>;
}

/** A file as it lies on the disk. */
export interface OnnxFile {
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
  /** Contents of the files that hold its large tensors, by location. */
  readonly external: ReadonlyMap<string, Uint8Array>;
}

export interface OnnxExecutor extends Executor {
  /** Loads the file, which onnxruntime checks then, and lets go of it. Throws FormatError with its objection. */
  open(): Promise<void>;
}

/**
 * Runs a file in onnxruntime. Values that are no outputs of the file are made outputs of a copy in memory.
 * @param name of the runtime, for reports
 */
export function onnxExecutor(runtime: OnnxRuntime, name: string, file: OnnxFile): OnnxExecutor {
  const { graph } = file.model;
  const own = new Set(graph.outputs.map((output) => output.name));
  const there = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  return {
    name,
    async open() {
      const session = await open(runtime, file.bytes, file.external);
      await session.release();
    },
    async run(inputs, values) {
      const wanted = values.filter((value) => there.has(value));
      const bytes = wanted.every((value) => own.has(value)) ? file.bytes : withOutputs(file.model, wanted);
      const session = await open(runtime, bytes, file.external);
      try {
        const feeds = Object.fromEntries([...inputs].map(([key, input]) => [key, tensorOf(runtime, input)]));
        const results = await session.run(feeds, wanted);
        return new Map(wanted.map((value) => [value, numbersOf(results[value])]));
      } finally {
        await session.release();
      }
    },
  };
}

async function open(
  runtime: OnnxRuntime,
  bytes: Uint8Array,
  external: ReadonlyMap<string, Uint8Array>,
): Promise<RuntimeSession> {
  const externalData = [...external].map(([path, data]) => ({ path, data }));
  try {
    return await runtime.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      logSeverityLevel: 3,
      ...(externalData.length > 0 && { externalData }),
    });
  } catch (error) {
    throw new FormatError(`onnxruntime refuses the file: ${error instanceof Error ? error.message : error}`);
  }
}

function withOutputs(model: OnnxModel, names: readonly string[]): Uint8Array {
  const { graph } = model;
  const known = new Map([...graph.values, ...graph.outputs].map((value) => [value.name, value]));
  const outputs = names.map((name) => known.get(name) ?? { name });
  const chunks = encodeModel({ ...model, graph: { ...graph, outputs } });
  const result = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

function tensorOf(runtime: OnnxRuntime, { shape, data }: RunInput): RuntimeTensor {
  return new runtime.Tensor(data instanceof Uint8Array ? 'uint8' : 'float32', data, shape);
}

/** Halves come as their bits, or, where the language has them, as numbers. */
function numbersOf({ type, data }: RuntimeTensor): ArrayLike<number> {
  return type === 'float16' && data instanceof Uint16Array ? fromHalf(data) : data;
}
