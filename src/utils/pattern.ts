import { ConfigError } from './errors.js';

const MAX_LENGTH = 200;
/** With so many repetitions a name of 100 characters takes at most some 10^5 steps. */
const MAX_REPETITIONS = 3;

/** What makes a regular expression take exponential time, or what Python and JavaScript read differently. */
const banned: readonly [RegExp, string][] = [
  [/\)(?:[*+]|\{)/, 'a repeated group'],
  [/\\[1-9]/, 'a reference to a group'],
  [/\(\?(?!:)/, 'a group with ? other than (?:'],
];

/**
 * A regular expression for names of layers that matches from the start, as Python's `re.match` does, or all that is
 * like it `anywhere`, as `re.sub`. It comes from a file, so it is limited to what is fast: throws ConfigError for what
 * could be slow.
 * @param where names the setting in errors
 */
export function namePattern(source: string, where: string, anywhere = false): RegExp {
  const fail: (what: string) => never = (what) => {
    throw new ConfigError(`${where}: the pattern ${JSON.stringify(source.slice(0, 60))} ${what}`, 'use a simpler one');
  };
  if (source.length > MAX_LENGTH) fail(`has ${source.length} characters, at most ${MAX_LENGTH} are taken`);
  const plain = source.replace(/\\[^1-9]/g, '_').replace(/\[[^\]]*\]/g, '_');
  for (const [what, name] of banned) if (what.test(plain)) fail(`has ${name}`);
  const repetitions = plain.match(/[*+]|\{\d*,?\d*\}/g)?.length ?? 0;
  if (repetitions > MAX_REPETITIONS) fail(`repeats ${repetitions} times, at most ${MAX_REPETITIONS} are taken`);
  try {
    return anywhere ? new RegExp(source, 'g') : new RegExp(`^(?:${source})`);
  } catch {
    return fail('is no regular expression');
  }
}
