import { freezeModules } from '../nn/freeze.js';
import { type Module, namedParameters } from '../nn/module.js';
import { ConfigError } from '../utils/errors.js';
import { namePattern } from '../utils/pattern.js';
import type { Config } from './keys/index.js';
import { patternList } from './keys/pretrained.js';

/** Freezes the layers that a recipe names, and gives parameters their factors of the learning rate. */
export function applyFineTuning(config: Config, model: Module): void {
  const frozen = patternList(config['model.freeze_modules']).map((text) => namePattern(text, 'model.freeze_modules'));
  const [unused] = freezeModules(model, frozen);
  if (unused) {
    const fields = model.parts().map(([name]) => name);
    throw new ConfigError(`model.freeze_modules: no layer matches ${unused.source}`, `layers: ${fields.join(', ')}`);
  }
  const parameters = [...namedParameters(model)];
  if (parameters.every(([, { trainable }]) => !trainable)) {
    throw new ConfigError('model.freeze_modules freezes everything', 'leave the classifier to be trained');
  }
  const rates = config['train.lr_multipliers'].map(
    ([text, factor]) => [namePattern(text, 'train.lr_multipliers'), factor] as const,
  );
  for (const [pattern] of rates) {
    if (parameters.some(([name]) => pattern.test(name))) continue;
    throw new ConfigError(`train.lr_multipliers: no parameter matches ${pattern.source}`, 'see `cvnets summary`');
  }
  for (const [name, parameter] of parameters) {
    const rate = rates.find(([pattern]) => pattern.test(name));
    if (rate) parameter.lrMultiplier *= rate[1];
  }
}
