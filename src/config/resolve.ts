import { stringify } from 'yaml';
import { ConfigError } from '../utils/errors.js';
import { suggestion } from '../utils/suggest.js';
import { ignoredKeys } from './ignored.js';
import { describeIssues } from './issues.js';
import { type Config, keyNames, keys } from './keys/index.js';
import { featureOf, knownNames, schemaOf } from './later/index.js';
import { laterValues } from './later/values.js';
import { parseValue, type Setting } from './yaml.js';

/** A setting that asks for something that this library does not have yet. */
export interface Unsupported extends Setting {
  /** What it needs. */
  readonly feature: string;
}

export interface Resolution {
  readonly config: Config;
  /** Keys that were set and that change nothing here. */
  readonly ignored: readonly string[];
  /** What was left out, when that is allowed. */
  readonly unsupported: readonly Unsupported[];
}

export interface ResolveOptions {
  /** Leaves out what is not supported yet instead of throwing. */
  readonly allowUnsupported?: boolean;
}

const LIST_OF_KEYS = '`cvnets options` lists every key with its meaning';
const HOW_TO_LEAVE_OUT = '--allow-unsupported trains without what is missing and lists it in the run folder';

/**
 * Merges settings over the defaults; later ones win, so pass the file's before the command line's.
 * Throws one ConfigError that lists everything that is wrong: where, key, value, and what was expected.
 */
export function resolve(settings: readonly Setting[], { allowUnsupported = false }: ResolveOptions = {}): Resolution {
  const problems: string[] = [];
  const final = new Map<string, Setting>();
  for (const setting of settings) {
    const result = check(setting);
    if (typeof result === 'string') problems.push(`${describe(setting)}${result}`);
    else if (result) final.set(setting.key, { ...setting, value: result.value });
  }
  const changed = new Map([...final].filter(([key, { value }]) => !same(value, defaultOf(key))));
  const unsupported = [...changed.values()].flatMap((setting) => missing(setting, changed));
  const stopping = unsupported.filter(({ key }) => !allowUnsupported || Object.hasOwn(keys, key));
  problems.push(...describeMissing(stopping));
  if (problems.length > 0) {
    const optional = stopping.some(({ key }) => !Object.hasOwn(keys, key));
    throw new ConfigError(problems.join('\n'), optional ? `${LIST_OF_KEYS}; ${HOW_TO_LEAVE_OUT}` : LIST_OF_KEYS);
  }
  return {
    config: Object.fromEntries(keyNames.map((key) => [key, settled(key, final)])) as unknown as Config,
    ignored: [...changed.keys()].filter((key) => isPrivate(key) || Object.hasOwn(ignoredKeys, key)),
    unsupported,
  };
}

/** The configuration alone. Throws ConfigError for what is unknown, wrong or not supported yet. */
export function resolveConfig(settings: readonly Setting[]): Config {
  return resolve(settings).config;
}

/** The value that a setting means, what is wrong with it, or undefined for a group without content. */
function check({ key, value }: Setting): { readonly value: unknown } | string | undefined {
  const schema = schemaOf(key);
  if (!schema) {
    if (value === null && knownNames.some((name) => name.startsWith(`${key}.`))) return undefined;
    if (isPrivate(key) || manyTasks.test(key)) return { value };
    return `; ${unknownKeyHint(key)}`;
  }
  // CVNets writes `key: null`, or nothing, for "unset".
  if (value === null) return { value: schema.parse(undefined) };
  if (neededBy(key, value)) return { value };
  const parsed = schema.safeParse(asList(value));
  return parsed.success ? { value: parsed.data } : `: ${describeIssues(schema, value, parsed.error.issues)}`;
}

/** CVNets takes such keys without knowing them: notes of their authors, and the parts of runs with several tasks. */
const isPrivate = (key: string) => key.includes('local_');
const manyTasks = /^(tasks|include_configs)/;

/** `(0.08, 1.0)`, which Python reads as a pair, is a list. */
function asList(value: unknown): unknown {
  const inner = typeof value === 'string' && /^\s*\((.*)\)\s*$/s.exec(value)?.[1];
  return inner ? parseValue(`[${inner}]`) : value;
}

/** Nothing when the setting is supported, or does not matter because its feature is off. */
function missing(setting: Setting, changed: ReadonlyMap<string, Setting>): Unsupported[] {
  const needed = neededBy(setting.key, setting.value);
  if (needed) return [{ ...setting, feature: needed }];
  if (schemaOf(setting.key) === undefined && manyTasks.test(setting.key)) {
    return [{ ...setting, feature: 'training on several tasks' }];
  }
  if (Object.hasOwn(keys, setting.key)) return [];
  const feature = featureOf(setting.key);
  if (!feature) return [];
  const { switch: lever } = feature;
  const on = !lever || ('is' in lever ? same(settled(lever.key, changed), lever.is) : changed.has(lever.key));
  return on ? [{ ...setting, feature: feature.name }] : [];
}

/** What a value of a key, or an element of it, needs. */
function neededBy(key: string, value: unknown): string | undefined {
  if (!Object.hasOwn(laterValues, key)) return undefined;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = values.find((one) => typeof one === 'string' && Object.hasOwn(laterValues[key], one));
  return found === undefined ? undefined : laterValues[key][found as string];
}

const defaultOf = (key: string) => schemaOf(key)?.parse(undefined);
const settled = (key: string, set: ReadonlyMap<string, Setting>) =>
  set.has(key) ? set.get(key)!.value : defaultOf(key);
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function describe({ where, key, value }: Setting): string {
  const known = schemaOf(key) || manyTasks.test(key);
  return `${where}: ${known ? '' : 'unknown key '}${key} = ${JSON.stringify(value)}`;
}

/** One line a feature, however many of its keys are set. */
function describeMissing(settings: readonly Unsupported[]): string[] {
  const names = new Set(settings.map(({ feature }) => feature));
  return [...names].map((name) => {
    const [first, ...others] = settings.filter(({ feature }) => feature === name);
    const more =
      others.length === 0 ? '' : `, as ${others.map(({ key }) => key).join(', ')} do${others.length === 1 ? 'es' : ''}`;
    return `${describe(first)} needs ${name}, which cvnets does not have yet${more}`;
  });
}

function unknownKeyHint(key: string): string {
  const inGroup = knownNames.filter((name) => name.startsWith(`${key}.`));
  if (inGroup.length > 0) return `it is a group of ${inGroup.slice(0, 4).join(', ')}`;
  const hint = suggestion(key, knownNames);
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
