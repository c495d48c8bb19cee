import { findOnnxRuntime } from '../../src/cli/onnx-runtime.js';
import { createWasmDevice } from '../../src/devices/wasm/device.js';
import type { Precision } from '../../src/formats/inference/accuracy.js';
import { type InferenceModel, type InferenceOptions, inferenceModel } from '../../src/formats/inference/model.js';
import { type Verification, verify } from '../../src/formats/inference/verify.js';
import { decodeModel } from '../../src/formats/onnx/decode.js';
import { encodeModel } from '../../src/formats/onnx/encode.js';
import { type OnnxFile, onnxExecutor } from '../../src/formats/onnx/executor.js';
import { exportOnnx, type OnnxOptions } from '../../src/formats/onnx/export.js';
import type { OnnxModel } from '../../src/formats/onnx/model.js';
import type { Module } from '../../src/nn/module.js';
import { toFloat } from '../../src/ops/index.js';
import { nodePlatform } from '../../src/platform/node.js';
import { Engine } from '../../src/scheduler/engine.js';
import type { Tensor } from '../../src/tensor/tensor.js';
import type { TaskContext } from '../../src/train/task.js';
import { initializeRandomly } from './replay.js';

export const openEngine = async (): Promise<Engine> => new Engine(await createWasmDevice(nodePlatform, { threads: 0 }));

/** Pixels of three channels to about ±2, as ImageNet's statistics do. */
export const pixels = { scale: [0.017, 0.0175, 0.0174], shift: [-2.1, -2.04, -1.8] };

/** What a classifier with random values in every state computes. */
export function networkTask(model: Module, scaling = pixels, gain?: number) {
  initializeRandomly(model, 1, gain);
  return {
    logits: (x: Tensor, { training, counter }: TaskContext) =>
      model.call(toFloat(x, scaling), { training, dropoutCounter: counter, seed: 0 }),
  };
}

/** A function of the scaled image as the whole network. */
export const bodyTask = (body: (x: Tensor) => Tensor) => ({ logits: (x: Tensor) => body(toFloat(x, pixels)) });

/** The bytes of a model and what they hold, as if read from a disk. */
export function fileOf(model: OnnxModel): OnnxFile {
  const bytes = new Uint8Array(Buffer.concat(encodeModel(model)));
  return { bytes, model: decodeModel(bytes), external: new Map() };
}

export interface Exported {
  readonly model: InferenceModel;
  readonly file: OnnxFile;
}

export async function exportTask(
  engine: Engine,
  task: Parameters<typeof inferenceModel>[1],
  options: Partial<InferenceOptions> & OnnxOptions = {},
): Promise<Exported> {
  const image = { channels: 3, height: 8, width: 8 };
  const model = await inferenceModel(engine, task, { name: 'network', image, ...options });
  return { model, file: fileOf(exportOnnx(model, options)) };
}

/** Runs a file beside the engine in whichever onnxruntime is installed. */
export async function verifyOnnx(
  engine: Engine,
  { model, file }: Exported,
  precision: Precision = 'f32',
): Promise<Verification> {
  const found = await findOnnxRuntime();
  if (!found) throw new Error('onnxruntime-web is a development dependency: run npm ci');
  return verify(engine, model, onnxExecutor(found.runtime, found.name, file), precision);
}
