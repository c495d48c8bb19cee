import { trainLoader, valLoader } from '../../config/build-data.js';
import type { ImageShape } from '../../config/build-model.js';
import { buildRun } from '../../config/build-run.js';
import { ranks } from '../../config/build-sampler.js';
import { buildTask } from '../../config/build-task.js';
import type { Config, ConfigKey } from '../../config/keys/index.js';
import { configToYaml, type Unsupported } from '../../config/resolve.js';
import type { BatchSource } from '../../data/batch.js';
import { planFlops } from '../../graph/budget.js';
import type { Plan } from '../../graph/plan.js';
import { Engine } from '../../scheduler/engine.js';
import { TensorboardLogger } from '../../train/loggers.js';
import { modelFacts } from '../../train/pretrained/model-facts.js';
import { restoreNorms } from '../../train/pretrained/restore-norms.js';
import { RunFolder } from '../../train/run-folder.js';
import { RunPrograms } from '../../train/run-programs.js';
import { Trainer } from '../../train/trainer.js';
import { ConfigError } from '../../utils/errors.js';
import { type CommandContext, loadRecipe, openConfiguredDevice, type RecipeFlags } from '../context.js';
import { findPackage } from '../find-package.js';
import { formatRecompute } from '../format.js';
import { checkPlugins } from '../plugins.js';
import { openPretrained } from '../pretrained.js';
import { jsonReporter, textReporter } from '../report.js';
import { lockRun, type RunLock } from '../run-lock.js';
import { dryRun } from './dry-run.js';

export interface TrainFlags extends RecipeFlags {
  readonly resume?: string;
  readonly dryRun?: boolean;
}

/** Keys that may differ when a run goes on: they change no bit of it. */
const freeOnResume: readonly ConfigKey[] = ['device.threads', 'memory.budget', 'common.log_freq'];

/** Trains what a recipe describes, or goes on with an earlier run. @returns false when it was interrupted */
export async function train(context: CommandContext, recipe: string | undefined, flags: TrainFlags): Promise<boolean> {
  const { platform, output } = context;
  const { files } = platform;
  const earlier = flags.resume === undefined ? undefined : await RunFolder.open(files, flags.resume);
  if (earlier) {
    checkResume(context, recipe);
    checkPlugins(earlier, flags.plugin);
  }
  if (!earlier && recipe === undefined) {
    // CVNets names the file by an option.
    const file = context.overrides.find(({ key }) => key === 'common.config_file')?.value;
    throw new ConfigError('train needs a recipe', `give a file: cvnets train ${file ?? 'recipes/mnist.yaml'}`);
  }
  const path = earlier?.configPath ?? recipe!;
  const notices: string[] = [];
  const { config: requested, unsupported } = await loadRecipe(context, path, flags, (line) => notices.push(line));

  let lock: RunLock | undefined;
  const locked = async (folder: RunFolder) => {
    lock = await lockRun(folder.path);
    return folder;
  };
  try {
    if (earlier) await locked(earlier);
    const reporter = flags.json
      ? jsonReporter(output, requested['common.log_freq'])
      : textReporter(output, `cvnets train · ${requested['model.classification.name']}`, platform.now);
    notices.forEach(reporter.notice);
    const { rank, world } = ranks(requested);
    if (world > 1) {
      reporter.notice(`trains on share ${rank} of ${world} of the images; processes do not exchange gradients`);
    }
    const loader = await trainLoader(requested, platform, findPackage);
    const val = await valLoader(requested, platform, findPackage);
    const [height, width] = loader.dataset.fixedSize ?? [
      loader.sampler.shapes[0].height,
      loader.sampler.shapes[0].width,
    ];
    const image = { channels: loader.dataset.channels, height, width };
    const values = earlier ? undefined : await startingValues(context, requested, image, loader, reporter.notice);
    const task = buildTask(requested, image, values);
    const parts = buildRun(requested, task, loader.sampler.batches(0));

    const device = await openConfiguredDevice(context, requested, reporter.notice);
    const memoryBudget = requested['memory.budget'] ?? undefined;
    const engine = new Engine(device, { memoryBudget });
    try {
      if (flags.dryRun) {
        await dryRun({ ...parts, device, task, loader, val, memoryBudget, output, json: flags.json });
        return true;
      }
      const programs = new RunPrograms({ ...parts, engine, task, loader, val });
      await programs.prepare();
      for (const line of recomputeNotices(engine.plans)) reporter.notice(line);
      const config: Config = { ...requested, 'device.name': device.kind };
      const folder = earlier ?? (await locked(await makeFolder(context, config, unsupported, flags.plugin)));
      const trainer = new Trainer({
        ...parts,
        engine,
        programs,
        task,
        loader,
        val,
        folder,
        facts: modelFacts(config),
        loggers: config['common.tensorboard_logging'] ? [new TensorboardLogger(files, folder.path)] : [],
        signal: context.interruptible(),
        resume: earlier !== undefined,
        now: platform.now,
        emit: reporter.event,
      });
      return (await trainer.run()) !== undefined;
    } finally {
      await loader.close?.();
      await val.close?.();
      await engine.close();
    }
  } finally {
    await lock?.release();
  }
}

/** What it costs that the memory has a budget; nothing when all plans fit as they are. */
function recomputeNotices(plans: readonly Plan[]): string[] {
  return plans.flatMap((plan) => {
    const { recomputed, memory, name } = plan;
    return recomputed ? [`${name}: ${formatRecompute(recomputed, memory.total, planFlops(plan))}`] : [];
  });
}

/** Weights that the recipe starts from, with batch norms that can be trained on. */
async function startingValues(
  context: CommandContext,
  config: Config,
  image: ImageShape,
  loader: BatchSource,
  notice: (message: string) => void,
): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  const values = await openPretrained(context.platform, config, image, notice);
  const batches = config['train.restore_norms'];
  if (!values || batches === 0) return values;
  const engine = new Engine(await openConfiguredDevice(context, config, () => {}));
  try {
    return await restoreNorms(engine, buildTask(config, image, values), values, loader, batches);
  } finally {
    await engine.close();
  }
}

async function makeFolder(
  { platform }: CommandContext,
  config: Config,
  unsupported: readonly Unsupported[],
  plugins?: readonly string[],
): Promise<RunFolder> {
  const folder = await RunFolder.create(
    platform.files,
    config['common.results_loc'],
    config['common.run_label'],
    plugins,
  );
  await folder.writeConfig(configToYaml(config));
  if (unsupported.length > 0) {
    const lines = unsupported.map(
      ({ where, key, value, feature }) => `${where}: ${key} = ${JSON.stringify(value)} needs ${feature}\n`,
    );
    await platform.files.write(`${folder.path}/unsupported.txt`, lines.join(''));
  }
  return folder;
}

function checkResume({ overrides }: CommandContext, recipe: string | undefined): void {
  if (recipe !== undefined) {
    throw new ConfigError(
      `--resume takes its configuration from the run folder, not from ${recipe}`,
      'leave the recipe out',
    );
  }
  for (const { key } of overrides) {
    if (freeOnResume.includes(key as ConfigKey)) continue;
    throw new ConfigError(
      `${key} cannot change when a run is resumed`,
      `only ${freeOnResume.join(' and ')} can; start a new run for the rest`,
    );
  }
}
