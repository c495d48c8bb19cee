import pc from 'picocolors';
import { inferenceModel } from '../../formats/inference/model.js';
import { ConfigError } from '../../utils/errors.js';
import { suggestion } from '../../utils/suggest.js';
import type { CommandContext } from '../context.js';
import { coremlTarget } from '../export/coreml.js';
import { mlmodelTarget } from '../export/mlmodel.js';
import { onnxTarget } from '../export/onnx.js';
import { safetensorsTarget } from '../export/safetensors.js';
import type { ExportTarget } from '../export/target.js';
import { formatBytes } from '../format.js';
import { evaluationFacts, type ModelFlags, openModel } from '../loaded-model.js';
import { describeVerification } from '../verification.js';
import { packageVersion } from '../version.js';

export interface ExportFlags extends ModelFlags {
  readonly to?: string;
  readonly out?: string;
  readonly opset?: string;
  readonly fp16?: boolean;
  readonly batch?: string;
  readonly embedPreprocessing?: boolean;
  readonly externalAbove?: string;
  readonly allowSelf?: boolean;
  readonly python?: string;
  readonly check?: boolean;
}

/** Exit codes: a file that failed its check, and one that only this program has read. */
const FAILED = 1;
const SELF_ONLY = 3;

const targets = {
  onnx: onnxTarget,
  coreml: coremlTarget,
  mlmodel: mlmodelTarget,
  safetensors: safetensorsTarget,
} as const satisfies Record<string, ExportTarget>;

export const targetNames = Object.keys(targets);

/** Writes a network in another format and verifies what it wrote. @returns the exit code */
export async function exportModel(context: CommandContext, target: string, flags: ExportFlags): Promise<number> {
  if (flags.check) return check(context, target, flags);
  const name = flags.to ?? '';
  if (!Object.hasOwn(targets, name)) {
    throw new ConfigError(
      name ? `--to ${name} is no format` : 'the format is not said',
      name ? suggestion(name, targetNames) : `add --to ${targetNames.join(' or --to ')}`,
    );
  }
  const format = targets[name as keyof typeof targets];
  const loaded = await openModel(context, target, { device: 'wasm', ...flags });
  try {
    const model = await inferenceModel(loaded.engine, loaded.task, {
      name: loaded.name,
      image: loaded.image,
      batch: batchOf(flags.batch, format),
      embedPreprocessing: flags.embedPreprocessing ?? format.takesPhoto,
      classes: loaded.classes,
      facts: evaluationFacts(loaded),
    });
    const result = await format.write({
      context,
      loaded,
      model,
      out: flags.out ?? `${loaded.name}${format.extension}`,
      opset: wholeNumber('--opset', flags.opset),
      fp16: flags.fp16 === true,
      externalAbove: wholeNumber('--external-above', flags.externalAbove),
      version: packageVersion(),
      python: flags.python,
    });
    const { verification, paths, bytes, facts } = result;
    if (flags.json) context.output.write(`${JSON.stringify({ event: 'export', ...result })}\n`);
    else {
      const lines = [
        `${pc.bold(loaded.name)} → ${paths.join(', ')} (${formatBytes(bytes)})`,
        ...facts.map((fact) => `  ${fact}`),
      ];
      context.output.write(`${[...lines, ...(verification ? describeVerification(verification) : [])].join('\n')}\n`);
    }
    if (!verification) return 0;
    if (!verification.passed) return FAILED;
    return verification.executor === 'self' && !flags.allowSelf ? SELF_ONLY : 0;
  } finally {
    await loaded.engine.close();
  }
}

async function check(context: CommandContext, path: string, { json, python }: ExportFlags): Promise<number> {
  const format = Object.values(targets).find(({ extension }) => path.replace(/\/+$/, '').endsWith(extension));
  if (!format) {
    const known = Object.values(targets).map(({ extension }) => extension);
    throw new ConfigError(`${path} has no ending that --check knows`, `known: ${known.join(', ')}`);
  }
  const { facts, problems } = await format.check(context, path, { python });
  if (json) context.output.write(`${JSON.stringify({ event: 'check', path, facts, problems })}\n`);
  else {
    const verdict =
      problems.length === 0 ? [pc.green('nothing wrong')] : problems.map((problem) => `${pc.red('wrong')}: ${problem}`);
    context.output.write(`${[pc.bold(path), ...facts.map((fact) => `  ${fact}`), ...verdict].join('\n')}\n`);
  }
  return problems.length === 0 ? 0 : FAILED;
}

function batchOf(text: string | undefined, { takesPhoto, extension }: ExportTarget): number | undefined {
  if (text === undefined) return takesPhoto ? 1 : undefined;
  if (text !== 'dynamic') return wholeNumber('--batch', text);
  if (takesPhoto) throw new ConfigError(`${extension} files have a fixed batch`, 'use --batch 1');
  return undefined;
}

function wholeNumber(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new ConfigError(`${flag} is ${text}`, 'use a whole number from 1');
}
