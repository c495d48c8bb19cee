import { buildModel } from '../../config/build-model.js';
import { resolveConfig } from '../../config/resolve.js';
import type { Setting } from '../../config/yaml.js';
import type { WeightsFile } from '../../formats/weights/read.js';
import { efficientnetScales } from '../../models/classification/efficientnet.js';
import { type Variant, variantFacts, variantNames, variantsOf } from '../../models/classification/variants/index.js';
import { namedParameters } from '../../nn/module.js';
import { storedSettings, storedVariant } from './facts.js';
import { lastLinear } from './load.js';
import { fits, matchWeights, noScopes, ownNames } from './match.js';

type Keys = Readonly<Record<string, unknown>>;

const each = (key: string, values: readonly unknown[]): Keys[] => values.map((value) => ({ [key]: value }));

/** Sizes of the networks that a file may be recognised as, by the keys that make them. */
const sizes: Readonly<Record<string, readonly Keys[]>> = {
  mobilenetv2: each('model.classification.mobilenetv2.width_multiplier', [1, 0.75, 0.5, 0.35, 0.25, 1.3, 1.4]),
  mobilenetv1: each('model.classification.mobilenetv1.width_multiplier', [1, 0.75, 0.5, 0.25]),
  mobilenetv3: each('model.classification.mobilenetv3.mode', ['large', 'small']),
  efficientnet: each('model.classification.efficientnet.mode', Object.keys(efficientnetScales)),
  mobilevit: each('model.classification.mit.mode', ['small', 'x_small', 'xx_small']),
  mobilevit_v2: each('model.classification.mitv2.width_multiplier', [1, 0.5, 0.75, 1.25, 1.5, 1.75, 2]),
  vit: each('model.classification.vit.mode', ['tiny', 'small', 'base', 'large', 'huge']),
  resnet: [false, true].flatMap((se_resnet) =>
    [18, 34, 50, 101].map((depth) => ({
      'model.classification.resnet.depth': depth,
      'model.classification.resnet.se_resnet': se_resnet,
    })),
  ),
};

/**
 * The networks that a file's names and shapes fit, as settings of a recipe; those it says it is for come first.
 * With `variant`, only that one. Several are left where only a fingerprint tells: other padding, another activation.
 */
export function identifyWeights(file: WeightsFile, variant?: Variant): Setting[][] {
  const stored = storedSettings(file.metadata);
  if (stored) {
    const keys = variant ? { ...stored, 'model.classification.variant': variant } : stored;
    return [settings(keys, file.path)];
  }
  const wanted = variant ?? storedVariant(file.metadata);
  const found: Setting[][] = [];
  for (const [network, options] of Object.entries(sizes)) {
    const variants = variantsOf(network).filter((name) => wanted === undefined || name === wanted);
    for (const name of variantNames.filter((name) => variants.includes(name))) {
      for (const keys of options) {
        const candidate = { ...factKeys(network, name), ...keys };
        const classes = classesOf(candidate, file, network, name, wanted !== undefined);
        if (classes === undefined) continue;
        found.push(settings({ ...candidate, 'model.classification.n_classes': classes }, file.path));
      }
    }
  }
  return found;
}

/** Keys of a network's variant, with the facts that shapes do not tell. */
export function factKeys(network: string, variant: Variant): Keys {
  const facts = variantFacts(network, variant);
  const normalization = 'image_augmentation.to_tensor.mean_std_normalization';
  return {
    'model.classification.name': network,
    'model.classification.variant': variant,
    ...(facts && {
      'model.classification.activation.name': facts.activation,
      'model.activation.name': facts.activation,
    }),
    ...(facts?.pixels && {
      [`${normalization}.enable`]: true,
      [`${normalization}.mean`]: facts.pixels.mean,
      [`${normalization}.std`]: facts.pixels.std,
    }),
  };
}

/** The number of classes of the file when everything else fits. */
function classesOf(
  keys: Keys,
  { tensors, path }: WeightsFile,
  network: string,
  variant: Variant,
  wanted: boolean,
): number | undefined {
  const config = resolveConfig(settings(keys, path));
  const model = buildModel(config, { channels: 3, height: 224, width: 224 });
  const parameters = namedParameters(model);
  const names = variantFacts(network, variant)?.names ?? [];
  const match = matchWeights(parameters, tensors, { names, scopes: noScopes, head: lastLinear(model) });
  if (!fits(match)) return undefined;
  // CVNets' names are CVNets' network, unless the file or the caller says otherwise.
  if (!wanted && variant !== 'cvnets' && match.names === ownNames) return undefined;
  return match.newHead ?? config['model.classification.n_classes'];
}

function settings(keys: Keys, path: string): Setting[] {
  return Object.entries(keys).map(([key, value]) => ({ key, value, where: path }));
}
