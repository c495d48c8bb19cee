import { valLoader } from '../../config/build-data.js';
import { buildTask } from '../../config/build-task.js';
import type { Config } from '../../config/keys/index.js';
import { parseYaml } from '../../config/yaml.js';
import { Engine } from '../../scheduler/engine.js';
import type { State } from '../../tensor/state.js';
import { byName, Checkpoints, decodeStates } from '../../train/checkpoints.js';
import { Evaluator } from '../../train/evaluator.js';
import { RunFolder } from '../../train/run-folder.js';
import { ConfigError, FormatError, TrainingError } from '../../utils/errors.js';
import { type CommandContext, type DeviceFlags, loadConfig, openConfiguredDevice } from '../context.js';
import { findPackage } from '../find-package.js';
import { formatCount, formatSeconds } from '../format.js';
import { checkPlugins } from '../plugins.js';
import { openWeights } from '../pretrained.js';
import type { WeightsFlags } from '../weights-flags.js';

export interface EvaluateFlags extends DeviceFlags, WeightsFlags {
  readonly checkpoint?: string;
}

const checkpoints = ['best', 'ema', 'last'] as const;

/** Measures a checkpoint of a run on its validation images. */
export async function evaluate(context: CommandContext, run: string, flags: EvaluateFlags): Promise<void> {
  const { platform, output } = context;
  const choice = checkpoints.find((name) => name === (flags.checkpoint ?? 'best'));
  if (!choice) throw new ConfigError(`--checkpoint is ${flags.checkpoint}`, `use ${checkpoints.join(', ')}`);
  const notice = (message: string) =>
    flags.json ? output.write(`${JSON.stringify({ event: 'notice', message })}\n`) : output.writeError(`${message}\n`);
  const { config, path, values, file } = await evaluated(context, run, flags, choice, notice);

  const batchSize = config['dataset.eval_batch_size0'] ?? config['dataset.val_batch_size0'];
  const loader = await valLoader(config, platform, findPackage, batchSize);
  const [{ height, width }] = loader.sampler.shapes;
  const task = buildTask(config, { channels: loader.dataset.channels, height, width }, values);

  const engine = new Engine(await openConfiguredDevice(context, config, notice));
  try {
    const evaluator = new Evaluator(engine, task, loader);
    await evaluator.prepare();
    if (file) await decodeStates(engine, byName([...task.parameters, ...task.buffers]), file, path, choice === 'last');
    await checkFinite(engine, [...task.parameters, ...task.buffers], path);
    const started = platform.now();
    const { loss, top1, top5, images } = await evaluator.run();
    if (!Number.isFinite(loss)) {
      throw new TrainingError(
        `the loss of ${path} is ${loss} although its weights are finite`,
        'the outputs of the network overflow; use an earlier checkpoint',
      );
    }
    const seconds = (platform.now() - started) / 1000;
    if (flags.json) {
      const result = {
        run,
        checkpoint: path,
        images,
        val_loss: loss,
        val_top1: top1,
        val_top5: top5,
        seconds,
      };
      output.write(`${JSON.stringify({ event: 'end', ...result })}\n`);
    } else {
      output.write(`${path} on ${formatCount(images)} images of ${loader.dataset.name}: `);
      output.write(`top-1 ${top1.toFixed(2)} %, top-5 ${top5.toFixed(2)} %, loss ${loss.toFixed(4)} `);
      output.write(`(${formatSeconds(seconds)})\n`);
    }
  } finally {
    await loader.close?.();
    await engine.close();
  }
}

/** What is measured: a checkpoint of a run, or weights on the validation images of a recipe. */
async function evaluated(
  context: CommandContext,
  run: string,
  flags: EvaluateFlags,
  choice: (typeof checkpoints)[number],
  notice: (message: string) => void,
): Promise<{ config: Config; path: string; file?: Uint8Array; values?: ReadonlyMap<string, Float32Array> }> {
  const { files } = context.platform;
  if (flags.weights !== undefined) {
    const recipe = parseYaml(new TextDecoder().decode(await files.read(run)), run);
    return openWeights(context, flags.weights, flags, notice, recipe);
  }
  const folder = await RunFolder.open(files, run);
  checkPlugins(folder, flags.plugin);
  const config = await loadConfig(context, folder.configPath, flags);
  const path = await new Checkpoints(files, folder.checkpointsPath, 0).evaluationPath(choice);
  return { config, path, file: await files.read(path) };
}

/** Numbers of broken weights mean nothing. Throws FormatError that names the first tensor with one. */
async function checkFinite(engine: Engine, states: readonly State[], path: string): Promise<void> {
  for (const state of states) {
    const values = await engine.readState(state);
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at < 0) continue;
    throw new FormatError(
      `${path}: ${state.name}[${at}] is ${values[at]}`,
      'training diverged before this was saved; use an earlier checkpoint, or train with a lower rate',
    );
  }
}
