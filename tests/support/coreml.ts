import { withProbabilities } from '../../src/formats/coreml/classifier.js';
import type { NeuralModel } from '../../src/formats/coreml/model.js';
import { programExecutor } from '../../src/formats/coreml/read/interpreter.js';
import { decodeNeuralModel, type NeuralFile } from '../../src/formats/coreml/read/neural/decode.js';
import { neuralExecutor } from '../../src/formats/coreml/read/neural/interpreter.js';
import { type CoreMLPackage, readPackage } from '../../src/formats/coreml/read/package.js';
import { encodeNeuralModel } from '../../src/formats/coreml/write/neural/encode.js';
import { exportNeuralNetwork } from '../../src/formats/coreml/write/neural/network.js';
import { writePackage } from '../../src/formats/coreml/write/package.js';
import { type CoreMLOptions, exportProgram } from '../../src/formats/coreml/write/program.js';
import type { Precision } from '../../src/formats/inference/accuracy.js';
import { type InferenceModel, type InferenceOptions, inferenceModel } from '../../src/formats/inference/model.js';
import { type Verification, verify } from '../../src/formats/inference/verify.js';
import { memoryFiles } from '../../src/platform/memory-files.js';
import type { Engine } from '../../src/scheduler/engine.js';

export interface ExportedPackage {
  readonly model: InferenceModel;
  /** By path. */
  readonly disk: Map<string, Uint8Array>;
  /** What was read from there. */
  readonly written: CoreMLPackage;
}

const IMAGE = { channels: 3, height: 8, width: 8 };

type Options = Partial<InferenceOptions> & CoreMLOptions;
type TracedTask = Parameters<typeof inferenceModel>[1];

export const trace = (engine: Engine, task: TracedTask, options: Options): Promise<InferenceModel> =>
  inferenceModel(engine, task, { name: 'network', image: IMAGE, batch: 1, embedPreprocessing: true, ...options });

/** Traces a task, writes a package to a disk in memory and reads it again. Images are 8x8 if not told otherwise. */
export async function exportPackage(engine: Engine, task: TracedTask, options: Options = {}): Promise<ExportedPackage> {
  return packageOf(await trace(engine, task, options), options);
}

export async function packageOf(model: InferenceModel, options: CoreMLOptions = {}): Promise<ExportedPackage> {
  const disk = new Map<string, Uint8Array>();
  await writePackage(memoryFiles(disk), 'net.mlpackage', exportProgram(model, options));
  return { model, disk, written: await readPackage(memoryFiles(disk), 'net.mlpackage') };
}

export function verifyPackage(
  engine: Engine,
  { model, written }: Pick<ExportedPackage, 'model' | 'written'>,
  precision: Precision = 'f32',
): Promise<Verification> {
  return verify(engine, withProbabilities(model), programExecutor(written), precision);
}

export interface ExportedNetwork {
  readonly model: InferenceModel;
  readonly network: NeuralModel;
  readonly bytes: Uint8Array;
  readonly written: NeuralFile;
}

/** The same for a file with a neural network. */
export async function exportNetwork(engine: Engine, task: TracedTask, options: Options = {}): Promise<ExportedNetwork> {
  return networkOf(await trace(engine, task, options), options);
}

export function networkOf(model: InferenceModel, options: CoreMLOptions = {}): ExportedNetwork {
  const network = exportNeuralNetwork(model, options);
  return { model, network, ...writeNetwork(network, options.fp16) };
}

export function writeNetwork(network: NeuralModel, fp16 = false): Pick<ExportedNetwork, 'bytes' | 'written'> {
  const bytes = new Uint8Array(Buffer.concat(encodeNeuralModel(network, fp16)));
  return { bytes, written: decodeNeuralModel(bytes, 'net.mlmodel') };
}

export function verifyNetwork(
  engine: Engine,
  { model, written }: Pick<ExportedNetwork, 'model' | 'written'>,
  precision: Precision = 'f32',
): Promise<Verification> {
  return verify(engine, withProbabilities(model), neuralExecutor(written), precision);
}
