import { createWasmDevice } from '../../devices/wasm/device.js';
import { toHalf } from '../../formats/half.js';
import {
  fromTypedArray,
  readSafetensors,
  type SafetensorsTensor,
  writeSafetensors,
} from '../../formats/safetensors.js';
import { toFloat32 } from '../../formats/weights/floats.js';
import { readWeights } from '../../formats/weights/read.js';
import { type NameMap, variantFacts } from '../../models/classification/variants/index.js';
import { FINGERPRINT_FACT } from '../../train/pretrained/facts.js';
import { computeFingerprint, fingerprintShape, sameAnswer } from '../../train/pretrained/fingerprint.js';
import { loadPretrained } from '../../train/pretrained/load.js';
import { modelFacts } from '../../train/pretrained/model-facts.js';
import { FormatError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { evaluationFacts, type LoadedModel } from '../loaded-model.js';
import type { CheckResult, ExportJob, ExportResult, ExportTarget } from './target.js';

/**
 * Writes a state dict that PyTorch's `load_state_dict` takes, with the names of the variant: CVNets', torchvision's or
 * timm's. What the network is, and its answer to a fixed image, go into the metadata; the file that was written is read
 * again and must give that answer.
 */
async function write({ context, loaded, out, fp16 }: ExportJob): Promise<ExportResult> {
  const { config, classes, image } = loaded;
  const tensors = await stateDict(loaded, fp16);
  const names = variantNames(loaded);
  const values = new Map([...tensors].map(([name, tensor]) => [name, toFloat32(name, tensor)]));
  const shape = fingerprintShape(image);
  const answer = async (weights: ReadonlyMap<string, Float32Array>) =>
    computeFingerprint(await createWasmDevice(context.platform, { threads: 0 }), config, weights, shape);
  const fingerprint = await answer(values);
  const metadata = new Map(
    Object.entries({
      // What Hugging Face's library asks for.
      format: 'pt',
      ...modelFacts(config),
      ...evaluationFacts(loaded),
      [FINGERPRINT_FACT]: JSON.stringify(fingerprint),
      ...(classes.length > 0 && { classes: JSON.stringify(classes) }),
    }),
  );
  const named = new Map([...tensors].map(([name, tensor]) => [names.theirs(name) ?? name, tensor]));
  const file = writeSafetensors(withCounters(named), metadata);
  await context.platform.files.write(out, file);

  const written = await readWeights(context.platform.files, out);
  const again = loadPretrained(config, image, written, { newHead: false });
  if (!sameAnswer(fingerprint, await answer(again.values))) {
    throw new FormatError(`${out} does not give the logits that it was written with`, 'please report this');
  }
  const facts = [`${named.size} tensors`, `logits of a ${shape.join('x')} image stored and checked`];
  return { paths: [out], bytes: file.length, facts };
}

/** Names of the variant when PyTorch has it; those of TensorFlow have other layouts. */
function variantNames({ name, config }: LoadedModel): NameMap {
  const maps = variantFacts(name, config['model.classification.variant'])?.names ?? [];
  return maps.find(({ axes }) => axes === undefined) ?? { theirs: (own) => own };
}

/** Parameters and running statistics, row-major; filters and matrices in half precision when asked for. */
async function stateDict({ engine, task }: LoadedModel, fp16: boolean): Promise<Map<string, SafetensorsTensor>> {
  const tensors = new Map<string, SafetensorsTensor>();
  for (const state of [...task.parameters, ...task.buffers]) {
    const { name, shape } = state;
    const values = await engine.readState(state);
    const half: SafetensorsTensor = { dtype: 'F16', shape, bytes: new Uint8Array(toHalf(values).buffer) };
    tensors.set(name, fp16 && shape.length > 1 ? half : fromTypedArray(values, shape));
  }
  return tensors;
}

/** PyTorch's batch norms count their batches; without the counter a strict load complains. */
function withCounters(tensors: ReadonlyMap<string, SafetensorsTensor>): Map<string, SafetensorsTensor> {
  const result = new Map(tensors);
  for (const name of tensors.keys()) {
    if (!name.endsWith('.running_var')) continue;
    const counter = name.replace(/running_var$/, 'num_batches_tracked');
    result.set(counter, { dtype: 'I64', shape: [], bytes: new Uint8Array(8) });
  }
  return result;
}

async function check(context: CommandContext, path: string): Promise<CheckResult> {
  const { tensors, metadata } = readSafetensors(await context.platform.files.read(path), path);
  const elements = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((n, d) => n * d, 1), 0);
  const problems: string[] = [];
  for (const [name, tensor] of tensors) {
    if (!['F64', 'F32', 'F16', 'BF16'].includes(tensor.dtype)) continue;
    const at = toFloat32(name, tensor).findIndex((value) => !Number.isFinite(value));
    if (at >= 0) problems.push(`${name}[${at}] is not finite`);
  }
  return {
    facts: [`${tensors.size} tensors, ${elements} elements`, `metadata: ${[...metadata.keys()].join(', ') || 'none'}`],
    problems,
  };
}

export const safetensorsTarget: ExportTarget = { extension: '.safetensors', write, check };
