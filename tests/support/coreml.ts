import { withProbabilities } from '../../src/formats/coreml/classifier.js';
import { programExecutor } from '../../src/formats/coreml/read/interpreter.js';
import { type CoreMLPackage, readPackage } from '../../src/formats/coreml/read/package.js';
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

/** Traces a task, writes a package to a disk in memory and reads it again. Images are 8x8 if not told otherwise. */
export async function exportPackage(
  engine: Engine,
  task: Parameters<typeof inferenceModel>[1],
  options: Partial<InferenceOptions> & CoreMLOptions = {},
): Promise<ExportedPackage> {
  const image = { channels: 3, height: 8, width: 8 };
  const model = await inferenceModel(engine, task, {
    name: 'network',
    image,
    batch: 1,
    embedPreprocessing: true,
    ...options,
  });
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
