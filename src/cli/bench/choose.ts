import { ConfigError } from '../../utils/errors.js';

/**
 * Cases whose name has `filter` as whole words, or else at the start of a word: `lenet` is no mobilenet. All without a
 * filter. Throws ConfigError that says how names start when there is none.
 */
export function chooseCases<T extends { readonly name: string }>(cases: readonly T[], filter?: string): readonly T[] {
  if (!filter) return cases;
  const literal = filter.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  for (const after of ['(?![A-Za-z0-9])', '']) {
    const pattern = new RegExp(`(?<![A-Za-z0-9])${literal}${after}`, 'i');
    const found = cases.filter(({ name }) => pattern.test(name));
    if (found.length > 0) return found;
  }
  const words = new Set(cases.map(({ name }) => name.split(' ')[0]));
  throw new ConfigError(`--filter ${filter} matches no case`, `names start with ${[...words].join(', ')}`);
}
