import { BatchNorm } from './layers.js';
import { type Module, namedModules, namedParameters } from './module.js';

/**
 * Stops the training of all layers and parameters whose path matches: weights stay, norms keep their statistics, and
 * random layers do nothing. @returns the patterns that match nothing
 */
export function freezeModules(root: Module, patterns: readonly RegExp[]): RegExp[] {
  const unused = new Set(patterns);
  const matches = (path: string): boolean => {
    const found = patterns.filter((pattern) => pattern.test(path));
    for (const pattern of found) unused.delete(pattern);
    return found.length > 0;
  };
  for (const [path, module] of namedModules(root)) {
    if (path && matches(path)) freeze(module);
  }
  for (const [path, parameter] of namedParameters(root)) if (matches(path)) parameter.trainable = false;
  return [...unused];
}

function freeze(module: Module): void {
  for (const [, inner] of namedModules(module)) {
    inner.frozen = true;
    if (inner instanceof BatchNorm) inner.freeze();
  }
  for (const parameter of namedParameters(module).values()) parameter.trainable = false;
}
