import { normalizeKey, parseValue, type Setting } from '../config/yaml.js';

export interface SplitArguments {
  /** What commander parses. */
  readonly rest: string[];
  /** `--optim.sgd.momentum 0.95`, as settings that beat the recipe's. */
  readonly overrides: Setting[];
}

/**
 * Takes the recipe keys out of the arguments: everything that starts with `--` and has a dot in its name. The next
 * argument is the value, unless it starts with `--` too or is missing: then the value is true.
 */
export function splitArguments(args: readonly string[]): SplitArguments {
  const rest: string[] = [];
  const overrides: Setting[] = [];
  const where = 'command line';
  for (let i = 0; i < args.length; i++) {
    const match = /^--([A-Za-z_][\w-]*\.[\w.-]+)(?:=(.*))?$/s.exec(args[i]);
    if (args[i] === '--') {
      rest.push(...args.slice(i));
      break;
    }
    if (!match) {
      rest.push(args[i]);
      continue;
    }
    const [, name, inline] = match;
    const next = args[i + 1];
    const takesNext = inline === undefined && next !== undefined && !next.startsWith('--');
    if (takesNext) i++;
    const text = inline ?? (takesNext ? next : undefined);
    overrides.push({ key: normalizeKey(name), value: text === undefined ? true : parseValue(text), where });
  }
  return { rest, overrides };
}
