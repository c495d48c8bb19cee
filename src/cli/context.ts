import type { Config } from '../config/keys/index.js';
import { type Resolution, resolve } from '../config/resolve.js';
import { parseValue, parseYaml, type Setting } from '../config/yaml.js';
import type { Device } from '../devices/device.js';
import { openDevice } from '../devices/open.js';
import type { Platform } from '../platform/platform.js';
import { prepareNetwork } from './imported-network.js';
import type { Output } from './report.js';
import { variantDefaults, type WeightsFlags, weightsSettings } from './weights-flags.js';

/** What every command works with. */
export interface CommandContext {
  readonly platform: Platform;
  readonly output: Output;
  /** `--optim.sgd.momentum 0.95` and the like. */
  readonly overrides: readonly Setting[];
  /** From the first call on, Ctrl-C aborts this signal instead of the process; a second one ends the process. */
  readonly interruptible: () => AbortSignal;
}

/** Options that every command which computes has. */
export interface DeviceFlags {
  readonly device?: string;
  readonly threads?: string;
  readonly json?: boolean;
  /** Files that were loaded for `--plugin`. */
  readonly plugin?: readonly string[];
}

/** Options of commands that read a recipe. */
export interface RecipeFlags extends DeviceFlags, WeightsFlags {
  readonly allowUnsupported?: boolean;
  readonly memoryBudget?: string;
}

/** The file's settings, then the command line's, then the short flags'. `notice` hears what has no effect. */
export async function loadRecipe(
  context: CommandContext,
  path: string,
  flags: RecipeFlags,
  notice: (message: string) => void,
): Promise<Resolution> {
  const text = new TextDecoder().decode(await context.platform.files.read(path));
  const settings = [...parseYaml(text, path), ...context.overrides, ...flagSettings(flags), ...weightsSettings(flags)];
  const resolution = resolve([...variantDefaults(settings), ...settings], flags);
  await prepareNetwork(resolution.config, context.platform.files);
  const { ignored, unsupported } = resolution;
  if (ignored.length > 0) notice(`no effect here: ${ignored.join(', ')}`);
  if (unsupported.length > 0) notice(`left out, as allowed: ${unsupported.map(({ key }) => key).join(', ')}`);
  return resolution;
}

/** The configuration in a run folder, where nothing is ignored. */
export async function loadConfig(context: CommandContext, path: string, flags: DeviceFlags): Promise<Config> {
  return (await loadRecipe(context, path, flags, () => {})).config;
}

export function flagSettings({ device, threads, memoryBudget }: RecipeFlags): Setting[] {
  const settings: Setting[] = [];
  if (device !== undefined) settings.push({ key: 'device.name', value: device, where: '--device' });
  if (threads !== undefined) settings.push({ key: 'device.threads', value: parseValue(threads), where: '--threads' });
  if (memoryBudget !== undefined) {
    settings.push({ key: 'memory.budget', value: parseValue(memoryBudget), where: '--memory-budget' });
  }
  return settings;
}

export function openConfiguredDevice(
  { platform }: CommandContext,
  config: Config,
  announce: (message: string) => void,
): Promise<Device> {
  const threads = config['device.threads'] || platform.cores;
  return openDevice(platform, { device: config['device.name'], threads, announce });
}
