import { stringify } from 'yaml';
import { ConfigError } from '../utils/errors.js';
import { suggestion } from '../utils/suggest.js';
import { type Config, type ConfigKey, keyNames, keys } from './keys/index.js';
import type { Setting } from './yaml.js';

/**
 * Merges settings over the defaults; later ones win, so pass the file's before the command line's.
 * Throws one ConfigError that lists everything that is wrong: where, key, value, and what was expected.
 */
export function resolveConfig(settings: readonly Setting[]): Config {
  const result: Record<string, unknown> = {};
  for (const key of keyNames) result[key] = keys[key].parse(undefined);
  const problems: string[] = [];
  for (const { key, value, where } of settings) {
    if (!Object.hasOwn(keys, key)) {
      if (value === null && keyNames.some((name) => name.startsWith(`${key}.`))) continue;
      problems.push(`${where}: unknown key ${key} = ${JSON.stringify(value)}; ${unknownKeyHint(key)}`);
      continue;
    }
    // CVNets writes `key: null`, or nothing, for "unset".
    const parsed = keys[key as ConfigKey].safeParse(value === null ? undefined : value);
    if (parsed.success) result[key] = parsed.data;
    else {
      const expected = parsed.error.issues.map(({ message }) => message).join('; ');
      problems.push(`${where}: ${key} = ${JSON.stringify(value)}: ${expected}`);
    }
  }
  if (problems.length > 0)
    throw new ConfigError(problems.join('\n'), '`cvnets options` lists every key with its meaning');
  return result as unknown as Config;
}

function unknownKeyHint(key: string): string {
  const inGroup = keyNames.filter((name) => name.startsWith(`${key}.`));
  if (inGroup.length > 0) return `it is a group of ${inGroup.slice(0, 4).join(', ')}`;
  const hint = suggestion(key, keyNames);
  if (!hint.startsWith('known')) return hint;
  const tail = key.split('.').at(-1)!;
  const sameTail = keyNames.filter((name) => name.split('.').at(-1) === tail);
  return sameTail.length > 0 ? `did you mean ${sameTail.slice(0, 3).join(' or ')}?` : 'nothing has a similar name';
}

/** The configuration as YAML with nested groups: the run folder's `config.yaml`, which starts the same run again. */
export function configToYaml(config: Config): string {
  const tree: Record<string, unknown> = {};
  for (const key of keyNames) {
    const path = key.split('.');
    let group = tree;
    for (const part of path.slice(0, -1)) {
      group[part] ??= {};
      group = group[part] as Record<string, unknown>;
    }
    group[path.at(-1)!] = config[key];
  }
  return stringify(tree, { lineWidth: 0, flowCollectionPadding: false, collectionStyle: 'any' });
}
