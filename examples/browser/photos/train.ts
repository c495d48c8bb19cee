import { Engine, loadImageFolder, openDevice, type Platform, RunFolder, type TrainEvent, Trainer } from 'cvnets';
import {
  buildRun,
  buildTask,
  configToYaml,
  parseYaml,
  resolve,
  type Setting,
  trainLoader,
  valLoader,
} from 'cvnets/config';

export interface TrainOptions {
  /** A recipe as `cvnets train` takes it, and settings that beat it; both YAML. */
  readonly recipe: string;
  readonly changes: string;
  /** Folder of the photos: one folder a class in it, or in `train` and `val`. */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly announce: (line: string) => void;
  readonly emit: (event: TrainEvent) => void;
}

/** What `cvnets train` does, without its terminal. Leaves a run folder in the platform's files. */
export async function train(platform: Platform, options: TrainOptions): Promise<RunFolder> {
  const { recipe, changes, announce, emit, signal } = options;
  const ours = await folderSettings(platform, options.root);
  const { config, ignored } = resolve([...parseYaml(recipe, 'recipe'), ...ours, ...parseYaml(changes, 'changes')]);
  if (ignored.length > 0) announce(`no effect here: ${ignored.join(', ')}`);

  const noPackages = async () => undefined;
  const loader = await trainLoader(config, platform, noPackages);
  const val = await valLoader(config, platform, noPackages);
  const task = buildTask(config, { channels: loader.dataset.channels, ...loader.sampler.shapes[0] });
  const parts = buildRun(config, task, loader.sampler.batches(0));
  const threads = config['device.threads'] || platform.cores;
  const engine = new Engine(await openDevice(platform, { device: config['device.name'], threads, announce }));
  try {
    const folder = await RunFolder.create(platform.files, config['common.results_loc'], config['common.run_label']);
    await folder.writeConfig(configToYaml(config));
    await new Trainer({ ...parts, engine, task, loader, val, folder, signal, now: platform.now, emit }).run();
    return folder;
  } finally {
    await loader.close?.();
    await val.close?.();
    await engine.close();
  }
}

/** The classifier gets as many classes as there are folders. */
async function folderSettings({ files }: Platform, root: string): Promise<Setting[]> {
  const { classes } = await loadImageFolder(files, root, 'train');
  const where = 'the chosen folder';
  return [
    { key: 'dataset.name', value: 'image_folder', where },
    { key: 'dataset.root_train', value: root, where },
    { key: 'dataset.root_val', value: root, where },
    { key: 'model.classification.n_classes', value: classes.length, where },
  ];
}
