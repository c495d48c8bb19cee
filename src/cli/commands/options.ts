import * as z from 'zod';
import { keyNames } from '../../config/keys/index.js';
import { featureOf, knownNames, schemaOf } from '../../config/later/index.js';
import { ConfigError } from '../../utils/errors.js';
import { suggestion } from '../../utils/suggest.js';
import type { CommandContext } from '../context.js';

export interface OptionsFlags {
  readonly all?: boolean;
  readonly json?: boolean;
}

/** The keys of a recipe with their defaults, what they take and what they mean. */
export async function options(
  { output }: CommandContext,
  prefix = '',
  { all, json }: OptionsFlags = {},
): Promise<void> {
  const startsSo = (key: string) => key.startsWith(prefix);
  const names = (all ? knownNames : keyNames).filter(startsSo);
  if (names.length === 0) {
    const elsewhere = knownNames.some(startsSo);
    const hint = elsewhere
      ? '--all lists those of CVNets that have no effect here, or not yet'
      : suggestion(prefix, [...new Set(keyNames.map((key) => key.split('.')[0])), ...keyNames]).replace(
          /^known.*/,
          'without a prefix all keys are listed',
        );
    throw new ConfigError(`no key of a recipe starts with ${prefix}`, hint);
  }
  for (const name of names) {
    const schema = schemaOf(name)!;
    const { default: fallback, description: meaning, ...accepts } = z.toJSONSchema(schema, { io: 'input' });
    const feature = featureOf(name);
    const description = feature ? `Not yet: needs ${feature.name}` : (meaning ?? 'Has no effect here');
    if (json) output.write(`${JSON.stringify({ key: name, default: fallback ?? null, description })}\n`);
    else output.write(`${name}: ${JSON.stringify(fallback ?? null)}\n    ${description} (${accepted(accepts)})\n`);
  }
}

function accepted({
  enum: choices,
  type,
  anyOf,
  minimum,
  exclusiveMinimum,
  maximum,
  exclusiveMaximum,
}: z.core.JSONSchema.BaseSchema): string {
  if (choices) return choices.map((choice) => `${choice}`).join(', ');
  if (anyOf) return anyOf.map((one) => (typeof one === 'object' ? accepted(one) : `${one}`)).join(' or ');
  const low = minimum ?? (exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`);
  const high = exclusiveMaximum === undefined ? maximum : `below ${exclusiveMaximum}`;
  const isReal = (bound: unknown) =>
    bound !== undefined && bound !== Number.MAX_SAFE_INTEGER && bound !== -Number.MAX_SAFE_INTEGER;
  const bounds = [isReal(low) && `from ${low}`, isReal(high) && `to ${high}`].filter(Boolean).join(' ');
  return [type, bounds].filter(Boolean).join(' ').replace('from above', 'above').replace('to below', 'below');
}
