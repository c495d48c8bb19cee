import { withProbabilities } from '../../formats/coreml/classifier.js';
import type { Feature } from '../../formats/coreml/model.js';
import { programExecutor } from '../../formats/coreml/read/interpreter.js';
import { lintPackage } from '../../formats/coreml/read/lint/lint.js';
import { type CoreMLPackage, readPackage } from '../../formats/coreml/read/package.js';
import { writePackage } from '../../formats/coreml/write/package.js';
import { exportProgram } from '../../formats/coreml/write/program.js';
import { verify } from '../../formats/inference/verify.js';
import { FormatError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { coremltoolsFact } from './coremltools.js';
import { removeFolder, replaceFolder } from './replace-folder.js';
import type { CheckResult, ExportJob, ExportResult, ExportTarget } from './target.js';

const EXTENSION = '.mlpackage';

/** Writes under a temporary name, lints and runs what lies there, and only then gives it its name. */
async function write({ context, loaded, model, out, fp16, version, python }: ExportJob): Promise<ExportResult> {
  const { files } = context.platform;
  const path = out.replace(/\/+$/, '');
  const unverified = `${path.replace(/\.mlpackage$/, '')}.unverified${EXTENSION}`;
  const program = exportProgram(model, { fp16, version });
  await removeFolder(unverified);
  const bytes = await writePackage(files, unverified, program);
  const written = await readPackage(files, unverified);
  const problems = lintPackage(written);
  if (problems.length > 0) {
    throw new FormatError(
      `the package in ${unverified} is not as it must be:\n${problems.join('\n')}`,
      'please report this',
    );
  }
  const opinion = await coremltoolsFact(unverified, python);
  const executor = programExecutor(written);
  const verification = await verify(loaded.engine, withProbabilities(model), executor, fp16 ? 'f16' : 'f32');
  if (verification.passed) await replaceFolder(unverified, path);
  const lost = [...program.vanished].map(([name, count]) => `${count} numbers of ${name} are zero in half precision`);
  return {
    paths: [verification.passed ? path : unverified],
    bytes,
    facts: [...factsOf(written), ...lost, ...(opinion ? [opinion] : [])],
    verification,
  };
}

async function check(
  { platform }: CommandContext,
  path: string,
  { python }: Pick<ExportJob, 'python'>,
): Promise<CheckResult> {
  const written = await readPackage(platform.files, path);
  return withCoremltools({ facts: factsOf(written), problems: lintPackage(written) }, path, python);
}

/** With what coremltools says, where there is one and nothing is wrong before. */
export async function withCoremltools(result: CheckResult, path: string, python?: string): Promise<CheckResult> {
  if (result.problems.length > 0) return result;
  try {
    const opinion = await coremltoolsFact(path, python);
    return opinion ? { ...result, facts: [...result.facts, opinion] } : result;
  } catch (error) {
    return { ...result, problems: [(error as Error).message] };
  }
}

function factsOf({ model: { specification, description, main } }: CoreMLPackage): string[] {
  const constants = main.operations.filter(({ type }) => type === 'const').length;
  return [
    `CoreML specification ${specification}, ML Program with the operations ${main.opset}`,
    `${main.operations.length - constants} operations, ${constants} constants`,
    ...description.inputs.map((feature) => `input ${describeFeature(feature)}`),
    ...description.outputs.map((feature) => `output ${describeFeature(feature)}`),
  ];
}

export function describeFeature({ name, type }: Feature): string {
  if (type.kind === 'image') return `${name} ${type.colorSpace} image ${type.width}x${type.height}`;
  return `${name} ${type.kind === 'array' ? `${type.dtype}[${type.shape.join(', ')}]` : type.kind}`;
}

export const coremlTarget: ExportTarget = { extension: EXTENSION, takesPhoto: true, write, check };
