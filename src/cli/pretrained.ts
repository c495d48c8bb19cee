import type { ImageShape } from '../config/build-model.js';
import { valSize } from '../config/build-sampler.js';
import type { Config } from '../config/keys/index.js';
import { resolveConfig } from '../config/resolve.js';
import type { Setting } from '../config/yaml.js';
import { createWasmDevice } from '../devices/wasm/device.js';
import { readWeights, type WeightsFile } from '../formats/weights/read.js';
import type { Platform } from '../platform/platform.js';
import { FINGERPRINT_FACT, storedVariant } from '../train/pretrained/facts.js';
import { computeFingerprint, sameAnswer, storedFingerprint } from '../train/pretrained/fingerprint.js';
import { factKeys, identifyWeights } from '../train/pretrained/identify.js';
import { loadPretrained, type Pretrained } from '../train/pretrained/load.js';
import { FormatError } from '../utils/errors.js';
import { type CommandContext, type DeviceFlags, flagSettings } from './context.js';
import { imageChannels } from './image-channels.js';
import { toSettings, variantOf, type WeightsFlags } from './weights-flags.js';

export interface OpenedWeights extends Pretrained {
  readonly config: Config;
}

/**
 * A file of weights with the network that it is for: the one that recipe keys name, or the one that it is recognised
 * as. Throws FormatError when none fits, when several do, or when the network's answer is not the one in the file.
 * @param base settings that count less than the command line's: a recipe's
 */
export async function openWeights(
  context: CommandContext,
  path: string,
  flags: WeightsFlags & DeviceFlags,
  notice: (message: string) => void,
  base: readonly Setting[] = [],
): Promise<OpenedWeights> {
  const file = await readWeights(context.platform.files, path);
  const variant = variantOf(flags.from);
  const given = [...base, ...context.overrides];
  const network = given.findLast(({ key }) => key === 'model.classification.name')?.value;
  const candidates =
    typeof network === 'string'
      ? [toSettings(factKeys(network, variant ?? storedVariant(file.metadata) ?? 'cvnets'), path)]
      : identifyWeights(file, variant);
  if (candidates.length === 0) {
    throw new FormatError(
      `${path} fits no network that is recognised${variant ? ` of ${variant}` : ''}: it has ${file.tensors.size} tensors, such as ${[...file.tensors.keys()].slice(0, 3).join(', ')}`,
      'name the network with recipe keys: --model.classification.name resnet --model.classification.resnet.depth 18',
    );
  }
  const open = (candidate: readonly Setting[]): OpenedWeights => {
    const defaults = base.length > 0 ? [] : evaluationDefaults(candidate);
    const settings = [...defaults, ...candidate, ...given, ...flagSettings(flags)];
    const config = withClasses(settings, file);
    return { config, ...loadPretrained(config, imageOf(config), file, { newHead: false }) };
  };
  const chosen = await chooseByFingerprint(context.platform, candidates.map(open), path);
  notice(describe(chosen));
  return chosen;
}

/** The weights that a configuration names, for a run that starts from them: with other classes the head is new. */
export async function openPretrained(
  platform: Platform,
  config: Config,
  image: ImageShape,
  notice: (message: string) => void,
): Promise<ReadonlyMap<string, Float32Array> | undefined> {
  const path = config['model.classification.pretrained'];
  if (path === null) return undefined;
  const file = await readWeights(platform.files, path);
  const pretrained = loadPretrained(config, image, file, { newHead: true });
  const { newHead } = pretrained.match;
  // The answer is that of the network with its own head.
  const whole = { ...config, 'model.classification.n_classes': newHead ?? config['model.classification.n_classes'] };
  const opened = { config: whole, ...loadPretrained(whole, image, file, { newHead: false }) };
  notice(describe(await chooseByFingerprint(platform, [opened], path), pretrained.match));
  return pretrained.values;
}

async function chooseByFingerprint(
  platform: Platform,
  opened: readonly OpenedWeights[],
  path: string,
): Promise<OpenedWeights> {
  const stored = storedFingerprint(opened[0].metadata, path);
  if (!stored) {
    if (new Set(opened.map(meaning)).size === 1) return opened[0];
    const names = opened.map(({ config }) => `--from ${config['model.classification.variant']}`);
    throw new FormatError(
      `${path} fits several networks that differ in what its names do not tell`,
      `say which: ${names.join(', ')}`,
    );
  }
  for (const candidate of opened) {
    if (candidate.match.left.length > 0) return candidate; // its answer is another one
    const device = await createWasmDevice(platform, { threads: 0 });
    const computed = await computeFingerprint(device, candidate.config, candidate.values, stored.input);
    if (sameAnswer(stored, computed)) return candidate;
  }
  throw new FormatError(
    `${path} fits by names and shapes, but the network gives other logits than those that are stored with it`,
    'it was another variant: check --from, the activation and the padding',
  );
}

/** What a choice means for the result; torchvision and timm, say, give one network other names. */
const meaning = ({ config }: OpenedWeights): string =>
  JSON.stringify({ ...config, 'model.classification.variant': null });

/** One line: what the file was taken for, and how sure that is. `taken` is what a run uses of it. */
function describe({ path, config, match, metadata }: OpenedWeights, taken = match): string {
  const activation = config['model.classification.activation.name'] ?? config['model.activation.name'];
  const network = `${config['model.classification.name']} of ${config['model.classification.variant']}`;
  const parts = [`${path}: ${network}`, `${taken.matched.size} tensors matched`];
  if (taken.newHead !== undefined) parts.push(`a new head instead of its ${taken.newHead} classes`);
  else if (taken.left.length > 0) parts.push(`${taken.left.length} left at their initial values`);
  const compared = metadata.has(FINGERPRINT_FACT) && match.left.length === 0;
  const proof = compared ? 'its stored logits agree' : `chosen by names and shapes, taken for ${activation}`;
  return `${parts.join(', ')}; ${proof}`;
}

/** The number of classes is the file's, unless it is set. */
function withClasses(settings: readonly Setting[], file: WeightsFile): Config {
  const config = resolveConfig(settings);
  if (settings.some(({ key }) => key === 'model.classification.n_classes')) return config;
  const { match } = loadPretrained(config, imageOf(config), file, { newHead: true });
  return { ...config, 'model.classification.n_classes': match.newHead ?? config['model.classification.n_classes'] };
}

const imageOf = (config: Config): ImageShape => ({ channels: imageChannels(config), ...valSize(config) });

/** As ImageNet is evaluated: the middle of a photo, 7/8 of its shorter side. */
function evaluationDefaults(candidate: readonly Setting[]): Setting[] {
  const network = candidate.find(({ key }) => key === 'model.classification.name')?.value;
  const side = network === 'mobilevit' || network === 'mobilevit_v2' ? 256 : 224;
  const group = 'image_augmentation';
  const keys = {
    [`${group}.center_crop.enable`]: true,
    [`${group}.center_crop.size`]: side,
    [`${group}.resize.enable`]: true,
    [`${group}.resize.size`]: Math.round((side * 8) / 7),
  };
  return toSettings(keys, 'default');
}
