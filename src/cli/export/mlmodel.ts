import { withProbabilities } from '../../formats/coreml/classifier.js';
import { decodeNeuralModel, type NeuralFile } from '../../formats/coreml/read/neural/decode.js';
import { neuralExecutor } from '../../formats/coreml/read/neural/interpreter.js';
import { lintNeural } from '../../formats/coreml/read/neural/lint.js';
import { encodeNeuralModel } from '../../formats/coreml/write/neural/encode.js';
import { exportNeuralNetwork } from '../../formats/coreml/write/neural/network.js';
import { verify } from '../../formats/inference/verify.js';
import { FormatError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { describeFeature, withCoremltools } from './coreml.js';
import { coremltoolsFact } from './coremltools.js';
import type { CheckResult, ExportJob, ExportResult, ExportTarget } from './target.js';

const EXTENSION = '.mlmodel';

/** Writes under a temporary name, lints and runs what lies there, and only then gives it its name. */
async function write({ context, loaded, model, out, fp16, version, python }: ExportJob): Promise<ExportResult> {
  const { files } = context.platform;
  const unverified = `${out.replace(/\.mlmodel$/, '')}.unverified${EXTENSION}`;
  const parts = encodeNeuralModel(exportNeuralNetwork(model, { version }), fp16);
  await files.write(unverified, parts);
  const written = decodeNeuralModel(await files.read(unverified), unverified);
  const problems = lintNeural(written);
  if (problems.length > 0) {
    throw new FormatError(`the file ${unverified} is not as it must be:\n${problems.join('\n')}`, 'please report this');
  }
  const opinion = await coremltoolsFact(unverified, python);
  const executor = neuralExecutor(written);
  const verification = await verify(loaded.engine, withProbabilities(model), executor, fp16 ? 'f16' : 'f32');
  if (verification.passed) await files.rename(unverified, out);
  return {
    paths: [verification.passed ? out : unverified],
    bytes: parts.reduce((sum, { length }) => sum + length, 0),
    facts: [...factsOf(written), ...(opinion ? [opinion] : [])],
    verification,
  };
}

async function check(
  { platform }: CommandContext,
  path: string,
  { python }: Pick<ExportJob, 'python'>,
): Promise<CheckResult> {
  const file = decodeNeuralModel(await platform.files.read(path), path);
  return withCoremltools({ facts: factsOf(file), problems: lintNeural(file) }, path, python);
}

function factsOf({ specification, description, layers }: NeuralFile): string[] {
  return [
    `CoreML specification ${specification}, neural network`,
    `${layers.length} layers`,
    ...description.inputs.map((feature) => `input ${describeFeature(feature)}`),
    ...description.outputs.map((feature) => `output ${describeFeature(feature)}`),
  ];
}

export const mlmodelTarget: ExportTarget = { extension: EXTENSION, takesPhoto: true, write, check };
