import { createWasmDevice } from '../../devices/wasm/device.js';
import { type InferenceModel, inferenceModel } from '../../formats/inference/model.js';
import { type Executor, type Verification, verify } from '../../formats/inference/verify.js';
import { type OnnxFile, onnxExecutor } from '../../formats/onnx/executor.js';
import { readOnnx, withContents } from '../../formats/onnx/file.js';
import { ImportedNetwork } from '../../formats/onnx/import/network.js';
import { initialize } from '../../nn/initialize.js';
import { type ModelSummary, summarize } from '../../nn/summary.js';
import { Engine } from '../../scheduler/engine.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { TaskContext } from '../../train/task.js';
import { ConfigError, FormatError } from '../../utils/errors.js';
import type { CommandContext } from '../context.js';
import { writeOnnxFile } from '../export/onnx.js';
import { formatCount, formatLarge } from '../format.js';
import { findOnnxRuntime } from '../onnx-runtime.js';
import { describeVerification } from '../verification.js';
import { packageVersion } from '../version.js';

export interface ImportFlags {
  /** Also exports the network again. */
  readonly out?: string;
  /** `H,W` where the file leaves them open. */
  readonly size?: string;
  readonly json?: boolean;
}

/**
 * Reads a network out of an ONNX file, shows what it is, and compares it with onnxruntime's results on the same file.
 * @returns whether they agree. Throws FormatError that lists what is not supported.
 */
export async function importModel(context: CommandContext, path: string, flags: ImportFlags): Promise<boolean> {
  const { platform, output } = context;
  const file = await readOnnx(platform.files, path);
  const network = new ImportedNetwork(withContents(file));
  initialize(network);
  const image = imageOf(network, flags.size);
  const engine = new Engine(await createWasmDevice(platform, { threads: platform.cores }));
  try {
    const summary = summarize(network, [1, image.channels, image.height, image.width]);
    const task = {
      logits: (x: Tensor, { training, counter }: TaskContext) =>
        network.call(x, { training, dropoutCounter: counter, seed: 0 }),
    };
    const [batch] = network.image.dims!;
    const model = await inferenceModel(engine, task, {
      name: 'onnx',
      image,
      batch: typeof batch === 'number' ? batch : undefined,
      embedPreprocessing: network.pixels.embedded,
    });
    const verification = await compare(engine, model, file, network);
    const again = flags.out ? await exportAgain(context, engine, model, flags.out) : undefined;
    if (flags.json) {
      const { parameters, trainable, macs } = summary;
      output.write(`${JSON.stringify({ event: 'import', path, parameters, trainable, macs, verification, again })}\n`);
    } else output.write(`${[...describe(path, network, summary), ...describeVerification(verification)].join('\n')}\n`);
    return verification.passed && again?.passed !== false;
  } finally {
    await engine.close();
  }
}

function imageOf({ image }: ImportedNetwork, size: string | undefined) {
  const [, channels, ...sides] = image.dims!;
  const [h, w = h] = (size ?? '').split(',').map(Number);
  const [height, width] = sides.map((side, i) => (typeof side === 'number' ? side : i === 0 ? h : w));
  if (typeof channels !== 'number') throw new FormatError(`input ${image.name} does not say its channels`);
  if (height > 0 && width > 0) return { channels, height, width };
  throw new ConfigError(`the file leaves the size of ${image.name} open`, 'add --size H,W');
}

/** Its own runtime beside the engine; names differ, so values on the way are not looked at. */
async function compare(
  engine: Engine,
  model: InferenceModel,
  file: OnnxFile,
  { image, output }: ImportedNetwork,
): Promise<Verification> {
  const found = await findOnnxRuntime();
  if (!found) throw new FormatError('there is no onnxruntime to compare with', 'run `npm install onnxruntime-web`');
  const runtime = onnxExecutor(found.runtime, found.name, file);
  const [own] = model.graph.outputs;
  const executor: Executor = {
    name: found.name,
    outputsOnly: true,
    async run(inputs) {
      const results = await runtime.run(new Map([[image.name, [...inputs.values()][0]]]), [output.name]);
      return new Map([[own.name, results.get(output.name)!]]);
    },
  };
  return verify(engine, model, executor, image.type === 'float16' ? 'f16' : 'f32');
}

async function exportAgain(context: CommandContext, engine: Engine, model: InferenceModel, out: string) {
  const job = { context, model, out, fp16: false, version: packageVersion() };
  return (await writeOnnxFile(engine, job)).verification;
}

function describe(
  path: string,
  { image, output }: ImportedNetwork,
  { layers, parameters, macs }: ModelSummary,
): string[] {
  const counts = new Map<string, number>();
  for (const op of layers.flatMap(({ ops }) => ops)) counts.set(op, (counts.get(op) ?? 0) + 1);
  const onHost = counts.get('host') ?? 0;
  return [
    `${path}: ${formatCount(parameters)} parameters, ${formatLarge(macs)} MACs for one image`,
    `  ${image.name} [${image.dims!.map((dim) => dim ?? '?').join(', ')}] → ${output.name}`,
    `  ${[...counts].map(([op, count]) => `${count} ${op}`).join(', ')}`,
    ...(onHost > 0 ? [`  ${onHost} operators have no kernel: they run on the host, without a gradient`] : []),
    `  to train it: --model.classification.name onnx --model.classification.onnx.path ${path}`,
  ];
}
