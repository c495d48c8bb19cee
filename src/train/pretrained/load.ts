import { buildModel, type ImageShape } from '../../config/build-model.js';
import type { Config } from '../../config/keys/index.js';
import { patternList } from '../../config/keys/pretrained.js';
import type { WeightsFile } from '../../formats/weights/read.js';
import { variantFacts } from '../../models/classification/variants/index.js';
import { Linear } from '../../nn/layers.js';
import { type Module, namedModules, namedParameters } from '../../nn/module.js';
import { ConfigError, FormatError } from '../../utils/errors.js';
import { namePattern } from '../../utils/pattern.js';
import { storedActivation, storedVariant } from './facts.js';
import { type Match, matchWeights, type Scopes } from './match.js';
import { expectFit } from './report.js';
import { matchedValues } from './values.js';

/** Weights that fit the network of a configuration. */
export interface Pretrained {
  readonly path: string;
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly match: Match;
  readonly metadata: ReadonlyMap<string, string>;
}

export interface PretrainedOptions {
  /** Takes weights of a network with other classes; its last layer starts anew. */
  readonly newHead: boolean;
}

/**
 * The values of a file for the network of a configuration. Throws FormatError with the report of all names unless
 * they fit, and when what the file says about its network contradicts the configuration.
 */
export function loadPretrained(
  config: Config,
  image: ImageShape,
  file: WeightsFile,
  { newHead }: PretrainedOptions,
): Pretrained {
  const network = config['model.classification.name'] ?? '';
  const variant = config['model.classification.variant'];
  const model = buildModel(config, image);
  checkFacts(config, file);
  const match = matchWeights(namedParameters(model), file.tensors, {
    names: variantFacts(network, variant)?.names ?? [],
    scopes: scopesOf(config),
    head: newHead ? lastLinear(model) : undefined,
  });
  expectFit(match, file.path, `${network} of ${variant}`);
  return { path: file.path, values: matchedValues(match), match, metadata: file.metadata };
}

/** What names and shapes cannot tell: with another padding or activation a network loads and is wrong. */
function checkFacts(config: Config, { path, metadata }: WeightsFile): void {
  const network = config['model.classification.name'] ?? '';
  const variant = config['model.classification.variant'];
  const stored = storedVariant(metadata);
  if (stored && stored !== variant) {
    throw new FormatError(
      `${path} says that it is the network of ${stored}, not of ${variant}`,
      `use --from ${stored}: the padding or the stem differ`,
    );
  }
  const activation = config['model.classification.activation.name'] ?? config['model.activation.name'];
  const expected =
    storedActivation(metadata) ?? (variant === 'cvnets' ? undefined : variantFacts(network, variant)?.activation);
  if (expected === undefined || expected === activation) return;
  throw new ConfigError(
    `${path} is for ${network} with ${expected}, the configuration has ${activation}: it would load and be wrong`,
    `set model.classification.activation.name: ${expected}`,
  );
}

function scopesOf(config: Config): Scopes {
  const patterns = (key: 'model.resume_exclude_scopes' | 'model.ignore_missing_scopes') =>
    patternList(config[key]).map((text) => namePattern(text, key));
  const rename = (config['model.rename_scopes_map'] ?? []).map(([from, to]) => {
    // Python writes \1 for what JavaScript calls $1.
    const replacement = to.replaceAll('$', '$$$$').replace(/\\(?:g<)?(\d)>?/g, '$$$1');
    return [namePattern(from, 'model.rename_scopes_map', true), replacement] as const;
  });
  return {
    exclude: patterns('model.resume_exclude_scopes'),
    ignoreMissing: patterns('model.ignore_missing_scopes'),
    rename,
  };
}

/** The layer whose outputs are the classes. */
export function lastLinear(model: Module): { readonly path: string } | undefined {
  const linear = [...namedModules(model)].filter(([, module]) => module instanceof Linear).at(-1);
  return linear && { path: linear[0] };
}
