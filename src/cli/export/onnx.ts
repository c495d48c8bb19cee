import { verify } from '../../formats/inference/verify.js';
import { onnxExecutor } from '../../formats/onnx/executor.js';
import { exportOnnx } from '../../formats/onnx/export.js';
import { readOnnx, writeOnnx } from '../../formats/onnx/file.js';
import { importExecutor } from '../../formats/onnx/import/executor.js';
import { lintOnnx } from '../../formats/onnx/lint/lint.js';
import type { OnnxModel, OnnxValue } from '../../formats/onnx/model.js';
import type { Engine } from '../../scheduler/engine.js';
import { FormatError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { findOnnxRuntime } from '../onnx-runtime.js';
import type { CheckResult, ExportJob, ExportResult, ExportTarget } from './target.js';

/** Writes under a temporary name, lints and runs what lies there, and only then gives it its name. */
/** What an ONNX file is made from. */
export type OnnxJob = Pick<ExportJob, 'context' | 'model' | 'out' | 'opset' | 'fp16' | 'externalAbove' | 'version'>;

export async function writeOnnxFile(
  engine: Engine,
  { context, model, out, opset, fp16, externalAbove, version }: OnnxJob,
): Promise<ExportResult> {
  const { files } = context.platform;
  const onnx = exportOnnx(model, { opset, fp16, version });
  const unverified = out.replace(/(\.onnx)?$/, '.unverified.onnx');
  const { data, bytes } = await writeOnnx(files, unverified, onnx, { externalAbove, name: out });
  const file = await readOnnx(files, unverified);
  const problems = lintOnnx(file);
  if (problems.length > 0) {
    throw new FormatError(
      `the file in ${unverified} is not as it must be:\n${problems.join('\n')}`,
      'please report this',
    );
  }
  const found = await findOnnxRuntime();
  const executor = found ? onnxExecutor(found.runtime, found.name, file) : importExecutor(engine, file);
  const verification = await verify(engine, model, executor, fp16 ? 'f16' : 'f32');
  const paths = [verification.passed ? out : unverified, ...(data ? [data] : [])];
  if (verification.passed) await files.rename(unverified, out);
  return { paths, bytes, facts: factsOf(onnx), verification };
}

async function check({ platform }: CommandContext, path: string): Promise<CheckResult> {
  const file = await readOnnx(platform.files, path);
  const problems = lintOnnx(file);
  const found = problems.length === 0 ? await findOnnxRuntime() : undefined;
  if (!found) return { facts: factsOf(file.model), problems };
  try {
    await onnxExecutor(found.runtime, found.name, file).open();
  } catch (error) {
    problems.push((error as Error).message);
  }
  return { facts: [...factsOf(file.model), `opened by ${found.name}`], problems };
}

function factsOf({ graph, opsets, irVersion }: OnnxModel): string[] {
  const describe = ({ name, type, dims }: OnnxValue) =>
    `${name} ${type ?? '?'}[${dims?.map((dim) => dim ?? '?').join(', ') ?? '?'}]`;
  return [
    `ONNX IR ${irVersion}, ${[...opsets].map(([domain, version]) => `${domain || 'opset'} ${version}`).join(', ')}`,
    `${graph.nodes.length} nodes, ${graph.initializers.length} tensors`,
    ...graph.inputs.map((value) => `input ${describe(value)}`),
    ...graph.outputs.map((value) => `output ${describe(value)}`),
  ];
}

export const onnxTarget: ExportTarget = {
  extension: '.onnx',
  write: (job) => writeOnnxFile(job.loaded.engine, job),
  check,
};
